//! What differs between a program's schema and a file's, and what can be done about it.

use super::stored::{StoredDefinition, StoredModel, topic_name};

/// One way in which two schemas differ.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    /// in words
    pub(crate) text: String,
    pub(crate) cure: Cure,
}

/// What opening may do about a difference.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Cure {
    /// Nothing: a value would be read as another one.
    None,
    /// The program has it and the file has not: its tables are filled from the records.
    Fill(Piece),
    /// The file has it and the program has not: its tables go, if the program names it.
    Discard(Piece),
}

/// A part of a schema that has tables or rows of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) model: String,
    pub(crate) part: Section,
}

/// Which part of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    /// all of it
    Whole,
    /// an index or a relation
    Key(String),
    /// a topic it subscribes to
    Topic(String),
    /// the versions of its records
    Versions,
}

impl Piece {
    /// `Author` or `Author.email`: how a program names it.
    pub(crate) fn name(&self) -> String {
        match &self.part {
            Section::Whole => self.model.clone(),
            Section::Key(name) | Section::Topic(name) => format!("{}.{name}", self.model),
            Section::Versions => format!("{}.versions", self.model),
        }
    }

    fn spelled(&self) -> String {
        let kind = match self.part {
            Section::Whole => "model",
            Section::Key(_) => "key",
            Section::Topic(_) => "topic",
            Section::Versions => "table",
        };
        format!("the {kind} {}", self.name())
    }
}

impl StoredDefinition {
    /// What this program's schema (`self`) has otherwise than the file's, each in words; empty if nothing.
    pub fn differences(&self, file: &StoredDefinition) -> Vec<String> {
        self.compare(file).into_iter().map(|difference| difference.text).collect()
    }

    /// Whether a model has an index or relation of this name, or any topic (`None`).
    pub(crate) fn has(&self, model: &str, key: Option<&str>) -> bool {
        self.models.iter().filter(|stored| stored.name == model).any(|stored| match key {
            Some(name) => stored.keys.iter().any(|key| key.name == name),
            None => !stored.topics.is_empty(),
        })
    }

    /// The same, with what can be done about each.
    pub(crate) fn compare(&self, file: &StoredDefinition) -> Vec<Difference> {
        let mut found = Found(Vec::new());
        if self.name != file.name {
            found.refuse(format!("the file holds the definition {}, not {}", file.name, self.name));
        }
        let whole = |model: &StoredModel| Piece { model: model.name.clone(), part: Section::Whole };
        let pairs = paired(&self.models, &file.models, |model| &model.name);
        for pair in pairs {
            match pair {
                Pair::Both(own, file) => own.compare(file, &mut found),
                Pair::Own(own) => found.missing(whole(own)),
                Pair::File(file) => found.left(whole(file)),
            }
        }
        if found.0.is_empty() && self.canonical() != file.canonical() {
            found.refuse("the schemas differ in their order".into());
        }
        found.0
    }
}

struct Found(Vec<Difference>);

impl Found {
    fn refuse(&mut self, text: String) {
        self.0.push(Difference { text, cure: Cure::None });
    }

    fn missing(&mut self, piece: Piece) {
        let text = format!("{} is not in the file", piece.spelled());
        self.0.push(Difference { text, cure: Cure::Fill(piece) });
    }

    fn left(&mut self, piece: Piece) {
        let text = format!(
            "{} is only in the file, where `discard(\"{}\")` drops it",
            piece.spelled(),
            piece.name()
        );
        self.0.push(Difference { text, cure: Cure::Discard(piece) });
    }
}

impl StoredModel {
    fn compare(&self, file: &StoredModel, found: &mut Found) {
        let model = &self.name;
        if self.version != file.version {
            let (file, own) = (file.version, self.version);
            found.refuse(format!("{model} is at version {file} in the file, here at {own}"));
        }
        if self.primary != file.primary {
            let (file, own) = (file.primary.join(", "), self.primary.join(", "));
            found.refuse(format!("the key of {model} is made of {file} in the file, here of {own}"));
        }
        if self.key != file.key {
            found.refuse(format!("the key of {model} is {} in the file, here {}", file.key, self.key));
        }
        self.compare_fields(file, found);
        let key = |name: &String| Piece { model: model.clone(), part: Section::Key(name.clone()) };
        for pair in paired(&self.keys, &file.keys, |key| &key.name) {
            match pair {
                Pair::Both(own, file) if own.form != file.form => {
                    let text =
                        format!("the key {model}.{}: {} in the file, {} here", own.name, file.form, own.form);
                    // The same keys in a table of the other kind.
                    let same_keys = plain(&own.form) == plain(&file.form);
                    let cure = if same_keys || (own.is_named() && file.is_named()) {
                        Cure::Fill(key(&own.name))
                    } else {
                        Cure::None
                    };
                    found.0.push(Difference { text, cure });
                }
                Pair::Both(..) => {}
                Pair::Own(own) => found.missing(key(&own.name)),
                Pair::File(file) => found.left(key(&file.name)),
            }
        }
        let topic =
            |name: &String| Piece { model: model.clone(), part: Section::Topic(topic_name(name).to_owned()) };
        for pair in paired(&self.topics, &file.topics, |topic| topic_name(topic)) {
            match pair {
                Pair::Both(own, file) if own != file => {
                    let text = format!("the topic {model}.{own} here is {file} in the file");
                    found.0.push(Difference { text, cure: Cure::Fill(topic(own)) });
                }
                Pair::Both(..) => {}
                Pair::Own(own) => found.missing(topic(own)),
                Pair::File(file) => found.left(topic(file)),
            }
        }
        let versions = || Piece { model: model.clone(), part: Section::Versions };
        match (self.versioned, file.versioned) {
            (true, false) => found.missing(versions()),
            (false, true) => found.left(versions()),
            _ => {}
        }
    }

    /// Fields have no tables of their own, so any difference changes what the bytes of a record mean.
    fn compare_fields(&self, file: &StoredModel, found: &mut Found) {
        let (model, before) = (&self.name, found.0.len());
        for pair in paired(&self.fields, &file.fields, |field| &field.name) {
            match pair {
                Pair::Both(own, other) => {
                    // A field that is a key on both sides is compared as a key.
                    let name = &own.name;
                    if self.deciding(own, file) != file.deciding(other, self) {
                        let (own, file) = (&own.ty, &other.ty);
                        found.refuse(format!("the field {model}.{name} is {file} in the file, here {own}"));
                    }
                }
                Pair::Own(own) => found.refuse(format!("the field {model}.{} is not in the file", own.name)),
                Pair::File(file) => {
                    found.refuse(format!("the field {model}.{} is only in the file", file.name));
                }
            }
        }
        let names =
            |model: &StoredModel| model.fields.iter().map(|field| field.name.clone()).collect::<Vec<_>>();
        if found.0.len() == before && names(self) != names(file) {
            found.refuse(format!("the fields of {model} are in another order"));
        }
    }
}

/// The form of a key without its being unique.
fn plain(form: &str) -> &str {
    form.strip_prefix("unique ").unwrap_or(form)
}

/// Where an item of a list stands.
enum Pair<'i, T> {
    Both(&'i T, &'i T),
    Own(&'i T),
    File(&'i T),
}

/// Pairs two lists by name: the own ones in their order, then what only the file has.
fn paired<'i, T>(own: &'i [T], file: &'i [T], name: impl Fn(&T) -> &str) -> Vec<Pair<'i, T>> {
    let find = |list: &'i [T], item: &T| list.iter().find(|other| name(other) == name(item));
    let ours = own.iter().map(|item| match find(file, item) {
        Some(other) => Pair::Both(item, other),
        None => Pair::Own(item),
    });
    let left = file.iter().filter(|item| find(own, item).is_none()).map(Pair::File);
    ours.chain(left).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::KeyType;
    use crate::schema::{FieldSchema, IndexSchema, ModelSchema, Shape};

    const INDEX: IndexSchema = IndexSchema::new::<String>("email", Shape::One, true);
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
        topic_conditions: &[],
        access: crate::schema::Operations::ALL,
        inbound: None,
        class: None,
        journal: false,
        versioned: false,
    };

    const OTHER_FIELDS: &[FieldSchema] =
        &[FieldSchema::new("age", "u8"), FieldSchema::new("id", "u32"), FieldSchema::new("note", "str")];

    fn compared(model: ModelSchema, file: ModelSchema) -> Vec<Difference> {
        let mut found = Found(Vec::new());
        StoredModel::from(&model).compare(&StoredModel::from(&file), &mut found);
        found.0
    }

    fn differences(model: ModelSchema) -> Vec<String> {
        compared(model, MODEL).into_iter().map(|difference| difference.text).collect()
    }

    // Both ways: what a field that becomes or ceases to be a key was written as must stay.
    #[test]
    fn a_key_that_comes_or_goes_can_be_cured_and_its_type_is_held() {
        const PLAIN: ModelSchema = ModelSchema { indexes: &[], ..MODEL };
        const OTHER: ModelSchema = ModelSchema {
            fields: &[
                FieldSchema::new("id", "Id"),
                FieldSchema::new("email", "Vec<u8>"),
                FieldSchema::new("note", "String"),
            ],
            ..PLAIN
        };
        let piece = || Piece { model: "Author".into(), part: Section::Key("email".into()) };
        let cures = |model, file| -> Vec<Cure> {
            compared(model, file).into_iter().map(|difference| difference.cure).collect()
        };
        assert_eq!(cures(MODEL, PLAIN), [Cure::Fill(piece())]);
        assert_eq!(cures(PLAIN, MODEL), [Cure::Discard(piece())]);
        assert_eq!(cures(MODEL, OTHER), [Cure::None, Cure::Fill(piece())]);
        assert_eq!(cures(OTHER, MODEL), [Cure::None, Cure::Discard(piece())]);
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
                "the field Author.id is u64 in the file, here u32",
                "the field Author.note is String in the file, here str",
                "the field Author.email is only in the file",
                "the key Author.email: unique index over text in the file, index over text here",
                "the key Author.age is not in the file",
            ]
        );
    }
}
