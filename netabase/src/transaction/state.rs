//! What a write transaction has done so far, whatever the definition it is looked at through.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::SystemTime;

use super::changes::{Asked, Changes};
use super::context::{Core, Encoded};
use super::hooks::Hooked;
use super::turn::{Lent, Turn};
use crate::change::wake;
use crate::engine::{Commit, Durability, Submitted, Write};
use crate::error::{Error, ErrorKind, Result};
use crate::model::Entries;
use crate::observe::{Kind, Observed, Outcome};
use crate::overlay::{Overlay, Staged};
use crate::permission::Guard;
use crate::table::{self, Deferred};

/// That somebody may still commit: the store's handles have it, and its write transactions. The watchers end with the last of them.
#[derive(Debug)]
pub(crate) struct Open(pub(crate) Arc<Core>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.feed.close();
    }
}

pub(crate) struct State {
    /// `None` where the state was taken away
    writer: Option<Box<dyn Write>>,
    /// One layer of staged changes; more while batches run.
    pub(super) layers: Vec<Overlay>,
    /// how often staged changes were given to the engine before the commit
    pub(super) spills: u32,
    /// links that are looked at before the commit, with the number of their model
    pub(super) deferred: BTreeSet<(usize, Deferred)>,
    /// Why nothing of this transaction can be kept, and nothing more can be done in it.
    pub(super) doomed: Option<Error>,
    pub(super) durability: Durability,
    pub(super) now: SystemTime,
    /// who writes
    pub(super) actor: Option<String>,
    pub(super) hooked: Hooked,
    pub(super) observed: Observed,
    changes: Changes,
    pub(super) buffers: Buffers,
    /// Whether it is part of a repository's transaction, which alone may commit it.
    pub(super) is_lent: bool,
    /// Watchers wait as long as somebody may commit.
    open: Option<Arc<Open>>,
    /// Last, so that the turn passes on when the engine's transaction is gone.
    turn: Option<Turn>,
}

#[derive(Default)]
pub(super) struct Buffers {
    pub(super) new: Encoded,
    /// the new record, read back
    pub(super) proof: Encoded,
    pub(super) old: Entries,
}

impl State {
    pub(crate) fn new(
        writer: Box<dyn Write>,
        core: &Core,
        (turn, open): (Turn, Arc<Open>),
        actor: Option<String>,
    ) -> Self {
        State {
            writer: Some(writer),
            layers: vec![Overlay::default()],
            spills: 0,
            deferred: BTreeSet::new(),
            doomed: None,
            durability: core.durability,
            now: core.clock.now(),
            actor,
            hooked: Hooked::default(),
            observed: Observed::begin(Kind::Write, ""),
            changes: Changes::default(),
            buffers: Buffers::default(),
            is_lent: false,
            open: Some(open),
            turn: Some(turn),
        }
    }

    /// Takes the state away. What is left says so, whatever is tried in it.
    pub(super) fn take(&mut self) -> State {
        let left = State {
            writer: None,
            layers: Vec::new(),
            spills: 0,
            deferred: BTreeSet::new(),
            doomed: None,
            durability: self.durability,
            now: self.now,
            actor: None,
            hooked: Hooked::default(),
            observed: self.observed.clone(),
            changes: Changes::default(),
            buffers: Buffers::default(),
            is_lent: false,
            open: None,
            turn: None,
        };
        std::mem::replace(self, left)
    }

    /// Notes that this thread writes, until what is returned is dropped.
    pub(super) fn lend(&self) -> Option<Lent> {
        self.turn.as_ref().map(Turn::lend)
    }

    pub(super) fn staged(&self) -> Result<Staged<'_>> {
        match (&self.doomed, &self.writer) {
            (None, Some(writer)) => Ok(Staged::new(&**writer, &self.layers)),
            (Some(error), _) => Err(error.clone()),
            (None, None) => Err(lost()),
        }
    }

    /// Gives changes to the engine if there are more of them than are to be kept in memory. Not while a verb with hooks runs, as one
    /// of them may take it back.
    pub(super) fn spill_if_full(&mut self, core: &Core) -> Result<()> {
        let is_full = || self.layers.iter().map(Overlay::bytes).sum::<usize>() > core.staging;
        if self.hooked.is_running() || !is_full() {
            return Ok(());
        }
        self.spills += 1;
        let asked = Changes::asked(core, &core.feed.enter(), false);
        self.apply(core, core.staging, &asked)
    }

    /// What fails in here dooms the transaction, as part of it may be with the engine. So does a panic.
    fn guarded(&mut self, work: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        self.doomed = Some(Error::new(ErrorKind::Doomed));
        if let Err(error) = work(self) {
            self.doomed = Some(Error::caused(ErrorKind::Doomed, error.clone()));
            return Err(error);
        }
        self.doomed = None;
        Ok(())
    }

    fn apply(&mut self, core: &Core, keep: usize, asked: &Asked) -> Result<()> {
        self.guarded(|state| {
            let State { writer, layers, changes, now, actor, .. } = state;
            let writer = writer.as_deref_mut().ok_or_else(lost)?;
            // What is spilled is only the beginning.
            let bytes = layers.iter().map(Overlay::bytes).sum();
            writer.announce(if asked.is_last { bytes } else { usize::MAX })?;
            let mut layers = layers.iter_mut().peekable();
            while let Some(layer) = layers.next() {
                changes.collect(layer, writer, core, (*now, actor.as_deref()), asked)?;
                if asked.is_last && layers.peek().is_none() {
                    changes.write_journal(core, writer, actor.as_deref())?;
                }
                layer.apply(writer, keep)?;
            }
            if asked.is_last { changes.prune_journal(core, writer) } else { Ok(()) }
        })
    }

    /// Refuses links that were left for the end and lead nowhere.
    fn check_deferred(&self, core: &Core) -> Result<()> {
        for (ordinal, link) in &self.deferred {
            let tables = core.layout.model(*ordinal)?;
            table::check_deferred(&Guard::follow(*ordinal), self.staged()?, tables, link)?;
        }
        Ok(())
    }

    /// Makes everything visible and durable, or nothing.
    pub(super) fn commit(self, core: &Core) -> Result<()> {
        // They outlive the gate, which the last one of them would want to enter.
        let (_open, observed) = (self.open.clone(), self.observed.clone());
        let done = self.committed(core);
        observed.end(match &done {
            Ok(()) => Outcome::Committed,
            Err(error) if error.is_conflict() => Outcome::Conflict,
            Err(_) => Outcome::Failed,
        });
        done
    }

    fn committed(mut self, core: &Core) -> Result<()> {
        if let Some(error) = self.doomed {
            return Err(error);
        }
        if self.is_lent || self.writer.is_none() {
            return Err(lost());
        }
        if self.spills == 0 && self.layers.iter().all(Overlay::is_empty) {
            let State { writer, turn, .. } = self;
            let ended = writer.map(Write::end).transpose()?;
            // The next writer need not wait for the disk as this one does.
            drop(turn);
            return match ended {
                Some(Submitted::Pending(pending)) => pending.wait().map(drop),
                Some(Submitted::Done(_)) | None => Ok(()),
            };
        }
        self.check_deferred(core)?;
        // Nobody comes to wait for commits until this one has passed.
        let (gate, passage) = core.feed.come();
        let asked = Changes::asked(core, &gate, true);
        drop(gate);
        self.apply(core, 0, &asked)?;
        let State { writer, turn, durability, changes, now, actor, .. } = self;
        let writer = writer.ok_or_else(lost)?;
        let is_commit = changes.is_commit();
        let (seq, told) = changes.finish(core, (now, actor));
        let pause = core.latest.pause();
        let mut turn = turn;
        let committed = match writer.submit(durability) {
            Ok(Submitted::Done(commit)) => Ok(commit),
            Ok(Submitted::Pending(pending)) => {
                // The next writer goes on while this one waits for the disk; but hooks are run before it begins.
                turn = turn.filter(|_| core.hooks.are_after());
                pending.wait()
            }
            Err(error) => Err(error),
        };
        drop(pause);
        let wakers = match &told {
            Some(told) => passage.pass(|gate| told.publish(core, gate, &committed)),
            None => {
                let has_number = is_commit && matches!(committed, Ok(Commit::Committed));
                passage.pass_by(has_number.then_some(seq));
                Vec::new()
            }
        };
        let woken = catch_unwind(AssertUnwindSafe(|| wake(wakers)));
        // Before the turn passes on, as whoever has it may ask what was committed.
        let committed = committed.and_then(Commit::into_result);
        if committed.is_ok() && core.hooks.are_after() {
            let _lent = turn.as_ref().map(Turn::lend);
            if let Some(told) = &told {
                told.run_after(core);
            }
        }
        drop(turn);
        if let Err(panic) = woken {
            resume_unwind(panic);
        }
        committed
    }
}

#[cold]
fn lost() -> Error {
    Error::new(ErrorKind::ScopeLost)
}

#[cold]
pub(super) fn no_layer() -> Error {
    Error::internal("no layer to stage in")
}
