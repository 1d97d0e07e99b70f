//! What a transaction changed, on its way to the journal and to those who wait for it.

use std::sync::Arc;
use std::task::Waker;
use std::time::SystemTime;

use super::context::Core;
use crate::change::{Batch, Commit, Gate, Journal, Log, Wanted};
use crate::engine::{self, Read, Write};
use crate::error::Result;
use crate::overlay::Overlay;
use crate::table::Layout;

/// The changes so far, and what became of them.
#[derive(Default)]
pub(super) struct Changes {
    log: Log,
    /// the commit's record in the journal, once it is begun
    journal: Option<Journal>,
    /// The models whose changes were collected each time when some were given to the engine before the commit.
    spilled: Option<Wanted>,
    /// whether there were more than are kept in memory
    is_cut: bool,
    /// whether any record was touched, which makes it a commit with a number
    is_touched: bool,
}

impl Changes {
    /// The models whose changes somebody asks for; `None` if nobody asks for any.
    pub(super) fn wanted(core: &Core, gate: &Gate) -> Option<Wanted> {
        let is_asked = core.journals || gate.has_watchers() || core.hooks.are_after();
        is_asked.then(|| gate.wanted(&core.layout, core.hooks.are_after()))
    }

    /// Notes what a layer makes of the records of these models, before the engine has it.
    pub(super) fn collect(
        &mut self,
        layer: &Overlay,
        before: &dyn Read,
        layout: &Layout,
        wanted: Option<&Wanted>,
    ) -> Result<()> {
        self.is_touched |=
            layout.models().iter().any(|tables| tables.main().is_ok_and(|main| layer.touches(main)));
        match wanted {
            Some(wanted) => self.log.collect(layer, before, layout, wanted),
            None => Ok(()),
        }
    }

    /// Moves what was collected out of memory, before the commit.
    pub(super) fn spill(
        &mut self,
        core: &Core,
        writer: &mut dyn Write,
        (now, actor): (SystemTime, Option<&str>),
        wanted: Option<&Wanted>,
    ) -> Result<()> {
        let nothing = || (0..core.layout.models().len()).map(|_| false).collect();
        let now_wanted = wanted.cloned().unwrap_or_else(nothing);
        self.spilled = Some(match &self.spilled {
            None => now_wanted,
            Some(before) => before.iter().zip(now_wanted.iter()).map(|(a, b)| *a && *b).collect(),
        });
        if core.journals {
            let actor = actor.map(str::to_owned);
            let mut journal = match self.journal.take() {
                Some(journal) => journal,
                None => Journal::begin(&*writer, now, actor)?,
            };
            let pieces: Vec<_> =
                self.log.since_mark().filter(|piece| core.layout.is_journaled(piece.ordinal)).collect();
            if !pieces.is_empty() {
                journal.write(writer, &pieces, false)?;
            }
            self.journal = Some(journal);
        }
        self.log.mark();
        // Hooks are told all of it, whatever it takes.
        if self.log.bytes() > core.staging && !core.hooks.are_after() {
            self.log.clear();
            self.is_cut = true;
        }
        Ok(())
    }

    /// Writes the record of the commit, and makes ready what the watchers are told.
    pub(super) fn finish(
        mut self,
        core: &Core,
        writer: &mut dyn Write,
        (time, actor): (SystemTime, Option<String>),
        is_wanted: bool,
        gate: &Gate,
    ) -> Result<Told> {
        let mut commit = Commit { seq: gate.next(), time, actor };
        if core.journals && self.is_touched {
            let mut journal = match self.journal.take() {
                Some(journal) => journal,
                None => Journal::begin(&*writer, time, None)?,
            };
            commit.seq = journal.commit.seq;
            journal.commit = commit.clone();
            let pieces: Vec<_> =
                self.log.since_mark().filter(|piece| core.layout.is_journaled(piece.ordinal)).collect();
            journal.write(writer, &pieces, true)?;
            journal.prune(writer, &core.retention)?;
        }
        let Changes { log, spilled, is_cut, is_touched, .. } = self;
        let seq = commit.seq;
        let batch = is_wanted.then(|| Arc::new(Batch { commit, pieces: log.into_pieces() }));
        Ok(Told { seq, batch, spilled, is_cut, is_touched })
    }
}

/// What the watchers are told of a commit.
pub(super) struct Told {
    seq: u64,
    batch: Option<Arc<Batch>>,
    spilled: Option<Wanted>,
    is_cut: bool,
    is_touched: bool,
}

impl Told {
    /// Tells them, in whatever way it ended. What is returned is to be woken, when the gate is open again.
    pub(super) fn publish(
        &self,
        core: &Core,
        gate: &mut Gate,
        committed: &Result<engine::Commit>,
    ) -> Vec<Waker> {
        match committed {
            Ok(engine::Commit::Committed) if self.is_touched => gate.count(),
            Ok(engine::Commit::Committed) => {}
            // Nothing has happened.
            Ok(engine::Commit::Conflict) => return Vec::new(),
            Ok(engine::Commit::Unknown) | Err(_) => return gate.miss(self.seq, |_| true),
        }
        let Some(batch) = &self.batch else { return Vec::new() };
        if self.is_cut {
            return gate.miss(self.seq, |_| true);
        }
        let mut wakers = match &self.spilled {
            // Who came after some of it was given to the engine does not get all of it.
            Some(spilled) => gate.miss(self.seq, |ordinal| spilled.get(ordinal) != Some(&true)),
            None => Vec::new(),
        };
        wakers.extend(gate.publish(batch, &core.layout));
        wakers
    }

    pub(super) fn run_after(&self, core: &Core) {
        if let Some(batch) = &self.batch
            && self.is_touched
        {
            core.hooks.run_after(batch);
        }
    }
}
