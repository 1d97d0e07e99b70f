//! The schema as a file keeps it, and what differs between two of them.

use serde::{Deserialize, Serialize};

use super::{DefinitionSchema, FieldSchema, IndexSchema, ModelSchema, RelationSchema, Shape};
use crate::key::{KeyField, KeyType};

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
    /// fields of the primary key
    primary: Vec<String>,
    key: String,
    /// name, and type as it is written; empty where a key says it better
    fields: Vec<(String, String)>,
    keys: Vec<StoredKey>,
    topics: Vec<String>,
}

/// An index or a relation: its name and everything that decides what its rows look like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct StoredKey {
    name: String,
    form: String,
}

impl From<&DefinitionSchema> for StoredDefinition {
    fn from(definition: &DefinitionSchema) -> Self {
        let mut models: Vec<_> = definition.models.iter().map(|model| StoredModel::from(*model)).collect();
        // Their order in the enum decides nothing in the file.
        models.sort_by(|a, b| a.name.cmp(&b.name));
        StoredDefinition { name: definition.name.into(), models }
    }
}

impl From<&ModelSchema> for StoredModel {
    fn from(model: &ModelSchema) -> Self {
        let indexes = model.indexes.iter().map(StoredKey::from);
        let keys: Vec<_> = indexes.chain(model.relations.iter().map(StoredKey::from)).collect();
        let is_key = |name: &str| model.primary.contains(&name) || keys.iter().any(|key| key.name == name);
        let ty = |field: &FieldSchema| if is_key(field.name) { String::new() } else { field.ty.into() };
        let mut topics: Vec<String> = model.topics.iter().map(|topic| (*topic).into()).collect();
        topics.sort();
        StoredModel {
            name: model.name.into(),
            version: model.version,
            primary: model.primary.iter().map(|name| (*name).into()).collect(),
            key: spell(&model.key),
            fields: model.fields.iter().map(|field| (field.name.into(), ty(field))).collect(),
            keys,
            topics,
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

/// `room: text, day: u32`; the numbers of tuple fields say nothing and are left out.
fn named_list(fields: &[KeyField]) -> String {
    let field = |(name, key): &KeyField| match name.parse::<usize>() {
        Ok(_) => spell(key),
        Err(_) => format!("{name}: {}", spell(key)),
    };
    fields.iter().map(field).collect::<Vec<_>>().join(", ")
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
        KeyType::Named(name, fields) => format!("{name}({})", named_list(fields)),
        KeyType::Enum(name, variants) => {
            let variants: Vec<_> = variants
                .iter()
                .map(|(name, number, fields)| format!("{name} = {number}({})", named_list(fields)))
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
            found.push("the schemas differ in their order".into());
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
        if self.primary != file.primary {
            let (file, own) = (file.primary.join(", "), self.primary.join(", "));
            found.push(format!("the key of {model} is made of {file} in the file, here of {own}"));
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
                if own.1 != other.1 && !own.1.is_empty() && !other.1.is_empty() {
                    // A field that is a key on one side is reported as a key.
                    found.push(format!("{field}{} is {} in the file, here {}", own.0, other.1, own.1));
                }
            },
        );
        let names =
            |model: &StoredModel| model.fields.iter().map(|field| field.0.clone()).collect::<Vec<_>>();
        if found.len() == before && names(self) != names(file) {
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
        let topic = format!("the topic {model}.");
        named(&self.topics, &file.topics, |topic| topic, &topic, found, |_, _, _| {});
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

    const INDEX: IndexSchema =
        IndexSchema { name: "email", shape: Shape::One, unique: true, key: KeyType::Text, key_width: None };
    const MODEL: ModelSchema = ModelSchema {
        name: "Author",
        version: 1,
        fields: &[
            FieldSchema::new("id", "u64"),
            FieldSchema::new("email", "String"),
            FieldSchema::new("note", "String"),
        ],
        primary: &["id"],
        key: KeyType::U64,
        key_width: Some(8),
        indexes: &[INDEX],
        relations: &[],
        topics: &[],
    };

    const OTHER_FIELDS: &[FieldSchema] =
        &[FieldSchema::new("age", "u8"), FieldSchema::new("id", "u32"), FieldSchema::new("note", "str")];

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
            fields: OTHER_FIELDS,
            primary: &["age"],
            indexes: leaked,
            ..MODEL
        });
        assert_eq!(
            found,
            [
                "Author is at version 1 in the file, here at 2",
                "the key of Author is made of id in the file, here of age",
                "the key of Author is u64 in the file, here u32",
                "the field Author.age is not in the file",
                "the field Author.note is String in the file, here str",
                "the field Author.email is only in the file",
                "the key Author.email: unique index over text in the file, index over text here",
                "the key Author.age is not in the file",
            ]
        );
    }

    // C10: reordered variants change the numbers, which change the type.
    #[test]
    fn an_enum_is_spelled_with_its_numbers() {
        let low = KeyType::Enum("Level", &[("Low", 0, &[]), ("High", 1, &[("0", &KeyType::Bool)])]);
        assert_eq!(spell(&low), "Level { Low = 0(), High = 1(bool) }");
        let slot = KeyType::Named("Slot", &[("room", &KeyType::Text), ("day", &KeyType::U32)]);
        assert_eq!(spell(&slot), "Slot(room: text, day: u32)");
    }
}
