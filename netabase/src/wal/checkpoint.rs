//! Checkpoints: what the log has is given to the engine in key order, in one commit with the number of its last commit.

use std::sync::{Arc, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use super::mark::{self, Mark};
use super::merged::{Base, Layer};
use super::segment::{Header, salt};
use super::state::{Core, State};
use crate::engine::{Commit, Durability, TableId, TableSpec, Tables, Write};
use crate::error::{Error, ErrorKind, Result};
use crate::observe;

impl Core {
    /// Gives the engine the memtable that is to be given, if there is one. Writers and readers go on meanwhile.
    pub(super) fn drain(&self) -> Result<()> {
        let switch = self.switch();
        let (layer, last, direct, id, specs) = {
            let state = self.state();
            state.check()?;
            let (Some(layer), Some(id)) = (state.layers.draining.clone(), state.id) else { return Ok(()) };
            (layer, state.frozen, state.direct, id, state.registry.specs.clone())
        };
        let began = Instant::now();
        let segment = layer.generation.saturating_add(1);
        let mark = Mark { id, drained: last, segment, direct, is_closed: false };
        let drained = self.hand_over(&layer, &specs, mark);
        let mut state = self.state();
        let renewed = drained.and_then(|()| self.renewed(&mut state));
        match renewed {
            Ok(base) => state.thaw(layer.generation, base),
            Err(error) => {
                self.fail(&mut state, error.clone());
                return Err(error);
            }
        }
        let ahead = state.ahead();
        drop((state, switch));
        observe::journal_bytes(ahead);
        self.segments().free(layer.generation);
        self.turn.notify_all();
        observe::checkpoint(began);
        Ok(())
    }

    fn hand_over(&self, layer: &Layer, specs: &[TableSpec], mark: Mark) -> Result<()> {
        // The engine never has what the log may lose.
        self.wait(mark.drained)?;
        let Mark { id, drained, segment, direct, .. } = mark;
        self.segments().begin(Header { id, number: segment, first: drained.saturating_add(1), direct })?;
        let touched: Vec<usize> = layer.rows.touched().collect();
        let tables: Vec<TableSpec> = touched.iter().filter_map(|slot| specs.get(*slot).cloned()).collect();
        self.give(tables, mark, |writer| {
            let mut places = touched.iter().enumerate();
            places.try_for_each(|(place, slot)| layer.rows.apply(*slot, writer, TableId(place)))
        })
    }

    /// Commits changes of these tables to the engine, with the mark behind them.
    fn give(
        &self,
        mut tables: Vec<TableSpec>,
        mark: Mark,
        fill: impl FnOnce(&mut dyn Write) -> Result<()>,
    ) -> Result<()> {
        let place = TableId(tables.len());
        tables.push(mark::table());
        let mut writer = self.inner.begin_write(&tables.into())?;
        fill(&mut *writer)?;
        mark.write(&mut *writer, place)?;
        writer.commit(Durability::Immediate)?.into_result()
    }

    /// The engine as it is now, for those who read it as it was.
    fn renewed(&self, state: &mut State) -> Result<Option<Base>> {
        let Some(tables) = state.usual_tables() else { return Ok(None) };
        let snapshot = self.inner.begin_read(&tables)?;
        Ok(Some(Base { slots: state.slots(&tables), tables, snapshot }))
    }

    /// Gives the engine everything. No other writer runs.
    pub(super) fn settle(&self) -> Result<()> {
        loop {
            let mut state = self.state();
            state.check()?;
            if state.layers.draining.is_none() {
                if state.since.is_none() {
                    return Ok(());
                }
                state.freeze();
            }
            drop(state);
            self.drain()?;
        }
    }

    /// Begins a transaction with the engine itself, which has everything. If there is a log it has the table of the mark, too.
    pub(super) fn begin_direct(&self, tables: &Tables) -> Result<(Box<dyn Write>, Option<TableId>)> {
        if self.state().id.is_none() {
            return Ok((self.inner.begin_write(tables)?, None));
        }
        let with_mark: Tables = tables.iter().cloned().chain([mark::table()]).collect();
        Ok((self.inner.begin_write(&with_mark)?, Some(TableId(tables.len()))))
    }

    /// Ends a transaction that wrote to the engine itself. It is always durable, as commits of the log may follow.
    pub(super) fn commit_direct(&self, mut writer: Box<dyn Write>, place: Option<TableId>) -> Result<Commit> {
        let _switch = self.switch();
        if let (Some(place), Some(mark)) = (place, self.next_direct()) {
            let Mark { id, drained, segment, direct, .. } = mark;
            // If the commit fails it stays empty, and tells of nothing.
            self.segments().begin(Header {
                id,
                number: segment,
                first: drained.saturating_add(1),
                direct,
            })?;
            mark.write(&mut *writer, place)?;
        }
        let committed = writer.commit(Durability::Immediate);
        let mut state = self.state();
        let committed = match committed {
            Ok(Commit::Unknown) => Err(Error::new(ErrorKind::CommitUnknown)),
            committed => committed,
        };
        if let Err(error) = &committed {
            // Commits of the log would follow on something that nobody knows.
            self.fail(&mut state, error.clone());
        }
        let committed = committed?;
        state.direct = state.direct.saturating_add(1);
        let generation = state.layers.active.generation;
        state.freeze();
        match self.renewed(&mut state) {
            Ok(base) => state.thaw(generation, base),
            Err(error) => self.fail(&mut state, error),
        }
        Ok(committed)
    }

    /// The mark of a commit past the log, if there is a log. The engine has everything before it.
    fn next_direct(&self) -> Option<Mark> {
        let state = self.state();
        // What follows is in a segment that says so: without this commit it makes no sense.
        let (segment, direct) =
            (state.layers.active.generation.saturating_add(1), state.direct.saturating_add(1));
        Some(Mark { id: state.id?, drained: state.appended, segment, direct, is_closed: false })
    }

    /// Begins the log, if it has not begun: from then on the database is not whole without it. `false` if there is no place for it. In the
    /// turn of a writer.
    pub(super) fn begin_log(self: &Arc<Self>, handle: &super::Handle) -> Result<bool> {
        let (segment, drained, direct) = {
            let state = self.state();
            state.check()?;
            if state.id.is_some() {
                return Ok(true);
            }
            (state.layers.active.generation, state.appended, state.direct)
        };
        let id = mark::new_id()?;
        let header = Header { id, number: segment, first: drained.saturating_add(1), direct };
        let begun = handle.start_thread();
        let begun = begun.and_then(|()| self.segments().begin(header));
        if let Err(error) = begun {
            // As in a folder that may not be written to. Nothing has happened yet, and the file takes commits itself.
            observe::no_journal(&error);
            let _ = self.segments().remove();
            self.state().is_off = true;
            return Ok(false);
        }
        let switch = self.switch();
        let given =
            self.give(Vec::new(), Mark { id, drained, segment, direct, is_closed: false }, |_| Ok(()));
        drop(switch);
        let mut state = self.state();
        if let Err(error) = given {
            self.fail(&mut state, error.clone());
            return Err(error);
        }
        state.id = Some(id);
        Ok(true)
    }

    /// Number and salt of the next record.
    pub(super) fn next_record(&self) -> Result<(u64, u32)> {
        let state = self.state();
        let id = state.id.ok_or_else(|| Error::internal("a journal that has not begun"))?;
        Ok((state.appended.saturating_add(1), salt(&id, state.layers.active.generation)))
    }

    /// Gives the engine everything and removes the log, so that the file is whole by itself.
    pub(super) fn close(&self) -> Result<()> {
        if self.state().id.is_none() {
            return Ok(());
        }
        self.settle()?;
        let Some(id) = self.state().id.take() else { return Ok(()) };
        let drained = self.state().appended;
        let _switch = self.switch();
        self.state().release();
        self.give(Vec::new(), Mark { id, drained, segment: 0, direct: 0, is_closed: true }, |_| Ok(()))?;
        let failed = |error| Error::caused(ErrorKind::Io { kind: std::io::Error::kind(&error) }, error);
        self.segments().remove().map_err(failed)?;
        mark::remove(&*self.inner)
    }

    /// What the thread does until the log is closed.
    fn keep_up(&self) {
        // Engines and those who observe them are code of others, which may panic.
        let mut watch = Panicking { core: self, is_over: false };
        let mut state = self.state();
        while !state.is_stopping && state.failed.is_none() {
            if state.layers.draining.is_some() {
                drop(state);
                // Whoever writes next is told why it failed.
                let _ = self.drain();
                state = self.state();
                continue;
            }
            let Some(since) = state.since else {
                state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let elapsed = since.elapsed();
            if elapsed < self.options.checkpoint_after {
                let left = self.options.checkpoint_after.saturating_sub(elapsed);
                state = self.work.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
            } else if state.is_writing {
                state.is_due = true;
                state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
            } else {
                state.freeze();
            }
        }
        drop(state);
        watch.is_over = true;
    }
}

/// Lets no writer wait for a thread that panicked.
struct Panicking<'c> {
    core: &'c Core,
    is_over: bool,
}

impl Drop for Panicking<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            let mut state = self.core.state();
            self.core.fail(&mut state, Error::internal("the thread of checkpoints panicked"));
        }
    }
}

/// Starts the thread that makes checkpoints.
pub(super) fn spawn(core: &Arc<Core>) -> Result<JoinHandle<()>> {
    let core = core.clone();
    let spawned = thread::Builder::new().name("netabase-checkpoint".to_owned()).spawn(move || core.keep_up());
    spawned.map_err(|error| Error::caused(ErrorKind::Io { kind: error.kind() }, error))
}
