//! The journal: a table with the records of all commits, by their numbers.

use std::ops::Bound;
use std::time::{Duration, SystemTime};

use super::log::Piece;
use super::record::{self, Commit};
use super::set::Batch;
use crate::engine::{Cursor, Direction, MapChange, Range, Read, Write};
use crate::error::{Error, ErrorKind, Result};
use crate::overlay::View;
use crate::table::{CONSUMERS_TABLE, JOURNAL_TABLE, Layout, SCHEMA_TABLE};

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

/// The last commit before a model came to be journaled.
pub(crate) fn since(view: &View<'_>, layout: &Layout, ordinal: usize) -> Result<u64> {
    let row = view.get(SCHEMA_TABLE, &mark_row(layout, ordinal)?)?;
    row.map_or(Ok(0), |row| row.as_array().copied().map(u64::from_be_bytes).ok_or_else(corrupt))
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
    buffer: Vec<u8>,
}

impl Journal {
    /// Begins the commit behind the last one.
    pub(crate) fn begin(read: &dyn Read, time: SystemTime, actor: Option<String>) -> Result<Self> {
        let last = seq_in(read.cursor(JOURNAL_TABLE, ALL, Direction::Reverse)?)?.unwrap_or(0);
        let seq = last.saturating_add(1);
        Ok(Journal { commit: Commit { seq, time, actor }, parts: 0, buffer: Vec::new() })
    }

    /// Writes pieces of it.
    pub(crate) fn write(
        &mut self,
        writer: &mut dyn Write,
        pieces: &[impl AsRef<[u8]>],
        is_last: bool,
    ) -> Result<()> {
        record::write(&self.commit, is_last, pieces, &mut self.buffer)?;
        let key = key_of(self.commit.seq, self.parts);
        self.parts = self.parts.saturating_add(1);
        writer.apply(JOURNAL_TABLE, &mut [MapChange::Put(&key, &self.buffer)].into_iter())
    }

    /// Removes some of the oldest commits that no rule asks for.
    pub(crate) fn prune(&self, writer: &mut dyn Write, retention: &Retention) -> Result<()> {
        if retention.is_for_ever() {
            return Ok(());
        }
        let expired = self.expired(&*writer, retention)?;
        writer.apply(JOURNAL_TABLE, &mut expired.iter().map(|key| MapChange::Delete(key)))
    }

    fn expired(&self, read: &dyn Read, retention: &Retention) -> Result<Vec<[u8; 12]>> {
        /// Records that one commit removes at most: more than it adds, so that the journal shrinks.
        const MOST: usize = 16;
        let newest = self.commit.seq;
        let slowest = if retention.processed { slowest_consumer(read)? } else { None };
        let mut expired = Vec::new();
        let mut rows = read.cursor(JOURNAL_TABLE, ALL, Direction::Forward)?;
        while expired.len() < MOST && rows.advance()? {
            let seq = seq_of(rows.key()).ok_or_else(corrupt)?;
            let in_last = retention.last.is_some_and(|last| newest.saturating_sub(seq) < last);
            let is_unprocessed = retention.processed && slowest.is_none_or(|slowest| seq > slowest);
            if seq >= newest || in_last || is_unprocessed {
                break;
            }
            if let Some(age) = retention.within {
                let time = record::read(rows.value()).ok_or_else(corrupt)?.commit.time;
                if self.commit.time.duration_since(time).is_ok_and(|elapsed| elapsed <= age) {
                    break;
                }
            }
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
    let mut rows = read.cursor(CONSUMERS_TABLE, range, Direction::Forward)?;
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
        Ok(Sets { rows: view.cursor(JOURNAL_TABLE, range, Direction::Forward)?, at: from - 1 })
    }

    /// The next commit.
    pub(crate) fn next(&mut self) -> Result<Option<Batch>> {
        let mut batch: Option<Batch> = None;
        while self.rows.advance()? {
            let record = record::read(self.rows.value()).ok_or_else(corrupt)?;
            let seq = record.commit.seq;
            let follows = match &batch {
                None => self.at.checked_add(1) == Some(seq),
                Some(batch) => batch.commit.seq == seq,
            };
            if !follows || seq_of(self.rows.key()) != Some(seq) {
                return Err(corrupt());
            }
            let (is_last, items) = (record.is_last, record.items.to_vec());
            let mut pieces = batch.take().map_or_else(Vec::new, |batch| batch.pieces);
            pieces.push(Piece { ordinal: usize::MAX, items });
            self.at = seq;
            // Who wrote it may be known only in the end.
            let read = Batch { commit: record.commit, pieces };
            if is_last {
                return Ok(Some(read));
            }
            batch = Some(read);
        }
        // Without its last record a commit is not whole.
        if batch.is_some() { Err(corrupt()) } else { Ok(None) }
    }
}
