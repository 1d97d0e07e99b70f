//! The journal before a file: whether there is one, and where.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::Builder;
use crate::engine::{Engine, Redb, RedbOptions};
use crate::error::{Error, ErrorKind, Result};
use crate::maintenance::Progress;
use crate::wal::{Wal, WalOptions};

/// Whether commits go to a write-ahead journal before they go to the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WriteAhead {
    /// Commits go to the file. There is no other file, at any time.
    Off,
    /// A small commit is one append to a journal in the folder beside the file, named as it is with `-journal` behind; writers that commit
    /// at once share a sync. The first commit of an open store goes to the file, and so do large ones. From time to time a thread gives what has gathered to the file, in one commit. A store that is closed is
    /// one file again; one that was killed needs its journal, and reads it when it is opened.
    ///
    /// What was committed since the last time is in memory, too. Readers see what is durable.
    #[default]
    On,
}

/// The journal before the file.
impl<D, S> Builder<D, S> {
    /// Whether commits go to a journal first; they do, unless set. Says nothing of a store in memory or in another engine. Where a journal
    /// was left by a program that was killed, it is read in any case; where there is no place for one, as in a folder that may not be
    /// written to, commits go to the file.
    #[doc(alias("wal", "Journal"))]
    pub fn write_ahead(mut self, write_ahead: WriteAhead) -> Self {
        self.write_ahead = write_ahead;
        self
    }

    /// Opens the file also if the journal is gone that it was left with by a program that was killed: what was committed since the last
    /// checkpoint is lost. Without it such a file is refused with `JournalMismatch`.
    pub fn forget_missing_journal(mut self, yes: bool) -> Self {
        self.wal.forget_missing = yes;
        self
    }

    /// How many bytes the journal gathers before they are given to the file; 16 MiB unless set. More makes for fewer commits of the
    /// file, less for less memory and a faster opening after a crash. Writers that are faster than the file wait when there are four
    /// times as many behind those that the file is just given: as long as [`write_wait`](Self::write_wait) allows, after which they fail with `JournalFull`.
    pub fn checkpoint_size(mut self, bytes: u64) -> Self {
        (self.wal.checkpoint_size, self.wal.room) = (bytes, bytes.saturating_mul(4));
        self
    }

    /// How long commits stay in the journal alone, about; 10 seconds unless set.
    pub fn checkpoint_after(mut self, age: Duration) -> Self {
        self.wal.checkpoint_after = age;
        self
    }
}

/// What the builder was told.
pub(super) struct Journal<'b> {
    pub(super) write_ahead: WriteAhead,
    pub(super) options: WalOptions,
    pub(super) progress: &'b dyn Fn(Progress<'_>),
}

/// Opens the file, and the journal before it.
pub(super) fn open(path: &Path, options: &RedbOptions, journal: Journal<'_>) -> Result<Arc<dyn Engine>> {
    // A file has one journal, whatever link it was opened by.
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if !real.exists() && folder_of(&real).is_dir() {
        let (path, reason) = (folder_of(&real), "there is no database beside it");
        return Err(Error::new(ErrorKind::JournalMismatch { path, reason }));
    }
    let has_name = |folder: &Path| folder.file_name().is_some_and(|name| name.len() <= LONGEST);
    let is_on = journal.write_ahead == WriteAhead::On && has_name(&folder_of(&real));
    let engine: Arc<dyn Engine> =
        Arc::new(Redb::open(path, &RedbOptions { quick_repair: is_on, ..options.clone() })?);
    let path = fs::canonicalize(path).unwrap_or(real);
    let folder = folder_of(&path);
    if !has_name(&folder) {
        return Ok(engine);
    }
    let mut progress = |done, total| (journal.progress)(Progress { table: "the journal", done, total });
    let wal = Wal::open_beside(engine.clone(), (&folder, &path), journal.options, &mut progress)?;
    if is_on || engine.is_read_only() {
        return Ok(Arc::new(wal));
    }
    // What a journal was left with goes to the file.
    wal.close()?;
    Ok(engine)
}

/// Bytes of a name on most systems. A file for whose journal there is no name has none.
const LONGEST: usize = 255;

fn folder_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push("-journal");
    path.with_file_name(name)
}
