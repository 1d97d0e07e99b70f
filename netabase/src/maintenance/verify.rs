//! Verification: every record is read, and the rows that follow from it are held against those that are there.
//!
//! A first pass adds up a hash of every row, once as it should be and once as it is; sums do not depend on order, so
//! one pass over each table is enough and memory stays bounded. Only where the sums differ, rows are looked for one
//! by one.

use std::collections::BTreeSet;
use std::ops::Bound;

use twox_hash::XxHash3_128;

use super::report::{Meter, Problem, Progress, Report};
use crate::engine::{Cursor, Direction, Range, Read, TableId};
use crate::error::Result;
use crate::model::Entries;
use crate::permission::{OwnerAccess, Permit};
use crate::table::{Layout, ModelTables, PartTable};

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
        permit.covers(tables.schema)?;
        Verification { read, layout, tables, memory, progress: &mut *progress, report: &mut *report }
            .run()?;
    }
    Ok(())
}

/// A set of rows: how many, and the sum of their hashes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    rows: u64,
    hashes: u128,
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
struct Verification<'v> {
    read: &'v dyn Read,
    layout: &'v Layout,
    tables: &'v ModelTables,
    memory: usize,
    progress: &'v mut dyn FnMut(Progress<'_>),
    report: &'v mut Report,
}

const ALL: Range<'static> = (Bound::Unbounded, Bound::Unbounded);

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
            let compared = match self.rows(part, expected.rows) {
                // Of a main table that breaks off nobody knows what should follow.
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
        while rows.advance()? {
            meter.step();
            self.report.records += 1;
            let read = self.tables.reader.read(rows.value(), &mut key, &mut entries);
            if read.is_err() || key != rows.key() {
                let record = || self.tables.reader.spell(rows.key());
                self.report.add(|| Problem::Unreadable { table: name.into(), record: record() });
                continue;
            }
            for (part, entry) in entries.iter() {
                if let Some(sum) = expected.get_mut(part) {
                    sum.add(entry, rows.key(), &mut buffer);
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
        let report = &mut *self.report;
        let mut check = |key: &[u8], counted: u64| -> Result<()> {
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
        while rows.advance()? {
            let known = record.as_ref().filter(|(known, _)| known == rows.value());
            let is_readable = match known {
                Some((_, is_readable)) => *is_readable,
                None => read.get(main, rows.value())?.map(|bytes| {
                    tables.reader.read(&bytes, &mut key, &mut entries).is_ok() && key == rows.value()
                }),
            };
            if known.is_none() {
                record = Some((rows.value().to_vec(), is_readable));
            }
            let asked_for = match is_readable {
                Some(true) => entries.has(number, rows.key()),
                // Reported as a record that cannot be read.
                Some(false) => true,
                None => false,
            };
            if !asked_for {
                let (key, record) = (|| text(rows.key()), || tables.reader.spell(rows.value()));
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
            let (expected, last) = self.expected(number, from.as_deref())?;
            for (key, record) in self.absent(part, expected)? {
                let record = self.tables.reader.spell(&record);
                self.report.add(|| Problem::Missing { table: name.into(), key: text(&key), record });
            }
            match last {
                Some(last) => from = Some(last),
                None => return Ok(()),
            }
        }
    }

    /// Rows that the records after `from` ask for, and the last record that was read if more follow.
    fn expected(&self, number: usize, from: Option<&[u8]>) -> Result<(BTreeSet<Row>, Option<Vec<u8>>)> {
        let low = from.map_or(Bound::Unbounded, Bound::Excluded);
        let mut records =
            self.read.cursor(self.tables.main()?, (low, Bound::Unbounded), Direction::Forward)?;
        let (mut key, mut entries) = (Vec::new(), Entries::default());
        let (mut expected, mut bytes) = (BTreeSet::new(), 0);
        while records.advance()? {
            if self.tables.reader.read(records.value(), &mut key, &mut entries).is_err()
                || key != records.key()
            {
                continue;
            }
            for (_, entry) in entries.iter().filter(|(part, _)| *part == number) {
                bytes += ROW + entry.len() + key.len();
                expected.insert((entry.into(), records.key().into()));
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
fn count(report: &mut Report, table: &str, key: Option<&[u8]>, stored: u64, counted: u64) {
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
const ROW: usize = 64;

/// Bytes of a key: as ASCII, and escaped where they are not.
fn text(key: &[u8]) -> String {
    format!("\"{}\"", key.escape_ascii())
}
