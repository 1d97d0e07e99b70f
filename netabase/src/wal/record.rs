//! A commit in bytes: `[number][length] changes [checksum]`.
//!
//! Changes are those of rows, as the engine is told them: to replay one needs no schema. See docs/format.md.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use serde_bytes::Bytes;

use super::repeats::{Pointed, Repeats};
use crate::engine::{IndexChange, MapChange, TableForm, TableSpec};
use crate::error::{Error, Result};

/// What a record is made of, one after the other in postcard. The order of the variants is part of the format.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Item<'i> {
    /// A table and the number that stands for it in what follows of the segment.
    Name(u64, #[serde(borrow)] Name<'i>),
    /// What follows changes this table. Its keys ascend up to the next one of these.
    Table(u64),
    /// a row of a map whose key is new, or a pair of an index
    Insert(#[serde(borrow)] &'i Bytes, #[serde(borrow)] &'i Bytes),
    /// a row whose key is there
    Put(#[serde(borrow)] &'i Bytes, #[serde(borrow)] &'i Bytes),
    /// a key of a map
    Delete(#[serde(borrow)] &'i Bytes),
    /// a pair of an index
    Remove(#[serde(borrow)] &'i Bytes, #[serde(borrow)] &'i Bytes),
    /// An `Insert` into a map of a value that stands in the record before: where it begins behind the length, and how long it is.
    InsertAgain(#[serde(borrow)] &'i Bytes, u64, u64),
    /// a `Put` of such a value
    PutAgain(#[serde(borrow)] &'i Bytes, u64, u64),
}

/// What is known of a table.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Name<'i> {
    text: &'i str,
    is_index: bool,
    key_width: Option<u64>,
    value_width: Option<u64>,
}

impl<'i> From<&'i TableSpec> for Name<'i> {
    fn from(spec: &'i TableSpec) -> Self {
        let width = |width: Option<usize>| width.map(|width| width as u64);
        Name {
            text: &spec.name,
            is_index: spec.form == TableForm::Index,
            key_width: width(spec.key_width),
            value_width: width(spec.value_width),
        }
    }
}

impl Name<'_> {
    /// The table that is meant.
    pub(super) fn spec(&self) -> TableSpec {
        let width = |width: Option<u64>| width.and_then(|width| usize::try_from(width).ok());
        TableSpec {
            name: self.text.to_owned(),
            form: if self.is_index { TableForm::Index } else { TableForm::Map },
            key_width: width(self.key_width),
            value_width: width(self.value_width),
        }
    }
}

/// Bytes before the changes: the number and the length.
const PREFIX: usize = 12;
/// Bytes behind them.
const CHECKSUM: usize = 4;

/// A record that is being written.
#[derive(Debug, Default)]
pub(super) struct Draft {
    bytes: Vec<u8>,
    is_empty: bool,
    repeats: Repeats,
}

impl Draft {
    /// Begins a record in a buffer that is used again. `durable`: the last commit that is known to be on disk.
    pub(super) fn begin(mut bytes: Vec<u8>, durable: u64) -> Result<Draft> {
        bytes.clear();
        bytes.resize(PREFIX, 0);
        let bytes = postcard::to_extend(&durable, bytes).map_err(|_| unencoded())?;
        Ok(Draft { bytes, is_empty: true, repeats: Repeats::default() })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.is_empty
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn push(&mut self, item: &Item<'_>) -> Result<()> {
        self.is_empty = false;
        let filled = postcard::to_extend(item, std::mem::take(&mut self.bytes));
        self.bytes = filled.map_err(|_| unencoded())?;
        Ok(())
    }

    /// A change of a map. Its value is not written again if a [part](Self::push_parts) is the same.
    pub(super) fn push_map(&mut self, change: MapChange<'_>) -> Result<()> {
        let body = self.bytes.get(PREFIX..).unwrap_or_default();
        let item = match change {
            MapChange::Insert(key, value) => {
                self.repeats.find(body, value).map(|(at, len)| Item::InsertAgain(Bytes::new(key), at, len))
            }
            MapChange::Put(key, value) => {
                self.repeats.find(body, value).map(|(at, len)| Item::PutAgain(Bytes::new(key), at, len))
            }
            MapChange::Delete(_) => None,
        };
        self.push(&item.unwrap_or_else(|| change.into()))
    }

    /// A new row of a map, parts of which may come again as values.
    pub(super) fn push_parts(&mut self, key: &[u8], value: &[u8], parts: &[Range<usize>]) -> Result<()> {
        self.push(&MapChange::Insert(key, value).into())?;
        // The value is what was written last.
        let body = self.bytes.get(PREFIX..).unwrap_or_default();
        let begin = body.len().saturating_sub(value.len());
        for part in parts.iter().filter(|part| part.start <= part.end && part.end <= value.len()) {
            self.repeats.note(body, begin + part.start..begin + part.end);
        }
        Ok(())
    }

    /// The changes so far.
    pub(super) fn items(&self) -> Items<'_> {
        Items::behind_durable(self.bytes.get(PREFIX..).unwrap_or_default()).1
    }

    /// Ends the record. `salt`: of its segment.
    pub(super) fn finish(mut self, seq: u64, salt: u32) -> Result<Vec<u8>> {
        let length = self.bytes.len().checked_sub(PREFIX).and_then(|length| u32::try_from(length).ok());
        let length = length.ok_or_else(|| Error::internal("a record of the journal is too long"))?;
        let prefix = seq.to_be_bytes().into_iter().chain(length.to_be_bytes());
        self.bytes.iter_mut().zip(prefix).for_each(|(to, from)| *to = from);
        let checksum = checksum(salt, &self.bytes);
        self.bytes.extend_from_slice(&checksum.to_be_bytes());
        Ok(self.bytes)
    }

    pub(super) fn into_buffer(self) -> Vec<u8> {
        self.bytes
    }
}

fn unencoded() -> Error {
    Error::internal("a change does not encode")
}

fn checksum(salt: u32, bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(salt);
    hasher.update(bytes);
    hasher.finalize()
}

/// A record, read.
#[derive(Debug)]
pub(super) struct Record<'r> {
    pub(super) seq: u64,
    /// the last commit that was known to be on disk when it was written
    pub(super) durable: u64,
    pub(super) items: Items<'r>,
    /// bytes of all of it
    pub(super) len: usize,
}

/// Reads the record that these bytes begin with; `None` if they do not begin with a whole one.
pub(super) fn read(bytes: &[u8], salt: u32) -> Option<Record<'_>> {
    let (seq, rest) = bytes.split_first_chunk::<8>()?;
    let (length, _) = rest.split_first_chunk::<4>()?;
    let end = PREFIX.checked_add(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    let body = bytes.get(..end)?;
    let stored = bytes.get(end..)?.first_chunk::<CHECKSUM>()?;
    if checksum(salt, body) != u32::from_be_bytes(*stored) {
        return None;
    }
    let (durable, items) = Items::behind_durable(body.get(PREFIX..)?);
    Some(Record { seq: u64::from_be_bytes(*seq), durable: durable?, items, len: end + CHECKSUM })
}

/// The number that bytes would have as a record, without a look at the rest.
pub(super) fn seq_at(bytes: &[u8]) -> Option<u64> {
    bytes.first_chunk().copied().map(u64::from_be_bytes)
}

/// Walks over the items of a record. What was not written again comes as if it had been.
#[derive(Clone, Debug)]
pub(super) struct Items<'i> {
    rest: &'i [u8],
    /// where the rest ends
    end: usize,
    pointed: Pointed<'i>,
}

impl<'i> Items<'i> {
    fn behind_durable(body: &'i [u8]) -> (Option<u64>, Self) {
        let (durable, rest) = match postcard::take_from_bytes(body) {
            Ok((durable, rest)) => (Some(durable), rest),
            Err(_) => (None, &[][..]),
        };
        (durable, Items { rest, end: body.len(), pointed: Pointed::of(body) })
    }

    fn take(&mut self) -> Option<Item<'i>> {
        let at = self.end.saturating_sub(self.rest.len());
        let (item, rest) = postcard::take_from_bytes(std::mem::take(&mut self.rest)).ok()?;
        let item = match item {
            Item::InsertAgain(key, begin, len) => {
                Item::Insert(key, Bytes::new(self.pointed.get((begin, len), at)?))
            }
            Item::PutAgain(key, begin, len) => {
                Item::Put(key, Bytes::new(self.pointed.get((begin, len), at)?))
            }
            item => item,
        };
        self.rest = rest;
        Some(item)
    }
}

/// Bytes that are no item.
#[derive(Debug)]
pub(super) struct Malformed;

impl<'i> Iterator for Items<'i> {
    type Item = Result<Item<'i>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        (!self.rest.is_empty()).then(|| self.take().ok_or(Malformed))
    }
}

/// A change of a table of either form.
#[derive(Clone, Copy, Debug)]
pub(super) enum Change<'c> {
    Map(MapChange<'c>),
    Index(IndexChange<'c>),
}

impl<'i> Item<'i> {
    /// What the item changes in a table of this form; `None` if it does not fit it.
    pub(super) fn change(&self, form: TableForm) -> Option<Change<'i>> {
        Some(match (form, self) {
            (TableForm::Map, Item::Insert(key, value)) => Change::Map(MapChange::Insert(key, value)),
            (TableForm::Map, Item::Put(key, value)) => Change::Map(MapChange::Put(key, value)),
            (TableForm::Map, Item::Delete(key)) => Change::Map(MapChange::Delete(key)),
            (TableForm::Index, Item::Insert(key, value)) => Change::Index(IndexChange::Insert(key, value)),
            (TableForm::Index, Item::Remove(key, value)) => Change::Index(IndexChange::Remove(key, value)),
            _ => return None,
        })
    }
}

impl<'c> From<MapChange<'c>> for Item<'c> {
    fn from(change: MapChange<'c>) -> Self {
        match change {
            MapChange::Insert(key, value) => Item::Insert(Bytes::new(key), Bytes::new(value)),
            MapChange::Put(key, value) => Item::Put(Bytes::new(key), Bytes::new(value)),
            MapChange::Delete(key) => Item::Delete(Bytes::new(key)),
        }
    }
}

impl<'c> From<IndexChange<'c>> for Item<'c> {
    fn from(change: IndexChange<'c>) -> Self {
        match change {
            IndexChange::Insert(key, value) => Item::Insert(Bytes::new(key), Bytes::new(value)),
            IndexChange::Remove(key, value) => Item::Remove(Bytes::new(key), Bytes::new(value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // As docs/format.md has it.
    #[test]
    fn a_record_in_bytes() {
        let spec =
            TableSpec { name: "T".into(), form: TableForm::Map, key_width: Some(4), value_width: None };
        let mut draft = Draft::begin(Vec::new(), 300).unwrap();
        draft.push(&Item::Name(7, (&spec).into())).unwrap();
        draft.push(&Item::Table(7)).unwrap();
        draft.push(&MapChange::Insert(&[1, 2, 3, 4], b"new").into()).unwrap();
        draft.push(&MapChange::Put(&[1, 2, 3, 5], b"").into()).unwrap();
        draft.push(&MapChange::Delete(&[1, 2, 3, 6]).into()).unwrap();
        draft.push(&IndexChange::Remove(b"k", b"v").into()).unwrap();
        let (value, part) = (b"<nineteen bytes long>", 1..20);
        draft.push_parts(b"j", value, std::slice::from_ref(&part)).unwrap();
        draft.push_map(MapChange::Insert(b"i", &value[part.clone()])).unwrap();
        draft.push_map(MapChange::Put(b"p", &value[part])).unwrap();
        let last_two: Vec<_> = draft.items().skip(7).map(Result::unwrap).collect();
        assert!(matches!(*last_two, [Item::Insert(_, i), Item::Put(_, p)] if **i == value[1..20] && i == p));
        let bytes = draft.finish(258, 0).unwrap();
        let (bytes, checksum) = bytes.split_last_chunk::<4>().unwrap();
        let expected = [
            &[0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 75, 0xAC, 2][..],
            &[0, 7, 1, b'T', 0, 1, 4, 0],
            &[1, 7],
            &[2, 4, 1, 2, 3, 4, 3, b'n', b'e', b'w'],
            &[3, 4, 1, 2, 3, 5, 0],
            &[4, 4, 1, 2, 3, 6],
            &[5, 1, b'k', 1, b'v'],
            &[2, 1, b'j', 21],
            value,
            &[6, 1, b'i', 45, 19],
            &[7, 1, b'p', 45, 19],
        ];
        assert_eq!(bytes, expected.concat());
        assert_eq!(u32::from_be_bytes(*checksum), crc32fast::hash(bytes));
    }

    #[test]
    fn a_value_is_not_written_again_unless_it_is_the_same_and_long_enough() {
        let mut draft = Draft::begin(Vec::new(), 7).unwrap();
        let value = [b'v'; 64];
        draft.push_parts(b"j", &value, &[0..20, 20..30, 30..64, 60..70]).unwrap();
        let others: [&[u8]; 4] = [&value[..20], &value[..10], &[b'w'; 20], &value[..34]];
        for other in others {
            draft.push_map(MapChange::Put(b"k", other)).unwrap();
        }
        let found: Vec<_> = draft.items().map(Result::unwrap).collect();
        for (item, value) in found.iter().zip([&value[..]].into_iter().chain(others)) {
            assert!(matches!(item, Item::Insert(_, found) | Item::Put(_, found) if **found == *value));
        }
        let again = |draft: &Draft| draft.bytes.windows(3).filter(|bytes| *bytes == [7, 1, b'k']).count();
        assert_eq!(again(&draft), 2);
        // It points to no more than it is long.
        for _ in 0..100 {
            draft.push_map(MapChange::Put(b"k", &value[..34])).unwrap();
        }
        assert!(draft.items().all(|item| item.is_ok()));
        assert!((3..100).contains(&again(&draft)));
    }

    #[test]
    fn a_pointer_to_what_is_not_before_it_is_malformed() {
        for (at, len) in [(0, 100), (3, u64::MAX), (u64::MAX, 1), (20, 5)] {
            let mut draft = Draft::begin(Vec::new(), 7).unwrap();
            draft.push(&MapChange::Insert(b"k", b"a value of eighteen").into()).unwrap();
            draft.push(&Item::PutAgain(Bytes::new(b"k"), at, len)).unwrap();
            let read: Vec<_> = draft.items().collect();
            assert!(matches!(*read, [Ok(_), Err(Malformed)]), "{at} {len}");
        }
        // Nor may a few bytes say the same again and again.
        let mut draft = Draft::begin(Vec::new(), 7).unwrap();
        draft.push(&MapChange::Insert(b"k", &[0; 1000]).into()).unwrap();
        for _ in 0..3 {
            draft.push(&Item::PutAgain(Bytes::new(b"k"), 5, 1000)).unwrap();
        }
        assert!(draft.items().any(|item| item.is_err()));
    }

    proptest! {
        // S4-12, S4-15.
        #[test]
        fn a_record_comes_back_and_no_changed_bit_passes(
            seq: u64, salt: u32, key: Vec<u8>, value: Vec<u8>, bit: usize,
        ) {
            let mut draft = Draft::begin(Vec::new(), 7).unwrap();
            draft.push(&Item::Table(300)).unwrap();
            draft.push(&MapChange::Insert(&key, &value).into()).unwrap();
            let mut bytes = draft.finish(seq, salt).unwrap();
            let record = read(&bytes, salt).unwrap();
            prop_assert_eq!((record.seq, record.durable, record.len), (seq, 7, bytes.len()));
            let mut items = record.items.clone();
            prop_assert!(matches!(items.next(), Some(Ok(Item::Table(300)))));
            prop_assert!(matches!(items.next(), Some(Ok(Item::Insert(k, v))) if **k == key && **v == value));
            prop_assert!(items.next().is_none());
            for cut in 0..bytes.len() {
                prop_assert!(read(&bytes[..cut], salt).is_none());
            }
            prop_assert!(read(&bytes, salt ^ 1).is_none());
            let bit = bit % (bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(read(&bytes, salt).is_none());
        }
    }
}
