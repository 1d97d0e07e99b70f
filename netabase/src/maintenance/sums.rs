//! Verification of the sums that indexes keep.
//!
//! A hash of the key times the number of records, and another times the sum, add up to the same for the records one by one and
//! for the rows that hold their sums. So one pass over each is enough here too.

use std::collections::BTreeMap;
use std::ops::Bound;

use twox_hash::XxHash3_128;

use super::report::{Meter, Problem};
use super::verify::{ALL, ROW, Sum, Verification, text};
use crate::engine::Direction;
use crate::error::Result;
use crate::model::Entries;
use crate::table::{PartTable, Sums};

impl Sum {
    /// Adds records with their sums under a key, one by one or together.
    pub(super) fn add_sums(&mut self, key: &[u8], sums: &Sums) {
        self.rows = self.rows.wrapping_add(sums.records);
        let of_records = XxHash3_128::oneshot(key).wrapping_mul(sums.records.into());
        self.hashes = self.hashes.wrapping_add(of_records);
        for (seed, sum) in (1..).zip(&sums.sums) {
            let hash = XxHash3_128::oneshot_with_seed(seed, key);
            self.hashes = self.hashes.wrapping_add(hash.wrapping_mul(sum.cast_unsigned()));
        }
    }
}

/// Sums by the key of their index.
type ByKey = BTreeMap<Vec<u8>, Sums>;

impl Verification<'_> {
    /// Adds up a table of sums.
    pub(super) fn sums(&mut self, part: &PartTable) -> Result<Sum> {
        let (name, read) = (self.layout.name(part.id), self.read);
        let stored = read.len(part.id)?;
        let mut meter = Meter::new(name, stored, &mut *self.progress);
        let mut rows = read.cursor(part.id, ALL, Direction::Forward)?;
        let mut sum = Sum::default();
        while rows.advance()? {
            meter.step();
            match Sums::read(self.tables, part, Some(rows.value())) {
                Ok(sums) => sum.add_sums(rows.key(), &sums),
                // The sum is wrong then, and what is wrong with it will be told.
                Err(_) => sum.rows = sum.rows.wrapping_add(1),
            }
        }
        let counted = meter.end();
        self.report.rows += counted;
        super::verify::count(self.report, name, None, stored, counted);
        Ok(sum)
    }

    /// Names the keys whose sums are not those of their records: as many keys at a time as fit into memory.
    pub(super) fn compare_sums(&mut self, number: usize, part: &PartTable) -> Result<()> {
        let mut from = None;
        loop {
            let (expected, last) = self.expected_sums(number, part, from.as_deref())?;
            self.hold_against(part, expected, (from.as_deref(), last.as_deref()))?;
            match last {
                Some(last) => from = Some(last),
                None => return Ok(()),
            }
        }
    }

    /// The sums of the lowest keys behind `from`, and the last of them if there are more.
    fn expected_sums(
        &self,
        number: usize,
        part: &PartTable,
        from: Option<&[u8]>,
    ) -> Result<(ByKey, Option<Vec<u8>>)> {
        let mut records = self.read.cursor(self.tables.main()?, ALL, Direction::Forward)?;
        let (mut key, mut entries) = (Vec::new(), Entries::default());
        let (mut expected, mut bytes) = (ByKey::new(), 0);
        let mut ceiling: Option<Vec<u8>> = None;
        while records.advance()? {
            let is_record = matches!(self.tables.read(records.value(), &mut key, &mut entries), Ok(true));
            if !is_record || key != records.key() {
                continue;
            }
            for entry in entries.iter().filter(|entry| entry.part == number) {
                let is_done = from.is_some_and(|from| entry.key <= from);
                if is_done || ceiling.as_deref().is_some_and(|ceiling| entry.key > ceiling) {
                    continue;
                }
                match expected.get_mut(entry.key) {
                    Some(sums) => sums.add(entry.payload),
                    None => {
                        let mut sums = Sums::read(self.tables, part, None)?;
                        sums.add(entry.payload);
                        bytes += 2 * ROW + entry.key.len();
                        expected.insert(entry.key.to_vec(), sums);
                    }
                }
            }
            // The highest keys have their turn later.
            while bytes > self.memory && expected.len() > 1 {
                let Some((dropped, _)) = expected.pop_last() else { break };
                bytes = bytes.saturating_sub(2 * ROW + dropped.len());
                ceiling = expected.last_key_value().map(|(last, _)| last.clone());
            }
        }
        Ok((expected, ceiling))
    }

    fn hold_against(
        &mut self,
        part: &PartTable,
        mut expected: ByKey,
        (from, to): (Option<&[u8]>, Option<&[u8]>),
    ) -> Result<()> {
        let (name, read) = (self.layout.name(part.id), self.read);
        let range =
            (from.map_or(Bound::Unbounded, Bound::Excluded), to.map_or(Bound::Unbounded, Bound::Included));
        let mut wrong = Vec::new();
        let mut rows = read.cursor(part.id, range, Direction::Forward)?;
        while rows.advance()? {
            let stored = Sums::read(self.tables, part, Some(rows.value())).ok();
            if stored.is_none() || expected.remove(rows.key()) != stored {
                expected.remove(rows.key());
                wrong.push(rows.key().to_vec());
            }
        }
        drop(rows);
        for key in wrong.iter().chain(expected.keys()) {
            self.report.add(|| Problem::Sums { table: name.into(), key: text(key) });
        }
        Ok(())
    }
}
