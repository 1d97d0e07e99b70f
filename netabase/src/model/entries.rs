//! The index entries of one record, in one reusable buffer.

use std::ops::Range;

use serde::Serialize;
use smallvec::{SmallVec, smallvec};

use super::NetabaseModel;
use super::amount::Amount;
use super::columns::Column;
use super::custom::Customs;
use crate::error::{Error, ErrorKind, Result};
use crate::key::Key;

/// Collects what a record puts into its index and relation tables, for the derive's
/// [`NetabaseModel::entries`](super::NetabaseModel::entries).
///
/// All keys stand in one buffer, so a reused one allocates nothing.
#[derive(Debug, Default)]
pub struct Entries {
    bytes: Vec<u8>,
    spans: Vec<Span>,
    /// The record's primary key, which keeps apart the absent values of a unique key.
    record: Vec<u8>,
    /// Collect for these tables only.
    wanted: Option<SmallVec<[usize; 2]>>,
}

/// Where an entry stands in the buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Span {
    part: usize,
    key: Range<u32>,
    payload: Range<u32>,
}

/// What a record puts into a table beside the main one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry<'e> {
    /// number of the table
    pub(crate) part: usize,
    pub(crate) key: &'e [u8],
    /// what stands beside the key: values that an index covers, or amounts of a sum
    pub(crate) payload: &'e [u8],
}

fn slice<'b>(bytes: &'b [u8], range: &Range<u32>) -> &'b [u8] {
    bytes.get(range.start as usize..range.end as usize).unwrap_or_default()
}

impl Entries {
    /// Forgets the last record and begins the one with this key.
    pub(crate) fn begin(&mut self, record: &[u8]) {
        self.bytes.clear();
        self.spans.clear();
        self.record.clear();
        self.record.extend_from_slice(record);
    }

    /// Collects all that a record has beside the main table, sorted.
    pub(crate) fn collect<M: NetabaseModel>(
        &mut self,
        record: &M,
        key: &[u8],
        customs: &Customs,
    ) -> Result<()> {
        self.collect_unsorted(record, key, customs)?;
        self.sort();
        Ok(())
    }

    /// The same in any order.
    pub(crate) fn collect_unsorted<M: NetabaseModel>(
        &mut self,
        record: &M,
        key: &[u8],
        customs: &Customs,
    ) -> Result<()> {
        self.begin(key);
        record.entries(self)?;
        self.add_topics(record);
        customs.entries(record, self)
    }

    /// Restricts the collection to one table.
    pub(crate) fn only(part: usize) -> Self {
        Entries { wanted: Some(smallvec![part]), ..Entries::default() }
    }

    /// A buffer for the entries in these tables; `None` if there is only the main one, whose key is no entry.
    pub(crate) fn of_parts(parts: impl IntoIterator<Item = usize>) -> Option<Self> {
        let wanted: SmallVec<_> = parts.into_iter().filter(|part| *part != 0).collect();
        (!wanted.is_empty()).then(|| Entries { wanted: Some(wanted), ..Entries::default() })
    }

    /// For the derive: whether the entries of a table are collected. What is computed for others is not computed at all.
    #[doc(hidden)]
    pub fn wants(&self, part: usize) -> bool {
        !self.leaves_out(part)
    }

    pub(super) fn leaves_out(&self, part: usize) -> bool {
        self.wanted.as_ref().is_some_and(|wanted| !wanted.contains(&part))
    }

    /// Appends what `write` writes.
    fn append(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Result<()>) -> Result<Range<u32>> {
        let start = self.bytes.len();
        write(&mut self.bytes)?;
        let place = |at: usize| {
            u32::try_from(at).map_err(|_| {
                let (what, limit) = ("the keys of one record".to_owned(), u32::MAX as usize);
                Error::new(ErrorKind::LimitExceeded { what, size: at, limit })
            })
        };
        Ok(place(start)?..place(self.bytes.len())?)
    }

    fn add(&mut self, part: usize, write: impl FnOnce(&mut Vec<u8>) -> Result<()>) -> Result<()> {
        if self.leaves_out(part) {
            return Ok(());
        }
        let key = self.append(write)?;
        self.spans.push(Span { part, key, payload: 0..0 });
        Ok(())
    }

    /// A value that an index covers, beside each of the keys that were added to it last.
    pub fn cover<M: NetabaseModel>(&mut self, part: usize, value: &impl Serialize) -> Result<()> {
        if self.leaves_out(part) {
            return Ok(());
        }
        let payload = self.append(|out| write_covered::<M>(value, out))?;
        for span in self.spans.iter_mut().rev().take_while(|span| span.part == part) {
            // Values follow each other.
            let start = if span.payload.is_empty() { payload.start } else { span.payload.start };
            span.payload = start..payload.end;
        }
        Ok(())
    }

    /// Amounts to be added up, under each of the keys that were added to an index last.
    pub fn sum<M: NetabaseModel>(&mut self, part: usize, amounts: &[&dyn Amount]) -> Result<()> {
        let Some(sums) = M::SCHEMA.sums_part(part).filter(|sums| !self.leaves_out(*sums)) else {
            return Ok(());
        };
        let payload = self.append(|out| {
            out.extend(amounts.iter().flat_map(|amount| amount.amount().to_be_bytes()));
            Ok(())
        })?;
        let first = self.spans.iter().rposition(|span| span.part != part).map_or(0, |before| before + 1);
        for at in first..self.spans.len() {
            let Some(key) = self.spans.get(at).map(|span| span.key.clone()) else { continue };
            self.spans.push(Span { part: sums, key, payload: payload.clone() });
        }
        Ok(())
    }

    /// The entry of a plain field.
    pub fn one<K: Key>(&mut self, part: usize, key: &K) -> Result<()> {
        self.add(part, |out| key.encode_tail(out))
    }

    /// The entry of an `Option`: `None` has one too.
    pub fn optional<K: Key>(&mut self, part: usize, key: &Option<K>) -> Result<()> {
        self.add(part, |out| key.encode_tail(out))
    }

    /// The entry of a unique `Option`: `None` is followed by the record's own key, so that it never clashes.
    pub fn optional_unique<K: Key>(&mut self, part: usize, key: &Option<K>) -> Result<()> {
        if key.is_some() {
            return self.optional(part, key);
        }
        let record = std::mem::take(&mut self.record);
        let added = self.add(part, |out| {
            out.push(0);
            out.extend_from_slice(&record);
            Ok(())
        });
        self.record = record;
        added
    }

    /// One entry for each element.
    pub fn each<'k, K: Key>(&mut self, part: usize, keys: impl IntoIterator<Item = &'k K>) -> Result<()> {
        keys.into_iter().try_for_each(|key| self.one(part, key))
    }

    /// The entries of a compound index: one for each combination of the columns' keys.
    pub fn compound(&mut self, part: usize, columns: &[&dyn Column]) -> Result<()> {
        let mut places: SmallVec<[usize; 6]> = smallvec![0; columns.len()];
        if columns.iter().any(|column| column.count() == 0) {
            return Ok(());
        }
        loop {
            self.add(part, |out| {
                let last = columns.len().saturating_sub(1);
                let mut numbered = columns.iter().zip(&places).enumerate();
                numbered.try_for_each(|(at, (column, place))| column.write(*place, at == last, out))
            })?;
            // The next combination: the last column that has another key goes on, those behind it begin anew.
            let mut from_last = columns.iter().zip(&mut places).rev();
            let has_next = from_last.any(|(column, place)| {
                *place = if *place + 1 < column.count() { *place + 1 } else { 0 };
                *place != 0
            });
            if !has_next {
                return Ok(());
            }
        }
    }

    /// The topics that a record is enrolled in: one entry for each, under the topic's name.
    fn add_topics<M: NetabaseModel>(&mut self, record: &M) {
        let schema = M::SCHEMA;
        // The code of a condition runs only when it is asked.
        if schema.topics.is_empty() || self.leaves_out(schema.topics_part()) {
            return;
        }
        let enrolled = schema.topics.iter().enumerate().filter(|(number, _)| record.is_enrolled(*number));
        for (_, topic) in enrolled {
            let name = topic.as_bytes();
            // Copying a name cannot fail.
            let _ = self.add(schema.topics_part(), |out| {
                out.extend_from_slice(name);
                Ok(())
            });
        }
    }

    /// Sorts by table and key and drops what is there twice: a table is a set of (key, record).
    pub(crate) fn sort(&mut self) {
        let bytes = &self.bytes;
        let entry = |span: &Span| (span.part, slice(bytes, &span.key));
        self.spans.sort_unstable_by(|a, b| entry(a).cmp(&entry(b)));
        self.spans.dedup_by(|a, b| entry(a) == entry(b));
    }

    /// Whether both were collected alike, so that there is no need to compare entry by entry.
    pub(crate) fn is_same(&self, other: &Entries) -> bool {
        self.bytes == other.bytes && self.spans == other.spans
    }

    fn of(&self, part: usize) -> impl Iterator<Item = Entry<'_>> {
        self.iter().filter(move |entry| entry.part == part)
    }

    /// The first key that a sorted collection has in a table.
    pub(crate) fn first(&self, part: usize) -> Option<&[u8]> {
        self.of(part).next().map(|entry| entry.key)
    }

    /// What stands beside the keys in a table, if there are any.
    pub(crate) fn payload(&self, part: usize) -> Option<&[u8]> {
        self.of(part).next().map(|entry| entry.payload)
    }

    /// The keys in a table.
    pub(crate) fn keys(&self, part: usize) -> impl Iterator<Item = &[u8]> {
        self.of(part).map(|entry| entry.key)
    }

    /// The entry that a sorted collection has under a key.
    pub(crate) fn find(&self, part: usize, key: &[u8]) -> Option<Entry<'_>> {
        let place = |span: &Span| (span.part, slice(&self.bytes, &span.key));
        let found = self.spans.binary_search_by(|span| place(span).cmp(&(part, key))).ok()?;
        self.spans.get(found).map(|span| self.entry(span))
    }

    fn entry(&self, Span { part, key, payload }: &Span) -> Entry<'_> {
        Entry { part: *part, key: slice(&self.bytes, key), payload: slice(&self.bytes, payload) }
    }

    /// All entries.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Entry<'_>> {
        self.spans.iter().map(|span| self.entry(span))
    }
}

/// Bytes that tell the length of a covered value.
const LENGTH: usize = 2;

fn write_covered<M: NetabaseModel>(value: &impl Serialize, out: &mut Vec<u8>) -> Result<()> {
    let start = out.len();
    out.extend_from_slice(&[0; LENGTH]);
    *out = postcard::to_extend(value, std::mem::take(out))
        .map_err(|_| Error::new(ErrorKind::Codec { model: M::NAME }))?;
    let size = out.len() - start - LENGTH;
    let Ok(length) = u16::try_from(size) else {
        let (what, limit) = (format!("a field that an index of {} covers", M::NAME), u16::MAX.into());
        return Err(Error::new(ErrorKind::LimitExceeded { what, size, limit }));
    };
    if let Some(place) = out.get_mut(start..start + LENGTH) {
        place.copy_from_slice(&length.to_le_bytes());
    }
    Ok(())
}

/// The covered value at a place in a payload.
pub(crate) fn covered(mut payload: &[u8], place: usize) -> Option<&[u8]> {
    for at in 0..=place {
        let (length, rest) = payload.split_first_chunk::<LENGTH>()?;
        let (value, rest) = rest.split_at_checked(u16::from_le_bytes(*length).into())?;
        if at == place {
            return Some(value);
        }
        payload = rest;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    // C6: a tag that is there twice is one entry.
    #[test]
    fn entries_are_a_sorted_set() {
        let mut entries = Entries::default();
        entries.begin(b"pk");
        entries.each(2, &["x".to_string(), "a".into(), "x".into()]).unwrap();
        entries.one(1, &9_u8).unwrap();
        entries.optional_unique::<u8>(3, &None).unwrap();
        entries.optional(4, &Some(1_u8)).unwrap();
        entries.sort();
        let all: Vec<_> = entries.iter().map(|entry| (entry.part, entry.key)).collect();
        assert_eq!(all, [(1, &[9][..]), (2, b"a"), (2, b"x"), (3, b"\0pk"), (4, &[1, 1])]);
    }

    #[test]
    fn a_buffer_can_be_kept_to_one_table() {
        let mut entries = Entries::only(2);
        entries.begin(b"");
        entries.one(1, &1_u8).unwrap();
        entries.one(2, &2_u8).unwrap();
        assert_eq!(entries.iter().collect::<Vec<_>>(), [Entry { part: 2, key: &[2], payload: &[] }]);
    }
}
