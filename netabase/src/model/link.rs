//! A reference from one record to another.

use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::loaded::{Loaded, Reads};
use super::{NetabaseModel, dangling, spell_key};
use crate::error::{Error, ErrorKind, Result};
use crate::key::{AsKey, Key, KeyType};

/// A reference to a record of `M`: its primary key and nothing else.
///
/// It serialises as the key does. Equality, order and hash are those of the key. [`Loaded`] is a link with its record;
/// [`Query::include`](crate::query::Query::include) reads the records of many links at once.
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

    /// The record, read from a transaction or a store; `None` if the link leads to nothing.
    ///
    /// ```
    /// # use netabase::{Link, NetabaseDefinition, NetabaseModel, Store};
    /// # #[derive(NetabaseModel, serde::Serialize, serde::Deserialize)]
    /// # struct Author { #[primary_key] id: u64, name: String }
    /// # #[derive(NetabaseModel, serde::Serialize, serde::Deserialize)]
    /// # struct Post { #[primary_key] id: u64, #[relation] author: Link<Author> }
    /// # #[derive(NetabaseDefinition)]
    /// # enum Blog { Author(Author), Post(Post) }
    /// # fn main() -> netabase::Result<()> {
    /// # let store = Store::<Blog>::in_memory()?;
    /// # store.write(|txn| txn.create(&Author { id: 1, name: "Ada".into() }))?;
    /// let post = Post { id: 7, author: Link::new(1) };
    /// assert_eq!(post.author.get(&store)?.map(|author| author.name), Some("Ada".into()));
    /// # Ok(())
    /// # }
    /// ```
    pub fn get(&self, from: &impl Reads<M>) -> Result<Option<M>> {
        from.look_up(&self.key)
    }

    /// The record, which has to be there.
    ///
    /// # Errors
    /// `DanglingReference` if it is not.
    pub fn require(&self, from: &impl Reads<M>) -> Result<M> {
        self.get(from)?.ok_or_else(|| dangling::<M>(&self.key))
    }

    /// The link with its record, read now and owned: it may be kept and sent away, and grows stale.
    pub fn load(&self, from: &impl Reads<M>) -> Result<Loaded<'static, M>> {
        Ok(Loaded::owned(self.key.clone(), self.get(from)?))
    }

    /// The link with a record that the caller holds already.
    ///
    /// # Errors
    /// `OtherRecord` if the record has another key.
    pub fn hydrate<'a>(&self, record: &'a M) -> Result<Loaded<'a, M>> {
        let found = record.primary_key();
        if found == self.key {
            return Ok(Loaded::from(record));
        }
        let (key, found) = (spell_key(&self.key), spell_key(&found));
        Err(Error::new(ErrorKind::OtherRecord { model: M::NAME, key, found }))
    }

    /// The link with a place to read its record from, which is read when it is first looked at, once. From a store it is
    /// what is there by then; as long as a write transaction is borrowed, nothing can be written in it.
    pub fn borrow<'a>(&self, from: &'a impl Reads<M>) -> Loaded<'a, M> {
        Loaded::borrowed(self.key.clone(), from)
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
