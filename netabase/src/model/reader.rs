//! Records of a model whose type the caller does not know: for verification, back-fill and rebuilding.

use std::any::TypeId;
use std::fmt;

use super::{Customs, Entries, NetabaseModel};
use crate::codec;
use crate::error::{Error, ErrorKind, Result};
use crate::key::Key;

type ReadFn = fn(&[u8], &mut Vec<u8>, &mut Entries, &Customs) -> Result<bool>;

type RelinkFn = fn(&[u8], &[Relink<'_>], &mut Vec<u8>) -> Result<bool>;

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
    type_id: TypeId,
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
        RecordReader {
            model: M::NAME,
            type_id: TypeId::of::<M>(),
            read: read::<M>,
            relink: relink::<M>,
            spell: spell::<M>,
        }
    }

    /// Recorded name of the model.
    pub(crate) fn model(&self) -> &'static str {
        self.model
    }

    /// Of the type whose records it reads.
    pub(crate) fn type_id(&self) -> TypeId {
        self.type_id
    }

    /// Whether it reads records of this very type.
    pub(crate) fn is_of<M: NetabaseModel>(&self) -> bool {
        self.type_id == TypeId::of::<M>()
    }

    /// Reads a record's bytes: what its key is, and the entries it has beside the main table. `false` if they are no record,
    /// an error if it is one that no index takes.
    pub(crate) fn read(
        &self,
        bytes: &[u8],
        key: &mut Vec<u8>,
        entries: &mut Entries,
        customs: &Customs,
    ) -> Result<bool> {
        (self.read)(bytes, key, entries, customs)
    }

    /// The record with other links, in bytes; `false` if they are no record.
    pub(crate) fn relink(&self, bytes: &[u8], links: &[Relink<'_>], out: &mut Vec<u8>) -> Result<bool> {
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
) -> Result<bool> {
    let Ok(record) = codec::decode::<M>(M::SCHEMA.version, bytes) else { return Ok(false) };
    key.clear();
    // A key that cannot be encoded never was, so these bytes are not what was written.
    if record.encode_key(key).is_err() {
        return Ok(false);
    }
    entries.collect(&record, key, customs).map(|()| true)
}

fn relink<M: NetabaseModel>(bytes: &[u8], links: &[Relink<'_>], out: &mut Vec<u8>) -> Result<bool> {
    let Ok(mut record) = codec::decode::<M>(M::SCHEMA.version, bytes) else { return Ok(false) };
    let mut fields = record.links();
    for Relink { relation, old, new } in links {
        let field = fields.get_mut(*relation).ok_or_else(|| Error::internal("no relation of that number"))?;
        field.relink(old, *new)?;
    }
    out.clear();
    let encoded = codec::encode(M::SCHEMA.version, &record, out);
    encoded.map(|()| true).ok_or_else(|| Error::new(ErrorKind::Codec { model: M::NAME }))
}

/// The key as a person reads it, cut off where it is longer than one would.
#[cold]
pub(crate) fn spell<M: NetabaseModel>(key: &[u8]) -> String {
    M::PrimaryKey::decode_tail(key).map_or_else(|_| cut(format!("{key:02x?}")), |key| spell_key(&key))
}

/// The same of a key that is not encoded.
#[cold]
pub(crate) fn spell_key(key: &impl fmt::Debug) -> String {
    cut(format!("{key:?}"))
}

fn cut(text: String) -> String {
    match text.char_indices().nth(120) {
        Some((end, _)) => text.get(..end).map(|start| format!("{start}..")).unwrap_or_default(),
        None => text,
    }
}
