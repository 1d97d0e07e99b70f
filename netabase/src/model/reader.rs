//! Records of a model whose type the caller does not know: for verification, back-fill and rebuilding.

use std::any::TypeId;
use std::fmt;

use super::{Customs, Entries, NetabaseModel};
use crate::codec::{self, Malformed};
use crate::key::Key;

type ReadFn = fn(&[u8], &mut Vec<u8>, &mut Entries, &Customs) -> Result<(), Malformed>;

/// Reads the records of one model, see [`NetabaseModel::READER`].
pub struct RecordReader {
    model: &'static str,
    type_id: TypeId,
    read: ReadFn,
    spell: fn(&[u8]) -> String,
}

impl fmt::Debug for RecordReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordReader({})", self.model)
    }
}

impl RecordReader {
    pub(super) const fn of<M: NetabaseModel>() -> Self {
        RecordReader { model: M::NAME, type_id: TypeId::of::<M>(), read: read::<M>, spell: spell::<M> }
    }

    /// Recorded name of the model.
    pub(crate) fn model(&self) -> &'static str {
        self.model
    }

    /// Whether it reads records of this very type.
    pub(crate) fn is_of<M: NetabaseModel>(&self) -> bool {
        self.type_id == TypeId::of::<M>()
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
