//! A reference from one record to another.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

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
///
/// `Link<Author, Blog>` leads into another definition of the same [`Repository`](crate::Repository), which has to let the definition that
/// holds the link read it: `#[netabase(grants(Shop = "read"))]` on `enum Blog`. Without that the definition does not compile.
#[doc(alias = "RelationalLink")]
pub struct Link<M: NetabaseModel, In = Same> {
    key: M::PrimaryKey,
    place: PhantomData<fn() -> In>,
}

/// The definition of the record that holds a [`Link`], which names no other.
#[derive(Clone, Copy, Debug)]
pub enum Same {}

impl<M: NetabaseModel, In> Link<M, In> {
    /// A link to the record with this key, which need not exist.
    pub fn new(key: impl Into<M::PrimaryKey>) -> Self {
        Link { key: key.into(), place: PhantomData }
    }

    /// A link to this record.
    pub fn to(record: &M) -> Self {
        Link { key: record.primary_key(), place: PhantomData }
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
    pub fn get(&self, from: &impl Reads<M, In>) -> Result<Option<M>> {
        from.look_up(&self.key)
    }

    /// The record, which has to be there.
    ///
    /// # Errors
    /// `DanglingReference` if it is not.
    pub fn require(&self, from: &impl Reads<M, In>) -> Result<M> {
        self.get(from)?.ok_or_else(|| dangling::<M>(&self.key))
    }

    /// The link with its record, read now and owned: it may be kept and sent away, and grows stale.
    pub fn load(&self, from: &impl Reads<M, In>) -> Result<Loaded<'static, M, In>> {
        Ok(Loaded::owned(self.key.clone(), self.get(from)?))
    }

    /// The link with a record that the caller holds already.
    ///
    /// # Errors
    /// `OtherRecord` if the record has another key.
    pub fn hydrate<'a>(&self, record: &'a M) -> Result<Loaded<'a, M, In>> {
        let found = record.primary_key();
        if found == self.key {
            return Ok(Loaded::hydrated(record));
        }
        let (key, found) = (spell_key(&self.key), spell_key(&found));
        Err(Error::new(ErrorKind::OtherRecord { model: M::NAME, key, found }))
    }

    /// The link with a place to read its record from, which is read when it is first looked at, once. From a store it is
    /// what is there by then; as long as a write transaction is borrowed, nothing can be written in it.
    pub fn borrow<'a>(&self, from: &'a impl Reads<M, In>) -> Loaded<'a, M, In> {
        Loaded::borrowed(self.key.clone(), from)
    }
}

impl<M: NetabaseModel, In> Clone for Link<M, In> {
    fn clone(&self) -> Self {
        Link { key: self.key.clone(), place: PhantomData }
    }
}

impl<M: NetabaseModel, In> fmt::Debug for Link<M, In> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Link").field(&self.key).finish()
    }
}

impl<M: NetabaseModel, In> PartialEq for Link<M, In> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl<M: NetabaseModel, In> Eq for Link<M, In> {}

impl<M: NetabaseModel, In> PartialOrd for Link<M, In> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<M: NetabaseModel, In> Ord for Link<M, In> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key.cmp(&other.key)
    }
}

impl<M: NetabaseModel, In> Hash for Link<M, In> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl<M: NetabaseModel, In> Serialize for Link<M, In> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.key.serialize(serializer)
    }
}

impl<'de, M: NetabaseModel, In> Deserialize<'de> for Link<M, In> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        M::PrimaryKey::deserialize(deserializer).map(|key| Link { key, place: PhantomData })
    }
}

/// A link is a key, so that a join model can be keyed by the two records it joins.
impl<M: NetabaseModel, In: 'static> Key for Link<M, In> {
    const WIDTH: Option<usize> = M::PrimaryKey::WIDTH;
    const TYPE: KeyType = M::PrimaryKey::TYPE;
    fn encode_part(&self, out: &mut Vec<u8>) -> Result<()> {
        self.key.encode_part(out)
    }
    fn encode_tail(&self, out: &mut Vec<u8>) -> Result<()> {
        self.key.encode_tail(out)
    }
    fn decode_part(bytes: &mut &[u8]) -> Result<Self> {
        M::PrimaryKey::decode_part(bytes).map(|key| Link { key, place: PhantomData })
    }
    fn decode_tail(bytes: &[u8]) -> Result<Self> {
        M::PrimaryKey::decode_tail(bytes).map(|key| Link { key, place: PhantomData })
    }
}

/// A link stands for its key.
impl<M: NetabaseModel<PrimaryKey = K>, K: Key, In> AsKey<K> for Link<M, In> {
    fn write_part(&self, out: &mut Vec<u8>) -> Result<()> {
        self.key.encode_part(out)
    }
    fn write_tail(&self, out: &mut Vec<u8>) -> Result<()> {
        self.key.encode_tail(out)
    }
}
