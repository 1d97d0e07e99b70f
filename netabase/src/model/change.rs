//! What became of a record: typed, and in bytes.

use std::fmt;

use super::NetabaseModel;
use crate::codec::{self, Malformed};
use crate::error::{Error, ErrorKind, Result};
use crate::key::Key;

/// What a commit made of one record: the record as it was, and as it is.
///
/// A commit has one change for each record that it left different, whatever happened to it on the way.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change<M: NetabaseModel> {
    /// its primary key
    pub key: M::PrimaryKey,
    /// the record before the commit; `None`: there was none
    pub before: Option<M>,
    /// the record after it; `None`: it is deleted
    pub after: Option<M>,
}

/// Which way a record changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeKind {
    /// it is new
    Created,
    /// it is another one than before
    Updated,
    /// it is gone
    Deleted,
}

impl ChangeKind {
    /// `None` where there is no record before and none after.
    pub(crate) fn of(before: bool, after: bool) -> Option<Self> {
        match (before, after) {
            (false, true) => Some(ChangeKind::Created),
            (true, true) => Some(ChangeKind::Updated),
            (true, false) => Some(ChangeKind::Deleted),
            (false, false) => None,
        }
    }
}

impl<M: NetabaseModel> Change<M> {
    /// Which way the record changed.
    pub fn kind(&self) -> ChangeKind {
        ChangeKind::of(self.before.is_some(), self.after.is_some()).unwrap_or(ChangeKind::Deleted)
    }
}

impl<M: NetabaseModel> fmt::Debug for Change<M> {
    /// Without what the record holds: changes are logged in places that records should not reach.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {} {:?}", self.kind(), M::NAME, self.key)
    }
}

/// A change in bytes: for what copies and counts changes and knows no types.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RawChange<'c> {
    /// recorded name of the definition
    pub definition: &'c str,
    /// recorded name of the model
    pub model: &'c str,
    /// the primary key, as the main table has it
    pub key: &'c [u8],
    /// the record before the commit, as the main table had it
    pub before: Option<&'c [u8]>,
    /// the record after it
    pub after: Option<&'c [u8]>,
}

impl fmt::Debug for RawChange<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}/{} {:02x?}", self.kind(), self.definition, self.model, self.key)
    }
}

impl<'c> RawChange<'c> {
    pub(crate) fn new(
        (definition, model): (&'c str, &'c str),
        key: &'c [u8],
        before: Option<&'c [u8]>,
        after: Option<&'c [u8]>,
    ) -> Self {
        RawChange { definition, model, key, before, after }
    }

    /// Which way the record changed.
    pub fn kind(&self) -> ChangeKind {
        ChangeKind::of(self.before.is_some(), self.after.is_some()).unwrap_or(ChangeKind::Deleted)
    }

    /// The change of a record of `M`.
    ///
    /// # Errors
    /// `SchemaVersion` if the record was written by another version of the model, `Corrupt` if it cannot be read.
    #[doc(hidden)]
    pub fn read<M: NetabaseModel>(&self) -> Result<Change<M>> {
        let key = M::PrimaryKey::decode_tail(self.key).map_err(|_| self.corrupt())?;
        Ok(Change { key, before: self.record(self.before)?, after: self.record(self.after)? })
    }

    fn record<M: NetabaseModel>(&self, bytes: Option<&[u8]>) -> Result<Option<M>> {
        let decode = |bytes| codec::decode(M::SCHEMA.version, bytes);
        bytes.map(decode).transpose().map_err(|malformed| match malformed {
            Malformed::Version(found) => {
                let expected = M::SCHEMA.version;
                Error::new(ErrorKind::SchemaVersion { model: M::NAME, found, expected })
            }
            Malformed::Bytes => self.corrupt(),
        })
    }

    /// For the derive: the definition has no model of that number.
    #[doc(hidden)]
    #[cold]
    pub fn unknown(&self) -> Error {
        Error::internal("a change of a model that is not listed")
    }

    #[cold]
    fn corrupt(&self) -> Error {
        Error::new(ErrorKind::Corrupt { place: format!("a change of {}/{}", self.definition, self.model) })
    }
}
