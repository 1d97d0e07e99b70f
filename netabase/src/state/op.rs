//! What can be done to several keys at once.

use serde::Serialize;

use super::store::to_json;
use crate::error::Result;

/// A step of [`StateStore::apply`](super::StateStore::apply).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// The key has this version; 0: it is absent. Else nothing is done.
    Check {
        /// which
        key: String,
        /// as it was seen
        version: u64,
    },
    /// The key gets this value, whether it is there or not.
    Set {
        /// which
        key: String,
        /// what
        value: Vec<u8>,
    },
    /// The key goes, if it is there.
    Delete {
        /// which
        key: String,
    },
}

impl Op {
    /// The key has this version; 0: it is absent.
    pub fn check(key: impl Into<String>, version: u64) -> Self {
        Op::Check { key: key.into(), version }
    }

    /// The key gets this value.
    pub fn set(key: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        Op::Set { key: key.into(), value: value.into() }
    }

    /// The key gets this value as JSON.
    ///
    /// # Errors
    /// One of the caller's ([`Error::is_user`](crate::Error::is_user)) if the value cannot be JSON.
    pub fn set_json<T: Serialize>(key: impl Into<String>, value: &T) -> Result<Self> {
        let key = key.into();
        let value = to_json(&key, value)?;
        Ok(Op::Set { key, value })
    }

    /// The key goes, if it is there.
    pub fn delete(key: impl Into<String>) -> Self {
        Op::Delete { key: key.into() }
    }
}
