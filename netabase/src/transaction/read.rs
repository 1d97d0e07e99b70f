//! A read transaction: one moment of the store, for as long as it is kept.

use std::fmt;

use super::context::Context;
use crate::error::Result;
use crate::key::AsKey;
use crate::model::{ModelOf, NetabaseDefinition, Reads, ReadsFrom, Viewed};
use crate::observe::{Kind, Observed};
use crate::overlay::View;

/// A snapshot of the last commit at the time it was begun. It is owned, a clone is cheap, and threads may share it.
///
/// Later commits do not change what it sees. While it lives, the file stays open, even if the store is dropped,
/// and cannot reuse the pages it sees.
#[doc(alias = "snapshot")]
pub struct ReadTransaction<D> {
    pub(crate) view: View<'static>,
    pub(crate) context: Context<D>,
    pub(super) observed: Observed,
}

impl<D> Clone for ReadTransaction<D> {
    fn clone(&self) -> Self {
        let ReadTransaction { view, context, observed } = self;
        ReadTransaction { view: view.clone(), context: context.clone(), observed: observed.clone() }
    }
}

impl<D: NetabaseDefinition> fmt::Debug for ReadTransaction<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReadTransaction<{}>", D::NAME)
    }
}

impl<D: NetabaseDefinition> ReadTransaction<D> {
    pub(crate) fn new(view: View<'static>, context: Context<D>) -> Self {
        Self::part_of(Observed::begin(Kind::Read, ""), view, context)
    }

    /// As a part of another one.
    pub(crate) fn part_of(observed: Observed, view: View<'static>, context: Context<D>) -> Self {
        ReadTransaction { view, context, observed }
    }

    /// The record with this key. O(log n).
    ///
    /// # Errors
    /// `InvalidKey` for a key that cannot be encoded, `Corrupt` and `SchemaVersion` for a record that cannot be
    /// read, `Engine` when the storage fails. The same holds for every read.
    pub fn get<M: ModelOf<D>>(&self, key: impl AsKey<M::PrimaryKey>) -> Result<Option<M>> {
        self.context.get(&self.view, &key)
    }

    /// Shows the record with this key to the closure, without copying its text and bytes; returns what that returns.
    ///
    /// ```
    /// # use netabase::{NetabaseDefinition, NetabaseModel, Store};
    /// #[derive(NetabaseModel, serde::Serialize, serde::Deserialize)]
    /// #[netabase(view)]
    /// struct Page {
    ///     #[primary_key]
    ///     path: String,
    ///     html: String,
    /// }
    /// # #[derive(NetabaseDefinition)]
    /// # enum Site { Page(Page) }
    /// # fn main() -> netabase::Result<()> {
    /// # let store = Store::<Site>::in_memory()?;
    /// # store.write(|txn| txn.create(&Page { path: "/".into(), html: "<p>".into() }))?;
    /// let length = store.begin_read()?.view::<Page, _>("/", |page| page.html.len())?;
    /// assert_eq!(length, Some(3));
    /// # Ok(())
    /// # }
    /// ```
    pub fn view<M: ModelOf<D> + Viewed, T>(
        &self,
        key: impl AsKey<M::PrimaryKey>,
        look: impl FnOnce(M::View<'_>) -> T,
    ) -> Result<Option<T>> {
        self.context.view::<M, T>(&self.view, &key, look)
    }

    /// The records with these keys, in the order of the keys. Looks them up in the order of the table.
    pub fn get_many<M: ModelOf<D>>(
        &self,
        keys: impl IntoIterator<Item = impl AsKey<M::PrimaryKey>>,
    ) -> Result<Vec<Option<M>>> {
        self.context.get_many(&self.view, keys)
    }

    /// Whether a record has this key. Does not decode it.
    pub fn contains<M: ModelOf<D>>(&self, key: impl AsKey<M::PrimaryKey>) -> Result<bool> {
        self.context.contains::<M>(&self.view, &key)
    }

    /// How many records there are. Does not depend on their number.
    pub fn len<M: ModelOf<D>>(&self) -> Result<u64> {
        self.context.len::<M>(&self.view)
    }

    /// Whether there are no records.
    pub fn is_empty<M: ModelOf<D>>(&self) -> Result<bool> {
        Ok(self.len::<M>()? == 0)
    }
}

impl<D: NetabaseDefinition> ReadsFrom for ReadTransaction<D> {}

impl<D: NetabaseDefinition, M: ModelOf<D>> Reads<M> for ReadTransaction<D> {
    fn look_up(&self, key: &M::PrimaryKey) -> Result<Option<M>> {
        self.get(key)
    }
}

/// Links into another definition.
impl<D: NetabaseDefinition, T: NetabaseDefinition, M: ModelOf<T>> Reads<M, T> for ReadTransaction<D> {
    fn look_up(&self, key: &M::PrimaryKey) -> Result<Option<M>> {
        self.context.get_in::<T, M>(&self.view, key)
    }
}
