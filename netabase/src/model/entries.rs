//! The index entries of one record, in one reusable buffer.

use std::ops::Range;

use smallvec::{SmallVec, smallvec};

use super::NetabaseModel;
use super::columns::Column;
use crate::error::Result;
use crate::key::Key;
use crate::schema::ModelSchema;

/// Collects what a record puts into its index and relation tables, for the derive's
/// [`NetabaseModel::entries`](super::NetabaseModel::entries).
///
/// All keys stand in one buffer, so a reused one allocates nothing.
#[derive(Debug, Default)]
pub struct Entries {
    bytes: Vec<u8>,
    spans: Vec<(usize, Range<usize>)>,
    /// The record's primary key, which keeps apart the absent values of a unique key.
    record: Vec<u8>,
    /// Collect for this table only.
    only: Option<usize>,
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
    pub(crate) fn collect<M: NetabaseModel>(&mut self, record: &M, key: &[u8]) -> Result<()> {
        self.begin(key);
        record.entries(self)?;
        self.add_topics(M::SCHEMA);
        self.sort();
        Ok(())
    }

    /// Restricts the collection to one table.
    pub(crate) fn only(part: usize) -> Self {
        Entries { only: Some(part), ..Entries::default() }
    }

    fn add(&mut self, part: usize, write: impl FnOnce(&mut Vec<u8>) -> Result<()>) -> Result<()> {
        if self.only.is_some_and(|only| only != part) {
            return Ok(());
        }
        let start = self.bytes.len();
        write(&mut self.bytes)?;
        self.spans.push((part, start..self.bytes.len()));
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
                let numbered = columns.iter().zip(&places).enumerate();
                numbered
                    .into_iter()
                    .try_for_each(|(at, (column, place))| column.write(*place, at == last, out))
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

    /// The entries that every record of the model has: one for each topic, under the topic's name.
    pub(crate) fn add_topics(&mut self, schema: &ModelSchema) {
        for topic in schema.topics {
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
        let entry = |(part, span): &(usize, Range<usize>)| (*part, bytes.get(span.clone()));
        self.spans.sort_unstable_by(|a, b| entry(a).cmp(&entry(b)));
        self.spans.dedup_by(|a, b| entry(a) == entry(b));
    }

    /// Whether both were collected alike, so that there is no need to compare entry by entry.
    pub(crate) fn is_same(&self, other: &Entries) -> bool {
        self.bytes == other.bytes && self.spans == other.spans
    }

    /// The first key that a sorted collection has in a table.
    pub(crate) fn first(&self, part: usize) -> Option<&[u8]> {
        self.iter().find(|(other, _)| *other == part).map(|(_, key)| key)
    }

    /// Whether a sorted collection has an entry.
    pub(crate) fn has(&self, part: usize, key: &[u8]) -> bool {
        let entry =
            |(part, span): &(usize, Range<usize>)| (*part, self.bytes.get(span.clone()).unwrap_or_default());
        self.spans.binary_search_by(|span| entry(span).cmp(&(part, key))).is_ok()
    }

    /// Table and key of each entry.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &[u8])> {
        self.spans.iter().map(|(part, span)| (*part, self.bytes.get(span.clone()).unwrap_or_default()))
    }
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
        let all: Vec<_> = entries.iter().collect();
        assert_eq!(all, [(1, &[9][..]), (2, b"a"), (2, b"x"), (3, b"\0pk"), (4, &[1, 1])]);
    }

    #[test]
    fn a_buffer_can_be_kept_to_one_table() {
        let mut entries = Entries::only(2);
        entries.begin(b"");
        entries.one(1, &1_u8).unwrap();
        entries.one(2, &2_u8).unwrap();
        assert_eq!(entries.iter().collect::<Vec<_>>(), [(2, &[2][..])]);
    }
}
