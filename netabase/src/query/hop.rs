//! From many records along a relation to the keys at its other end, in one go: no model in sight but that of the records.

use std::ops::{Bound, Range};

use super::source::Source;
use crate::engine::{Cursor, Direction};
use crate::error::Result;
use crate::key::ByteRange;
use crate::model::{Entries, NetabaseModel};
use crate::schema::Shape;
use crate::table::{self, KeyList, link_key, target_key};

/// Rows of an index that are stepped over on the way to the next key, before a new walk begins there.
const PASSED: usize = 8;

/// Primary keys that were found, and how many of them belong to each one that was asked about.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct Hops {
    pub(super) keys: KeyList,
    pub(super) counts: Vec<usize>,
}

impl Hops {
    /// The keys, each with the place of the one that led to it.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (usize, &[u8])> {
        let from =
            self.counts.iter().enumerate().flat_map(|(place, count)| std::iter::repeat_n(place, *count));
        from.enumerate().map(|(at, from)| (from, self.keys.get(at)))
    }

    /// Goes on from the keys: what `next` found there belongs to those who led here.
    pub(super) fn then(self, next: Hops) -> Hops {
        let mut further = next.counts.into_iter();
        let counts = self.counts.iter().map(|count| further.by_ref().take(*count).sum()).collect();
        Hops { keys: next.keys, counts }
    }
}

/// The keys that the records have in a table, in the order of their field.
pub(super) fn keys_of<'m, M: NetabaseModel>(
    source: &Source<'_>,
    (part, shape): (usize, Shape),
    records: impl Iterator<Item = Option<&'m M>>,
) -> Result<Hops> {
    let customs = &source.tables()?.customs;
    let (mut entries, mut primary, mut hops) = (Entries::only(part), Vec::new(), Hops::default());
    for record in records {
        let before = hops.keys.len();
        if let Some(record) = record {
            primary.clear();
            record.encode_key(&mut primary)?;
            if part == 0 {
                hops.keys.push(&primary);
            } else {
                entries.collect_unsorted(record, &primary, customs)?;
                let present = entries.keys(part).filter_map(|key| target_key(shape, key));
                present.for_each(|key| hops.keys.push(key));
            }
        }
        hops.counts.push(hops.keys.len() - before);
    }
    Ok(hops)
}

/// The primary keys that a table has behind each of the keys, in their order and no more than `most` each. The table is
/// walked through from the lowest key to the highest.
pub(super) fn rows_of(
    source: &Source<'_>,
    (part, shape): (usize, Shape),
    keys: &KeyList,
    most: usize,
) -> Result<Hops> {
    let mut found = KeyList::default();
    let mut spans: Vec<Range<usize>> = vec![0..0; keys.len()];
    let mut rows = Rows { source, part, cursor: None, on_row: false };
    let (mut key, mut last) = (Vec::new(), None);
    for place in keys.in_order() {
        let start = found.len();
        let same =
            last.filter(|last| keys.get(*last) == keys.get(place)).and_then(|last| spans.get(last)).cloned();
        let span = match same {
            Some(span) => span,
            None => {
                rows.read(link_key(shape, keys.get(place), &mut key), most, &mut found)?;
                start..found.len()
            }
        };
        if let Some(slot) = spans.get_mut(place) {
            *slot = span;
        }
        last = Some(place);
    }
    // As they were asked for.
    let mut hops = Hops::default();
    for span in spans {
        hops.counts.push(span.len());
        span.for_each(|at| hops.keys.push(found.get(at)));
    }
    Ok(hops)
}

/// Goes from key to key in one table.
struct Rows<'s, 'r> {
    source: &'s Source<'r>,
    part: usize,
    cursor: Option<Box<dyn Cursor + 'r>>,
    /// whether the cursor stands on a row
    on_row: bool,
}

impl Rows<'_, '_> {
    /// Reads the rows of a key, which is above the one before it.
    fn read(&mut self, key: &[u8], most: usize, found: &mut KeyList) -> Result<()> {
        if most == 0 || !self.seek(key)? {
            return Ok(());
        }
        let Some(cursor) = &mut self.cursor else { return Ok(()) };
        for _ in 0..most {
            if !self.on_row || cursor.key() != key {
                break;
            }
            found.push(if self.part == 0 { cursor.key() } else { cursor.value() });
            self.on_row = cursor.advance()?;
        }
        Ok(())
    }

    /// Goes to the first row that is not below the key.
    fn seek(&mut self, key: &[u8]) -> Result<bool> {
        if let Some(cursor) = &mut self.cursor {
            for _ in 0..PASSED {
                if !self.on_row {
                    // It is at its end.
                    return Ok(false);
                }
                if cursor.key() >= key {
                    return Ok(true);
                }
                self.on_row = cursor.advance()?;
            }
        }
        let from_key = ByteRange::Between(Bound::Included(key.to_vec()), Bound::Unbounded);
        let (Source { view, permit, .. }, tables) = (self.source, self.source.tables()?);
        let mut cursor = table::rows(permit, view, tables, self.part, &from_key, Direction::Forward)?;
        self.on_row = cursor.advance()?;
        self.cursor = Some(cursor);
        Ok(self.on_row)
    }
}
