//! The journal: a table with the records of all commits, by their numbers.

use std::ops::Bound;
use std::time::{Duration, SystemTime};

use super::log::{Images, Piece};
use super::record::{self, Commit};
use super::set::Batch;
use crate::engine::{Cursor, Direction, MapChange, Range, Read, Write};
use crate::error::{Error, ErrorKind, Result};
use crate::overlay::View;
use crate::table::{CONSUMERS_TABLE, JOURNAL_TABLE, Layout, OUTBOX_TABLE, SCHEMA_TABLE};

/// How long the journal keeps what was committed: as long as any of its rules asks for it; for ever if there is none. The last
/// commit always stays.
///
/// ```
/// # use std::time::Duration;
/// use netabase::change::Retention;
///
/// let a_day_and_what_is_not_processed =
///     Retention::default().within(Duration::from_secs(24 * 60 * 60)).until_processed();
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Retention {
    last: Option<u64>,
    within: Option<Duration>,
    processed: bool,
}

impl Retention {
    /// The last commits, as many as this.
    pub fn last(mut self, commits: u64) -> Self {
        self.last = Some(commits);
        self
    }

    /// Those whose transactions began this long ago, or later, by the store's clock.
    pub fn within(mut self, age: Duration) -> Self {
        self.within = Some(age);
        self
    }

    /// Those that some [consumer](crate::Store::consumer) of the journal has not processed; all of them while there is none.
    pub fn until_processed(mut self) -> Self {
        self.processed = true;
        self
    }

    fn is_for_ever(&self) -> bool {
        *self == Retention::default()
    }
}

/// Bytes of a record, if the engine takes them.
const RECORD: usize = 1 << 20;

/// The key of a record: the commit's number, and the record's place in it.
pub(crate) fn key_of(seq: u64, part: u32) -> [u8; 12] {
    let mut key = [0; 12];
    let (high, low) = key.split_at_mut(8);
    high.copy_from_slice(&seq.to_be_bytes());
    low.copy_from_slice(&part.to_be_bytes());
    key
}

fn seq_of(key: &[u8]) -> Option<u64> {
    key.first_chunk().copied().map(u64::from_be_bytes)
}

fn seq_in(mut rows: Box<dyn Cursor + '_>) -> Result<Option<u64>> {
    if !rows.advance()? {
        return Ok(None);
    }
    seq_of(rows.key()).map(Some).ok_or_else(corrupt)
}

const ALL: Range<'static> = (Bound::Unbounded, Bound::Unbounded);

/// Number of the last commit; 0 if there is none.
pub(crate) fn last_seq(view: &View<'_>) -> Result<u64> {
    Ok(seq_in(view.cursor(JOURNAL_TABLE, ALL, Direction::Reverse)?)?.unwrap_or(0))
}

/// Number of the first commit that is kept.
pub(crate) fn first_seq(view: &View<'_>) -> Result<Option<u64>> {
    seq_in(view.cursor(JOURNAL_TABLE, ALL, Direction::Forward)?)
}

/// How many records it has.
pub(crate) fn records(view: &View<'_>) -> Result<u64> {
    view.len(JOURNAL_TABLE)
}

/// Reads all of it.
///
/// # Errors
/// `Corrupt` if a record is damaged, or missing between others.
pub(crate) fn check(view: &View<'_>) -> Result<()> {
    let Some(first) = first_seq(view)? else { return Ok(()) };
    let mut sets = Sets::from(view, first)?;
    while let Some(batch) = sets.next()? {
        batch.items().try_for_each(|change| change.map(drop))?;
    }
    Ok(())
}

/// Reads the rows of consumers and topics.
///
/// # Errors
/// `Corrupt` if one of them is not what was written.
pub(crate) fn check_feeds(view: &View<'_>) -> Result<()> {
    let corrupt = |table: &str| Error::new(ErrorKind::Corrupt { place: format!("netabase.{table}") });
    let mut rows = view.cursor(CONSUMERS_TABLE, ALL, Direction::Forward)?;
    while rows.advance()? {
        let widths: &[usize] = match rows.key() {
            key if key.starts_with(b"lease/") => &[12],
            key if key.starts_with(b"last/") || key == b"groups" => &[8],
            _ => &[8, 24],
        };
        if !widths.contains(&rows.value().len()) {
            return Err(corrupt("consumers"));
        }
    }
    let mut rows = view.cursor(OUTBOX_TABLE, ALL, Direction::Forward)?;
    while rows.advance()? {
        let (topic, seq) = rows.key().split_last_chunk::<9>().ok_or_else(|| corrupt("outbox"))?;
        let counter = [b"last/", topic].concat();
        let last = view.get(CONSUMERS_TABLE, &counter)?;
        let last = last.and_then(|last| last.as_array().copied()).map_or(0, u64::from_be_bytes);
        let is_counted = seq.last_chunk().copied().is_some_and(|seq| u64::from_be_bytes(seq) <= last);
        if seq.first() != Some(&0) || !is_counted {
            return Err(corrupt("outbox"));
        }
    }
    Ok(())
}

/// The last commit before a model came to be journaled.
pub(crate) fn since(view: &View<'_>, layout: &Layout, ordinal: usize) -> Result<u64> {
    match view.get(SCHEMA_TABLE, &mark_row(layout, ordinal)?)? {
        Some(row) => row.as_array().copied().map(u64::from_be_bytes).ok_or_else(corrupt),
        // Whoever wrote the file last did not journal it.
        None => last_seq(view),
    }
}

/// The key of the row in the schema table that says since when a model is journaled.
fn mark_row(layout: &Layout, ordinal: usize) -> Result<Vec<u8>> {
    let name = layout.model(ordinal)?.schema.name;
    Ok(format!("journaled/{}/{name}", layout.definition_of(ordinal)).into_bytes())
}

/// A row that says since when a model is journaled; `None`: it is to go.
type Mark = (Vec<u8>, Option<[u8; 8]>);

/// The rows that say since when models are journaled, where they are not as the program has it: those that it journals from now on,
/// and those that it journals no more.
pub(crate) fn changed_marks(read: &dyn Read, layout: &Layout) -> Result<Vec<Mark>> {
    let last = seq_in(read.cursor(JOURNAL_TABLE, ALL, Direction::Reverse)?)?.unwrap_or(0);
    let mut changed = Vec::new();
    for tables in layout.models() {
        let row = mark_row(layout, tables.ordinal)?;
        let (is_marked, is_journaled) =
            (read.get(SCHEMA_TABLE, &row)?.is_some(), layout.is_journaled(tables.ordinal));
        if is_marked != is_journaled {
            changed.push((row, is_journaled.then(|| last.to_be_bytes())));
        }
    }
    // Models that are gone have no history to go on with, should they come again.
    for (definition, _) in layout.definitions() {
        let (low, high) = (format!("journaled/{definition}/"), format!("journaled/{definition}0"));
        let range = (Bound::Included(low.as_bytes()), Bound::Excluded(high.as_bytes()));
        let mut rows = read.cursor(SCHEMA_TABLE, range, Direction::Forward)?;
        while rows.advance()? {
            let name = rows.key().strip_prefix(low.as_bytes()).unwrap_or_default();
            let is_there = layout.models().iter().any(|tables| {
                tables.schema.name.as_bytes() == name && layout.definition_of(tables.ordinal) == definition
            });
            if !is_there {
                changed.push((rows.key().to_vec(), None));
            }
        }
    }
    changed.sort();
    Ok(changed)
}

#[cold]
fn corrupt() -> Error {
    Error::new(ErrorKind::Corrupt { place: "netabase.journal".to_owned() })
}

/// Writes one commit.
#[derive(Debug)]
pub(crate) struct Journal {
    pub(crate) commit: Commit,
    /// how many records it has so far
    parts: u32,
    /// pieces that are not written yet, and their bytes
    waiting: Vec<(Piece, Images)>,
    size: usize,
    buffer: Vec<u8>,
}

/// Bytes of a record beside its pieces, and a name.
const FRAME: usize = 64;

impl Journal {
    /// Begins the commit behind the last one. Who makes it is set before its last record.
    pub(crate) fn begin(read: &dyn Read, time: SystemTime) -> Result<Self> {
        let last = seq_in(read.cursor(JOURNAL_TABLE, ALL, Direction::Reverse)?)?.unwrap_or(0);
        let seq = last.saturating_add(1);
        let commit = Commit { seq, time, actor: None };
        Ok(Journal { commit, parts: 0, waiting: Vec::new(), size: 0, buffer: Vec::new() })
    }

    /// Bytes that a record has at most, but for one that has a single change.
    pub(crate) fn room(limit: usize) -> usize {
        limit.saturating_sub(FRAME).min(RECORD)
    }

    /// Adds a piece, and writes those before it if they fill a record.
    pub(crate) fn add(
        &mut self,
        writer: &mut dyn Write,
        (piece, images): (Piece, Images),
        limit: usize,
    ) -> Result<()> {
        if self.size > 0 && self.size + piece.items.len() > Self::room(limit) {
            self.write(writer, limit, false)?;
        }
        self.size += piece.items.len();
        self.waiting.push((piece, images));
        Ok(())
    }

    /// Writes the last record.
    pub(crate) fn finish(&mut self, writer: &mut dyn Write, limit: usize) -> Result<()> {
        self.write(writer, limit, true)
    }

    fn write(&mut self, writer: &mut dyn Write, limit: usize, is_last: bool) -> Result<()> {
        let pieces: Vec<&[u8]> = self.waiting.iter().map(|(piece, _)| &*piece.items).collect();
        let mut at = record::write(&self.commit, is_last, &pieces, &mut self.buffer)?;
        if self.buffer.len() > limit {
            let (what, size) = ("a change in the journal".to_owned(), self.buffer.len());
            return Err(Error::new(ErrorKind::LimitExceeded { what, size, limit }));
        }
        let mut images = Images::new();
        for (piece, own) in &self.waiting {
            images.extend(own.iter().map(|image| at + image.start..at + image.end));
            at += piece.items.len();
        }
        let key = key_of(self.commit.seq, self.parts);
        self.parts = self.parts.saturating_add(1);
        (self.size, self.waiting) = (0, Vec::new());
        writer.insert_parts(JOURNAL_TABLE, (&key, &self.buffer), &images)
    }

    /// Removes some of the oldest commits that no rule asks for.
    pub(crate) fn prune(&self, writer: &mut dyn Write, retention: &Retention) -> Result<()> {
        if retention.is_for_ever() {
            return Ok(());
        }
        let expired = self.expired(&*writer, retention)?;
        writer.apply(JOURNAL_TABLE, &mut expired.iter().map(|key| MapChange::Delete(key)))
    }

    /// Keys of records, of whole commits.
    fn expired(&self, read: &dyn Read, retention: &Retention) -> Result<Vec<[u8; 12]>> {
        // More than it adds, so that the journal shrinks.
        let most = usize::try_from(self.parts).unwrap_or(usize::MAX).saturating_mul(2).max(16);
        let newest = self.commit.seq;
        let slowest = if retention.processed { slowest_consumer(read)? } else { None };
        let (mut expired, mut going) = (Vec::new(), None);
        let mut rows = read.cursor(JOURNAL_TABLE, ALL, Direction::Forward)?;
        while rows.advance()? {
            let seq = seq_of(rows.key()).ok_or_else(corrupt)?;
            if going != Some(seq) {
                let in_last = retention.last.is_some_and(|last| newest.saturating_sub(seq) < last);
                let is_unprocessed = retention.processed && slowest.is_none_or(|slowest| seq > slowest);
                if expired.len() >= most || seq >= newest || in_last || is_unprocessed {
                    break;
                }
                if let Some(age) = retention.within {
                    let time = record::read(rows.value()).ok_or_else(corrupt)?.commit.time;
                    // A clock that went back makes nothing old.
                    if self.commit.time.duration_since(time).map_or(true, |elapsed| elapsed <= age) {
                        break;
                    }
                }
            }
            going = Some(seq);
            expired.extend(<[u8; 12]>::try_from(rows.key()).ok());
        }
        Ok(expired)
    }
}

/// The rows of the journal's consumers begin so.
const CONSUMER: &str = "journal/";

/// The last commit that every consumer has processed; `None` if there is no consumer.
fn slowest_consumer(read: &dyn Read) -> Result<Option<u64>> {
    // `0` comes behind `/`.
    let range = (Bound::Included(CONSUMER.as_bytes()), Bound::Excluded(&b"journal0"[..]));
    slowest(read.cursor(CONSUMERS_TABLE, range, Direction::Forward)?)
}

/// The least number that one of these consumers has done with; `None` if there are none.
pub(crate) fn slowest(mut rows: Box<dyn Cursor + '_>) -> Result<Option<u64>> {
    let mut slowest: Option<u64> = None;
    while rows.advance()? {
        let seq = rows.value().first_chunk().copied().map_or(0, u64::from_be_bytes);
        slowest = Some(slowest.map_or(seq, |slowest| slowest.min(seq)));
    }
    Ok(slowest)
}

/// The commits from one number on.
pub(crate) struct Sets<'r> {
    rows: Box<dyn Cursor + 'r>,
    /// number of the last one that was read
    at: u64,
    /// how many records of the one that is being read have come
    parts: u32,
}

impl<'r> Sets<'r> {
    /// # Errors
    /// `BeforeHorizon` if the journal no longer has it.
    pub(crate) fn from(view: &View<'r>, from: u64) -> Result<Self> {
        let from = from.max(1);
        let key = key_of(from, 0);
        let range = (Bound::Included(&key[..]), Bound::Unbounded);
        if let Some(first) = first_seq(view)?
            && from < first
        {
            return Err(Error::new(ErrorKind::BeforeHorizon { from, first }));
        }
        Ok(Sets { rows: view.cursor(JOURNAL_TABLE, range, Direction::Forward)?, at: from - 1, parts: 0 })
    }

    /// The next commit.
    pub(crate) fn next(&mut self) -> Result<Option<Batch>> {
        let mut batch: Option<Batch> = None;
        while self.rows.advance()? {
            let record = record::read(self.rows.value()).ok_or_else(corrupt)?;
            let seq = if batch.is_some() { self.at } else { self.at.saturating_add(1) };
            if record.commit.seq != seq || *self.rows.key() != key_of(seq, self.parts) {
                return Err(corrupt());
            }
            let (is_last, items) = (record.is_last, record.items.into());
            let mut pieces = batch.take().map_or_else(Vec::new, |batch| batch.pieces);
            pieces.push(Piece { ordinal: usize::MAX, items });
            (self.at, self.parts) = (seq, self.parts.saturating_add(1));
            // Who wrote it may be known only in the end.
            let read = Batch { commit: record.commit, pieces };
            if is_last {
                self.parts = 0;
                return Ok(Some(read));
            }
            batch = Some(read);
        }
        // Without its last record a commit is not whole.
        if batch.is_some() { Err(corrupt()) } else { Ok(None) }
    }
}
