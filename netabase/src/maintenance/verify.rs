//! Verification: every record is read, and the rows that follow from it are held against those that are there.
//!
//! A first pass adds up a hash of every row, once as it should be and once as it is; sums do not depend on order, so
//! one pass over each table is enough and memory stays bounded. Only where the sums differ, rows are looked for one
//! by one.

use std::collections::BTreeSet;
use std::ops::Bound;

use twox_hash::XxHash3_128;

use super::report::{Meter, Problem, Progress, Report};
use super::versions::verify_versions;
use crate::engine::{Cursor, Direction, Range, Read, TableId};
use crate::error::Result;
use crate::model::Entries;
use crate::permission::{OwnerAccess, Permit};
use crate::table::{Layout, ModelTables, PartTable, Sums, Target, target_key};

/// Looks at every table of the layout and adds what it finds to the report. `memory`: bytes it may take where it has
/// to look for single rows.
pub(crate) fn verify(
    permit: &Permit<OwnerAccess>,
    read: &dyn Read,
    layout: &Layout,
    memory: usize,
    progress: &mut dyn FnMut(Progress<'_>),
    report: &mut Report,
) -> Result<()> {
    for tables in layout.models() {
        permit.covers(tables.ordinal)?;
        Verification { read, layout, tables, memory, progress: &mut *progress, report: &mut *report }
            .run()?;
        verify_versions(permit, read, (layout, tables), progress, report)?;
    }
    Ok(())
}

/// A set of rows: how many, and the sum of their hashes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) rows: u64,
    pub(super) hashes: u128,
}

impl Sum {
    fn add(&mut self, key: &[u8], value: &[u8], buffer: &mut Vec<u8>) {
        buffer.clear();
        // The length keeps ("a", "bc") and ("ab", "c") apart.
        buffer.extend_from_slice(&key.len().to_le_bytes());
        buffer.extend_from_slice(key);
        buffer.extend_from_slice(value);
        self.rows += 1;
        self.hashes = self.hashes.wrapping_add(XxHash3_128::oneshot(buffer));
    }
}

type Row = (Box<[u8]>, Box<[u8]>);

/// The verification of one model.
pub(super) struct Verification<'v> {
    pub(super) read: &'v dyn Read,
    pub(super) layout: &'v Layout,
    pub(super) tables: &'v ModelTables,
    pub(super) memory: usize,
    pub(super) progress: &'v mut dyn FnMut(Progress<'_>),
    pub(super) report: &'v mut Report,
}

pub(super) const ALL: Range<'static> = (Bound::Unbounded, Bound::Unbounded);

impl Verification<'_> {
    fn run(&mut self) -> Result<()> {
        let main = self.tables.main()?;
        let mut expected = vec![Sum::default(); 1 + self.tables.derived().count()];
        let whole = match self.records(main, &mut expected) {
            Ok(()) => true,
            Err(error) => {
                self.report.note(self.layout.name(main), error)?;
                false
            }
        };
        let tables = self.tables;
        for ((number, part), expected) in tables.derived().zip(expected.iter().skip(1)) {
            let found = match part.sums {
                0 => self.rows(part, expected.rows),
                _ => self.sums(part),
            };
            let compared = match found {
                // Of a main table that breaks off nobody knows what should follow.
                Ok(found) if whole && found != *expected && part.sums > 0 => self.compare_sums(number, part),
                Ok(found) if whole && found != *expected => self.compare(number, part),
                found => found.map(drop),
            };
            if let Err(error) = compared {
                self.report.note(self.layout.name(part.id), error)?;
            }
        }
        Ok(())
    }

    /// Reads every record and adds up the rows that should follow from it.
    fn records(&mut self, main: TableId, expected: &mut [Sum]) -> Result<()> {
        let (name, read) = (self.layout.name(main), self.read);
        let stored = read.len(main)?;
        let mut meter = Meter::new(name, stored, &mut *self.progress);
        let mut rows = read.cursor(main, ALL, Direction::Forward)?;
        let (mut key, mut entries, mut buffer) = (Vec::new(), Entries::default(), Vec::new());
        let mut value = Vec::new();
        while rows.advance()? {
            meter.step();
            self.report.records += 1;
            let is_record = matches!(self.tables.read(rows.value(), &mut key, &mut entries), Ok(true));
            if !is_record || key != rows.key() {
                let record = || self.tables.reader.spell(rows.key());
                self.report.add(|| Problem::Unreadable { table: name.into(), record: record() });
                continue;
            }
            for entry in entries.iter() {
                let (part, Some(sum)) = (self.tables.part(entry.part)?, expected.get_mut(entry.part)) else {
                    continue;
                };
                if part.sums > 0 {
                    let mut sums = Sums::read(self.tables, part, None)?;
                    sums.add(entry.payload);
                    sum.add_sums(entry.key, &sums);
                } else {
                    let value = self.tables.value(part, rows.key(), entry.payload, &mut value);
                    sum.add(entry.key, value, &mut buffer);
                }
            }
        }
        let counted = meter.end();
        count(self.report, name, None, stored, counted);
        Ok(())
    }

    /// Adds up the rows of an index, a relation or the topics, and holds the stored counts against them.
    fn rows(&mut self, part: &PartTable, expected: u64) -> Result<Sum> {
        let (name, read) = (self.layout.name(part.id), self.read);
        let stored = if part.unique { Some(read.len(part.id)?) } else { None };
        let mut meter = Meter::new(name, stored.unwrap_or(expected), &mut *self.progress);
        let mut rows = cursor(read, part, ALL)?;
        let (mut sum, mut buffer) = (Sum::default(), Vec::new());
        let (mut key, mut under_key) = (Vec::new(), 0);
        let (report, layout) = (&mut *self.report, self.layout);
        let mut check = |key: &[u8], counted: u64| -> Result<()> {
            if let Some(target) = part.target.filter(Target::must_exist)
                && counted > 0
                && let Some(target_key) = target_key(target.relation.shape, key)
                && read.get(target.table, target_key)?.is_none()
            {
                let spell = layout.model(target.ordinal)?.reader.spell(target_key);
                let record = format!("{} {spell}", target.relation.target);
                report.add(|| Problem::Dangling { table: name.into(), record, links: counted });
            }
            if counted > 0 && !part.unique {
                count(report, name, Some(key), read.index_count(part.id, key)?, counted);
            }
            Ok(())
        };
        while rows.advance()? {
            meter.step();
            sum.add(rows.key(), rows.value(), &mut buffer);
            if key != rows.key() {
                check(&key, under_key)?;
                key.clear();
                key.extend_from_slice(rows.key());
                under_key = 0;
            }
            under_key += 1;
        }
        check(&key, under_key)?;
        let counted = meter.end();
        self.report.rows += counted;
        count(self.report, name, None, stored.unwrap_or(counted), counted);
        Ok(sum)
    }

    /// Names the rows in which a table differs from what the records ask for.
    fn compare(&mut self, number: usize, part: &PartTable) -> Result<()> {
        self.stray(number, part)?;
        self.missing(number, part)?;
        // The rows of records that cannot be read are neither, but those were reported.
        if self.report.is_clean() {
            let place = self.layout.name(part.id).to_owned();
            self.report.add(|| Problem::Damaged { place, reason: "its rows do not add up".into() });
        }
        Ok(())
    }

    /// Rows that no record asks for. One look-up for each row.
    fn stray(&mut self, number: usize, part: &PartTable) -> Result<()> {
        let (name, read, tables) = (self.layout.name(part.id), self.read, self.tables);
        let main = tables.main()?;
        let (mut key, mut entries) = (Vec::new(), Entries::default());
        // A record with many entries is mostly met many times in a row, and is then read once.
        let mut record: Option<(Vec<u8>, Option<bool>)> = None;
        let mut rows = cursor(read, part, ALL)?;
        let mut primary = Vec::new();
        while rows.advance()? {
            let Ok(payload) = tables.primary(part, rows.value(), &mut primary) else {
                let reason = || format!("the row {} leads to no key", text(rows.key()));
                self.report.add(|| Problem::Damaged { place: name.into(), reason: reason() });
                continue;
            };
            let known = record.as_ref().filter(|(known, _)| *known == primary);
            let is_readable = match known {
                Some((_, is_readable)) => *is_readable,
                None => read.get(main, &primary)?.map(|bytes| {
                    matches!(tables.read(&bytes, &mut key, &mut entries), Ok(true)) && key == primary
                }),
            };
            if known.is_none() {
                record = Some((primary.clone(), is_readable));
            }
            let asked_for = match is_readable {
                Some(true) => entries.find(number, rows.key()).is_some_and(|entry| entry.payload == payload),
                // Reported as a record that cannot be read.
                Some(false) => true,
                None => false,
            };
            if !asked_for {
                let (key, record) = (|| text(rows.key()), || tables.reader.spell(&primary));
                self.report.add(|| Problem::Stray { table: name.into(), key: key(), record: record() });
            }
        }
        Ok(())
    }

    /// Records without their row: as many as fit into memory at once are held against one pass over the table.
    fn missing(&mut self, number: usize, part: &PartTable) -> Result<()> {
        let name = self.layout.name(part.id);
        let mut from = None;
        loop {
            let (expected, last) = self.expected(number, part, from.as_deref())?;
            let mut primary = Vec::new();
            for (key, value) in self.absent(part, expected)? {
                self.tables.primary(part, &value, &mut primary)?;
                let record = self.tables.reader.spell(&primary);
                self.report.add(|| Problem::Missing { table: name.into(), key: text(&key), record });
            }
            match last {
                Some(last) => from = Some(last),
                None => return Ok(()),
            }
        }
    }

    /// Rows that the records after `from` ask for, and the last record that was read if more follow.
    fn expected(
        &self,
        number: usize,
        part: &PartTable,
        from: Option<&[u8]>,
    ) -> Result<(BTreeSet<Row>, Option<Vec<u8>>)> {
        let low = from.map_or(Bound::Unbounded, Bound::Excluded);
        let mut records =
            self.read.cursor(self.tables.main()?, (low, Bound::Unbounded), Direction::Forward)?;
        let (mut key, mut entries) = (Vec::new(), Entries::default());
        let (mut expected, mut bytes, mut value) = (BTreeSet::new(), 0, Vec::new());
        while records.advance()? {
            let is_record = matches!(self.tables.read(records.value(), &mut key, &mut entries), Ok(true));
            if !is_record || key != records.key() {
                continue;
            }
            for entry in entries.iter().filter(|entry| entry.part == number) {
                let value = self.tables.value(part, records.key(), entry.payload, &mut value);
                bytes += ROW + entry.key.len() + value.len();
                expected.insert((entry.key.into(), value.into()));
            }
            if bytes > self.memory {
                return Ok((expected, Some(key)));
            }
        }
        Ok((expected, None))
    }

    /// Those of the rows that the table does not have.
    fn absent(&self, part: &PartTable, mut expected: BTreeSet<Row>) -> Result<BTreeSet<Row>> {
        let (Some((low, _)), Some((high, _))) = (expected.first().cloned(), expected.last().cloned()) else {
            return Ok(expected);
        };
        let mut rows = cursor(self.read, part, (Bound::Included(&*low), Bound::Included(&*high)))?;
        while rows.advance()? {
            expected.remove(&(rows.key().into(), rows.value().into()));
        }
        Ok(expected)
    }
}

/// Notes a stored count that is wrong: of a table, or of one key in it.
pub(super) fn count(report: &mut Report, table: &str, key: Option<&[u8]>, stored: u64, counted: u64) {
    if stored != counted {
        report.add(|| Problem::Count { table: table.into(), key: key.map(text), stored, counted });
    }
}

fn cursor<'r>(read: &'r dyn Read, part: &PartTable, range: Range<'_>) -> Result<Box<dyn Cursor + 'r>> {
    if part.unique {
        read.cursor(part.id, range, Direction::Forward)
    } else {
        read.index_cursor(part.id, range, Direction::Forward)
    }
}

/// About what a row costs beside its bytes.
pub(super) const ROW: usize = 64;

/// Bytes of a key: as ASCII, and escaped where they are not.
pub(super) fn text(key: &[u8]) -> String {
    format!("\"{}\"", key.escape_ascii())
}
