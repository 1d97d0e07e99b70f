//! Records of a model whose type the caller does not know: for verification, back-fill and rebuilding.

use std::fmt;

use super::{Customs, Entries, NetabaseModel};
use crate::codec::{self, Malformed};
use crate::key::Key;

type ReadFn = fn(&[u8], &mut Vec<u8>, &mut Entries, &Customs) -> Result<(), Malformed>;

type RelinkFn = fn(&[u8], &[Relink<'_>], &mut Vec<u8>) -> Result<(), Malformed>;

/// A link that is to lead elsewhere, or nowhere.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Relink<'l> {
    /// number among the relations of the model
    pub(crate) relation: usize,
    pub(crate) old: &'l [u8],
    pub(crate) new: Option<&'l [u8]>,
}

/// Reads the records of one model, see [`NetabaseModel::READER`].
pub struct RecordReader {
    model: &'static str,
    read: ReadFn,
    relink: RelinkFn,
    spell: fn(&[u8]) -> String,
}

impl fmt::Debug for RecordReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordReader({})", self.model)
    }
}

impl RecordReader {
    pub(super) const fn of<M: NetabaseModel>() -> Self {
        RecordReader { model: M::NAME, read: read::<M>, relink: relink::<M>, spell: spell::<M> }
    }

    /// Recorded name of the model.
    pub(crate) fn model(&self) -> &'static str {
        self.model
    }

    /// Reads a record's bytes: what its key is, and the entries it has beside the main table.
    pub(crate) fn read(
        &self,
        bytes: &[u8],
        key: &mut Vec<u8>,
        entries: &mut Entries,
        customs: &Customs,
    ) -> Result<(), Malformed> {
        (self.read)(bytes, key, entries, customs)
    }

    /// The record with other links, in bytes.
    pub(crate) fn relink(
        &self,
        bytes: &[u8],
        links: &[Relink<'_>],
        out: &mut Vec<u8>,
    ) -> Result<(), Malformed> {
        (self.relink)(bytes, links, out)
    }

    /// A primary key as a person reads it.
    pub(crate) fn spell(&self, key: &[u8]) -> String {
        (self.spell)(key)
    }
}

fn read<M: NetabaseModel>(
    bytes: &[u8],
    key: &mut Vec<u8>,
    entries: &mut Entries,
    customs: &Customs,
) -> Result<(), Malformed> {
    let record: M = codec::decode(M::SCHEMA.version, bytes)?;
    key.clear();
    // A key that cannot be encoded never was, so these bytes are not what was written.
    record.encode_key(key).and_then(|()| entries.collect(&record, key, customs)).map_err(|_| Malformed::Bytes)
}

fn relink<M: NetabaseModel>(bytes: &[u8], links: &[Relink<'_>], out: &mut Vec<u8>) -> Result<(), Malformed> {
    let mut record: M = codec::decode(M::SCHEMA.version, bytes)?;
    let mut fields = record.links();
    for Relink { relation, old, new } in links {
        let field = fields.get_mut(*relation).ok_or(Malformed::Bytes)?;
        field.relink(old, *new).map_err(|_| Malformed::Bytes)?;
    }
    out.clear();
    codec::encode(M::SCHEMA.version, &record, out).ok_or(Malformed::Bytes)
}

/// The key as a person reads it, cut off where it is longer than one would.
#[cold]
pub(crate) fn spell<M: NetabaseModel>(key: &[u8]) -> String {
    let text =
        M::PrimaryKey::decode_tail(key).map_or_else(|_| format!("{key:02x?}"), |key| format!("{key:?}"));
    match text.char_indices().nth(120) {
        Some((end, _)) => text.get(..end).map(|start| format!("{start}..")).unwrap_or_default(),
        None => text,
    }
}
