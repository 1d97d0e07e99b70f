//! What maintenance tells: how far it is, and what it found.

use std::fmt;

use crate::engine::Check;
use crate::error::{Error, ErrorKind, Result};

/// How far a long operation is, for the callback of [`Store::verify`](crate::Store::verify),
/// [`Store::rebuild_indexes`](crate::Store::rebuild_indexes) and
/// [`Builder::on_progress`](crate::Builder::on_progress).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress<'p> {
    /// the table that is read, by its name in the file; or the journal, of which bytes are counted
    pub table: &'p str,
    /// rows of it that were read
    pub done: u64,
    /// rows that it has
    pub total: u64,
}

/// How many rows are read between two calls.
const STEP: u64 = 1024;

/// Counts the rows of one table and calls back now and then, and at the end.
pub(super) struct Meter<'m> {
    table: &'m str,
    done: u64,
    total: u64,
    call: &'m mut dyn FnMut(Progress<'_>),
}

impl<'m> Meter<'m> {
    pub(super) fn new(table: &'m str, total: u64, call: &'m mut dyn FnMut(Progress<'_>)) -> Self {
        Meter { table, done: 0, total, call }
    }

    /// Goes on behind rows that were read before.
    pub(super) fn resume(&mut self, done: u64, tell: bool) {
        self.done = done;
        if tell {
            self.tell();
        }
    }

    pub(super) fn done(&self) -> u64 {
        self.done
    }

    #[inline]
    pub(super) fn step(&mut self) {
        self.done += 1;
        if self.done.is_multiple_of(STEP) {
            self.tell();
        }
    }

    fn tell(&mut self) {
        (self.call)(Progress { table: self.table, done: self.done, total: self.total });
    }

    pub(super) fn end(mut self) -> u64 {
        self.tell();
        self.done
    }
}

/// The first of something there may be any number of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed<T> {
    pub(super) first: Vec<T>,
    pub(super) total: u64,
}

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Listed { first: Vec::new(), total: 0 }
    }
}

/// How many are kept.
const KEPT: usize = 1000;

impl<T> Listed<T> {
    pub(super) fn push(&mut self, item: impl FnOnce() -> T) {
        self.total += 1;
        if self.first.len() < KEPT {
            self.first.push(item());
        }
    }
}

/// Something in a file that is not as it should be. Keys of records are their `Debug` text; keys of indexes are their
/// bytes, as ASCII where they are.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// The engine's own check failed, or a table cannot be read to its end.
    Damaged {
        /// name of the table, or the file
        place: String,
        /// in the engine's words
        reason: String,
    },
    /// A record that cannot be read, or stands under another key than its own.
    Unreadable {
        /// name of the table
        table: String,
        /// key it stands under
        record: String,
    },
    /// A row of an index, a relation or a topic that no record asks for.
    Stray {
        /// name of the table
        table: String,
        /// key of the row
        key: String,
        /// the record it leads to
        record: String,
    },
    /// A record without its row in an index, a relation or a topic.
    Missing {
        /// name of the table
        table: String,
        /// key of the row
        key: String,
        /// the record
        record: String,
    },
    /// A stored count that is wrong.
    Count {
        /// name of the table
        table: String,
        /// key of an index whose rows are counted; `None`: all rows
        key: Option<String>,
        /// what the file says
        stored: u64,
        /// what there is
        counted: u64,
    },
    /// Records link to one that is not there, by a relation that is checked.
    Dangling {
        /// name of the relation's table
        table: String,
        /// the record that is missing
        record: String,
        /// how many records link to it
        links: u64,
    },
    /// Sums that an index keeps and that are not those of the records.
    Sums {
        /// name of the table
        table: String,
        /// key of the index
        key: String,
    },
    /// A table that the schema does not list.
    Unknown {
        /// name of the table
        table: String,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Damaged { place, reason } => write!(f, "{place}: {reason}"),
            Problem::Unreadable { table, record } => write!(f, "{table}: {record} cannot be read"),
            Problem::Stray { table, key, record } => {
                write!(f, "{table}: the row {key} leads to {record}, which does not have it")
            }
            Problem::Missing { table, key, record } => {
                write!(f, "{table}: {record} has no row {key}")
            }
            Problem::Count { table, key: None, stored, counted } => {
                write!(f, "{table}: {counted} rows, where {stored} are recorded")
            }
            Problem::Count { table, key: Some(key), stored, counted } => {
                write!(f, "{table}: {counted} rows under {key}, where {stored} are recorded")
            }
            Problem::Dangling { table, record, links } => {
                write!(f, "{table}: {links} records link to {record}, which is not there")
            }
            Problem::Sums { table, key } => {
                write!(f, "{table}: the sums of {key} are not those of its records")
            }
            Problem::Unknown { table } => write!(f, "{table}: no part of the schema"),
        }
    }
}

/// What [`Store::verify`](crate::Store::verify) found. Prints as one line, and one for each problem.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// records that were read
    pub records: u64,
    /// rows of indexes, relations and topics that were read
    pub rows: u64,
    /// How the engine's own check ended. `None`: it was not made, because snapshots were alive or the store is
    /// read-only.
    pub engine: Option<Check>,
    /// the first thousand problems
    pub problems: Vec<Problem>,
    /// how many there are
    pub total: u64,
}

impl Report {
    /// Whether no problem was found.
    pub fn is_clean(&self) -> bool {
        self.total == 0
    }

    pub(crate) fn add(&mut self, problem: impl FnOnce() -> Problem) {
        self.total += 1;
        if self.problems.len() < KEPT {
            self.problems.push(problem());
        }
    }

    /// Notes damage, and passes on any other error.
    pub(crate) fn note(&mut self, place: &str, error: Error) -> Result<()> {
        match error.kind() {
            ErrorKind::Corrupt { .. } | ErrorKind::SchemaMismatch { .. } => {
                self.add(|| Problem::Damaged { place: place.into(), reason: error.to_string() });
                Ok(())
            }
            _ => Err(error),
        }
    }

    /// The problems as an error, if there are any.
    pub(crate) fn into_result(self) -> Result<()> {
        if self.is_clean() {
            return Ok(());
        }
        let problems = self.problems.iter().map(ToString::to_string).collect();
        Err(Error::new(ErrorKind::Inconsistent { problems, total: self.total }))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.total {
            0 => write!(f, "sound")?,
            1 => write!(f, "1 problem")?,
            total => write!(f, "{total} problems")?,
        }
        write!(f, ": {} records, {} index rows; ", self.records, self.rows)?;
        match self.engine {
            Some(Check::Sound) => write!(f, "the engine's own check passed")?,
            Some(Check::Repaired) => write!(f, "the engine's own check mended something")?,
            Some(Check::Failed) => write!(f, "the engine's own check failed")?,
            Some(Check::None) => write!(f, "the engine has no check of its own")?,
            None => write!(f, "the engine's own check was not made")?,
        }
        for problem in &self.problems {
            write!(f, "\n  {problem}")?;
        }
        let more = self.total - self.problems.len() as u64;
        if more > 0 { write!(f, "\n  and {more} more") } else { Ok(()) }
    }
}

/// What [`Store::rebuild_indexes`](crate::Store::rebuild_indexes) did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rebuilt {
    /// rows that the indexes, relations and topics have now
    pub rows: u64,
    /// Records that cannot be read. They were left as they are, without rows; `verify` names them.
    pub unreadable: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_lists_a_thousand_and_counts_the_rest() {
        let mut report = Report::default();
        assert_eq!(report.to_string(), "sound: 0 records, 0 index rows; the engine's own check was not made");
        for n in 0..1002 {
            report.add(|| Problem::Unknown { table: format!("t{n}") });
        }
        report.engine = Some(Check::Sound);
        let text = report.to_string();
        assert!(text.starts_with(
            "1002 problems: 0 records, 0 index rows; the engine's own check passed\n  t0: no part"
        ));
        assert!(text.ends_with("t999: no part of the schema\n  and 2 more"), "{text}");
        let error = report.into_result().unwrap_err();
        assert!(error.to_string().ends_with("t4: no part of the schema; and 997 more"), "{error}");
    }
}
