//! What a write transaction has done so far, whatever the definition it is looked at through.

use std::collections::BTreeSet;
use std::time::SystemTime;

use super::context::{Core, Encoded};
use super::turn::Turn;
use crate::engine::{Durability, Write};
use crate::error::{Error, ErrorKind, Result};
use crate::model::Entries;
use crate::overlay::{Overlay, Staged};
use crate::permission::Guard;
use crate::table::{self, Deferred};

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
    pub(super) buffers: Buffers,
    /// Whether it is part of a repository's transaction, which alone may commit it.
    pub(super) is_lent: bool,
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
    pub(crate) fn new(writer: Box<dyn Write>, core: &Core, turn: Turn) -> Self {
        State {
            writer: Some(writer),
            layers: vec![Overlay::default()],
            spills: 0,
            deferred: BTreeSet::new(),
            doomed: None,
            durability: core.durability,
            now: core.clock.now(),
            buffers: Buffers::default(),
            is_lent: false,
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
            buffers: Buffers::default(),
            is_lent: false,
            turn: None,
        };
        std::mem::replace(self, left)
    }

    pub(super) fn staged(&self) -> Result<Staged<'_>> {
        match (&self.doomed, &self.writer) {
            (None, Some(writer)) => Ok(Staged::new(&**writer, &self.layers)),
            (Some(error), _) => Err(error.clone()),
            (None, None) => Err(lost()),
        }
    }

    /// Gives changes to the engine if there are more of them than this many bytes.
    pub(super) fn spill_if_full(&mut self, staging: usize) -> Result<()> {
        if self.layers.iter().map(Overlay::bytes).sum::<usize>() <= staging {
            return Ok(());
        }
        self.spills += 1;
        self.apply(staging)
    }

    fn apply(&mut self, keep: usize) -> Result<()> {
        let writer = self.writer.as_deref_mut().ok_or_else(lost)?;
        // Until all of it is with the engine: a panic of the engine must not leave half of it to a commit.
        self.doomed = Some(Error::new(ErrorKind::Doomed));
        for layer in &mut self.layers {
            if let Err(error) = layer.apply(writer, keep) {
                self.doomed = Some(Error::caused(ErrorKind::Doomed, error.clone()));
                return Err(error);
            }
        }
        self.doomed = None;
        Ok(())
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
    pub(super) fn commit(mut self, core: &Core) -> Result<()> {
        if let Some(error) = self.doomed {
            return Err(error);
        }
        if self.is_lent || self.writer.is_none() {
            return Err(lost());
        }
        if self.spills == 0 && self.layers.iter().all(Overlay::is_empty) {
            return Ok(());
        }
        self.check_deferred(core)?;
        self.apply(0)?;
        let State { writer, turn, durability, .. } = self;
        let writer = writer.ok_or_else(lost)?;
        let pause = core.latest.pause();
        let committed = writer.commit(durability);
        // Before the turn passes on, as whoever has it may ask what was committed.
        drop(pause);
        drop(turn);
        committed?.into_result()
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
