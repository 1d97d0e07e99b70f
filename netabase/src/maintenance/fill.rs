//! Fills indexes, relations and topics from the records: new ones when a store is opened, all of them for a rebuild.

use std::ops::Bound;

use serde::{Deserialize, Serialize};

use super::report::{Listed, Meter, Progress, Rebuilt};
use crate::engine::{Direction, Limits, TableId, Write};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Entries, Entry};
use crate::overlay::{Overlay, Staged};
use crate::permission::{OwnerAccess, Permit};
use crate::table::{Layout, ModelTables, PartTable, Sums, check_key, check_value};

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
    overlay: Overlay,
    /// bytes of rows that the engine got since the last place was returned
    given: usize,
    /// whether records were read in this transaction
    begun: bool,
}

/// How far the filling from the records of a model has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reached {
    /// the last record's
    pub(crate) key: Vec<u8>,
    /// records up to it
    pub(crate) read: u64,
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
            overlay: Overlay::default(),
            given: 0,
            begun: false,
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
        permit.covers(tables.ordinal)?;
        for (_, part) in tables.derived().filter(|(number, part)| wanted(*number, part)) {
            writer.drop_table(self.layout.name(part.id))?;
        }
        let mut from = None;
        loop {
            from = self.advance(permit, writer, tables, wanted, from)?;
            if from.is_none() {
                return Ok(());
            }
        }
    }

    /// Fills the wanted tables from the records behind a place, until about the staging limit of rows is with the
    /// engine; returns the place it came to, or `None` behind the last record.
    pub(crate) fn advance(
        &mut self,
        permit: &Permit<OwnerAccess>,
        writer: &mut dyn Write,
        tables: &ModelTables,
        wanted: &dyn Fn(usize, &PartTable) -> bool,
        from: Option<Reached>,
    ) -> Result<Option<Reached>> {
        permit.covers(tables.ordinal)?;
        let parts: Vec<_> = tables.derived().map(|(number, part)| wanted(number, part)).collect();
        let is_wanted = |part: usize| part.checked_sub(1).and_then(|at| parts.get(at)) == Some(&true);
        let main = tables.main()?;
        let mut meter = Meter::new(self.layout.name(main), writer.len(main)?, &mut *self.progress);
        if let Some(from) = &from {
            meter.resume(from.read, !self.begun);
        }
        self.begun = true;
        let mut chunk = Chunk {
            layout: self.layout,
            limits: self.limits,
            room: self.staging.saturating_sub(self.given),
            lenient: self.lenient,
            main,
            tables,
            clashes: &mut self.clashes,
            done: &mut self.done,
        };
        // A cursor and a change cannot live at once, so rows are collected and given in turns.
        let from = from.as_ref().map(|from| &*from.key);
        let last = chunk.collect(&*writer, &is_wanted, &mut self.overlay, &mut meter, from)?;
        self.given = if last.is_some() { 0 } else { self.given + self.overlay.bytes() };
        self.overlay.apply(writer, self.staging)?;
        let read = meter.done();
        if last.is_none() {
            meter.end();
        }
        Ok(last.map(|key| Reached { key, read }))
    }

    /// Whether records were found that have equal values of a unique key.
    pub(crate) fn has_clashes(&self) -> bool {
        self.clashes.total > 0
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

/// One turn.
struct Chunk<'c> {
    layout: &'c Layout,
    limits: Limits,
    /// bytes of rows it may stage
    room: usize,
    lenient: bool,
    main: TableId,
    tables: &'c ModelTables,
    clashes: &'c mut Listed<String>,
    done: &'c mut Rebuilt,
}

impl Chunk<'_> {
    /// Stages the rows of the next records; returns the last one's key if there is no room for more.
    fn collect(
        &mut self,
        writer: &dyn Write,
        wanted: &dyn Fn(usize) -> bool,
        overlay: &mut Overlay,
        meter: &mut Meter<'_>,
        from: Option<&[u8]>,
    ) -> Result<Option<Vec<u8>>> {
        let low = from.map_or(Bound::Unbounded, Bound::Excluded);
        let mut rows = writer.cursor(self.main, (low, Bound::Unbounded), Direction::Forward)?;
        let (mut key, mut value, mut entries) = (Vec::new(), Vec::new(), Entries::default());
        while rows.advance()? {
            meter.step();
            let is_record = match self.tables.read(rows.value(), &mut key, &mut entries) {
                Err(error) if !self.lenient => return Err(error),
                read => matches!(read, Ok(true)),
            };
            if !is_record || key != rows.key() {
                self.unreadable(rows.key())?;
                continue;
            }
            for entry in entries.iter().filter(|entry| wanted(entry.part)) {
                self.stage(writer, overlay, entry, rows.key(), &mut value)?;
            }
            if overlay.bytes() > self.room {
                return Ok(Some(rows.key().to_vec()));
            }
        }
        Ok(None)
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
        check_value(tables, table, self.limits, value)?;
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
