//! The verbs of a store, as futures.

use std::fmt;
use std::path::{Path, PathBuf};

use super::calls::Calls;
use crate::error::Result;
use crate::key::AsKey;
use crate::model::{HasVersions, ModelOf, NetabaseDefinition};
use crate::permission::Ticket;
use crate::query::Query;
use crate::store::Store;
use crate::transaction::{ReadTransaction, Versioned, WriteTransaction};
use crate::watch::Watch;

/// Reads that run at a time, unless it is said otherwise.
const READS: usize = 64;

/// A [`Store`] for async code. Its calls run on [Tokio](tokio)'s threads for blocking work, so no task waits for the disk; a clone is a
/// second handle.
///
/// At most 64 reads (or [as many as you say](Self::with_reads)) and one write run at a time; the others wait as tasks.
///
/// # Cancellation
/// A future that is dropped before its call has begun does nothing. A call that has begun goes on to its end, although nobody waits for
/// it: a write is committed as a whole, or leaves nothing. So after a time-out, read before you write again.
///
/// ```
/// # use netabase::{AsyncStore, NetabaseDefinition, NetabaseModel};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(NetabaseModel, Serialize, Deserialize, Debug, PartialEq)]
/// # struct Author { #[primary_key] id: u64, #[secondary_key] name: String }
/// # #[derive(NetabaseDefinition)]
/// # enum Blog { Author(Author) }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> netabase::Result<()> {
/// let store = AsyncStore::<Blog>::in_memory().await?;
/// store.create(Author { id: 1, name: "Ada".into() }).await?;
/// store.write(|txn| txn.update_with(1, |author: &mut Author| author.name.push_str(" L."))).await?;
/// let found = store.query::<Author, _>(|query| query.filter(Author::NAME.prefix("Ada")).collect()).await?;
/// assert_eq!(found, [Author { id: 1, name: "Ada L.".into() }]);
/// # Ok(())
/// # }
/// ```
pub struct AsyncStore<D> {
    store: Store<D>,
    calls: Calls,
}

impl<D> Clone for AsyncStore<D> {
    fn clone(&self) -> Self {
        AsyncStore { store: self.store.clone(), calls: self.calls.clone() }
    }
}

impl<D: NetabaseDefinition> fmt::Debug for AsyncStore<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Async{:?}", self.store)
    }
}

impl<D> From<Store<D>> for AsyncStore<D> {
    fn from(store: Store<D>) -> Self {
        AsyncStore { store, calls: Calls::new(READS) }
    }
}

impl<D: NetabaseDefinition> AsyncStore<D> {
    /// Opens the file, or makes it, see [`Store::open`].
    pub async fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path: PathBuf = path.as_ref().to_owned();
        Calls::new(1).write(|| Store::open(path)).await.map(Self::from)
    }

    /// A store in memory, gone with its last handle.
    pub async fn in_memory() -> Result<Self> {
        Calls::new(1).write(Store::in_memory).await.map(Self::from)
    }

    /// With this many reads at a time, in this handle and its clones.
    #[must_use]
    pub fn with_reads(self, reads: usize) -> Self {
        AsyncStore { calls: Calls::new(reads), ..self }
    }

    /// The store as somebody with this ticket may use it, see [`Store::session`]. It shares the bounds of this one.
    ///
    /// # Errors
    /// Those of [`Store::session`].
    pub fn session(&self, ticket: &Ticket) -> Result<Self> {
        Ok(AsyncStore { store: self.store.session(ticket)?, calls: self.calls.clone() })
    }

    /// The store itself, for what does not wait, and for threads that may.
    pub fn as_store(&self) -> &Store<D> {
        &self.store
    }

    /// Watches the records of a model: [`Watcher`](crate::watch::Watcher) is a [`Stream`](futures_core::Stream).
    pub fn watch<M: ModelOf<D>>(&self) -> Watch<D, M> {
        self.store.watch()
    }

    /// Runs the closure with a snapshot of the last commit.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&ReadTransaction<D>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let store = self.store.clone();
        self.calls.read(move || work(&store.begin_read()?)).await
    }

    /// Runs the closure in a write transaction, see [`Store::write`].
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut WriteTransaction<D>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let store = self.store.clone();
        self.calls.write(move || store.write(work)).await
    }

    /// Runs a query of the last commit, which the closure ends.
    #[doc(alias = "scan_by_index")]
    pub async fn query<M: ModelOf<D>, T: Send + 'static>(
        &self,
        ask: impl FnOnce(Query<'static, M>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let store = self.store.clone();
        self.calls.read(move || ask(store.query::<M>())).await
    }

    /// The record with this key.
    pub async fn get<M: ModelOf<D>>(
        &self,
        key: impl AsKey<M::PrimaryKey> + Send + 'static,
    ) -> Result<Option<M>> {
        let store = self.store.clone();
        self.calls.read(move || store.get(key)).await
    }

    /// The record with this key, its version and its times, see [`ReadTransaction::get_versioned`].
    pub async fn get_versioned<M: ModelOf<D> + HasVersions>(
        &self,
        key: impl AsKey<M::PrimaryKey> + Send + 'static,
    ) -> Result<Option<Versioned<M>>> {
        let store = self.store.clone();
        self.calls.read(move || store.get_versioned(key)).await
    }

    /// The records with these keys, in the order of the keys.
    pub async fn get_many<M: ModelOf<D>, K: AsKey<M::PrimaryKey> + Send + 'static>(
        &self,
        keys: Vec<K>,
    ) -> Result<Vec<Option<M>>> {
        let store = self.store.clone();
        self.calls.read(move || store.get_many(keys)).await
    }

    /// Whether a record has this key.
    pub async fn contains<M: ModelOf<D>>(
        &self,
        key: impl AsKey<M::PrimaryKey> + Send + 'static,
    ) -> Result<bool> {
        let store = self.store.clone();
        self.calls.read(move || store.contains::<M>(key)).await
    }

    /// How many records there are.
    pub async fn len<M: ModelOf<D>>(&self) -> Result<u64> {
        let store = self.store.clone();
        self.calls.read(move || store.len::<M>()).await
    }

    /// Whether there are no records.
    pub async fn is_empty<M: ModelOf<D>>(&self) -> Result<bool> {
        Ok(self.len::<M>().await? == 0)
    }

    /// Stores a new record, see [`WriteTransaction::create`].
    pub async fn create<M: ModelOf<D>>(&self, record: M) -> Result<()> {
        self.write(move |txn| txn.create(&record)).await
    }

    /// Replaces the record that has this one's key, see [`WriteTransaction::update`].
    pub async fn update<M: ModelOf<D>>(&self, record: M) -> Result<()> {
        self.write(move |txn| txn.update(&record)).await
    }

    /// Stores the record, new or not; `true` if it is new.
    pub async fn upsert<M: ModelOf<D>>(&self, record: M) -> Result<bool> {
        self.write(move |txn| txn.upsert(&record)).await
    }

    /// Replaces the record that has this one's key, and returns it, see [`WriteTransaction::replace`].
    pub async fn replace<M: ModelOf<D>>(&self, record: M) -> Result<M> {
        self.write(move |txn| txn.replace(&record)).await
    }

    /// Changes the record with this key in place, see [`WriteTransaction::update_with`].
    pub async fn update_with<M: ModelOf<D>>(
        &self,
        key: impl AsKey<M::PrimaryKey> + Send + 'static,
        mut change: impl FnMut(&mut M) + Send + 'static,
    ) -> Result<()> {
        self.write(move |txn| txn.update_with(&key, &mut change)).await
    }

    /// Stores new records, all of them or none.
    pub async fn create_batch<M: ModelOf<D>>(&self, records: Vec<M>) -> Result<()> {
        self.write(move |txn| txn.create_batch(&records)).await
    }

    /// Stores records, new or not, all of them or none; returns how many are new.
    pub async fn upsert_batch<M: ModelOf<D>>(&self, records: Vec<M>) -> Result<u64> {
        self.write(move |txn| txn.upsert_batch(&records)).await
    }

    /// Stores the record if the one under its key has this version, see [`WriteTransaction::update_if_version`].
    pub async fn update_if_version<M: ModelOf<D> + HasVersions>(
        &self,
        record: M,
        version: u64,
    ) -> Result<u64> {
        self.write(move |txn| txn.update_if_version(&record, version)).await
    }

    /// Deletes the record with this key; `false` if there was none.
    pub async fn delete<M: ModelOf<D>>(
        &self,
        key: impl AsKey<M::PrimaryKey> + Send + 'static,
    ) -> Result<bool> {
        self.write(move |txn| txn.delete::<M>(&key)).await
    }

    /// Deletes the record with this key and returns it.
    pub async fn take<M: ModelOf<D>>(
        &self,
        key: impl AsKey<M::PrimaryKey> + Send + 'static,
    ) -> Result<Option<M>> {
        self.write(move |txn| txn.take::<M>(&key)).await
    }
}
