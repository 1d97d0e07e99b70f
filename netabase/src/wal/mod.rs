//! A write-ahead log over a storage engine, so that small durable commits cost one append to a file.
//!
//! A commit is a record in the log and a change of a table in memory; from time to time what is in memory is given to the engine, in
//! one commit and in the order of the keys. Reads merge the two. When a store is closed the engine has everything, and the log is gone.
//!
//! - `writer.rs` is a transaction; `record.rs` how its changes are written, `repeats.rs` what of them is not written again, `memtable.rs`
//!   where they stand.
//! - `merged.rs` reads memtables over the engine; `filter.rs` keeps most reads away from them.
//! - `log.rs` makes commits durable, several with one sync; `segments.rs` and `segment.rs` are its files, in a folder of `files.rs`.
//! - `checkpoint.rs` gives them to the engine; `mark.rs` is what the engine knows of the log.
//! - `recover.rs` reads a log that was not closed, `sorted.rs` makes a memtable of it. `state.rs` is what all of these share.

mod checkpoint;
mod files;
mod filter;
mod log;
mod mark;
mod memtable;
mod merged;
mod record;
mod recover;
mod repeats;
mod segment;
mod segments;
mod sorted;
mod state;
mod writer;

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

pub use self::files::{Folder, Storage};
pub use self::state::WalOptions;

use self::files::Disk;
use self::log::Turn;
use self::state::{Core, State};
use self::writer::Writer;
use crate::engine::{Check, Engine, Limits, Snapshot, Stats, Tables, Write};
use crate::error::{Error, ErrorKind, Result};

/// An engine with a log before it.
#[derive(Debug)]
pub struct Wal {
    handle: Arc<Handle>,
}

/// The log, as long as somebody may write to it. With the last one of these it is closed.
struct Handle {
    core: Arc<Core>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.core.fmt(f)
    }
}

impl Handle {
    fn start_thread(&self) -> Result<()> {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.is_none() {
            *thread = Some(checkpoint::spawn(&self.core)?);
        }
        Ok(())
    }

    /// Gives the engine everything, removes the log and lets nobody write any more.
    fn close(&self) -> Result<()> {
        self.core.state().is_stopping = true;
        self.core.work.notify_all();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        // If it panicked, the log is left as it is.
        let panicked = |_| Error::internal("the thread of checkpoints panicked");
        thread.map_or(Ok(()), |thread| thread.join().map_err(panicked))?;
        self.core.close()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // What cannot be given to the engine stays in the log, which is read when the store is opened again.
        let _ = self.close();
    }
}

impl Wal {
    /// Opens the log of an engine in a folder of the file system, or is ready to make it there.
    ///
    /// # Errors
    /// `JournalMismatch` if another log is there, or none where there has to be one; `Corrupt`, `NewerFormat`, `Io`. `NotClosed` if the
    /// engine may only be read and the log has what it has not.
    pub fn open(engine: Arc<dyn Engine>, folder: &Path, options: WalOptions) -> Result<Self> {
        Self::open_beside(engine, (folder, folder), options, &mut |_, _| {})
    }

    /// Whoever may read or write the database may do so with its log.
    pub(crate) fn open_beside(
        engine: Arc<dyn Engine>,
        (folder, database): (&Path, &Path),
        options: WalOptions,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Self> {
        let folder = Disk::new(folder.to_owned(), database.to_owned());
        Self::open_in(engine, Arc::new(folder), options, progress)
    }

    /// The same in a folder of another kind; tells how many bytes of the log are read, of how many.
    pub fn open_in(
        engine: Arc<dyn Engine>,
        folder: Arc<dyn Folder>,
        options: WalOptions,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Self> {
        let recovered = recover::recover(&*engine, &folder, options.forget_missing, progress)?;
        let is_behind = recovered.0.layers.draining.is_some();
        if is_behind && engine.is_read_only() {
            return Err(Error::new(ErrorKind::NotClosed { path: folder.path() }));
        }
        let has_begun = recovered.0.id.is_some() && !engine.is_read_only();
        let core = Arc::new(Core::new(engine, folder, options, recovered));
        let handle = Arc::new(Handle { core, thread: Mutex::default() });
        if has_begun {
            handle.start_thread()?;
        }
        Ok(Wal { handle })
    }

    /// Gives the engine everything and removes the log, as dropping does, and says whether that succeeded.
    ///
    /// # Errors
    /// `Busy` while a transaction is alive.
    pub fn close(self) -> Result<()> {
        match Arc::into_inner(self.handle) {
            Some(handle) => handle.close(),
            None => Err(Error::new(ErrorKind::Busy)),
        }
    }

    /// Waits for the turn to write, and for room if the engine is slower than the writers, so that memory stays bounded.
    fn turn(&self) -> Result<Turn> {
        let core = &self.handle.core;
        let is_taken = |state: &mut State| state.is_writing && state.failed.is_none();
        let mut state = core.turn.wait_while(core.state(), is_taken).unwrap_or_else(PoisonError::into_inner);
        state.check()?;
        state.is_writing = true;
        drop(state);
        let turn = Turn(self.handle.clone());
        self.wait_for_room()?;
        let mut state = core.state();
        state.check()?;
        let is_due = state.is_due || state.bytes >= core.options.checkpoint_size;
        if is_due && state.layers.draining.is_none() && state.since.is_some() {
            state.freeze();
            core.work.notify_one();
        }
        drop(state);
        Ok(turn)
    }

    fn wait_for_room(&self) -> Result<()> {
        let core = &self.handle.core;
        let is_full = |state: &State| {
            state.layers.draining.is_some() && state.bytes >= core.options.room && state.failed.is_none()
        };
        let mut state = core.state();
        if !is_full(&state) {
            return Ok(());
        }
        let began = Instant::now();
        let mut is_over = false;
        while is_full(&state) && !is_over {
            state = match core.options.patience.map(|patience| patience.saturating_sub(began.elapsed())) {
                None => core.turn.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(left) => core.turn.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0,
            };
            is_over = core.options.patience.is_some_and(|patience| began.elapsed() >= patience);
        }
        let is_still_full = is_full(&state);
        drop(state);
        crate::observe::checkpoint_pause(began);
        if is_still_full {
            let (limit, waited) = (core.options.room, began.elapsed());
            return Err(Error::new(ErrorKind::JournalFull { limit, waited }));
        }
        Ok(())
    }

    /// Does something with the engine, which has everything and is nobody's for the time.
    fn alone<T>(&self, work: impl FnOnce(&dyn Engine) -> Result<T>) -> Result<T> {
        let core = &self.handle.core;
        if core.inner.is_read_only() {
            return work(&*core.inner);
        }
        let _turn = self.turn()?;
        core.settle()?;
        let _switch = core.switch();
        core.state().release();
        work(&*core.inner)
    }
}

impl Engine for Wal {
    fn begin_read(&self, tables: &Tables) -> Result<Arc<dyn Snapshot>> {
        Ok(self.handle.core.visible(tables)?)
    }

    fn begin_write(&self, tables: &Tables) -> Result<Box<dyn Write>> {
        if self.is_read_only() {
            return Err(Error::new(ErrorKind::ReadOnly));
        }
        Ok(Box::new(Writer::new(self.turn()?, tables)?))
    }

    fn begin_bulk(&self, tables: &Tables) -> Result<Box<dyn Write>> {
        if self.is_read_only() {
            return Err(Error::new(ErrorKind::ReadOnly));
        }
        Ok(Box::new(Writer::direct(self.turn()?, tables)?))
    }

    fn table_names(&self) -> Result<Vec<String>> {
        let core = &self.handle.core;
        let _switch = core.switch();
        let mut names = core.inner.table_names()?;
        names.retain(|name| name != mark::TABLE);
        for name in core.state().table_names() {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn limits(&self) -> Limits {
        self.handle.core.inner.limits()
    }

    fn is_read_only(&self) -> bool {
        self.handle.core.inner.is_read_only()
    }

    /// It keeps a snapshot of its own for those who ask; one that is kept elsewhere would keep what a checkpoint has made superfluous.
    fn is_exclusive(&self) -> bool {
        false
    }

    fn check(&self) -> Result<Check> {
        self.alone(|engine| engine.check())
    }

    fn checkpoint(&self) -> Result<()> {
        if self.is_read_only() {
            return Ok(());
        }
        let _turn = self.turn()?;
        self.handle.core.settle()
    }

    fn compact(&self) -> Result<bool> {
        self.alone(|engine| engine.compact())
    }

    fn stats(&self, tables: &Tables) -> Result<Stats> {
        let mut stats = self.alone(|engine| engine.stats(tables))?;
        stats.tables.retain(|table| table.name != mark::TABLE);
        Ok(stats)
    }
}
