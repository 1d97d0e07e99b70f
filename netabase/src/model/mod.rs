//! What the derives implement: models, definitions, topics, and the typed names of their keys.

mod amount;
mod change;
mod columns;
mod custom;
mod entries;
mod filter;
mod generated;
mod handle;
mod holds;
mod link;
mod loaded;
mod masked;
mod order;
mod reader;
mod relink;
mod repository;
mod select;

use std::fmt;
use std::hash::Hash;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

pub use amount::Amount;
pub use change::{Change, ChangeKind, RawChange};
#[doc(hidden)]
pub use columns::{Column, Descending, Many, Single};
pub(crate) use custom::{Custom, Customs, NO_CUSTOMS};
pub use custom::{CustomIndex, StoredValue};
pub use entries::Entries;
pub(crate) use entries::Entry;
pub use filter::{Covered, Excluding, Filter, Indexed, Join, KeyValue, Negate, NoKeys, NotIndexed, topic};
pub(crate) use filter::{KeyTerm, Term, Terms};
pub use generated::GeneratedKey;
pub use handle::{Each, Field, Index, KeyShape, MaybeAbsent, Nullable, One, Optional};
pub(crate) use holds::{add_parts, all_hold};
pub use link::{Link, Same};
pub use loaded::{Loaded, Reads};
pub(crate) use loaded::{ReadsFrom, dangling};
#[doc(hidden)]
pub use masked::Classed;
pub use masked::{Masked, OfField};
pub(crate) use order::By;
pub use order::{OneKey, Order};
pub use reader::RecordReader;
pub(crate) use reader::{Relink, spell, spell_key};
pub use relink::Relinked;
pub(crate) use repository::assert_member;
pub use repository::{DefinitionOf, NetabaseRepository};
#[doc(hidden)]
pub use select::{Known, Need, RecordOf, RowOf};
pub(crate) use select::{Present, covered_place};
pub use select::{Select, Summed};

use crate::error::Result;
use crate::key::{AsKey, Key};
use crate::schema::{Access, DefinitionSchema, ModelSchema, RelationSchema, Shape};

/// A struct with `#[derive(NetabaseModel)]`: a record with a primary key.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a model",
    label = "not a model",
    note = "add `#[derive(NetabaseModel)]` to `{Self}`"
)]
pub trait NetabaseModel: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// A newtype of its own, so that the key of one model never reads another.
    type PrimaryKey: Key + AsKey<Self::PrimaryKey> + Eq + Ord + Hash + Serialize + DeserializeOwned;
    /// One variant for each `#[secondary_key]`, with its value.
    type SecondaryKeys: KeyValue<Self>;
    /// One variant for each `#[relation]`, with the key of the other end.
    type RelationalKeys: KeyValue<Self>;
    /// One variant for each topic the model subscribes to.
    type SubscriptionKeys: KeyValue<Self>;

    /// Recorded name. Apart from `SCHEMA`, so that models that link to each other can name each other.
    const NAME: &'static str;
    /// Everything else about the model, as data.
    const SCHEMA: &'static ModelSchema;
    /// Reads records for code that does not know their type.
    const READER: &'static RecordReader = &RecordReader::of::<Self>();

    /// The key of this record.
    fn primary_key(&self) -> Self::PrimaryKey;
    /// Appends the bytes of [`primary_key`](Self::primary_key) in tail form.
    fn encode_key(&self, out: &mut Vec<u8>) -> Result<()>;
    /// Adds the entries this record has in its indexes and relations.
    fn entries(&self, out: &mut Entries) -> Result<()>;
    /// Whether the record is enrolled in a topic of the model. `topic`: its place in the schema.
    #[doc(hidden)]
    fn is_enrolled(&self, topic: usize) -> bool {
        let _ = topic;
        true
    }
    /// The fields that have a class.
    #[doc(hidden)]
    fn classed(&mut self) -> Vec<Classed<'_>> {
        Vec::new()
    }
    /// The fields of its relations, in the order of the schema.
    #[doc(hidden)]
    fn links(&mut self) -> Vec<&mut dyn Relinked> {
        Vec::new()
    }
}

/// The primary key of a model, which knows the model. Implemented by the derive of the model.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the primary key of a model",
    label = "leads to no record",
    note = "take a `#[relation]`, whose keys lead to records of another model"
)]
pub trait ModelKey: Key {
    /// Whose key it is.
    type Model: NetabaseModel<PrimaryKey = Self>;
}

/// A model with `#[netabase(view)]`: its records can be read without copying their text and bytes.
///
/// The derive makes `AuthorView<'_>` beside `Author`: the same fields, with `&str` for `String` and `&[u8]` for `Vec<u8>`,
/// also within an `Option` or `Vec`, where the type is written out. `view(Debug, Clone)` derives these for it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no view",
    label = "has no view",
    note = "add `#[netabase(view)]` to `{Self}`"
)]
pub trait Viewed: NetabaseModel {
    /// A record that borrows from where it is stored.
    type View<'v>: Deserialize<'v>;
}

/// A model with `#[netabase(versioned)]`: it is noted how often each record was written, and when.
#[diagnostic::on_unimplemented(
    message = "the records of `{Self}` have no versions",
    label = "has no versions",
    note = "add `#[netabase(versioned)]` to `{Self}`"
)]
pub trait HasVersions: NetabaseModel {}

/// An enum with `#[derive(NetabaseDefinition)]`: the list of a store's models.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a definition",
    label = "not a definition",
    note = "add `#[derive(NetabaseDefinition)]` to an enum that lists the models"
)]
pub trait NetabaseDefinition: Sized + Send + Sync + 'static {
    /// A model of the definition, without its record.
    type Kind: Copy + Eq + Hash + fmt::Debug + Send + Sync + 'static;
    /// A primary key of any of the models.
    type Keys: Clone + Eq + Hash + fmt::Debug + Send + Sync + 'static;
    /// What became of a record of any of the models.
    type Changes: 'static;

    /// Recorded name.
    const NAME: &'static str;
    /// The models and topics, as data.
    const SCHEMA: &'static DefinitionSchema;
    /// One for each model, in the order of the schema.
    const READERS: &'static [&'static RecordReader];

    /// Reads a change. `number`: the place of its model in the enum.
    #[doc(hidden)]
    fn read_change(number: usize, change: &RawChange<'_>) -> Result<Self::Changes>;
}

/// `Self` is one of the models of definition `D`. Implemented by the derive of `D`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a model of the definition `{D}`",
    label = "not listed in `{D}`",
    note = "list it as a variant of `enum {D}`"
)]
pub trait ModelOf<D: NetabaseDefinition>: NetabaseModel + LinksIn<D> {
    /// Place in the enum.
    const ORDINAL: usize;
}

/// Every link of `Self` leads to a model of `D`, or of a definition that it names. Implemented by the derive of the model for
/// any `D` that lists the targets, so a model never names its own definition.
pub trait LinksIn<D: NetabaseDefinition> {
    /// Stops the compiler when a link leads into a definition that does not let `D` read it.
    #[doc(hidden)]
    const GRANTED: () = ();
}

/// A type with `#[derive(NetabaseTopic)]`: something a model's records can be enrolled in.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a topic",
    label = "not a topic",
    note = "add `#[derive(NetabaseTopic)]` to `{Self}`"
)]
pub trait NetabaseTopic: 'static {
    /// What its messages say: `#[netabase(payload(Note))]`; `()` unless said.
    type Payload: Serialize + DeserializeOwned + Send + 'static;
    /// Recorded name.
    const NAME: &'static str;
}

/// `Self` is one of the topics of definition `D`. Implemented by the derive of `D`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a topic of the definition `{D}`",
    label = "not listed in `{D}`",
    note = "list it: `#[netabase(topics({Self}))]` on `enum {D}`"
)]
pub trait TopicOf<D: NetabaseDefinition>: NetabaseTopic {}

/// For the derive: the part form of a record's key.
#[doc(hidden)]
pub fn write_key_part<M: NetabaseModel>(record: &M, out: &mut Vec<u8>) -> Result<()> {
    record.primary_key().encode_part(out)
}

/// For the derive: a relation to `M`.
#[doc(hidden)]
pub const fn relation<M: NetabaseModel>(name: &'static str, shape: Shape) -> RelationSchema {
    RelationSchema::new::<M::PrimaryKey>(name, M::NAME, shape)
}

/// For the derive: stops the compiler when `T` does not let `D` read it. The grant stands in the one definition of `T`: as an
/// impl of a trait, whoever writes `D` could give it to himself.
#[doc(hidden)]
#[track_caller]
pub const fn assert_granted<T: NetabaseDefinition, D: NetabaseDefinition>() {
    T::SCHEMA.assert_granted(D::NAME, Access::Read);
}

/// Stops the compiler when `M` claims a place in `D` that the derive of `D` did not give it.
pub(crate) const fn assert_listed<D: NetabaseDefinition, M: ModelOf<D>>() {
    assert!(
        D::SCHEMA.lists(M::NAME, M::ORDINAL),
        "`ModelOf` was implemented by hand for a model that the definition does not list"
    );
}
