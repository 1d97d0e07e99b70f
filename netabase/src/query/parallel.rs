//! Visits records with several threads.
//!
//! The main table is divided by keys: each thread walks over ranges of its own. The rows of an index say little and are
//! walked over fast, so there one walk gives out keys under a lock, and each thread fetches the records behind its keys.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use smallvec::smallvec;

use super::fetch::Fetch;
use super::plan::{Piece, Repeats};
use super::residual::Residual;
use super::source::Source;
use super::split::{Pieces, divide};
use super::walk::Walk;
use crate::engine::Direction;
use crate::error::Result;
use crate::key::ByteRange;
use crate::model::{NetabaseModel, Terms};
use crate::table::KeyList;

/// Keys that a thread takes at a time. It begins with two and doubles, as a visit may take long.
const KEYS: usize = 256;

/// How rows are given out.
enum Rows<'r> {
    /// by ranges of the main table; with the last key in it
    Ranges(Pieces, Vec<u8>),
    /// by the keys that one walk finds
    Keys(Box<Mutex<Walk<'r>>>),
}

/// What the threads share.
struct Shared<'s, 'r, M> {
    rows: Rows<'r>,
    source: Source<'r>,
    /// a table that leads to records
    index: Option<usize>,
    residual: &'s Terms<M>,
    /// records that are still to be left out
    skip: AtomicUsize,
    /// records that may still be visited
    left: AtomicUsize,
    /// whether there is anything to be counted
    limited: bool,
    stopped: AtomicBool,
    visit: &'s (dyn Fn(M) -> Result<()> + Sync),
}

pub(super) fn for_each<M: NetabaseModel>(
    walk: Walk<'_>,
    residual: &Terms<M>,
    (offset, limit): (usize, usize),
    threads: usize,
    visit: &(dyn Fn(M) -> Result<()> + Sync),
) -> Result<()> {
    if limit == 0 {
        return Ok(());
    }
    let (source, index) = (walk.source().clone(), walk.index());
    let rows = match walk.only_range() {
        Some(range) => {
            let range = range.clone();
            let mut from_end = walk_over(&source, &range, Direction::Reverse);
            if !from_end.advance()? {
                return Ok(());
            }
            Rows::Ranges(Pieces::new(range, threads.max(1)), from_end.key().to_vec())
        }
        None => Rows::Keys(Box::new(Mutex::new(walk))),
    };
    let (skip, left) = (AtomicUsize::new(offset), AtomicUsize::new(limit));
    let limited = (offset, limit) != (0, usize::MAX);
    let stopped = AtomicBool::new(false);
    let shared = Shared { rows, source, index, residual, skip, left, limited, stopped, visit };
    thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(|| shared.work())).collect();
        let mut done = shared.work();
        for other in others {
            match other.join() {
                Ok(theirs) => done = done.and(theirs),
                Err(panic) => resume_unwind(panic),
            }
        }
        done
    })
}

fn walk_over<'r>(source: &Source<'r>, range: &ByteRange, way: Direction) -> Walk<'r> {
    Walk::new(source.clone(), smallvec![Piece::new(0, range.clone())], Repeats::Never, way)
}

/// Stops all threads when one of them fails, be it by a panic.
struct Share<'e> {
    stopped: &'e AtomicBool,
    pieces: Option<&'e Pieces>,
    done: bool,
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        if !self.done {
            self.stopped.store(true, Ordering::Relaxed);
            if let Some(pieces) = self.pieces {
                pieces.abandon();
            }
        }
    }
}

impl<'r, M: NetabaseModel> Shared<'_, 'r, M> {
    fn work(&self) -> Result<()> {
        let tests = &mut Residual::new(self.residual.clone(), &self.source)?;
        match &self.rows {
            Rows::Ranges(pieces, last) => self.work_on_ranges(pieces, last, tests),
            Rows::Keys(walk) => self.work_on_keys(walk, tests),
        }
    }

    fn work_on_ranges(&self, pieces: &Pieces, last: &[u8], tests: &mut Residual<M>) -> Result<()> {
        let mut had_one = false;
        while let Some(range) = pieces.next(had_one) {
            had_one = true;
            let mut share = Share { stopped: &self.stopped, pieces: Some(pieces), done: false };
            self.work_on_range(range, pieces, last, tests)?;
            share.done = true;
        }
        Ok(())
    }

    fn work_on_range(
        &self,
        mut range: ByteRange,
        pieces: &Pieces,
        last: &[u8],
        tests: &mut Residual<M>,
    ) -> Result<()> {
        let open = |range: &ByteRange| walk_over(&self.source, range, Direction::Forward);
        let mut walk = open(&range);
        while !self.is_stopped() && walk.advance()? {
            // Shared before the record is visited, which may take long.
            let divided = if pieces.are_wanted() { divide(walk.key(), &range, last) } else { None };
            let first = divided.map(|(first, rest)| {
                pieces.give(rest);
                first
            });
            if let Some(bytes) = walk.record()? {
                self.visit(tests, walk.key(), &bytes)?;
            }
            if let Some(first) = first {
                walk = open(&first);
                range = first;
            }
        }
        Ok(())
    }

    fn work_on_keys(&self, walk: &Mutex<Walk<'r>>, tests: &mut Residual<M>) -> Result<()> {
        let mut share = Share { stopped: &self.stopped, pieces: None, done: false };
        let mut keys = KeyList::default();
        let mut most = 1;
        loop {
            most = (most * 2).min(KEYS);
            {
                let mut walk = walk.lock().unwrap_or_else(PoisonError::into_inner);
                while keys.len() < most && !self.is_stopped() && walk.advance()? {
                    keys.push(walk.key());
                }
            }
            if keys.len() == 0 {
                share.done = true;
                return Ok(());
            }
            let mut fetch = Fetch::new(&self.source, keys);
            while !self.is_stopped() && fetch.advance(&self.source)? {
                match (fetch.record(&self.source)?, self.index) {
                    (Some(bytes), _) => self.visit(tests, fetch.key(), &bytes)?,
                    // Only a primary key that was asked for may lead to no record.
                    (None, None) => {}
                    (None, Some(index)) => return Err(self.source.corrupt(index)),
                }
            }
            keys = fetch.into_keys();
        }
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    fn visit(&self, tests: &mut Residual<M>, key: &[u8], bytes: &[u8]) -> Result<()> {
        let record = self.source.decode(bytes)?;
        if !tests.hold(key, &record)? {
            return Ok(());
        }
        // Without a limit the threads share no count, as counting would cost more than the rest.
        if self.limited {
            let one_less = |left: usize| left.checked_sub(1);
            if self.skip.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok() {
                return Ok(());
            }
            match self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less) {
                Ok(1) => self.stopped.store(true, Ordering::Relaxed),
                Ok(_) => {}
                Err(_) => return Ok(()),
            }
        }
        (self.visit)(record)
    }
}
