//! What a transaction changed, on its way to the journal and to those who wait for it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::task::Waker;
use std::time::SystemTime;

use super::context::Core;
use crate::change::{Batch, Commit, Gate, Journal, Piece, Wanted, collect};
use crate::engine::{self, Write};
use crate::error::Result;
use crate::overlay::Overlay;
use crate::table::ModelTables;

/// The changes so far, and what became of them.
#[derive(Default)]
pub(super) struct Changes {
    /// for those who are told of the commit
    pieces: Vec<Piece>,
    bytes: usize,
    /// the commit's record in the journal, once it is begun
    journal: Option<Journal>,
    /// The models of which changes were given to the engine before the commit while nobody asked for them.
    lost: BTreeSet<usize>,
    /// whether there were more than are kept in memory
    is_cut: bool,
    /// models of which records were touched while somebody asked, by number
    touched: BTreeSet<usize>,
    /// whether any was while nobody did
    is_touched: bool,
}

impl Changes {
    /// Who asks for changes now. `is_last`: the commit follows.
    pub(super) fn asked(core: &Core, gate: &Gate, is_last: bool) -> Asked {
        let is_told = gate.has_watchers() || core.hooks.are_after();
        let is_asked = core.journals || is_told;
        let models = is_asked.then(|| gate.wanted(&core.layout, core.hooks.are_after()));
        Asked { models, is_told, is_last }
    }

    /// Notes what a layer makes of the records of the models that are asked for, before the engine has it.
    pub(super) fn collect(
        &mut self,
        layer: &Overlay,
        writer: &mut dyn Write,
        core: &Core,
        (time, actor): (SystemTime, Option<&str>),
        Asked { models: wanted, is_told, is_last }: &Asked,
    ) -> Result<()> {
        let changes = |tables: &&ModelTables| tables.main().is_ok_and(|main| layer.touches(main));
        let mut touched = core.layout.models().iter().filter(changes).map(|tables| tables.ordinal);
        if wanted.is_none() && *is_last {
            // Nobody asks which ones.
            self.is_touched = self.is_touched || touched.next().is_some();
            return Ok(());
        }
        let is_kept = |ordinal: &usize| {
            *is_told && wanted.as_ref().is_some_and(|wanted| wanted.get(*ordinal) == Some(&true))
        };
        let touched: Vec<usize> = touched.collect();
        self.lost.extend(touched.iter().filter(|ordinal| !is_last && !is_kept(ordinal)));
        self.touched.extend(touched);
        let Some(wanted) = wanted else { return Ok(()) };
        if core.journals && self.journal.is_none() && !self.touched.is_empty() {
            self.journal = Some(Journal::begin(&*writer, time)?);
        }
        let Changes { pieces, bytes, journal, is_cut, .. } = self;
        let limit = core.limits.value.saturating_sub(actor.map_or(0, str::len));
        collect(layer, writer, &core.layout, (wanted, Journal::room(limit)), &mut |piece, images, writer| {
            if let Some(journal) = journal
                && core.layout.is_journaled(piece.ordinal)
            {
                journal.add(writer, (piece.clone(), images), limit)?;
            }
            if !is_told {
                return Ok(());
            }
            *bytes += piece.items.len();
            pieces.push(piece);
            // Hooks are told all of it, whatever it takes.
            if *bytes > core.staging.max(LEAST) && !core.hooks.are_after() {
                (*pieces, *bytes, *is_cut) = (Vec::new(), 0, true);
            }
            Ok(())
        })
    }

    /// Writes the commit's last record in the journal, where it has one. Before the engine has the rows of the last layer, which may then
    /// point into it.
    pub(super) fn write_journal(
        &mut self,
        core: &Core,
        writer: &mut dyn Write,
        actor: Option<&str>,
    ) -> Result<()> {
        let Some(journal) = &mut self.journal else { return Ok(()) };
        journal.commit.actor = actor.map(str::to_owned);
        journal.finish(writer, core.limits.value)
    }

    /// Removes what the journal need not keep, when all that the commit does for its consumers is with the engine.
    pub(super) fn prune_journal(&self, core: &Core, writer: &mut dyn Write) -> Result<()> {
        let journal = self.journal.as_ref();
        journal.map_or(Ok(()), |journal| journal.prune(writer, &core.retention))
    }

    /// Makes ready what the watchers are told: `None` if nobody is there to be told. Gives the commit
    /// its number.
    pub(super) fn finish(
        self,
        core: &Core,
        (time, actor): (SystemTime, Option<String>),
    ) -> (u64, Option<Told>) {
        let journaled = self.journal.as_ref().map(|journal| journal.commit.seq);
        let (seq, has_watchers) = {
            let mut gate = core.feed.enter();
            (gate.assign(journaled, self.is_commit()), gate.has_watchers())
        };
        if self.journal.is_none() && !has_watchers && !core.hooks.are_after() {
            return (seq, None);
        }
        let commit = Commit { seq, time, actor };
        let Changes { pieces, lost, is_cut, touched, is_touched, .. } = self;
        let batch = Arc::new(Batch { commit, pieces });
        (seq, Some(Told { batch, lost, is_cut, touched, is_touched }))
    }

    /// Whether any record was touched, which makes it a commit with a number.
    pub(super) fn is_commit(&self) -> bool {
        self.is_touched || !self.touched.is_empty()
    }
}

/// Who asks for changes, when they are given to the engine.
pub(super) struct Asked {
    /// the models whose changes are asked for; `None` if nobody asks for any
    models: Option<Wanted>,
    /// Whether they are for somebody who is told of the commit, and not for the journal alone.
    is_told: bool,
    /// whether the commit follows
    pub(super) is_last: bool,
}

/// Bytes of changes that are kept in memory at least, however little is staged.
const LEAST: usize = 1 << 20;

/// What the watchers are told of a commit.
pub(super) struct Told {
    batch: Arc<Batch>,
    lost: BTreeSet<usize>,
    is_cut: bool,
    touched: BTreeSet<usize>,
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
        if matches!(committed, Ok(engine::Commit::Conflict)) {
            // Nothing has happened.
            return Vec::new();
        }
        let seq = self.batch.commit.seq;
        let mut wakers = gate.publish(&gate.any(), &self.batch);
        if self.touched.is_empty() && !self.is_touched {
            return wakers;
        }
        // Of what was not collected nobody knows whom it concerns.
        let is_known = |ordinal: usize| !self.is_cut && !self.lost.contains(&ordinal);
        let told = gate.told_of(&self.batch, &core.layout, is_known);
        let is_concerned = |ordinal| self.is_touched || self.touched.contains(&ordinal);
        let unknown = gate.of_models(|ordinal| is_concerned(ordinal) && !is_known(ordinal));
        if matches!(committed, Ok(engine::Commit::Committed)) {
            // Numbers of the journal tell whether somebody else has committed in between.
            let others = if core.journals { seq.saturating_sub(1) } else { 0 };
            wakers.extend(gate.reach(seq, others));
            wakers.extend(gate.publish(&told, &self.batch));
        } else {
            wakers.extend(gate.miss(&told, seq));
        }
        wakers.extend(gate.miss(&unknown, seq));
        wakers
    }

    pub(super) fn run_after(&self, core: &Core) {
        if !self.touched.is_empty() || self.is_touched {
            core.hooks.run_after(&self.batch);
        }
    }
}
