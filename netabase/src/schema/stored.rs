//! The schema as a file keeps it, and what differs between two of them.

use serde::{Deserialize, Serialize};

use super::{DefinitionSchema, IndexSchema, ModelSchema, RelationSchema, Shape};
use crate::key::KeyType;

/// A definition's schema in the form that is written into the file. Types are kept as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredDefinition {
    name: String,
    models: Vec<StoredModel>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct StoredModel {
    name: String,
    version: u8,
    key: String,
    fields: Vec<(String, String)>,
    keys: Vec<StoredKey>,
}

/// An index, a relation or a topic: its name and everything that decides what its rows look like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct StoredKey {
    name: String,
    form: String,
}

impl From<&DefinitionSchema> for StoredDefinition {
    fn from(definition: &DefinitionSchema) -> Self {
        StoredDefinition {
            name: definition.name.into(),
            models: definition.models.iter().map(|model| StoredModel::from(*model)).collect(),
        }
    }
}

impl From<&ModelSchema> for StoredModel {
    fn from(model: &ModelSchema) -> Self {
        let indexes = model.indexes.iter().map(StoredKey::from);
        let relations = model.relations.iter().map(StoredKey::from);
        let topics =
            model.topics.iter().map(|topic| StoredKey { name: (*topic).into(), form: "topic".into() });
        StoredModel {
            name: model.name.into(),
            version: model.version,
            key: spell(&model.key),
            fields: model.fields.iter().map(|field| (field.name.into(), field.ty.into())).collect(),
            keys: indexes.chain(relations).chain(topics).collect(),
        }
    }
}

impl From<&IndexSchema> for StoredKey {
    fn from(index: &IndexSchema) -> Self {
        let unique = if index.unique { "unique " } else { "" };
        let form = format!("{unique}index over {}", shaped(index.shape, &index.key));
        StoredKey { name: index.name.into(), form }
    }
}

impl From<&RelationSchema> for StoredKey {
    fn from(relation: &RelationSchema) -> Self {
        let form = format!("relation to {} by {}", relation.target, shaped(relation.shape, &relation.key));
        StoredKey { name: relation.name.into(), form }
    }
}

fn shaped(shape: Shape, key: &KeyType) -> String {
    match shape {
        Shape::One => spell(key),
        Shape::Optional => format!("optional {}", spell(key)),
        Shape::Each => format!("each {}", spell(key)),
    }
}

/// The type in words that never change, because files are compared by them.
fn spell(key: &KeyType) -> String {
    let list = |keys: &[&KeyType]| keys.iter().map(|key| spell(key)).collect::<Vec<_>>().join(", ");
    match key {
        KeyType::U8 => "u8".into(),
        KeyType::U16 => "u16".into(),
        KeyType::U32 => "u32".into(),
        KeyType::U64 => "u64".into(),
        KeyType::U128 => "u128".into(),
        KeyType::I8 => "i8".into(),
        KeyType::I16 => "i16".into(),
        KeyType::I32 => "i32".into(),
        KeyType::I64 => "i64".into(),
        KeyType::I128 => "i128".into(),
        KeyType::F32 => "f32".into(),
        KeyType::F64 => "f64".into(),
        KeyType::Bool => "bool".into(),
        KeyType::Char => "char".into(),
        KeyType::Text => "text".into(),
        KeyType::Bytes => "bytes".into(),
        KeyType::Option(key) => format!("option of {}", spell(key)),
        KeyType::Array(key, len) => format!("[{}; {len}]", spell(key)),
        KeyType::Tuple(keys) => format!("({})", list(keys)),
        KeyType::Named(name, keys) => format!("{name}({})", list(keys)),
        KeyType::Enum(name, variants) => {
            let variants: Vec<_> = variants
                .iter()
                .map(|(name, number, keys)| format!("{name} = {number}({})", list(keys)))
                .collect();
            format!("{name} {{ {} }}", variants.join(", "))
        }
        KeyType::Foreign(name) => (*name).into(),
    }
}

impl StoredDefinition {
    /// What this program's schema (`self`) has otherwise than the file's, each in words; empty if nothing.
    pub fn differences(&self, file: &StoredDefinition) -> Vec<String> {
        let mut found = Vec::new();
        if self.name != file.name {
            found.push(format!("the file holds the definition {}, not {}", file.name, self.name));
        }
        named(
            &self.models,
            &file.models,
            |model| &model.name,
            "the model",
            &mut found,
            |own, other, found| {
                own.differences(other, found);
            },
        );
        if found.is_empty() && self != file {
            found.push("the models are in another order".into());
        }
        found
    }
}

impl StoredModel {
    fn differences(&self, file: &StoredModel, found: &mut Vec<String>) {
        let model = &self.name;
        if self.version != file.version {
            found.push(format!(
                "{model} is at version {} in the file, here at {}",
                file.version, self.version
            ));
        }
        if self.key != file.key {
            found.push(format!("the key of {model} is {} in the file, here {}", file.key, self.key));
        }
        let before = found.len();
        let field = format!("the field {model}.");
        named(
            &self.fields,
            &file.fields,
            |field| &field.0,
            &field,
            found,
            |own, other, found| {
                if own.1 != other.1 {
                    found.push(format!("{field}{} is {} in the file, here {}", own.0, other.1, own.1));
                }
            },
        );
        if found.len() == before && self.fields != file.fields {
            found.push(format!("the fields of {model} are in another order"));
        }
        let key = format!("the key {model}.");
        named(
            &self.keys,
            &file.keys,
            |key| &key.name,
            &key,
            found,
            |own, other, found| {
                if own.form != other.form {
                    found.push(format!("{key}{}: {} in the file, {} here", own.name, other.form, own.form));
                }
            },
        );
    }
}

/// Pairs two lists by name: what only one of them has is reported, what both have is compared.
fn named<T>(
    own: &[T],
    file: &[T],
    name: impl Fn(&T) -> &String,
    what: &str,
    found: &mut Vec<String>,
    mut compare: impl FnMut(&T, &T, &mut Vec<String>),
) {
    let space = if what.ends_with('.') { "" } else { " " };
    for item in own {
        match file.iter().find(|other| name(other) == name(item)) {
            Some(other) => compare(item, other, found),
            None => found.push(format!("{what}{space}{} is not in the file", name(item))),
        }
    }
    for item in file {
        if !own.iter().any(|other| name(other) == name(item)) {
            found.push(format!("{what}{space}{} is only in the file", name(item)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::FieldSchema;

    const INDEX: IndexSchema =
        IndexSchema { name: "email", shape: Shape::One, unique: true, key: KeyType::Text, key_width: None };
    const MODEL: ModelSchema = ModelSchema {
        name: "Author",
        version: 1,
        fields: &[FieldSchema { name: "id", ty: "u64" }, FieldSchema { name: "email", ty: "String" }],
        key: KeyType::U64,
        key_width: Some(8),
        indexes: &[INDEX],
        relations: &[],
        topics: &[],
    };

    fn differences(model: ModelSchema) -> Vec<String> {
        let file = StoredModel::from(&MODEL);
        let mut found = Vec::new();
        StoredModel::from(&model).differences(&file, &mut found);
        found
    }

    #[test]
    fn equal_schemas_have_no_differences() {
        assert_eq!(differences(MODEL), Vec::<String>::new());
    }

    #[test]
    fn every_difference_is_named() {
        let plain = IndexSchema { unique: false, ..INDEX };
        let leaked: &'static [IndexSchema] =
            Box::leak(Box::new([plain, IndexSchema { name: "age", ..INDEX }]));
        let found = differences(ModelSchema {
            version: 2,
            key: KeyType::U32,
            fields: &[FieldSchema { name: "id", ty: "u32" }, FieldSchema { name: "age", ty: "u8" }],
            indexes: leaked,
            ..MODEL
        });
        assert_eq!(
            found,
            [
                "Author is at version 1 in the file, here at 2",
                "the key of Author is u64 in the file, here u32",
                "the field Author.id is u64 in the file, here u32",
                "the field Author.age is not in the file",
                "the field Author.email is only in the file",
                "the key Author.email: unique index over text in the file, index over text here",
                "the key Author.age is not in the file",
            ]
        );
    }

    // C10: reordered variants change the numbers, which change the type.
    #[test]
    fn an_enum_is_spelled_with_its_numbers() {
        let low = KeyType::Enum("Level", &[("Low", 0, &[]), ("High", 1, &[&KeyType::Bool])]);
        assert_eq!(spell(&low), "Level { Low = 0(), High = 1(bool) }");
    }
}
