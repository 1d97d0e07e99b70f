//! A link with its record.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::OnceLock;

use serde::{Serialize, Serializer};

use super::{Link, NetabaseModel, Same, spell_key};
use crate::error::{Error, ErrorKind, Result};
use crate::key::{AsKey, Key};

/// Marks what records are read from, so that nobody else implements [`Reads`].
pub trait ReadsFrom {}

/// Where the records of `M` can be read: a transaction or a store whose definition lists `M`.
#[diagnostic::on_unimplemented(
    message = "records of `{M}` cannot be read from `{Self}`",
    label = "not a store or transaction with this model",
    note = "pass a reference to a `Store`, `ReadTransaction` or `WriteTransaction` whose definition lists `{M}`"
)]
pub trait Reads<M: NetabaseModel, In = Same>: ReadsFrom + Sync {
    /// The record with this key.
    #[doc(hidden)]
    fn look_up(&self, key: &M::PrimaryKey) -> Result<Option<M>>;
}

/// A [`Link`] with its record, in one of three states:
///
/// - owned: read by [`Link::load`], or made of a record. `Loaded<'static, M>`, which may be kept and sent away.
/// - hydrated: a record that the application holds, by [`Link::hydrate`].
/// - borrowed: by [`Link::borrow`], which reads nothing. The record is read when it is first looked at, once.
///
/// In every state it is the key that is compared, hashed and serialised, as a [`Link`] is; a struct stores the `Link`. What is
/// owned or hydrated says what the record was: nobody tells it of later writes.
///
/// ```
/// # use netabase::{Link, Loaded, NetabaseDefinition, NetabaseModel, Store};
/// # #[derive(NetabaseModel, serde::Serialize, serde::Deserialize, Clone, Debug, PartialEq)]
/// # struct Author { #[primary_key] id: u64, name: String }
/// # #[derive(NetabaseDefinition)]
/// # enum Blog { Author(Author) }
/// # fn main() -> netabase::Result<()> {
/// # let store = Store::<Blog>::in_memory()?;
/// let ada = Author { id: 1, name: "Ada".into() };
/// store.write(|txn| txn.create(&ada))?;
/// let (link, snapshot) = (Link::<Author>::new(1), store.begin_read()?);
///
/// let lazy: Loaded<'_, Author> = link.borrow(&snapshot); // reads nothing yet
/// assert_eq!(lazy.get()?, Some(&ada));
/// let kept: Loaded<'static, Author> = lazy.into_owned()?;
/// assert_eq!(kept, link.hydrate(&ada)?);
/// assert_eq!(kept.into_link(), link);
/// # Ok(())
/// # }
/// ```
#[doc(alias = "RelationalLink")]
#[doc(alias = "hydrate")]
pub struct Loaded<'a, M: NetabaseModel, In = Same> {
    key: M::PrimaryKey,
    state: State<'a, M, In>,
}

enum State<'a, M, In> {
    /// what was found
    Owned(Option<Box<M>>),
    Hydrated(&'a M),
    Borrowed {
        from: &'a dyn Reads<M, In>,
        /// what was found, once it has been looked for
        found: OnceLock<Option<Box<M>>>,
    },
}

impl<'a, M: NetabaseModel, In> Loaded<'a, M, In> {
    pub(super) fn owned(key: M::PrimaryKey, found: Option<M>) -> Self {
        Loaded { key, state: State::Owned(found.map(Box::new)) }
    }

    pub(super) fn borrowed(key: M::PrimaryKey, from: &'a dyn Reads<M, In>) -> Self {
        Loaded { key, state: State::Borrowed { from, found: OnceLock::new() } }
    }

    pub(super) fn hydrated(record: &'a M) -> Self {
        Loaded { key: record.primary_key(), state: State::Hydrated(record) }
    }

    /// The key of the record.
    pub fn key(&self) -> &M::PrimaryKey {
        &self.key
    }

    /// The record, which a borrowed link reads at the first look; `None` if there is none.
    pub fn get(&self) -> Result<Option<&M>> {
        match &self.state {
            State::Owned(found) => Ok(found.as_deref()),
            State::Hydrated(record) => Ok(Some(record)),
            State::Borrowed { from, found } => match found.get() {
                Some(found) => Ok(found.as_deref()),
                None => {
                    let read = from.look_up(&self.key)?.map(Box::new);
                    Ok(found.get_or_init(|| read).as_deref())
                }
            },
        }
    }

    /// The record, which has to be there.
    ///
    /// # Errors
    /// `DanglingReference` if it is not.
    pub fn require(&self) -> Result<&M> {
        self.get()?.ok_or_else(|| dangling::<M>(&self.key))
    }

    /// The same without a lifetime: a borrowed record is read if it was not, a hydrated one is cloned.
    pub fn into_owned(self) -> Result<Loaded<'static, M, In>>
    where
        M: Clone,
    {
        let key = self.key.clone();
        Ok(Loaded { key, state: State::Owned(self.into_box()?) })
    }

    /// The record by value; `None` if there is none. A hydrated one is cloned.
    pub fn into_record(self) -> Result<Option<M>>
    where
        M: Clone,
    {
        Ok(self.into_box()?.map(|record| *record))
    }

    fn into_box(self) -> Result<Option<Box<M>>>
    where
        M: Clone,
    {
        Ok(match self.state {
            State::Owned(found) => found,
            State::Hydrated(record) => Some(Box::new(record.clone())),
            State::Borrowed { from, found } => match found.into_inner() {
                Some(found) => found,
                None => from.look_up(&self.key)?.map(Box::new),
            },
        })
    }

    /// The link alone.
    pub fn to_link(&self) -> Link<M, In> {
        Link::new(self.key.clone())
    }

    /// The link alone.
    pub fn into_link(self) -> Link<M, In> {
        Link::new(self.key)
    }
}

/// The link leads to nothing.
#[cold]
pub(crate) fn dangling<M: NetabaseModel>(key: &M::PrimaryKey) -> Error {
    Error::new(ErrorKind::DanglingReference { model: M::NAME, key: spell_key(key) })
}

/// A record, owned.
impl<M: NetabaseModel> From<M> for Loaded<'static, M> {
    fn from(record: M) -> Self {
        Loaded::owned(record.primary_key(), Some(record))
    }
}

/// A record that is held elsewhere, hydrated.
impl<'a, M: NetabaseModel> From<&'a M> for Loaded<'a, M> {
    fn from(record: &'a M) -> Self {
        Loaded::hydrated(record)
    }
}

impl<M: NetabaseModel, In> From<Loaded<'_, M, In>> for Link<M, In> {
    fn from(loaded: Loaded<'_, M, In>) -> Self {
        loaded.into_link()
    }
}

impl<M: NetabaseModel, In> fmt::Debug for Loaded<'_, M, In> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Owned(_) => "owned",
            State::Hydrated(_) => "hydrated",
            State::Borrowed { .. } => "borrowed",
        };
        write!(f, "Loaded({:?}, {state})", self.key)
    }
}

impl<'b, M: NetabaseModel, In> PartialEq<Loaded<'b, M, In>> for Loaded<'_, M, In> {
    fn eq(&self, other: &Loaded<'b, M, In>) -> bool {
        self.key == other.key
    }
}

impl<M: NetabaseModel, In> PartialEq<Link<M, In>> for Loaded<'_, M, In> {
    fn eq(&self, other: &Link<M, In>) -> bool {
        self.key == *other.key()
    }
}

impl<M: NetabaseModel, In> PartialEq<Loaded<'_, M, In>> for Link<M, In> {
    fn eq(&self, other: &Loaded<'_, M, In>) -> bool {
        *self.key() == other.key
    }
}

impl<M: NetabaseModel, In> Eq for Loaded<'_, M, In> {}

impl<'b, M: NetabaseModel, In> PartialOrd<Loaded<'b, M, In>> for Loaded<'_, M, In> {
    fn partial_cmp(&self, other: &Loaded<'b, M, In>) -> Option<Ordering> {
        Some(self.key.cmp(&other.key))
    }
}

impl<M: NetabaseModel, In> Ord for Loaded<'_, M, In> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key)
    }
}

/// As the hash of the link.
impl<M: NetabaseModel, In> Hash for Loaded<'_, M, In> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

/// As the link is written, and read back as one.
impl<M: NetabaseModel, In> Serialize for Loaded<'_, M, In> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.key.serialize(serializer)
    }
}

/// It stands for its key.
impl<M: NetabaseModel<PrimaryKey = K>, K: Key, In> AsKey<K> for Loaded<'_, M, In> {
    fn write_part(&self, out: &mut Vec<u8>) -> Result<()> {
        self.key.encode_part(out)
    }
    fn write_tail(&self, out: &mut Vec<u8>) -> Result<()> {
        self.key.encode_tail(out)
    }
}
