//! The plain core of a query: steps through the rows of one table. No model in sight.

use std::cmp::Ordering;
use std::collections::HashSet;

use smallvec::smallvec;

use super::fetch::Fetch;
use super::plan::{Piece, Pieces, Repeats};
use super::skip::skip_keys;
use super::source::Source;
use super::union::Union;
use crate::engine::{Cursor, Direction, Slice};
use crate::error::{Error, Result};
use crate::key::ByteRange;
use crate::model::NetabaseModel;
use crate::table::{self, KeyList};

/// The row a walk stands on.
enum Row<'r> {
    None,
    /// of an open cursor
    Cursor(Box<dyn Cursor + 'r>),
    /// one key that was looked up: the primary key it leads to
    Point(Vec<u8>),
    /// of several walks side by side
    Union(Box<Union<'r>>),
}

impl Row<'_> {
    /// Goes to the cursor's next row; `false` if there is none, or no cursor.
    #[inline]
    fn advance(&mut self) -> Result<bool> {
        match self {
            Row::Cursor(cursor) => cursor.advance(),
            Row::Union(union) => union.advance(),
            Row::Point(_) | Row::None => Ok(false),
        }
    }
}

/// Advances, then shows the primary key and, where asked, the record.
pub(super) struct Walk<'r> {
    source: Source<'r>,
    /// the table of the row it stands on
    part: usize,
    /// still to come, the next one last
    pieces: Pieces,
    way: Direction,
    row: Row<'r>,
    /// records visited, where one may have several rows
    seen: Option<HashSet<Box<[u8]>>>,
    /// Walks in the same order, on whose records it must be too. They follow this one.
    meet: Vec<Walk<'r>>,
    /// Primary keys that are asked for are looked up at once, so that every row leads to a record: the caller does not ask
    /// for records, or rows of an index come beside them.
    look_up: bool,
    /// rows read of each piece, the next one last, if anybody asks; and of the walks beside it
    counts: Option<Vec<u64>>,
    /// the caller asks for no order
    fetch: Option<Box<Window<'r>>>,
    /// Whether it does nothing but go from row to row. It follows from the others, and is kept as each row asks for it.
    is_plain: bool,
}

/// Records that are fetched in the order of the main table.
struct Window<'r> {
    /// how many at a time
    size: usize,
    fetch: Fetch<'r>,
}

impl<'r> Walk<'r> {
    pub(super) fn new(source: Source<'r>, mut pieces: Pieces, repeats: Repeats, way: Direction) -> Self {
        if way == Direction::Forward {
            pieces.reverse();
        }
        let index = pieces.iter().map(|piece| piece.part).find(|part| *part != 0);
        let mut row = Row::None;
        if repeats == Repeats::Merged {
            let walk = |piece| Walk::new(source.clone(), smallvec![piece], Repeats::Never, way).keys_only();
            row = Row::Union(Box::new(Union::new(pieces.drain(..).map(walk).collect(), way)));
        }
        let seen = (repeats == Repeats::Remembered).then(HashSet::new);
        let part = index.filter(|_| repeats == Repeats::Merged).unwrap_or(0);
        let (look_up, meet, is_plain) = (index.is_some(), Vec::new(), seen.is_none());
        Walk { source, part, pieces, way, row, seen, meet, look_up, counts: None, fetch: None, is_plain }
    }

    /// Leaves out the records that have none of these keys. All rows come by primary key.
    pub(super) fn meeting(mut self, meet: Vec<Piece>) -> Self {
        let walk =
            |piece| Walk::new(self.source.clone(), smallvec![piece], Repeats::Never, self.way).keys_only();
        self.meet = meet.into_iter().map(walk).collect();
        self.is_plain &= self.meet.is_empty();
        self
    }

    /// Goes past the next record without reading it, if there is one.
    pub(super) fn skip(&mut self) -> Result<bool> {
        loop {
            if !self.advance()? {
                return Ok(false);
            }
            // Only a primary key that was asked for may lead to no record.
            if !matches!((&self.row, self.part), (Row::Point(_), 0)) || self.record()?.is_some() {
                return Ok(true);
            }
        }
    }

    /// Goes past keys of an index that have many records each, before anything was read; returns how many records are still
    /// to be skipped. An index stores their numbers.
    pub(super) fn skip_keys(&mut self, skip: usize) -> Result<usize> {
        let is_alone = self.seen.is_none() && self.meet.is_empty() && self.fetch.is_none();
        if !is_alone || !matches!(self.row, Row::None) {
            return Ok(skip);
        }
        skip_keys(&self.source, &mut self.pieces, self.way, skip)
    }

    /// The records will not be asked for.
    pub(super) fn keys_only(mut self) -> Self {
        self.look_up = true;
        self
    }

    /// Records behind an index come in the order of the main table, `window` at a time.
    pub(super) fn unordered(mut self, window: usize) -> Self {
        if self.index().is_some() {
            let fetch = Fetch::new(&self.source, KeyList::default());
            self.fetch = Some(Box::new(Window { size: window, fetch }));
            self.is_plain = false;
        }
        self
    }

    /// A record of the model that the walk is about.
    #[inline]
    pub(super) fn decode<M: NetabaseModel>(&self, bytes: &[u8]) -> Result<M> {
        self.source.decode(bytes)
    }

    /// A table that leads to records, if one of those that are walked over is no main table.
    pub(super) fn index(&self) -> Option<usize> {
        if let Row::Union(_) = &self.row {
            return Some(self.part).filter(|part| *part != 0);
        }
        self.pieces.iter().map(|piece| piece.part).find(|part| *part != 0)
    }

    pub(super) fn source(&self) -> &Source<'r> {
        &self.source
    }

    /// The range of a walk over the main table that has not begun, if it is one.
    pub(super) fn only_range(&self) -> Option<&ByteRange> {
        match self.pieces.as_slice() {
            [Piece { part: 0, range: range @ ByteRange::Between(..), .. }] => Some(range),
            _ => None,
        }
    }

    /// Goes to the next record, each once; `false` at the end.
    #[inline]
    pub(super) fn advance(&mut self) -> Result<bool> {
        if self.is_plain
            && let Row::Cursor(cursor) = &mut self.row
            && cursor.advance()?
        {
            return Ok(true);
        }
        self.advance_any()
    }

    /// Kept apart, so that what is done for each row of a long walk is short.
    #[inline(never)]
    fn advance_any(&mut self) -> Result<bool> {
        if self.fetch.is_some() { self.advance_fetch() } else { self.advance_row() }
    }

    #[inline]
    fn advance_row(&mut self) -> Result<bool> {
        if self.seen.is_some() {
            return self.advance_to_unseen();
        }
        if !self.meet.is_empty() {
            return self.advance_to_meeting();
        }
        self.next_row()
    }

    /// Goes to the next row of the pieces.
    #[inline]
    fn next_row(&mut self) -> Result<bool> {
        let found = self.row.advance()? || self.next_piece()?;
        if let Some(counts) = &mut self.counts
            && found
        {
            // Pieces are taken from the end, so the one that is left of is behind those that are to come.
            counts.get_mut(self.pieces.len()).into_iter().for_each(|count| *count += 1);
        }
        Ok(found)
    }

    /// Counts the rows that are read.
    pub(super) fn counting(mut self) -> Self {
        self.counts = Some(vec![0; self.pieces.len()]);
        self.is_plain = false;
        if let Row::Union(union) = &mut self.row {
            union.count();
        }
        self.meet = self.meet.into_iter().map(Walk::counting).collect();
        self
    }

    /// The rows that were read of each piece, in the order in which they were given.
    pub(super) fn counts(&self) -> Vec<u64> {
        let mut counts = match &self.row {
            Row::Union(union) => union.counts(),
            _ => self.counts.clone().unwrap_or_default(),
        };
        if self.way == Direction::Forward {
            counts.reverse();
        }
        counts
    }

    /// The rows that were read of each walk beside this one.
    pub(super) fn counts_beside(&self) -> impl Iterator<Item = u64> {
        self.meet.iter().map(|walk| walk.counts().iter().sum())
    }

    /// Goes to the next record that all walks stand on.
    fn advance_to_meeting(&mut self) -> Result<bool> {
        let before = match self.way {
            Direction::Forward => Ordering::Less,
            Direction::Reverse => Ordering::Greater,
        };
        let mut meet = std::mem::take(&mut self.meet);
        'rows: while self.next_row()? {
            for other in &mut meet {
                // Before its first row the other stands nowhere.
                while matches!(other.row, Row::None) || other.key().cmp(self.row_key()) == before {
                    if !other.advance()? {
                        self.meet = meet;
                        return Ok(false);
                    }
                }
                if other.key() != self.row_key() {
                    continue 'rows;
                }
            }
            self.meet = meet;
            return Ok(true);
        }
        self.meet = meet;
        Ok(false)
    }

    fn advance_fetch(&mut self) -> Result<bool> {
        let Some(mut window) = self.fetch.take() else { return Ok(false) };
        while !window.fetch.advance(&self.source)? {
            let Window { size, fetch } = *window;
            let mut keys = fetch.into_keys();
            while keys.len() < size && self.advance_row()? {
                keys.push(self.row_key());
            }
            if keys.len() == 0 {
                return Ok(false);
            }
            *window = Window { size, fetch: Fetch::new(&self.source, keys) };
        }
        self.fetch = Some(window);
        Ok(true)
    }

    fn advance_to_unseen(&mut self) -> Result<bool> {
        loop {
            if !self.next_row()? {
                return Ok(false);
            }
            let key = self.row_key().into();
            if self.seen.as_mut().is_none_or(|seen| seen.insert(key)) {
                return Ok(true);
            }
        }
    }

    /// Goes to the first row of the next piece that has one.
    fn next_piece(&mut self) -> Result<bool> {
        loop {
            let Some(Piece { part, range, from }) = self.pieces.pop() else {
                if !matches!(self.row, Row::Union(_)) {
                    self.row = Row::None;
                }
                return Ok(false);
            };
            self.part = part;
            let Source { view, permit, .. } = &self.source;
            let tables = self.source.tables()?;
            self.row = match range {
                // One key of a map needs no cursor.
                ByteRange::Point(key) if part == 0 && !self.look_up => Row::Point(key),
                ByteRange::Point(key) if self.source.is_map(part)? => {
                    match table::lookup(permit, view, tables, part, &key)? {
                        None => Row::None,
                        Some(_) if part == 0 => Row::Point(key),
                        Some(primary) => Row::Point(primary.to_vec()),
                    }
                }
                range => Row::Cursor(match (range.as_point(), &from) {
                    (Some(key), Some(from)) => {
                        table::rows_from(permit, view, tables, part, (key, from), self.way)?
                    }
                    _ => table::rows(permit, view, tables, part, &range, self.way)?,
                }),
            };
            if matches!(self.row, Row::Point(_)) || self.row.advance()? {
                return Ok(true);
            }
        }
    }

    /// The primary key of the record.
    #[inline]
    pub(super) fn key(&self) -> &[u8] {
        match &self.fetch {
            Some(window) => window.fetch.key(),
            None => self.row_key(),
        }
    }

    #[inline]
    fn row_key(&self) -> &[u8] {
        match &self.row {
            Row::Cursor(cursor) if self.part == 0 => cursor.key(),
            Row::Cursor(cursor) => cursor.value(),
            Row::Point(key) => key,
            Row::Union(union) => union.key(),
            Row::None => &[],
        }
    }

    /// The key of the row in its table, where the walk goes along one.
    pub(super) fn table_key(&self) -> Option<&[u8]> {
        match &self.row {
            Row::Cursor(cursor) => Some(cursor.key()),
            _ => None,
        }
    }

    /// The bytes of the record. `None` if a primary key that was asked for has none.
    #[inline]
    pub(super) fn record(&self) -> Result<Option<Slice<'_>>> {
        if let (Row::Cursor(cursor), 0, None) = (&self.row, self.part, &self.fetch) {
            return Ok(Some(Slice::borrowed(cursor.value())));
        }
        self.record_behind()
    }

    fn record_behind(&self) -> Result<Option<Slice<'_>>> {
        let Source { view, permit, .. } = &self.source;
        let found = match &self.fetch {
            Some(window) => window.fetch.record(&self.source)?,
            None => table::get(permit, view, self.source.tables()?, self.row_key())?,
        };
        // A row of an index that leads to no record.
        if found.is_none() && self.part != 0 { Err(self.corrupt()) } else { Ok(found) }
    }

    /// The row is not what was written.
    #[cold]
    pub(super) fn corrupt(&self) -> Error {
        self.source.corrupt(self.part)
    }
}
