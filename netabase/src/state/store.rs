//! The store itself, and its one model.

use std::path::Path;
use std::time::SystemTime;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::key::{self, Pattern};
use super::op::Op;
use super::watch::StateWatcher;
use crate::error::{Error, ErrorKind, Result};
use crate::store::Store;
use crate::transaction::{Versioned, WriteTransaction};
use crate::{NetabaseDefinition, NetabaseModel};

/// A value under its key, as it is stored.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[netabase(crate = "crate", rename = "Entry", versioned)]
pub struct Record {
    /// where it stands
    #[primary_key]
    pub key: String,
    /// what was set
    #[serde(with = "bytes")]
    pub value: Vec<u8>,
}

/// Bytes at once, where serde would take them one by one.
mod bytes {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        <&[u8]>::deserialize(deserializer).map(<[u8]>::to_vec)
    }
}

/// The definition of a state store: for settings of its own, and for a [`Repository`](crate::Repository) that has one beside others.
///
/// ```
/// # use netabase::Store;
/// # use netabase::state::{State, StateStore};
/// # fn main() -> netabase::Result<()> {
/// let state = StateStore::from(Store::<State>::builder().in_memory().cache_size(1 << 20).open()?);
/// # Ok(())
/// # }
/// ```
#[derive(NetabaseDefinition)]
#[netabase(crate = "crate", rename = "netabase-state")]
pub enum State {
    /// a value under its key
    Entry(Record),
}

/// A value, and what is noted beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// where it stands
    pub key: String,
    /// what was set
    pub value: Vec<u8>,
    /// how often the key was set: 1, 2, .. It goes on where it was if the key is deleted and set again.
    pub version: u64,
    /// when the key was set first, by the store's clock
    pub created_at: SystemTime,
    /// when it was set last
    pub updated_at: SystemTime,
}

impl Entry {
    /// The value, from JSON.
    ///
    /// # Errors
    /// One of the caller's ([`Error::is_user`]) if it is not the JSON of a `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        let key = &self.key;
        serde_json::from_slice(&self.value)
            .map_err(|error| Error::user(error).context(format_args!("reading {key} as JSON")))
    }
}

impl From<Versioned<Record>> for Entry {
    fn from(found: Versioned<Record>) -> Self {
        let Versioned { value: Record { key, value }, version, created_at, updated_at } = found;
        Entry { key, value, version, created_at, updated_at }
    }
}

/// Values under hierarchical keys, with versions: see the [module](super). A clone is a second handle to the same store.
///
/// Every method fails with `InvalidKey` for what is no key, and with what [`Store`]'s verbs fail with.
#[derive(Clone, Debug)]
pub struct StateStore(Store<State>);

impl From<Store<State>> for StateStore {
    fn from(store: Store<State>) -> Self {
        StateStore(store)
    }
}

impl StateStore {
    /// Opens the file, or makes it. It is one file, which may be moved while it is closed.
    ///
    /// # Errors
    /// Those of [`Store::open`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Store::open(path).map(StateStore)
    }

    /// A store in memory, gone with its last handle.
    pub fn in_memory() -> Result<Self> {
        Store::in_memory().map(StateStore)
    }

    /// The store of the definition [`State`], for snapshots and transactions over several keys. It does not check keys.
    pub fn as_store(&self) -> &Store<State> {
        &self.0
    }

    /// The value under a key, with its version and times.
    pub fn get(&self, key: &str) -> Result<Option<Entry>> {
        key::check(key)?;
        Ok(self.0.get_versioned::<Record>(key)?.map(Entry::from))
    }

    /// The value under a key, from JSON.
    ///
    /// # Errors
    /// One of the caller's ([`Error::is_user`]) if it is not the JSON of a `T`.
    pub fn get_json<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        self.get(key)?.map(|entry| entry.json()).transpose()
    }

    /// Sets a key, whether it is there or not; returns its new version.
    pub fn set(&self, key: &str, value: impl Into<Vec<u8>>) -> Result<u64> {
        let row = row(key, value.into())?;
        self.0.write(|txn| put(txn, &row))
    }

    /// Sets a key to a value as JSON; returns its new version.
    ///
    /// # Errors
    /// One of the caller's ([`Error::is_user`]) if the value cannot be JSON.
    pub fn set_json<T: Serialize>(&self, key: &str, value: &T) -> Result<u64> {
        self.set(key, to_json(key, value)?)
    }

    /// Deletes a key; `false` if it was not there.
    pub fn delete(&self, key: &str) -> Result<bool> {
        key::check(key)?;
        self.0.write(|txn| txn.delete::<Record>(key))
    }

    /// Whether a key is there.
    pub fn exists(&self, key: &str) -> Result<bool> {
        key::check(key)?;
        self.0.contains::<Record>(key)
    }

    /// The version of a key; 0 if it is not there.
    pub fn version(&self, key: &str) -> Result<u64> {
        Ok(self.get(key)?.map_or(0, |entry| entry.version))
    }

    /// The keys that begin with this text, in their order; all of them for `""`. Nothing in it is a wildcard: `/workloads/` are
    /// those below it, `/workloads/w` also `/workloads/web`.
    pub fn list(&self, prefix: &str) -> Result<Vec<String>> {
        key::check_prefix(prefix)?;
        let keys = self.0.query::<Record>().filter(Record::KEY.prefix(prefix)).keys()?;
        keys.map(|key| key.map(|key| key.0)).collect()
    }

    /// Sets a key if it has this version, 0 if it is absent; returns its new version.
    ///
    /// # Errors
    /// `VersionConflict` with the version that was found.
    pub fn compare_and_set(&self, key: &str, expected: u64, value: impl Into<Vec<u8>>) -> Result<u64> {
        let row = row(key, value.into())?;
        self.0.write(|txn| {
            let found = txn.get_versioned::<Record>(key)?.map_or(0, |stored| stored.version);
            if found == expected {
                txn.update_if_version(&row, expected)
            } else {
                Err(conflict(key, expected, found))
            }
        })
    }

    /// Sets a key to a value as JSON if it has this version, 0 if it is absent; returns its new version.
    ///
    /// # Errors
    /// Those of [`compare_and_set`](Self::compare_and_set) and [`set_json`](Self::set_json).
    pub fn compare_and_set_json<T: Serialize>(&self, key: &str, expected: u64, value: &T) -> Result<u64> {
        self.compare_and_set(key, expected, to_json(key, value)?)
    }

    /// Sets a key if it is not there; `false` if it is.
    pub fn create_if_not_exists(&self, key: &str, value: impl Into<Vec<u8>>) -> Result<bool> {
        let row = row(key, value.into())?;
        self.0.write(|txn| txn.create_if_absent(&row))
    }

    /// Takes several steps, or none of them. They are taken in order, so a check behind a set sees what that did.
    ///
    /// ```
    /// # use netabase::state::{Op, StateStore};
    /// # fn main() -> netabase::Result<()> {
    /// let state = StateStore::in_memory()?;
    /// state.set("/nodes/a/web", b"running")?;
    /// state.apply([
    ///     Op::check("/nodes/a/web", 1),
    ///     Op::check("/nodes/b/web", 0),
    ///     Op::delete("/nodes/a/web"),
    ///     Op::set("/nodes/b/web", b"running"),
    /// ])?;
    /// assert_eq!(state.list("/nodes/")?, ["/nodes/b/web"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `VersionConflict` for the first check that does not hold.
    pub fn apply(&self, steps: impl IntoIterator<Item = Op>) -> Result<()> {
        let steps: Vec<Op> = steps.into_iter().collect();
        for step in &steps {
            let (Op::Check { key, .. } | Op::Set { key, .. } | Op::Delete { key }) = step;
            key::check(key)?;
        }
        self.0.write(|txn| steps.iter().try_for_each(|step| take(txn, step)))
    }

    /// Tells what becomes of the keys that a pattern names: one key, or with `*` at its end all that begin with it. It is an iterator
    /// that waits, and a [`Stream`](futures_core::Stream).
    pub fn watch(&self, pattern: &str) -> Result<StateWatcher> {
        let filter = match Pattern::read(pattern)? {
            Pattern::Exact(key) => Record::KEY.eq(key),
            Pattern::Prefix(prefix) => Record::KEY.prefix(prefix),
        };
        self.0.watch::<Record>().filter(filter).begin().map(StateWatcher::new)
    }
}

#[cold]
fn conflict(key: &str, expected: u64, found: u64) -> Error {
    Error::new(ErrorKind::VersionConflict { model: "Entry", key: key.to_owned(), expected, found })
}

/// A value as JSON, for a key.
pub(super) fn to_json<T: Serialize>(key: &str, value: &T) -> Result<Vec<u8>> {
    let bytes = serde_json::to_vec(value);
    bytes.map_err(|error| Error::user(error).context(format_args!("writing {key} as JSON")))
}

fn row(key: &str, value: Vec<u8>) -> Result<Record> {
    key::check(key)?;
    Ok(Record { key: key.to_owned(), value })
}

/// Sets a key; returns its new version.
fn put(txn: &mut WriteTransaction<State>, row: &Record) -> Result<u64> {
    txn.upsert(row)?;
    let stored = txn.get_versioned::<Record>(&*row.key)?;
    stored.map(|stored| stored.version).ok_or_else(|| Error::internal("what was set is gone"))
}

fn take(txn: &mut WriteTransaction<State>, step: &Op) -> Result<()> {
    match step {
        Op::Check { key, version } => {
            let found = txn.get_versioned::<Record>(&**key)?.map_or(0, |stored| stored.version);
            if found == *version {
                return Ok(());
            }
            Err(conflict(key, *version, found))
        }
        Op::Set { key, value } => txn.upsert(&Record { key: key.clone(), value: value.clone() }).map(drop),
        Op::Delete { key } => txn.delete::<Record>(&**key).map(drop),
    }
}
