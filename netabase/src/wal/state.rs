//! What the writers, the readers and the checkpoints of a log share.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::files::Folder;
use super::merged::{Base, Layer, Layers, Merged};
use super::segment::Id;
use super::segments::Segments;
use crate::engine::{Engine, TableSpec, Tables};
use crate::error::{Error, ErrorKind, Result};

/// When the log is given to the engine, and how far it may be ahead of it.
#[derive(Clone, Debug)]
pub struct WalOptions {
    /// Bytes of the log after which it is given to the engine; 16 MiB.
    pub checkpoint_size: u64,
    /// how long a commit is in the log alone, about; 10 seconds
    pub checkpoint_after: Duration,
    /// Bytes that commits may add while a checkpoint runs, before writers wait for it; 64 MiB.
    pub room: u64,
    /// how long a writer waits for room; `None`: for ever
    pub patience: Option<Duration>,
    /// Opens the engine also if its log is missing: what the log alone had is lost.
    pub forget_missing: bool,
}

impl Default for WalOptions {
    fn default() -> Self {
        WalOptions {
            checkpoint_size: 16 << 20,
            checkpoint_after: Duration::from_secs(10),
            room: 64 << 20,
            patience: None,
            forget_missing: false,
        }
    }
}

/// The log with all that belongs to it.
pub(super) struct Core {
    pub(super) inner: Arc<dyn Engine>,
    pub(super) folder: Arc<dyn Folder>,
    pub(super) options: WalOptions,
    state: Mutex<State>,
    /// the files, in the hands of whoever writes them
    pub(super) segments: Mutex<Segments>,
    /// Held while the engine commits and until readers are told, so that memtables and the snapshot below fit together.
    pub(super) switch: Mutex<()>,
    /// Commits came to be durable, or failed: in turns for those of one sync and those of the next.
    pub(super) durable: [Condvar; 2],
    /// a writer has ended, or a checkpoint
    pub(super) turn: Condvar,
    /// there may be something to give to the engine
    pub(super) work: Condvar,
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wal({:?}, {:?})", self.inner, self.folder.path())
    }
}

/// What the lock guards.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each says another thing, at any time")]
pub(super) struct State {
    pub(super) registry: Registry,
    /// as of the last commit
    pub(super) layers: Layers,
    /// as readers see it
    visible: Layers,
    base: Option<Base>,
    /// the two together, for those who read the same tables
    published: Option<Arc<Merged>>,
    /// number of the last commit
    pub(super) appended: u64,
    /// of the last one that is on disk
    pub(super) durable: u64,
    /// of the last one that readers see
    pub(super) seen: u64,
    /// of the last one of the memtable that is given to the engine
    pub(super) frozen: u64,
    /// how many commits have gone past the log
    pub(super) direct: u64,
    /// generation of the last memtable that the engine has
    pub(super) drained: u64,
    /// bytes of the log that the last checkpoint has or is to have
    pub(super) freezing: u64,
    /// bytes of the log since then, and when the first of them came
    pub(super) bytes: u64,
    pub(super) since: Option<Instant>,
    /// records that are not written yet, by segment
    pub(super) parts: Vec<Part>,
    /// tables that the segment names already
    pub(super) named: Vec<bool>,
    /// a buffer to use again
    pub(super) spare: Vec<u8>,
    /// which log it is, once it has begun
    pub(super) id: Option<Id>,
    /// whether there is no place for a log
    pub(super) is_off: bool,
    /// whether there was a commit
    pub(super) has_commits: bool,
    pub(super) is_writing: bool,
    pub(super) is_syncing: bool,
    /// the last commit that the sync under way has
    pub(super) syncing: u64,
    /// how many syncs have begun
    pub(super) syncs: usize,
    /// Whether a checkpoint is to begin with the next writer, or when this one has ended.
    pub(super) is_due: bool,
    pub(super) is_stopping: bool,
    /// why nothing more may be written
    pub(super) failed: Option<Error>,
}

/// Records of one segment.
#[derive(Debug)]
pub(super) struct Part {
    /// number of the segment
    pub(super) segment: u64,
    /// number of the first commit
    pub(super) first: u64,
    /// commits past the log before it
    pub(super) direct: u64,
    pub(super) bytes: Vec<u8>,
}

impl fmt::Debug for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Base({} tables)", self.tables.len())
    }
}

impl fmt::Debug for Merged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Merged({:?}, {:?})", self.layers, self.base)
    }
}

/// The tables that the log has met, each with a number.
#[derive(Debug, Default)]
pub(super) struct Registry {
    pub(super) specs: Vec<TableSpec>,
    by_name: HashMap<String, usize>,
}

impl Registry {
    /// The number of a table.
    pub(super) fn slot(&mut self, spec: &TableSpec) -> usize {
        if let Some(slot) = self.by_name.get(&spec.name) {
            return *slot;
        }
        let slot = self.specs.len();
        self.specs.push(spec.clone());
        self.by_name.insert(spec.name.clone(), slot);
        slot
    }
}

impl Core {
    pub(super) fn new(
        inner: Arc<dyn Engine>,
        folder: Arc<dyn Folder>,
        options: WalOptions,
        (state, segments): (State, Segments),
    ) -> Self {
        Core {
            inner,
            folder,
            options,
            state: Mutex::new(state),
            segments: Mutex::new(segments),
            switch: Mutex::default(),
            durable: [Condvar::new(), Condvar::new()],
            turn: Condvar::new(),
            work: Condvar::new(),
        }
    }

    // What it guards is whole between any two statements, so a panic elsewhere spoils nothing.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is durable, for a reader of these tables.
    pub(super) fn visible(&self, tables: &Tables) -> Result<Arc<Merged>> {
        if let Some(published) = self.state().published_for(tables) {
            return Ok(published);
        }
        let (mut state, base) = self.with_base(tables)?;
        state.publish();
        match state.published_for(tables) {
            Some(published) => Ok(published),
            None => Ok(Arc::new(Merged { layers: state.visible.clone(), base })),
        }
    }

    pub(super) fn switch(&self) -> MutexGuard<'_, ()> {
        self.switch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, and the engine as of the last checkpoint for these tables. If nobody has asked for them before, a checkpoint under
    /// way is waited for.
    pub(super) fn with_base(&self, tables: &Tables) -> Result<(MutexGuard<'_, State>, Base)> {
        let state = self.state();
        if let Some(base) = state.base_for(tables) {
            return Ok((state, base));
        }
        drop(state);
        let _switch = self.switch();
        let mut state = self.state();
        if let Some(base) = state.base_for(tables) {
            return Ok((state, base));
        }
        let slots = state.slots(tables);
        let base = Base { tables: tables.clone(), slots, snapshot: self.inner.begin_read(tables)? };
        // Whoever reads other tables than most does without.
        if state.base.is_none() {
            state.base = Some(base.clone());
        }
        Ok((state, base))
    }

    /// Notes that nothing more may be written, and why.
    pub(super) fn fail(&self, state: &mut State, error: Error) {
        state.failed.get_or_insert(error);
        self.durable.iter().for_each(Condvar::notify_all);
        self.turn.notify_all();
        self.work.notify_all();
    }
}

fn is_same(one: &Tables, other: &Tables) -> bool {
    Arc::ptr_eq(one, other) || one == other
}

impl State {
    /// Begins behind these commits, which the log has and the engine does not.
    pub(super) fn new(registry: Registry, recovered: Option<Layer>, generation: u64, last: u64) -> Self {
        let drained = recovered.as_ref().map_or(generation, |layer| layer.generation).saturating_sub(1);
        let layers = Layers { draining: recovered, active: Layer::new(generation) };
        State {
            registry,
            visible: layers.clone(),
            layers,
            base: None,
            published: None,
            appended: last,
            durable: last,
            seen: last,
            frozen: last,
            direct: 0,
            drained,
            freezing: 0,
            bytes: 0,
            since: None,
            parts: Vec::new(),
            named: Vec::new(),
            spare: Vec::new(),
            id: None,
            is_off: false,
            has_commits: false,
            is_writing: false,
            is_syncing: false,
            syncing: 0,
            syncs: 0,
            is_due: false,
            is_stopping: false,
            failed: None,
        }
    }

    /// Tables that have rows in memory that readers see.
    pub(super) fn table_names(&self) -> Vec<String> {
        let layers = self.visible.draining.iter().chain([&self.visible.active]);
        let touched = layers.flat_map(|layer| layer.rows.touched());
        touched.filter_map(|slot| Some(self.registry.specs.get(slot)?.name.clone())).collect()
    }

    /// The numbers of these tables.
    pub(super) fn slots(&mut self, tables: &Tables) -> Arc<[usize]> {
        let slots: Arc<[usize]> = tables.iter().map(|spec| self.registry.slot(spec)).collect();
        for (spec, slot) in tables.iter().zip(slots.iter()) {
            // A table that was dropped may come again with another shape.
            let is_used = self
                .layers
                .draining
                .iter()
                .chain([&self.layers.active])
                .any(|layer| layer.rows.map(*slot).is_some() || layer.rows.index(*slot).is_some());
            if let Some(known) = self.registry.specs.get_mut(*slot).filter(|known| !is_used && *known != spec)
            {
                known.clone_from(spec);
                if let Some(named) = self.named.get_mut(*slot) {
                    *named = false;
                }
            }
        }
        slots
    }

    fn base_for(&self, tables: &Tables) -> Option<Base> {
        self.base.clone().filter(|base| is_same(&base.tables, tables))
    }

    fn published_for(&self, tables: &Tables) -> Option<Arc<Merged>> {
        self.published.clone().filter(|published| is_same(&published.base.tables, tables))
    }

    /// Shows readers what is visible.
    pub(super) fn publish(&mut self) {
        let layers = &self.visible;
        self.published = self.base.clone().map(|base| Arc::new(Merged { layers: layers.clone(), base }));
    }

    /// Makes these commits visible, up to a number.
    pub(super) fn show(&mut self, mut layers: Layers, seq: u64) {
        if seq <= self.seen {
            return;
        }
        // A checkpoint may have ended since these were taken.
        layers.draining = layers.draining.filter(|layer| layer.generation > self.drained);
        (self.visible, self.seen) = (layers, seq);
        self.publish();
    }

    /// Forgets the memtable that the engine has now. `base`: the engine with it.
    pub(super) fn thaw(&mut self, generation: u64, base: Option<Base>) {
        self.drained = generation;
        self.layers.draining = None;
        self.visible.draining = None;
        if self.visible.active.generation <= generation {
            self.visible.active = Layer::new(generation.saturating_add(1));
        }
        self.base = base;
        self.publish();
    }

    /// The tables that most readers ask for.
    pub(super) fn usual_tables(&self) -> Option<Tables> {
        self.base.as_ref().map(|base| base.tables.clone())
    }

    /// Lets go of the engine's snapshot.
    pub(super) fn release(&mut self) {
        (self.base, self.published) = (None, None);
    }

    /// How many bytes of the log the engine has not.
    pub(super) fn ahead(&self) -> u64 {
        let freezing = if self.layers.draining.is_some() { self.freezing } else { 0 };
        self.bytes.saturating_add(freezing)
    }

    /// Begins a new memtable and a new segment; the old one is for the engine.
    pub(super) fn freeze(&mut self) {
        let next = Layer::new(self.layers.active.generation.saturating_add(1));
        self.layers.draining = Some(std::mem::replace(&mut self.layers.active, next));
        self.freezing = std::mem::take(&mut self.bytes);
        (self.frozen, self.since, self.is_due) = (self.appended, None, false);
        self.named.clear();
    }

    /// Counts a commit; whether it does without a log: the first one, and all where there is no place for one.
    pub(super) fn goes_past_log(&mut self) -> bool {
        self.is_off || (!std::mem::replace(&mut self.has_commits, true) && self.id.is_none())
    }

    /// Why nothing can be written, if nothing can.
    pub(super) fn check(&self) -> Result<()> {
        match &self.failed {
            Some(error) => Err(Error::caused(ErrorKind::Closed, error.clone())),
            None => Ok(()),
        }
    }
}
