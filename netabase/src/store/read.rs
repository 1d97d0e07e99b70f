//! Reads without a transaction: each sees the last commit at its moment.

use super::Store;
use crate::error::Result;
use crate::key::AsKey;
use crate::model::{HasVersions, ModelOf, NetabaseDefinition, Reads, ReadsFrom, Viewed};
use crate::query::{self, Edges, Query, Traversal};
use crate::transaction::Versioned;

/// Single reads. Reads that belong together want one [`begin_read`](Store::begin_read), as another commit may come
/// between two of these.
///
/// They share a snapshot until the next commit, so one costs little more than a read in a transaction.
///
/// ```
/// # use netabase::{NetabaseDefinition, NetabaseModel, Store};
/// # #[derive(NetabaseModel, serde::Serialize, serde::Deserialize, Debug, PartialEq)]
/// # struct Author { #[primary_key] id: u64, #[secondary_key] name: String }
/// # #[derive(NetabaseDefinition)]
/// # enum Blog { Author(Author) }
/// # fn main() -> netabase::Result<()> {
/// # let store = Store::<Blog>::in_memory()?;
/// store.write(|txn| txn.create(&Author { id: 1, name: "Ada".into() }))?;
/// assert_eq!(store.get::<Author>(1)?.map(|author| author.name), Some("Ada".into()));
/// assert_eq!(store.query().filter(Author::NAME.eq("Ada")).count()?, 1);
/// # Ok(())
/// # }
/// ```
impl<D: NetabaseDefinition> Store<D> {
    /// The record with this key. O(log n).
    ///
    /// # Errors
    /// Those of [`ReadTransaction::get`](crate::ReadTransaction::get).
    pub fn get<M: ModelOf<D>>(&self, key: impl AsKey<M::PrimaryKey>) -> Result<Option<M>> {
        self.context.get(&self.latest()?, &key)
    }

    /// The record with this key, its version and its times, see
    /// [`ReadTransaction::get_versioned`](crate::ReadTransaction::get_versioned).
    pub fn get_versioned<M: ModelOf<D> + HasVersions>(
        &self,
        key: impl AsKey<M::PrimaryKey>,
    ) -> Result<Option<Versioned<M>>> {
        self.context.get_versioned(&self.latest()?, &key)
    }

    /// Shows the record with this key to the closure, without copying its text and bytes; returns what that returns.
    pub fn view<M: ModelOf<D> + Viewed, T>(
        &self,
        key: impl AsKey<M::PrimaryKey>,
        look: impl FnOnce(M::View<'_>) -> T,
    ) -> Result<Option<T>> {
        self.context.view::<M, T>(&self.latest()?, &key, look)
    }

    /// The records with these keys, in the order of the keys, all as of one commit.
    pub fn get_many<M: ModelOf<D>>(
        &self,
        keys: impl IntoIterator<Item = impl AsKey<M::PrimaryKey>>,
    ) -> Result<Vec<Option<M>>> {
        self.context.get_many(&self.latest()?, keys)
    }

    /// Whether a record has this key. Does not decode it.
    pub fn contains<M: ModelOf<D>>(&self, key: impl AsKey<M::PrimaryKey>) -> Result<bool> {
        self.context.contains::<M>(&self.latest()?, &key)
    }

    /// How many records there are. Does not depend on their number.
    pub fn len<M: ModelOf<D>>(&self) -> Result<u64> {
        self.context.len::<M>(&self.latest()?)
    }

    /// Whether there are no records.
    pub fn is_empty<M: ModelOf<D>>(&self) -> Result<bool> {
        Ok(self.len::<M>()? == 0)
    }

    /// Begins a query of the last commit.
    pub fn query<M: ModelOf<D>>(&self) -> Query<'static, M> {
        query::over(self.latest(), &self.context)
    }

    /// Begins a walk over the last commit, see [`ReadTransaction::walk`](crate::ReadTransaction::walk).
    pub fn walk<M: ModelOf<D>, E: Edges<M>>(&self, edges: E) -> Traversal<'static, M, E> {
        query::walk_over(self.latest(), &self.context, edges)
    }
}

impl<D: NetabaseDefinition> ReadsFrom for Store<D> {}

impl<D: NetabaseDefinition, M: ModelOf<D>> Reads<M> for Store<D> {
    fn look_up(&self, key: &M::PrimaryKey) -> Result<Option<M>> {
        self.get(key)
    }
}

/// Links into another definition.
impl<D: NetabaseDefinition, T: NetabaseDefinition, M: ModelOf<T>> Reads<M, T> for Store<D> {
    fn look_up(&self, key: &M::PrimaryKey) -> Result<Option<M>> {
        self.context.get_in::<T, M>(&self.latest()?, key)
    }
}
