//! The plain core of a query: steps through the rows of one table. No model in sight.

use std::collections::HashSet;
use std::sync::Arc;
use std::vec;

use crate::engine::{Cursor, Direction};
use crate::error::{Error, ErrorKind, Result};
use crate::key::ByteRange;
use crate::overlay::View;
use crate::permission::{Permit, ReadAccess};
use crate::table::{self, Layout, ModelTables};

/// Where a query reads, and the leave to do so.
pub(super) struct Source<'r> {
    pub(super) view: View<'r>,
    pub(super) permit: Permit<ReadAccess>,
    pub(super) layout: Arc<Layout>,
    pub(super) ordinal: usize,
}

impl Source<'_> {
    pub(super) fn tables(&self) -> Result<&ModelTables> {
        self.layout.model(self.ordinal)
    }
}

/// What is visited of a row: the primary key, and the record's bytes where they were asked for.
pub(super) type Visit<'v> = &'v mut dyn FnMut(&[u8], &[u8]) -> Result<()>;

pub(super) struct Walk<'r> {
    pub(super) source: Source<'r>,
    part: usize,
    /// still to come
    ranges: vec::IntoIter<ByteRange>,
    way: Direction,
    /// of the range that is being read
    cursor: Option<Box<dyn Cursor + 'r>>,
    /// records visited, where one may have several rows
    seen: Option<HashSet<Box<[u8]>>>,
}

impl<'r> Walk<'r> {
    pub(super) fn new(
        source: Source<'r>,
        part: usize,
        mut ranges: Vec<ByteRange>,
        once: bool,
        way: Direction,
    ) -> Self {
        if way == Direction::Reverse {
            ranges.reverse();
        }
        Walk { source, part, ranges: ranges.into_iter(), way, cursor: None, seen: once.then(HashSet::new) }
    }

    /// The number of rows, if it is stored.
    pub(super) fn stored_count(&self) -> Result<Option<u64>> {
        let Source { view, permit, .. } = &self.source;
        let tables = self.source.tables()?;
        if self.seen.is_some() {
            return Ok(None);
        }
        if self.part == 0 && self.ranges.as_slice() == [ByteRange::all()] {
            return table::len(permit, view, tables).map(Some);
        }
        let mut sum = 0;
        for range in self.ranges.as_slice() {
            let Some(key) = range.as_point() else { return Ok(None) };
            sum += table::count(permit, view, tables, self.part, key)?;
        }
        Ok(Some(sum))
    }

    /// Visits the next record; `false` at the end. Without `records` no record is read.
    pub(super) fn next(&mut self, records: bool, visit: Visit<'_>) -> Result<bool> {
        loop {
            if self.cursor.is_some() {
                if self.next_in_range(records, visit)? {
                    return Ok(true);
                }
                continue;
            }
            let Some(range) = self.ranges.next() else { return Ok(false) };
            match range.as_point() {
                Some(key) if self.is_map()? => {
                    if self.visit_point(key, records, visit)? {
                        return Ok(true);
                    }
                }
                _ => {
                    let Source { view, permit, .. } = &self.source;
                    self.cursor =
                        Some(table::rows(permit, view, self.source.tables()?, self.part, &range, self.way)?);
                }
            }
        }
    }

    fn is_map(&self) -> Result<bool> {
        Ok(self.part == 0 || self.source.tables()?.part(self.part)?.unique)
    }

    /// One key of a map needs no cursor.
    fn visit_point(&mut self, key: &[u8], records: bool, visit: Visit<'_>) -> Result<bool> {
        let table = self.source.tables()?.part(self.part)?.id;
        let Some(found) = self.source.view.get(table, key)? else { return Ok(false) };
        if self.part == 0 {
            visit(key, &found)?;
            return Ok(true);
        }
        if let Some(seen) = &mut self.seen
            && !seen.insert((&*found).into())
        {
            return Ok(false);
        }
        self.source.visit_record(self.part, &found, records, visit)?;
        Ok(true)
    }

    /// Visits the next row of the open cursor; closes it at the end.
    fn next_in_range(&mut self, records: bool, visit: Visit<'_>) -> Result<bool> {
        let Some(cursor) = &mut self.cursor else { return Ok(false) };
        while cursor.advance()? {
            if self.part == 0 {
                visit(cursor.key(), cursor.value())?;
                return Ok(true);
            }
            let key = cursor.value();
            if let Some(seen) = &mut self.seen
                && !seen.insert(key.into())
            {
                continue;
            }
            self.source.visit_record(self.part, key, records, visit)?;
            return Ok(true);
        }
        self.cursor = None;
        Ok(false)
    }
}

impl Source<'_> {
    /// Reads the record that a row of the table `part` points to.
    fn visit_record(&self, part: usize, key: &[u8], records: bool, visit: Visit<'_>) -> Result<()> {
        if !records {
            return visit(key, &[]);
        }
        let tables = self.tables()?;
        match table::get(&self.permit, &self.view, tables, key)? {
            Some(record) => visit(key, &record),
            None => {
                let table = self.layout.name(tables.part(part)?.id).to_owned();
                Err(Error::new(ErrorKind::Corrupt { table }))
            }
        }
    }
}
