//! Indexes that attributes cannot say, written by hand and registered when a store is opened.

use std::any::{Any, TypeId};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::{Serialize, de::DeserializeOwned};

use super::handle::{Each, Index};
use super::{Entries, NetabaseDefinition, NetabaseModel};
use crate::error::{Error, Result};
use crate::key::{Key, KeyType};

/// An index written by hand: which keys a record has in it is code, and not an attribute.
///
/// Give it to [`Builder::index`](crate::Builder::index) and it is kept as any other index is, in the same transaction, filled for a
/// file that has records already, verified, and asked through its [`handle`](Self::handle). The same definition can fill an
/// index that lives elsewhere, with [`Query::index_rows`](crate::query::Query::index_rows).
///
/// ```
/// # use netabase::{CustomIndex, NetabaseDefinition, NetabaseModel, Store};
/// # #[derive(NetabaseModel, serde::Serialize, serde::Deserialize)]
/// # struct Post { #[primary_key] id: u64, text: String }
/// # #[derive(NetabaseDefinition)]
/// # enum Blog { Post(Post) }
/// /// The words of a text, if they are long enough.
/// struct Words { at_least: usize }
///
/// impl CustomIndex<Post> for Words {
///     type Key = String;
///     type Value = ();
///     const NAME: &'static str = "words";
///     const COLUMNS: &'static [&'static str] = &["text"];
///
///     fn extract(&self, post: &Post, out: &mut Vec<String>) {
///         let words = post.text.split_whitespace().map(str::to_lowercase);
///         out.extend(words.filter(|word| word.len() >= self.at_least));
///     }
///     fn value(&self, _: &Post) {}
/// }
///
/// # fn main() -> netabase::Result<()> {
/// let store = Store::<Blog>::builder().in_memory().index::<Post, _>(Words { at_least: 4 }).open()?;
/// store.write(|txn| txn.create(&Post { id: 1, text: "A typed database".into() }))?;
/// assert_eq!(store.query().filter(Words::handle().eq("typed")).count()?, 1);
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no index of `{M}`",
    label = "not an index of `{M}`",
    note = "name the model that it is of, or write `impl CustomIndex<{M}> for {Self}`"
)]
pub trait CustomIndex<M: NetabaseModel>: Send + Sync + 'static {
    /// What records are found by.
    type Key: Key;
    /// What stands beside the keys, to be read without the record; `()` for nothing.
    type Value: Serialize + DeserializeOwned + 'static;

    /// Recorded name. No key of the model and none of its fields has it.
    const NAME: &'static str;
    /// Recorded names of the fields that decide the keys.
    const COLUMNS: &'static [&'static str];

    /// Another number says that the code gives other keys or values than before, so that the index is made anew when a file is
    /// opened: for other code, for other settings of it, and for another type of [`Value`](Self::Value), which is not recorded.
    fn version(&self) -> u32 {
        1
    }

    /// Adds the keys of a record. Equal ones are one; without any, the record is not in the index. The same record must
    /// always have the same keys: no clock, no chance, nothing that lies outside of it.
    fn extract(&self, record: &M, out: &mut Vec<Self::Key>);

    /// What stands beside the keys of a record. The same record must always have the same value, in bytes: a `HashMap`, whose order
    /// is left to chance, has not.
    fn value(&self, record: &M) -> Self::Value;

    /// Through which queries ask for the keys.
    fn handle() -> Index<M, Self::Key, Each>
    where
        Self: Sized,
    {
        Index::custom(Self::NAME)
    }

    /// What a query selects to read the value.
    fn stored_value() -> StoredValue<M, Self>
    where
        Self: Sized,
    {
        StoredValue(PhantomData)
    }
}

/// The value that a [`CustomIndex`] has for a record, to be selected.
pub struct StoredValue<M, I>(PhantomData<fn() -> (M, I)>);

impl<M, I> Clone for StoredValue<M, I> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M, I> Copy for StoredValue<M, I> {}

impl<M, I> fmt::Debug for StoredValue<M, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoredValue")
    }
}

/// An index without its types.
pub(crate) struct Custom {
    /// recorded name of the definition
    pub(crate) definition: &'static str,
    pub(crate) model: &'static str,
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [&'static str],
    pub(crate) version: u32,
    pub(crate) key: KeyType,
    pub(crate) key_width: Option<usize>,
    pub(crate) has_value: bool,
    entries: Box<EntriesFn>,
}

type EntriesFn = dyn Fn(&dyn Any, usize, &mut Entries) -> Result<()> + Send + Sync;

impl fmt::Debug for Custom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Custom({}.{})", self.model, self.name)
    }
}

impl Custom {
    pub(crate) fn new<D: NetabaseDefinition, M: NetabaseModel, I: CustomIndex<M>>(index: I) -> Self {
        let has_value = TypeId::of::<I::Value>() != TypeId::of::<()>();
        let version = index.version();
        let entries = move |record: &dyn Any, part: usize, out: &mut Entries| {
            let record: &M =
                record.downcast_ref().ok_or_else(|| Error::internal("an index of another model"))?;
            let mut keys = Vec::new();
            index.extract(record, &mut keys);
            out.each(part, &keys)?;
            if has_value && !keys.is_empty() {
                out.cover::<M>(part, &index.value(record))?;
            }
            Ok(())
        };
        Custom {
            definition: D::NAME,
            model: M::NAME,
            name: I::NAME,
            columns: I::COLUMNS,
            version,
            key: I::Key::TYPE,
            key_width: I::Key::WIDTH,
            has_value,
            entries: Box::new(entries),
        }
    }

    /// Whether it is an index of this model.
    pub(crate) fn is_of(&self, definition: &str, model: &str) -> bool {
        self.definition == definition && self.model == model
    }
}

/// The registered indexes of one model, whose tables come after all others of it.
#[derive(Debug, Default)]
pub(crate) struct Customs {
    pub(crate) first: usize,
    pub(crate) list: Vec<Arc<Custom>>,
}

/// No indexes, for where they say nothing.
pub(crate) static NO_CUSTOMS: Customs = Customs { first: 0, list: Vec::new() };

impl Customs {
    /// Number of the table of an index.
    pub(crate) fn part(&self, name: &str) -> Option<usize> {
        self.list.iter().position(|custom| custom.name == name).map(|at| self.first + at)
    }

    pub(super) fn entries(&self, record: &dyn Any, out: &mut Entries) -> Result<()> {
        (self.first..).zip(&self.list).try_for_each(|(part, custom)| {
            if out.leaves_out(part) { Ok(()) } else { (custom.entries)(record, part, out) }
        })
    }
}
