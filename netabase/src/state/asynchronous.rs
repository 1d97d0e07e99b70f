//! The same for async code.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Entry, Op, StateStore, StateWatcher};
use crate::async_store::Calls;
use crate::error::Result;

/// A [`StateStore`] for async code: its calls run on [Tokio](tokio)'s threads for blocking work. What is said of
/// [`AsyncStore`](crate::AsyncStore) and cancellation holds here.
#[derive(Clone, Debug)]
pub struct AsyncStateStore {
    state: StateStore,
    calls: Calls,
}

/// Reads that run at a time.
const READS: usize = 64;

impl From<StateStore> for AsyncStateStore {
    fn from(state: StateStore) -> Self {
        AsyncStateStore { state, calls: Calls::new(READS) }
    }
}

impl AsyncStateStore {
    /// Opens the file, or makes it, see [`StateStore::open`].
    pub async fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path: PathBuf = path.as_ref().to_owned();
        Calls::new(1).write(|| StateStore::open(path)).await.map(Self::from)
    }

    /// A store in memory, gone with its last handle.
    pub async fn in_memory() -> Result<Self> {
        Calls::new(1).write(StateStore::in_memory).await.map(Self::from)
    }

    /// The store itself, for threads that may wait.
    pub fn as_state_store(&self) -> &StateStore {
        &self.state
    }

    /// See [`StateStore::get`].
    pub async fn get(&self, key: &str) -> Result<Option<Entry>> {
        let (state, key) = (self.state.clone(), key.to_owned());
        self.calls.read(move || state.get(&key)).await
    }

    /// See [`StateStore::get_json`].
    pub async fn get_json<T: DeserializeOwned + Send + 'static>(&self, key: &str) -> Result<Option<T>> {
        let (state, key) = (self.state.clone(), key.to_owned());
        self.calls.read(move || state.get_json(&key)).await
    }

    /// See [`StateStore::set`].
    pub async fn set(&self, key: &str, value: impl Into<Vec<u8>>) -> Result<u64> {
        let (state, key, value) = (self.state.clone(), key.to_owned(), value.into());
        self.calls.write(move || state.set(&key, value)).await
    }

    /// See [`StateStore::set_json`].
    pub async fn set_json<T: Serialize + Send + 'static>(&self, key: &str, value: T) -> Result<u64> {
        let (state, key) = (self.state.clone(), key.to_owned());
        self.calls.write(move || state.set_json(&key, &value)).await
    }

    /// See [`StateStore::delete`].
    pub async fn delete(&self, key: &str) -> Result<bool> {
        let (state, key) = (self.state.clone(), key.to_owned());
        self.calls.write(move || state.delete(&key)).await
    }

    /// See [`StateStore::exists`].
    pub async fn exists(&self, key: &str) -> Result<bool> {
        let (state, key) = (self.state.clone(), key.to_owned());
        self.calls.read(move || state.exists(&key)).await
    }

    /// See [`StateStore::version`].
    pub async fn version(&self, key: &str) -> Result<u64> {
        let (state, key) = (self.state.clone(), key.to_owned());
        self.calls.read(move || state.version(&key)).await
    }

    /// See [`StateStore::list`].
    pub async fn list(&self, prefix: &str) -> Result<Vec<String>> {
        let (state, prefix) = (self.state.clone(), prefix.to_owned());
        self.calls.read(move || state.list(&prefix)).await
    }

    /// See [`StateStore::compare_and_set`].
    pub async fn compare_and_set(&self, key: &str, expected: u64, value: impl Into<Vec<u8>>) -> Result<u64> {
        let (state, key, value) = (self.state.clone(), key.to_owned(), value.into());
        self.calls.write(move || state.compare_and_set(&key, expected, value)).await
    }

    /// See [`StateStore::compare_and_set_json`].
    pub async fn compare_and_set_json<T: Serialize + Send + 'static>(
        &self,
        key: &str,
        expected: u64,
        value: T,
    ) -> Result<u64> {
        let (state, key) = (self.state.clone(), key.to_owned());
        self.calls.write(move || state.compare_and_set_json(&key, expected, &value)).await
    }

    /// See [`StateStore::create_if_not_exists`].
    pub async fn create_if_not_exists(&self, key: &str, value: impl Into<Vec<u8>>) -> Result<bool> {
        let (state, key, value) = (self.state.clone(), key.to_owned(), value.into());
        self.calls.write(move || state.create_if_not_exists(&key, value)).await
    }

    /// See [`StateStore::apply`].
    pub async fn apply(&self, steps: impl IntoIterator<Item = Op>) -> Result<()> {
        let (state, steps) = (self.state.clone(), steps.into_iter().collect::<Vec<_>>());
        self.calls.write(move || state.apply(steps)).await
    }

    /// See [`StateStore::watch`]: the watcher is a [`Stream`](futures_core::Stream).
    pub fn watch(&self, pattern: &str) -> Result<StateWatcher> {
        self.state.watch(pattern)
    }
}
