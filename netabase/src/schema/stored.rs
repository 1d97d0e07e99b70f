//! The schema as a file keeps it, and its fingerprint.

use std::fmt;

use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_128;

use super::{
    ColumnSchema, DefinitionSchema, FieldSchema, IndexSchema, KeySource, ModelSchema, RelationSchema, Shape,
};
use crate::key::{KeyField, KeyType};

/// A definition's schema in the form that is written into the file. Types are kept as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredDefinition {
    pub(super) name: String,
    pub(super) models: Vec<StoredModel>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoredModel {
    pub(super) name: String,
    pub(super) version: u8,
    /// fields of the primary key
    pub(super) primary: Vec<String>,
    pub(super) key: String,
    pub(super) fields: Vec<StoredField>,
    pub(super) keys: Vec<StoredKey>,
    pub(super) topics: Vec<String>,
    /// whether each record has a version
    pub(super) versioned: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoredField {
    pub(super) name: String,
    /// the type as it is written
    pub(super) ty: String,
}

/// An index that no attribute declares.
pub(crate) struct RegisteredIndex<'i> {
    pub(crate) name: &'i str,
    pub(crate) columns: &'i [&'i str],
    pub(crate) key: &'i KeyType,
    pub(crate) version: u32,
    pub(crate) has_value: bool,
}

/// An index or a relation: its name and everything that decides what its rows look like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoredKey {
    pub(super) name: String,
    pub(super) form: String,
}

/// What stands before the fields or the function of an index that has a name of its own. No type is spelled so.
const NAMED: &str = " <- ";

impl StoredKey {
    /// Whether it can be made anew from the records as they are, whatever it was before.
    pub(super) fn is_named(&self) -> bool {
        self.form.contains(NAMED)
    }
}

impl From<&DefinitionSchema> for StoredDefinition {
    fn from(definition: &DefinitionSchema) -> Self {
        let mut models: Vec<_> = definition.models.iter().map(|model| StoredModel::from(*model)).collect();
        // Their order in the enum decides nothing in the file.
        models.sort_by(|a, b| a.name.cmp(&b.name));
        StoredDefinition { name: definition.name.into(), models }
    }
}

impl StoredDefinition {
    /// With an index that the program registers. They are added in the order of their names.
    pub(crate) fn add_index(&mut self, model: &str, index: &RegisteredIndex<'_>) {
        let RegisteredIndex { name, columns, key, version, has_value } = *index;
        let columns = columns.iter().map(|column| format!("{column:?}")).collect::<Vec<_>>().join(", ");
        let value = if has_value { " with values" } else { "" };
        let form = format!(
            "registered index over {}{NAMED}{columns} version {version}{value}",
            shaped(Shape::Each, key)
        );
        for model in self.models.iter_mut().filter(|own| own.name == model) {
            model.keys.push(StoredKey { name: name.to_owned(), form: form.clone() });
        }
    }

    /// Recorded name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// A relation that leads into another definition, as `Order.customer`.
    pub(crate) fn link_into(&self, definition: &str) -> Option<String> {
        let place = format!("{IN}{definition:?} by ");
        let leads = |key: &&StoredKey| key.form.starts_with("relation to ") && key.form.contains(&place);
        self.models.iter().find_map(|model| {
            let key = model.keys.iter().find(leads)?;
            Some(format!("{}.{}", model.name, key.name))
        })
    }

    /// Of one model alone.
    pub(super) fn of_model(model: &ModelSchema) -> Self {
        StoredDefinition { name: String::new(), models: vec![StoredModel::from(model)] }
    }
}

impl From<&ModelSchema> for StoredModel {
    fn from(model: &ModelSchema) -> Self {
        let is_field = |index: &&IndexSchema| matches!(index.source, KeySource::Field);
        let (of_fields, named): (Vec<&IndexSchema>, Vec<_>) = model.indexes.iter().partition(is_field);
        // Where they stand among the attributes decides nothing in the file.
        let mut named: Vec<_> = named.into_iter().map(StoredKey::from).collect();
        named.sort_by(|a, b| a.name.cmp(&b.name));
        let keys = of_fields.into_iter().map(StoredKey::from).chain(named);
        let keys: Vec<_> = keys.chain(model.relations.iter().map(StoredKey::from)).collect();
        let field = |field: &FieldSchema| {
            let key = column_key(model, field.name).map(|key| format!("{KEY}{}", spell(key)));
            StoredField { name: field.name.into(), ty: format!("{}{}", field.ty, key.unwrap_or_default()) }
        };
        let when = |number: usize| model.topic_conditions.get(number).copied().flatten();
        let topic = |(number, topic): (usize, &&str)| match when(number) {
            None => (*topic).into(),
            Some(when) => format!("{topic}{WHEN}{when}"),
        };
        let mut topics: Vec<String> = model.topics.iter().enumerate().map(topic).collect();
        topics.sort();
        StoredModel {
            name: model.name.into(),
            version: model.version,
            primary: model.primary.iter().map(|name| (*name).into()).collect(),
            key: spell(&model.key),
            fields: model.fields.iter().map(field).collect(),
            keys,
            topics,
            versioned: model.versioned,
        }
    }
}

/// What stands between a topic and the function that says which records are enrolled.
const WHEN: &str = " when ";

/// The name of a topic alone.
pub(super) fn topic_name(topic: &str) -> &str {
    topic.split_once(WHEN).map_or(topic, |(name, _)| name)
}

/// What stands between the type of a field, as it is written, and the key it is in an index over several fields.
const KEY: &str = " is ";

/// The key that a field is in an index over several: it says better than the type's name what the field's bytes are.
fn column_key(model: &ModelSchema, field: &str) -> Option<&'static KeyType> {
    model.indexes.iter().find_map(|index| {
        let (KeySource::Columns(columns), KeyType::Tuple(keys)) = (index.source, index.key) else {
            return None;
        };
        let at = columns.iter().position(|column| column.field == field)?;
        match keys.get(at).copied()? {
            KeyType::Descending(key) => Some(*key),
            key => Some(key),
        }
    })
}

impl From<&IndexSchema> for StoredKey {
    fn from(index: &IndexSchema) -> Self {
        let unique = if index.unique { "unique " } else { "" };
        let column = |ColumnSchema { field, descending }: &ColumnSchema| {
            if *descending { format!("{field:?} desc") } else { format!("{field:?}") }
        };
        let source = match index.source {
            KeySource::Field => String::new(),
            KeySource::Columns(columns) => {
                format!("{NAMED}{}", columns.iter().map(column).collect::<Vec<_>>().join(", "))
            }
            KeySource::Computed(function) => format!("{NAMED}{function}"),
        };
        let when = index.when.map(|when| format!(" when {when}")).unwrap_or_default();
        let beside = [beside("covering", index.covering), beside("sum", index.sums)].concat();
        let form = format!("{unique}index over {}{source}{when}{beside}", shaped(index.shape, &index.key));
        StoredKey { name: index.name.into(), form }
    }
}

/// What an index holds beside its keys.
fn beside(what: &str, fields: &[&str]) -> String {
    let fields = fields.iter().map(|field| format!("{field:?}")).collect::<Vec<_>>().join(", ");
    if fields.is_empty() { fields } else { format!(" {what} {fields}") }
}

/// What stands between the target of a relation and the definition that it is in.
const IN: &str = " in ";

impl From<&RelationSchema> for StoredKey {
    fn from(relation: &RelationSchema) -> Self {
        let place = relation.definition.map(|definition| format!("{IN}{definition:?}")).unwrap_or_default();
        let form =
            format!("relation to {}{place} by {}", relation.target, shaped(relation.shape, &relation.key));
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
        KeyType::Descending(key) => format!("descending {}", spell(key)),
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

impl StoredModel {
    /// How the field's bytes are told: by a key of one of these kinds, or by its type alone.
    fn told_by(&self, field: &str) -> ToldBy {
        let key = self.keys.iter().find(|key| key.name == field);
        match key {
            Some(key) if key.form.contains(" each ") => ToldBy::Elements,
            Some(_) => ToldBy::Key,
            None if self.primary.iter().any(|name| name == field) => ToldBy::Key,
            None => ToldBy::Type,
        }
    }

    /// What of the type, as it is written, decides what a field's bytes are, when the field is the same kind of key in
    /// `other` too.
    pub(super) fn deciding(&self, field: &StoredField, other: &StoredModel) -> String {
        let split = |ty: &str| ty.split_once(KEY).map(|(ty, key)| (ty.to_owned(), key.to_owned()));
        let others = other.fields.iter().find(|others| others.name == field.name);
        // Only one of them may have an index over several fields.
        let (ty, key) = match (split(&field.ty), others.and_then(|others| split(&others.ty))) {
            (Some((ty, key)), Some(_)) => (ty, format!("{KEY}{key}")),
            (Some((ty, _)), None) => (ty, String::new()),
            (None, _) => (field.ty.clone(), String::new()),
        };
        let told_by = self.told_by(&field.name);
        if told_by != other.told_by(&field.name) {
            return format!("{ty}{key}");
        }
        // Serde attributes stand before the type.
        let (attributes, ty) = match ty.rsplit_once(")] ") {
            Some((attributes, ty)) => (attributes, ty),
            None => ("", ty.as_str()),
        };
        let rest = match told_by {
            ToldBy::Type => ty,
            ToldBy::Key => "",
            // The key tells the elements; what holds them tells the rest. An array has its length in its name.
            ToldBy::Elements if ty.starts_with('[') => ty,
            ToldBy::Elements => {
                let outer = ty.split('<').next().unwrap_or_default();
                outer.rsplit("::").next().unwrap_or_default()
            }
        };
        [attributes, rest, &key].concat()
    }
}

#[derive(PartialEq, Eq)]
enum ToldBy {
    Key,
    Elements,
    Type,
}

impl StoredDefinition {
    /// Without what decides nothing in a file.
    pub(super) fn canonical(&self) -> StoredDefinition {
        let mut canonical = self.clone();
        for (model, own) in canonical.models.iter_mut().zip(&self.models) {
            for field in &mut model.fields {
                field.ty = own.deciding(field, own);
            }
        }
        canonical
    }

    /// The hash that names this schema: [XXH3-128] of its canonical form in postcard. Equal for programs that read
    /// each other's files, on any machine and with any compiler.
    ///
    /// ```
    /// # use netabase::{NetabaseDefinition, NetabaseModel};
    /// use netabase::schema::StoredDefinition;
    /// # #[derive(NetabaseModel, serde::Serialize, serde::Deserialize)]
    /// # struct Author { #[primary_key] id: u64 }
    /// # #[derive(NetabaseDefinition)]
    /// # enum Blog { Author(Author) }
    /// let fingerprint = StoredDefinition::from(Blog::SCHEMA).fingerprint();
    /// assert_eq!(fingerprint.to_string(), "a6968b6e6ee7647b4aa62cf8cc4021a6");
    /// ```
    ///
    /// [XXH3-128]: https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
    pub fn fingerprint(&self) -> Fingerprint {
        // Strings and lists always encode.
        let bytes = postcard::to_stdvec(&self.canonical()).unwrap_or_default();
        Fingerprint(XxHash3_128::oneshot(&bytes))
    }
}

/// What a schema is told by, see [`StoredDefinition::fingerprint`]. Prints as 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub u128);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // C10: reordered variants change the numbers, which change the type.
    #[test]
    fn an_enum_is_spelled_with_its_numbers() {
        let low = KeyType::Enum("Level", &[("Low", 0, &[]), ("High", 1, &[("0", &KeyType::Bool)])]);
        assert_eq!(spell(&low), "Level { Low = 0(), High = 1(bool) }");
        let slot = KeyType::Named("Slot", &[("room", &KeyType::Text), ("day", &KeyType::U32)]);
        assert_eq!(spell(&slot), "Slot(room: text, day: u32)");
    }
}
