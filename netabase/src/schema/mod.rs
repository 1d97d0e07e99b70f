//! What a model and a definition look like, as plain constant data.
//!
//! The derives write these constants; every floor above loops over them instead of over generated code.

mod access;
mod check;
mod check_access;
mod diff;
mod relation;
mod stored;

pub use access::{Access, Grant, Operation, Operations};
pub(crate) use check::has_definition;
pub(crate) use diff::{Cure, Difference, Piece, Section};
pub use relation::{OnDelete, References, RelationSchema};
pub(crate) use stored::RegisteredIndex;
pub use stored::{Fingerprint, StoredDefinition};

use crate::key::{Key, KeyType};

/// How a field fills its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// one entry for each record
    One,
    /// one entry for each record, with a tag byte before the key: 0 is `None`
    Optional,
    /// one entry for each element, equal elements once
    Each,
}

/// A field of a model, in the order of the struct.
#[derive(Clone, Copy, Debug)]
pub struct FieldSchema {
    /// recorded name
    pub name: &'static str,
    /// the type as it is written
    pub ty: &'static str,
    /// what kind of data it holds: `#[netabase(class = "..")]`
    pub class: Option<&'static str>,
}

impl FieldSchema {
    /// For the derive.
    #[doc(hidden)]
    pub const fn new(name: &'static str, ty: &'static str) -> Self {
        FieldSchema { name, ty, class: None }
    }

    /// For the derive.
    #[doc(hidden)]
    #[must_use]
    pub const fn of_class(mut self, class: &'static str) -> Self {
        self.class = Some(class);
        self
    }
}

/// Where the keys of an index come from.
#[derive(Clone, Copy, Debug)]
pub enum KeySource {
    /// the field that has the index's name
    Field,
    /// several fields
    Columns(&'static [ColumnSchema]),
    /// a function of the record, by its path
    Computed(&'static str),
}

/// A field in a compound index.
#[derive(Clone, Copy, Debug)]
pub struct ColumnSchema {
    /// recorded name of the field
    pub field: &'static str,
    /// whether its order is turned round
    pub descending: bool,
}

/// A secondary key.
#[derive(Clone, Copy, Debug)]
pub struct IndexSchema {
    /// recorded name: that of the field, or of the index
    pub name: &'static str,
    /// where its keys come from
    pub source: KeySource,
    /// the function that says which records have an entry, by its path; `None`: all
    pub when: Option<&'static str>,
    /// how the field fills it
    pub shape: Shape,
    /// at most one record has each key; `None` is not constrained
    pub unique: bool,
    /// type of the key
    pub key: KeyType,
    /// bytes of a key, where fixed
    pub key_width: Option<usize>,
    /// recorded names of the fields whose values stand beside the keys
    pub covering: &'static [&'static str],
    /// recorded names of the fields of which the sum is kept for each key
    pub sums: &'static [&'static str],
}

impl IndexSchema {
    /// For the derive.
    #[doc(hidden)]
    pub const fn new<K: Key>(name: &'static str, shape: Shape, unique: bool) -> Self {
        check::no_hidden_option(name, shape, &K::TYPE);
        IndexSchema {
            name,
            source: KeySource::Field,
            when: None,
            shape,
            unique,
            key: K::TYPE,
            key_width: K::WIDTH,
            covering: &[],
            sums: &[],
        }
    }

    /// For the derive: an index that is not that of one field.
    #[doc(hidden)]
    #[must_use]
    pub const fn of(mut self, source: KeySource, when: Option<&'static str>) -> Self {
        self.source = source;
        self.when = when;
        self
    }

    /// For the derive: what the index holds beside its keys.
    #[doc(hidden)]
    #[must_use]
    pub const fn with(mut self, covering: &'static [&'static str], sums: &'static [&'static str]) -> Self {
        self.covering = covering;
        self.sums = sums;
        self
    }

    /// The fields its keys are made of, in the order of the key. None if they are computed.
    pub fn columns(&self) -> Vec<ColumnSchema> {
        match self.source {
            KeySource::Field => vec![ColumnSchema { field: self.name, descending: false }],
            KeySource::Columns(columns) => columns.to_vec(),
            KeySource::Computed(_) => Vec::new(),
        }
    }
}

/// A model. Its tables are numbered: 0 is the main table, then come the indexes, the relations, the table of topics if there
/// is any, and a table of sums for each index that keeps some.
#[derive(Clone, Copy, Debug)]
pub struct ModelSchema {
    /// recorded name
    pub name: &'static str,
    /// written before every record
    pub version: u8,
    /// all fields, in the order of the struct
    pub fields: &'static [FieldSchema],
    /// recorded names of the fields that make the primary key
    pub primary: &'static [&'static str],
    /// type of the primary key
    pub key: KeyType,
    /// bytes of a primary key, where fixed
    pub key_width: Option<usize>,
    /// secondary keys: those of fields, in the order of the struct, then those with names of their own
    pub indexes: &'static [IndexSchema],
    /// relational keys, in the order of the struct
    pub relations: &'static [RelationSchema],
    /// recorded names of the topics the model subscribes to
    pub topics: &'static [&'static str],
    /// for each of them the function that says which records are enrolled, by its path; `None`: all. Empty where all are in all.
    pub topic_conditions: &'static [Option<&'static str>],
    /// what anyone may do with its records
    pub access: Operations,
    /// which models may follow their links to it, by recorded name; `None`: all
    pub inbound: Option<&'static [Grant]>,
    /// what kind of data it holds: `#[netabase(class = "..")]`
    pub class: Option<&'static str>,
    /// whether its changes are kept in the journal: `#[netabase(journal)]`
    pub journal: bool,
    /// whether each record has a version: `#[netabase(versioned)]`
    pub versioned: bool,
}

/// What one of a model's tables holds.
#[derive(Clone, Copy, Debug)]
pub enum Part {
    /// primary key -> record
    Main,
    /// secondary key -> primary keys
    Index(&'static IndexSchema),
    /// key of the other end -> primary keys
    Relation(&'static RelationSchema),
    /// topic -> primary keys
    Topics,
    /// secondary key -> number of records and their sums
    Sums(&'static IndexSchema),
}

impl Part {
    /// Last piece of the table's name in the file.
    pub fn name(&self) -> &'static str {
        match self {
            Part::Main => "main",
            Part::Index(index) | Part::Sums(index) => index.name,
            Part::Relation(relation) => relation.name,
            Part::Topics => "topics",
        }
    }

    /// Whether a key of this table belongs to one record only, so that it is a plain map to a primary key.
    pub fn is_unique(&self) -> bool {
        matches!(self, Part::Index(index) if index.unique)
    }
}

impl ModelSchema {
    /// The model's tables by number. `None` past the last one.
    pub fn part(&self, number: usize) -> Option<Part> {
        let Some(index) = number.checked_sub(1) else { return Some(Part::Main) };
        if let Some(index) = self.indexes.get(index) {
            return Some(Part::Index(index));
        }
        let relation = index - self.indexes.len();
        if let Some(relation) = self.relations.get(relation) {
            return Some(Part::Relation(relation));
        }
        if !self.topics.is_empty() && number == self.topics_part() {
            return Some(Part::Topics);
        }
        let before = self.topics_part() + usize::from(!self.topics.is_empty());
        let mut with_sums = self.indexes.iter().filter(|index| !index.sums.is_empty());
        with_sums.nth(number.checked_sub(before)?).map(Part::Sums)
    }

    /// Number of the table with the sums of an index, if it keeps some. `part`: the number of the index.
    pub fn sums_part(&self, part: usize) -> Option<usize> {
        let at = part.checked_sub(1)?;
        let has_sums = |index: &&IndexSchema| !index.sums.is_empty();
        self.indexes.get(at).filter(has_sums)?;
        let before = self.indexes.get(..at)?.iter().filter(has_sums).count();
        Some(self.topics_part() + usize::from(!self.topics.is_empty()) + before)
    }

    /// All tables of the model with their numbers.
    pub fn parts(&self) -> impl Iterator<Item = (usize, Part)> + '_ {
        (0..).map_while(|number| self.part(number).map(|part| (number, part)))
    }

    /// What tells this schema from another one of the model.
    pub(crate) fn fingerprint(&self) -> u128 {
        StoredDefinition::of_model(self).fingerprint().0
    }

    /// Whether what stands in a table is made of one of these fields, or may be.
    pub(crate) fn looks_at(&self, part: usize, fields: &[&str]) -> bool {
        if fields.is_empty() {
            return false;
        }
        let any = |names: &[&str]| names.iter().any(|name| fields.contains(name));
        match self.part(part) {
            Some(Part::Main) => any(self.primary),
            Some(Part::Index(index) | Part::Sums(index)) => {
                let is_computed = index.when.is_some() || matches!(index.source, KeySource::Computed(_));
                is_computed || index.columns().iter().any(|column| fields.contains(&column.field))
            }
            Some(Part::Relation(relation)) => any(&[relation.name]),
            // A condition may look at any field.
            Some(Part::Topics) => !self.topic_conditions.is_empty(),
            // Registered, from all of the record.
            None => true,
        }
    }

    /// Number of the table of a relation. `number`: its place among the relations.
    pub(crate) const fn relation_part(&self, number: usize) -> usize {
        1 + self.indexes.len() + number
    }

    /// Number of the table of topics.
    pub const fn topics_part(&self) -> usize {
        1 + self.indexes.len() + self.relations.len()
    }

    /// Whether a record has a row outside the main table.
    pub const fn has_entries(&self) -> bool {
        !(self.indexes.is_empty() && self.relations.is_empty() && self.topics.is_empty())
    }
}

/// A definition: the models of one store. [`Store::schema`](crate::Store::schema) gives it to tools that know no types.
#[derive(Clone, Copy, Debug)]
pub struct DefinitionSchema {
    /// recorded name
    pub name: &'static str,
    /// in the order of the enum
    pub models: &'static [&'static ModelSchema],
    /// recorded names of the topics
    pub topics: &'static [&'static str],
    /// what others may do with it
    pub grants: &'static [Grant],
    /// whether the changes of all its models are kept in the journal
    pub journal: bool,
}

impl DefinitionSchema {
    /// The model with this recorded name.
    pub fn model(&self, name: &str) -> Option<&'static ModelSchema> {
        self.models.iter().copied().find(|model| model.name == name)
    }
}
