//! Fills indexes, relations and topics from the records: new ones when a store is opened, all of them for a rebuild.

use std::ops::Bound;

use super::report::{Listed, Meter, Progress, Rebuilt};
use crate::engine::{Direction, Limits, TableId, Write};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Entries, Entry};
use crate::overlay::{Overlay, Staged};
use crate::permission::{OwnerAccess, Permit};
use crate::table::{Layout, ModelTables, PartTable, Sums, check_key};

/// The filling of any number of tables in one write transaction of the engine's.
pub(crate) struct Filling<'f> {
    layout: &'f Layout,
    limits: Limits,
    /// bytes of rows that are kept in memory and sorted, before the engine gets them
    staging: usize,
    progress: &'f mut dyn FnMut(Progress<'_>),
    /// Leave out records that cannot be read, instead of failing.
    lenient: bool,
    /// records with equal values of a unique key
    clashes: Listed<String>,
    done: Rebuilt,
}

impl<'f> Filling<'f> {
    pub(crate) fn new(
        layout: &'f Layout,
        limits: Limits,
        staging: usize,
        progress: &'f mut dyn FnMut(Progress<'_>),
    ) -> Self {
        Filling {
            layout,
            limits,
            staging,
            progress,
            lenient: false,
            clashes: Listed::default(),
            done: Rebuilt::default(),
        }
    }

    pub(crate) fn lenient(mut self) -> Self {
        self.lenient = true;
        self
    }

    /// Empties the wanted tables of a model and fills them. O(n log n) in its records.
    pub(crate) fn fill(
        &mut self,
        permit: &Permit<OwnerAccess>,
        writer: &mut dyn Write,
        tables: &ModelTables,
        wanted: &dyn Fn(usize, &PartTable) -> bool,
    ) -> Result<()> {
        permit.covers(tables.schema)?;
        let parts: Vec<_> = tables.derived().map(|(number, part)| wanted(number, part)).collect();
        for ((_, part), wanted) in tables.derived().zip(&parts) {
            if *wanted {
                writer.drop_table(self.layout.name(part.id))?;
            }
        }
        let is_wanted = |part: usize| part.checked_sub(1).and_then(|at| parts.get(at)) == Some(&true);
        let main = tables.main()?;
        let name = self.layout.name(main);
        let mut meter = Meter::new(name, writer.len(main)?, &mut *self.progress);
        let mut chunk = Chunk {
            layout: self.layout,
            limits: self.limits,
            staging: self.staging,
            lenient: self.lenient,
            main,
            tables,
            from: None,
            clashes: &mut self.clashes,
            done: &mut self.done,
        };
        let mut overlay = Overlay::default();
        loop {
            // A cursor and a change cannot live at once, so rows are collected and given in turns.
            let more = chunk.collect(&*writer, &is_wanted, &mut overlay, &mut meter)?;
            overlay.apply(writer, self.staging)?;
            if !more {
                break;
            }
        }
        meter.end();
        Ok(())
    }

    /// What was done.
    ///
    /// # Errors
    /// `NotUnique` with the records that have equal values; the transaction must not be committed then.
    pub(crate) fn finish(self) -> Result<Rebuilt> {
        match self.clashes {
            Listed { total: 0, .. } => Ok(self.done),
            Listed { first: violations, total } => {
                Err(Error::new(ErrorKind::NotUnique { violations, total }))
            }
        }
    }
}

/// The state between two turns.
struct Chunk<'c> {
    layout: &'c Layout,
    limits: Limits,
    staging: usize,
    lenient: bool,
    main: TableId,
    tables: &'c ModelTables,
    /// the last record of the turn before
    from: Option<Vec<u8>>,
    clashes: &'c mut Listed<String>,
    done: &'c mut Rebuilt,
}

impl Chunk<'_> {
    /// Stages the rows of the next records; `false` after the last one.
    fn collect(
        &mut self,
        writer: &dyn Write,
        wanted: &dyn Fn(usize) -> bool,
        overlay: &mut Overlay,
        meter: &mut Meter<'_>,
    ) -> Result<bool> {
        let low = self.from.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let mut rows = writer.cursor(self.main, (low, Bound::Unbounded), Direction::Forward)?;
        let (mut key, mut value, mut entries) = (Vec::new(), Vec::new(), Entries::default());
        while rows.advance()? {
            meter.step();
            let read = self.tables.read(rows.value(), &mut key, &mut entries);
            if read.is_err() || key != rows.key() {
                self.unreadable(rows.key())?;
                continue;
            }
            for entry in entries.iter().filter(|entry| wanted(entry.part)) {
                self.stage(writer, overlay, entry, rows.key(), &mut value)?;
            }
            if overlay.bytes() > self.staging {
                self.from = Some(rows.key().to_vec());
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn stage(
        &mut self,
        writer: &dyn Write,
        overlay: &mut Overlay,
        entry: Entry<'_>,
        key: &[u8],
        value: &mut Vec<u8>,
    ) -> Result<()> {
        let tables = self.tables;
        let table = tables.part(entry.part)?;
        check_key(tables, table, self.limits, entry.key)?;
        if table.sums > 0 {
            let staged = Staged::new(writer, std::slice::from_ref(&*overlay));
            let stored = staged.get(table.id, entry.key)?;
            let mut sums = Sums::read(tables, table, stored.as_deref())?;
            sums.add(entry.payload);
            let (is_there, row) = (stored.is_some(), sums.write()?);
            drop(stored);
            self.done.rows += u64::from(!is_there);
            return overlay.put(table.id, entry.key, row.as_deref(), is_there);
        }
        let value = tables.value(table, key, entry.payload, value);
        if !table.unique {
            overlay.insert_pair(table.id, entry.key, value)?;
            self.done.rows += 1;
            return Ok(());
        }
        let staged = Staged::new(writer, std::slice::from_ref(&*overlay));
        if let Some(other) = staged.get(table.id, entry.key)? {
            let mut primary = Vec::new();
            tables.primary(table, &other, &mut primary)?;
            let (schema, spell) = (tables.schema, |key: &[u8]| tables.reader.spell(key));
            self.clashes.push(|| {
                let (one, two) = (spell(&primary), spell(key));
                format!("{} {one} and {two} have the same `{}`", schema.name, table.name)
            });
            return Ok(());
        }
        overlay.put(table.id, entry.key, Some(value), false)?;
        self.done.rows += 1;
        Ok(())
    }

    fn unreadable(&mut self, key: &[u8]) -> Result<()> {
        self.done.unreadable += 1;
        if self.lenient {
            return Ok(());
        }
        let record = self.tables.reader.spell(key);
        let place = format!("{}, the record {record}", self.layout.name(self.main));
        Err(Error::new(ErrorKind::Corrupt { place }))
    }
}
