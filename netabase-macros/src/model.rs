//! What the derives know about their input: owned, plain data between parsing and expanding.

use proc_macro2::{Ident, Span};
use syn::{Attribute, LitStr, Path, Type, Visibility};

/// What every input has.
pub(crate) struct Header {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    /// recorded name
    pub(crate) name: String,
    /// where netabase is
    pub(crate) krate: Path,
}

pub(crate) struct Model {
    pub(crate) header: Header,
    pub(crate) version: u8,
    pub(crate) topics: Vec<Subscription>,
    /// indexes with names of their own
    pub(crate) indexes: Vec<NamedIndex>,
    /// what the borrowed view of a record derives, if there is to be one
    pub(crate) view: Option<Vec<Path>>,
    /// what anyone may do with its records: variants of the runtime's enum, where they stand; `None`: all
    pub(crate) access: Option<Vec<Ident>>,
    /// which models may follow their links to it; `None`: all
    pub(crate) inbound: Option<Vec<Grant>>,
    /// what kind of data it holds
    pub(crate) class: Option<String>,
    /// whether its changes are kept
    pub(crate) journal: bool,
    /// whether each record has a version
    pub(crate) versioned: bool,
    pub(crate) fields: Vec<Field>,
}

/// A topic that records are enrolled in.
pub(crate) struct Subscription {
    pub(crate) topic: Path,
    /// says which records are; `None`: all
    pub(crate) when: Option<Path>,
}

pub(crate) struct Field {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    pub(crate) ty: Type,
    /// its documentation and serde attributes
    pub(crate) attrs: Vec<Attribute>,
    /// serde attributes that decide what is stored, as text
    pub(crate) wire: String,
    /// recorded name
    pub(crate) name: String,
    /// the constant on the struct
    pub(crate) handle: Ident,
    pub(crate) primary: bool,
    /// the word that asks for generated keys
    pub(crate) auto: Option<Ident>,
    /// what kind of data it holds
    pub(crate) class: Option<LitStr>,
    pub(crate) role: Role,
}

/// Which of the model's tables the field fills.
pub(crate) enum Role {
    /// only the main table
    Plain,
    Secondary(Secondary),
    Relation(Relation),
}

pub(crate) struct Secondary {
    pub(crate) shape: Shape,
    pub(crate) unique: bool,
    /// type of one key
    pub(crate) key: Type,
}

/// An index over several fields, or over what a function says.
pub(crate) struct NamedIndex {
    /// recorded name
    pub(crate) name: String,
    /// the constant on the struct
    pub(crate) handle: Ident,
    pub(crate) variant: Ident,
    pub(crate) unique: bool,
    /// says which records have an entry
    pub(crate) when: Option<Path>,
    pub(crate) source: Source,
    pub(crate) shape: Shape,
    pub(crate) covering: Vec<Beside>,
    pub(crate) sums: Vec<Beside>,
}

/// A field whose value an index holds beside its keys.
pub(crate) struct Beside {
    pub(crate) ident: Ident,
    /// recorded name
    pub(crate) name: String,
    pub(crate) ty: Type,
}

pub(crate) enum Source {
    Columns(Vec<Column>),
    /// a function, and the type of one of its keys
    Computed(Path, Box<Type>),
}

/// A field in an index over several.
pub(crate) struct Column {
    pub(crate) ident: Ident,
    /// recorded name
    pub(crate) name: String,
    /// type of one of its keys
    pub(crate) ty: Type,
    /// the field has any number of keys
    pub(crate) many: bool,
    pub(crate) descending: bool,
}

pub(crate) struct Relation {
    pub(crate) shape: Shape,
    /// what becomes of it when its target is deleted, and when the target is looked for: variants of the runtime's enums
    pub(crate) rules: (Ident, Ident),
    /// the model at the other end
    pub(crate) target: Type,
    /// the definition that it is in, if the link names one
    pub(crate) definition: Option<Box<Type>>,
    /// whether it is never followed
    pub(crate) closed: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    One,
    Optional,
    Each,
}

pub(crate) struct Definition {
    pub(crate) header: Header,
    pub(crate) topics: Vec<Path>,
    pub(crate) grants: Vec<Grant>,
    /// whether the changes of all its models are kept
    pub(crate) journal: bool,
    pub(crate) models: Vec<Listed>,
}

/// What a definition lets another one do.
pub(crate) struct Grant {
    /// recorded name; `None`: any
    pub(crate) to: Option<String>,
    /// a variant of the runtime's enum
    pub(crate) access: Ident,
}

pub(crate) struct Repository {
    pub(crate) header: Header,
    pub(crate) definitions: Vec<Listed>,
}

/// A model in a definition, or a definition in a repository.
pub(crate) struct Listed {
    pub(crate) variant: Ident,
    pub(crate) ty: Type,
}

pub(crate) struct KeyInput {
    pub(crate) header: Header,
    pub(crate) form: KeyForm,
}

pub(crate) enum KeyForm {
    Struct(Parts),
    Enum(Vec<Variant>),
}

/// The fields of a struct or variant, in order.
pub(crate) struct Parts {
    pub(crate) named: bool,
    pub(crate) parts: Vec<Part>,
}

pub(crate) struct Part {
    /// name or number of the field
    pub(crate) member: syn::Member,
    pub(crate) ty: Type,
}

pub(crate) struct Variant {
    pub(crate) ident: Ident,
    pub(crate) number: u32,
    pub(crate) place: Span,
    pub(crate) parts: Parts,
}

pub(crate) struct Topic {
    pub(crate) header: Header,
    /// what its messages are; `None`: nothing
    pub(crate) payload: Option<Path>,
}

impl Model {
    pub(crate) fn primary(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| field.primary)
    }

    pub(crate) fn secondary(&self) -> impl Iterator<Item = (&Field, &Secondary)> {
        self.fields.iter().filter_map(|field| match &field.role {
            Role::Secondary(secondary) => Some((field, secondary)),
            Role::Plain | Role::Relation(_) => None,
        })
    }

    /// How many indexes there are that are no relations.
    pub(crate) fn index_count(&self) -> usize {
        self.secondary().count() + self.indexes.len()
    }

    pub(crate) fn relations(&self) -> impl Iterator<Item = (&Field, &Relation)> {
        self.fields.iter().filter_map(|field| match &field.role {
            Role::Relation(relation) => Some((field, relation)),
            Role::Plain | Role::Secondary(_) => None,
        })
    }
}
