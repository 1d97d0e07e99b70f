//! Group commit: writers add their records one after another, and whoever finds nobody at the disk writes what has gathered, with
//! one sync for all of it.

use std::sync::{Arc, Condvar, MutexGuard, PoisonError};
use std::time::Instant;

use super::merged::Layer;
use super::state::{Core, Part, State};
use crate::engine::Durability;
use crate::error::{Error, ErrorKind, Result};
use crate::observe;

/// A commit for the log.
pub(super) struct Appended {
    /// the record
    pub(super) bytes: Vec<u8>,
    /// the memtable with it
    pub(super) active: Layer,
    /// tables that the segment names with it
    pub(super) named: Vec<bool>,
}

/// Bytes that may wait for a sync that nobody waits for.
const LAZY: usize = 1 << 20;

/// A buffer to use again, if it is not too large to lie about.
fn kept(buffer: Vec<u8>) -> Vec<u8> {
    if buffer.capacity() > LAZY { Vec::new() } else { buffer }
}

impl Core {
    /// Adds the next commit. Returns its number, and whether it has to be [waited](Self::wait) for.
    pub(super) fn append(&self, commit: Appended, durability: Durability) -> Result<(u64, bool)> {
        let mut state = self.state();
        state.check()?;
        let seq = state.appended.saturating_add(1);
        let segment = state.layers.active.generation;
        state.bytes = state.bytes.saturating_add(commit.bytes.len() as u64);
        let direct = state.direct;
        let State { parts, spare, .. } = &mut *state;
        match parts.last_mut() {
            Some(part) if part.segment == segment => {
                part.bytes.extend_from_slice(&commit.bytes);
                *spare = kept(commit.bytes);
            }
            _ => parts.push(Part { segment, first: seq, direct, bytes: commit.bytes }),
        }
        let waiting: usize = parts.iter().map(|part| part.bytes.len()).sum();
        // What is given to the engine may be there by now, so the other memtable is not for the commit to say.
        (state.appended, state.layers.active, state.named) = (seq, commit.active, commit.named);
        if state.since.is_none() {
            state.since = Some(Instant::now());
            self.work.notify_one();
        }
        // Nothing that is not durable may come to be seen with it.
        let is_lazy = durability == Durability::Eventual && state.seen.saturating_add(1) == seq;
        if is_lazy {
            let layers = state.layers.clone();
            state.show(layers, seq);
        }
        let bytes = state.ahead();
        drop(state);
        observe::journal_bytes(bytes);
        Ok((seq, !is_lazy || waiting > LAZY))
    }

    /// Waits until a commit is durable.
    ///
    /// # Errors
    /// `CommitUnknown` if the log failed before it was: it may be there when the store is opened again.
    pub(super) fn wait(&self, seq: u64) -> Result<()> {
        let mut state = self.state();
        while state.durable < seq {
            if let Some(error) = &state.failed {
                return Err(Error::caused(ErrorKind::CommitUnknown, error.clone()));
            }
            state = if state.is_syncing {
                // The sync under way has what was there when it began.
                let is_in_it = seq <= state.syncing;
                let sync = state.syncs.wrapping_sub(usize::from(is_in_it));
                self.awaited(sync).wait(state).unwrap_or_else(PoisonError::into_inner)
            } else {
                self.flush(state)
            };
        }
        Ok(())
    }

    /// Writes what has gathered.
    fn flush<'c>(&'c self, mut state: MutexGuard<'c, State>) -> MutexGuard<'c, State> {
        let parts = std::mem::take(&mut state.parts);
        let (seq, layers, id) = (state.appended, state.layers.clone(), state.id);
        (state.is_syncing, state.syncing) = (true, seq);
        let this = state.syncs;
        state.syncs = this.wrapping_add(1);
        drop(state);
        let mut syncing = Syncing { core: self, is_done: false };
        let written = match id {
            Some(id) => self.segments().write(id, &parts),
            None => Err(Error::internal("a journal that has not begun")),
        };
        let mut state = self.state();
        syncing.is_done = true;
        state.is_syncing = false;
        match written {
            Ok(()) => {
                state.durable = seq;
                state.show(layers, seq);
                if state.parts.is_empty()
                    && let Some(part) = parts.into_iter().next_back()
                {
                    state.spare = kept(part.bytes);
                }
                self.awaited(this).notify_all();
                // One of those that have gathered meanwhile writes for them.
                self.awaited(state.syncs).notify_one();
            }
            // What is on disk now nobody knows. A sync that failed may do nothing when it is tried again, and say that all is well.
            Err(error) => self.fail(&mut state, error),
        }
        state
    }

    /// Where those wait whose commits go with this sync.
    fn awaited(&self, sync: usize) -> &Condvar {
        let [even, odd] = &self.durable;
        if sync.is_multiple_of(2) { even } else { odd }
    }

    pub(super) fn segments(&self) -> MutexGuard<'_, super::segments::Segments> {
        self.segments.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets nobody wait for a writer of the log that panicked.
struct Syncing<'c> {
    core: &'c Core,
    is_done: bool,
}

impl Drop for Syncing<'_> {
    fn drop(&mut self) {
        if !self.is_done {
            let mut state = self.core.state();
            state.is_syncing = false;
            self.core.fail(&mut state, Error::internal("the journal's writer panicked"));
        }
    }
}

/// The turn of a writer. Dropping it passes it on.
pub(super) struct Turn(pub(super) Arc<super::Handle>);

impl Drop for Turn {
    fn drop(&mut self) {
        let core = &self.0.core;
        let mut state = core.state();
        state.is_writing = false;
        if state.is_due {
            core.work.notify_one();
        }
        drop(state);
        core.turn.notify_one();
    }
}
