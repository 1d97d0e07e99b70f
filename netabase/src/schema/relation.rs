//! Links to other models, as data.

use super::{Access, Shape};
use crate::key::{Key, KeyType};

/// What becomes of the links to a record that is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDelete {
    /// the record cannot be deleted while others link to it
    Restrict,
    /// the records that link to it are deleted, too
    Cascade,
    /// links to it are taken out of their records
    SetNull,
    /// they stay, and lead nowhere
    Keep,
}

/// When it is seen to that a link leads to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum References {
    /// when the record that holds it is written
    Checked,
    /// when the transaction is committed
    Deferred,
    /// never
    Unchecked,
}

/// A link to another model.
#[derive(Clone, Copy, Debug)]
pub struct RelationSchema {
    /// recorded name: that of the field
    pub name: &'static str,
    /// Recorded name of the model at the other end. A name and not its schema, because the constants of two
    /// models that link to each other would depend on each other.
    pub target: &'static str,
    /// recorded name of the definition that the other end is in, if the link names one
    pub definition: Option<&'static str>,
    /// how the field fills it
    pub shape: Shape,
    /// type of the target's primary key
    pub key: KeyType,
    /// bytes of the target's primary key, where fixed
    pub key_width: Option<usize>,
    /// what becomes of it when its target is deleted
    pub on_delete: OnDelete,
    /// when its target is looked for
    pub references: References,
    /// whether it may be followed, from either end; else the link is a key and nothing more
    pub access: Access,
}

impl RelationSchema {
    /// For the derive: `K` is the primary key of the target.
    #[doc(hidden)]
    pub const fn new<K: Key>(name: &'static str, target: &'static str, shape: Shape) -> Self {
        let (on_delete, references) = (OnDelete::Restrict, References::Checked);
        let (key, key_width) = (K::TYPE, K::WIDTH);
        let access = Access::Read;
        RelationSchema {
            name,
            target,
            definition: None,
            shape,
            key,
            key_width,
            on_delete,
            references,
            access,
        }
    }

    /// For the derive: a link that is not followed.
    #[doc(hidden)]
    #[must_use]
    pub const fn closed(mut self) -> Self {
        self.access = Access::None;
        self
    }

    /// For the derive: a link into another definition.
    #[doc(hidden)]
    #[must_use]
    pub const fn into_definition(mut self, definition: &'static str) -> Self {
        self.definition = Some(definition);
        self
    }

    /// For the derive: other rules than the usual ones.
    #[doc(hidden)]
    #[must_use]
    pub const fn rules(mut self, on_delete: OnDelete, references: References) -> Self {
        self.on_delete = on_delete;
        self.references = references;
        self
    }
}
