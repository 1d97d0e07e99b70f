//! A reference from one record to another.

use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::NetabaseModel;
use crate::error::Result;
use crate::key::{AsKey, Key, KeyType};

/// A reference to a record of `M`: its primary key and nothing else.
///
/// It serialises as the key does. Equality, order and hash are those of the key.
///
/// ```
/// # use netabase::{Link, NetabaseModel};
/// # use serde::{Deserialize, Serialize};
/// #[derive(NetabaseModel, Serialize, Deserialize)]
/// struct Author { #[primary_key] id: u64 }
///
/// let ada = Author { id: 1 };
/// assert_eq!(Link::<Author>::new(1), Link::to(&ada));
/// ```
#[doc(alias = "RelationalLink")]
pub struct Link<M: NetabaseModel> {
    key: M::PrimaryKey,
}

impl<M: NetabaseModel> Link<M> {
    /// A link to the record with this key, which need not exist.
    pub fn new(key: impl Into<M::PrimaryKey>) -> Self {
        Link { key: key.into() }
    }

    /// A link to this record.
    pub fn to(record: &M) -> Self {
        Link { key: record.primary_key() }
    }

    /// The key of the other end.
    pub fn key(&self) -> &M::PrimaryKey {
        &self.key
    }

    /// The key of the other end, by value.
    pub fn into_key(self) -> M::PrimaryKey {
        self.key
    }
}

impl<M: NetabaseModel> Clone for Link<M> {
    fn clone(&self) -> Self {
        Link { key: self.key.clone() }
    }
}

impl<M: NetabaseModel> fmt::Debug for Link<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Link").field(&self.key).finish()
    }
}

impl<M: NetabaseModel> PartialEq for Link<M> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl<M: NetabaseModel> Eq for Link<M> {}

impl<M: NetabaseModel> PartialOrd for Link<M> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<M: NetabaseModel> Ord for Link<M> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key.cmp(&other.key)
    }
}

impl<M: NetabaseModel> Hash for Link<M> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl<M: NetabaseModel> Serialize for Link<M> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.key.serialize(serializer)
    }
}

impl<'de, M: NetabaseModel> Deserialize<'de> for Link<M> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        M::PrimaryKey::deserialize(deserializer).map(|key| Link { key })
    }
}

/// A link is a key, so that a join model can be keyed by the two records it joins.
impl<M: NetabaseModel> Key for Link<M> {
    const WIDTH: Option<usize> = M::PrimaryKey::WIDTH;
    const TYPE: KeyType = M::PrimaryKey::TYPE;
    fn encode_part(&self, out: &mut Vec<u8>) -> Result<()> {
        self.key.encode_part(out)
    }
    fn encode_tail(&self, out: &mut Vec<u8>) -> Result<()> {
        self.key.encode_tail(out)
    }
    fn decode_part(bytes: &mut &[u8]) -> Result<Self> {
        M::PrimaryKey::decode_part(bytes).map(|key| Link { key })
    }
    fn decode_tail(bytes: &[u8]) -> Result<Self> {
        M::PrimaryKey::decode_tail(bytes).map(|key| Link { key })
    }
}

/// A link stands for its key.
impl<M: NetabaseModel<PrimaryKey = K>, K: Key> AsKey<K> for Link<M> {
    fn write_part(&self, out: &mut Vec<u8>) -> Result<()> {
        self.key.encode_part(out)
    }
    fn write_tail(&self, out: &mut Vec<u8>) -> Result<()> {
        self.key.encode_tail(out)
    }
}
