//! A disk that can run full, fail, and be found as it was when the power went: under redb's own file, and under the files of a
//! write-ahead journal beside it.
//!
//! Writes go to a cache, as they do in an operating system; a sync makes those of a file durable. Every write, change of length, new
//! name, removal and sync is an operation with a number.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use netabase::Result;
use netabase::engine::{Redb, RedbOptions};
use netabase::wal::{Folder, Storage, Wal, WalOptions};
use redb::StorageBackend;

/// All files by their names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Files(BTreeMap<String, Vec<u8>>);

/// redb's file alone.
impl From<Vec<u8>> for Files {
    fn from(bytes: Vec<u8>) -> Files {
        Files([(DATABASE.to_owned(), bytes)].into())
    }
}

impl Files {
    fn of(&mut self, name: &str) -> &mut Vec<u8> {
        self.0.entry(name.to_owned()).or_default()
    }
}

impl Files {
    /// The files of a journal, in the order of their names.
    pub fn segments(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let files = self.0.iter().filter(|(name, _)| *name != DATABASE);
        files.map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
    }

    /// All of them, with one as it is given, or without it.
    #[must_use]
    pub fn with(mut self, name: &str, bytes: Option<Vec<u8>>) -> Files {
        match bytes {
            Some(bytes) => drop(self.0.insert(name.to_owned(), bytes)),
            None => drop(self.0.remove(name)),
        }
        self
    }
}

/// The name of redb's file.
const DATABASE: &str = "";

/// An operation that changes the disk.
#[derive(Clone, Debug)]
pub struct Operation {
    file: String,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    /// bytes at a place
    Write(usize, Vec<u8>),
    /// a new length
    Len(usize),
    /// what came before is durable
    Sync,
    /// the file is there, and is so after a power cut
    Create,
    /// the file is gone
    Remove,
    /// so are those that were removed, also after a power cut
    Names,
}

/// A failure, at an operation or from it on.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// number of the operation, counted from 1
    pub at: u64,
    /// also every later one
    pub stays: bool,
    /// what the system says
    pub kind: io::ErrorKind,
}

#[derive(Debug, Default)]
struct State {
    files: Files,
    operations: u64,
    fault: Option<Fault>,
    history: Vec<Operation>,
    /// Whether syncs of the journal do nothing, and say that all is well.
    lies: bool,
    /// how long a sync takes, and one of redb's file more than that
    slow: (Duration, Duration),
    /// whether syncs wait
    is_held: bool,
}

/// The disk. A clone is the same one.
#[derive(Clone, Debug, Default)]
pub struct Disk(Arc<Mutex<State>>);

impl Disk {
    /// A disk with these files on it.
    pub fn holding(files: impl Into<Files>) -> Disk {
        let disk = Disk::default();
        disk.state().files = files.into();
        disk
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many operations there were.
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    /// How many syncs of files whose names begin so there were.
    pub fn syncs(&self, name: &str) -> usize {
        let state = self.state();
        let is_sync =
            |operation: &&Operation| matches!(operation.what, What::Sync) && operation.file.starts_with(name);
        state.history.iter().filter(is_sync).count()
    }

    /// Sets when the disk fails.
    pub fn fail(&self, fault: Fault) {
        self.state().fault = Some(fault);
    }

    /// From now on syncs of the journal do nothing.
    pub fn lie(&self) {
        self.state().lies = true;
    }

    /// From now on syncs take this long.
    pub fn slow(&self, time: Duration) {
        self.state().slow.0 = time;
    }

    /// From now on syncs of redb's file take this much longer.
    pub fn slow_database(&self, time: Duration) {
        self.state().slow.1 = time;
    }

    /// From now on syncs do not end, until they are let go.
    pub fn hold(&self) {
        self.state().is_held = true;
    }

    /// Syncs end again.
    pub fn let_go(&self) {
        self.state().is_held = false;
    }

    /// The disk works again, as when space was made.
    pub fn heal(&self) {
        self.state().fault = None;
    }

    /// All files, as the next process sees them if the machine stays on.
    pub fn files(&self) -> Files {
        self.state().files.clone()
    }

    /// redb's file.
    pub fn bytes(&self) -> Vec<u8> {
        self.state().files.0.get(DATABASE).cloned().unwrap_or_default()
    }

    /// Changes a byte of redb's file behind everybody's back.
    pub fn rot(&self, at: usize) {
        self.state().files.of(DATABASE)[at] ^= 1;
    }

    /// All operations so far that were done.
    pub fn history(&self) -> Vec<Operation> {
        self.state().history.clone()
    }

    /// An engine on this disk.
    pub fn engine(&self, options: &RedbOptions) -> Result<Redb> {
        Redb::on_backend(self.clone(), options)
    }

    /// The same with a write-ahead journal.
    pub fn logged(&self, options: &RedbOptions, wal: WalOptions) -> Result<Wal> {
        let engine = self.engine(&RedbOptions { quick_repair: true, ..options.clone() })?;
        Wal::open_in(Arc::new(engine), Arc::new(self.clone()), wal, &mut |_, _| {})
    }

    fn operate(&self, file: &str, what: What) -> io::Result<()> {
        let (all, database) = self.state().slow;
        let slow = if file == DATABASE { all + database } else { all };
        if matches!(what, What::Sync) && !slow.is_zero() {
            thread::sleep(slow);
        }
        while matches!(what, What::Sync) && self.state().is_held {
            thread::sleep(Duration::from_millis(1));
        }
        let mut state = self.state();
        state.operations += 1;
        let now = state.operations;
        if let Some(fault) = state.fault
            && (now == fault.at || (fault.stays && now > fault.at))
        {
            return Err(fault.kind.into());
        }
        if state.lies && matches!(what, What::Sync) && file != DATABASE {
            return Ok(());
        }
        let operation = Operation { file: file.to_owned(), what };
        apply(&mut state.files, &operation);
        state.history.push(operation);
        Ok(())
    }
}

fn apply(files: &mut Files, Operation { file, what }: &Operation) {
    let bytes = files.of(file);
    match what {
        What::Write(at, data) => {
            if bytes.len() < at + data.len() {
                bytes.resize(at + data.len(), 0);
            }
            bytes[*at..*at + data.len()].copy_from_slice(data);
        }
        What::Len(len) => bytes.resize(*len, 0),
        What::Sync | What::Create | What::Names => {}
        What::Remove => drop(files.0.remove(file)),
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().files.0.get(DATABASE).map_or(0, Vec::len) as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.state();
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let bytes = state.files.0.get(DATABASE).map_or(&[][..], |bytes| bytes);
        let bytes = start.checked_add(out.len()).and_then(|end| bytes.get(start..end));
        out.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let len = usize::try_from(len).map_err(|_| io::ErrorKind::StorageFull)?;
        self.operate(DATABASE, What::Len(len))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.operate(DATABASE, What::Sync)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let start = usize::try_from(offset).map_err(|_| io::ErrorKind::StorageFull)?;
        if start + data.len() > self.bytes().len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.operate(DATABASE, What::Write(start, data.to_vec()))
    }
}

impl Folder for Disk {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.state().files.0.keys().filter(|name| *name != DATABASE).cloned().collect())
    }

    fn size(&self, name: &str) -> io::Result<u64> {
        Ok(self.state().files.0.get(name).ok_or(io::ErrorKind::NotFound)?.len() as u64)
    }

    fn read(&self, name: &str, most: u64) -> io::Result<Vec<u8>> {
        let state = self.state();
        let bytes = state.files.0.get(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(bytes.iter().copied().take(usize::try_from(most).unwrap_or(usize::MAX)).collect())
    }

    fn open(&self, name: &str, create: bool) -> io::Result<Box<dyn Storage>> {
        if create {
            self.operate(name, What::Create)?;
        } else if !self.state().files.0.contains_key(name) {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(Box::new(File { disk: self.clone(), name: name.to_owned() }))
    }

    fn remove(&self, names: &[String]) -> io::Result<()> {
        if names.is_empty() {
            return Ok(());
        }
        names.iter().try_for_each(|name| self.operate(name, What::Remove))?;
        self.operate(DATABASE, What::Names)
    }

    fn path(&self) -> PathBuf {
        PathBuf::from("world.redb-journal")
    }
}

#[derive(Debug)]
struct File {
    disk: Disk,
    name: String,
}

impl Storage for File {
    fn size(&self) -> io::Result<u64> {
        Ok(self.disk.state().files.0.get(&self.name).map_or(0, Vec::len) as u64)
    }

    fn write(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let start = usize::try_from(offset).map_err(|_| io::ErrorKind::StorageFull)?;
        self.disk.operate(&self.name, What::Write(start, bytes.to_vec()))
    }

    fn sync(&mut self) -> io::Result<()> {
        self.disk.operate(&self.name, What::Sync)
    }
}

/// A disk's history played again, to see what a power cut would leave at each moment.
#[derive(Clone)]
pub struct Replay {
    durable: Files,
    /// since the last sync of their files
    pending: Vec<Operation>,
}

/// Bytes that a disk writes as a whole.
const SECTOR: usize = 512;

impl Replay {
    /// Begins with what was on the disk.
    pub fn new(files: impl Into<Files>) -> Replay {
        Replay { durable: files.into(), pending: Vec::new() }
    }

    /// The next operation.
    pub fn step(&mut self, operation: &Operation) {
        let is_done = |pending: &Operation| match operation.what {
            What::Sync => pending.file == operation.file && !matches!(pending.what, What::Remove),
            // The folder is synced with a new name in it.
            What::Create | What::Names => matches!(pending.what, What::Create | What::Remove | What::Names),
            _ => false,
        };
        self.pending.push(operation.clone());
        for operation in self.pending.extract_if(.., |pending| is_done(pending)) {
            apply(&mut self.durable, &operation);
        }
    }

    /// What is on the disk if the power goes now. `dice` decides which operations since the last sync arrived: each
    /// wholly (0), in some of its sectors (1), or not at all (2).
    pub fn power_cut(&self, mut dice: impl FnMut() -> u32) -> Files {
        let mut files = self.durable.clone();
        for operation in &self.pending {
            let fate = dice() % 3;
            match &operation.what {
                What::Write(at, data) => {
                    let bytes = files.of(&operation.file);
                    // redb sets the length first: a write behind an end that did not move in time goes nowhere.
                    if operation.file != DATABASE && fate != 2 && bytes.len() < at + data.len() {
                        bytes.resize(at + data.len(), 0);
                    }
                    for (number, sector) in data.chunks(SECTOR).enumerate() {
                        let start = at + number * SECTOR;
                        let arrives = fate == 0 || (fate == 1 && dice().is_multiple_of(2));
                        if arrives && start + sector.len() <= bytes.len() {
                            bytes[start..start + sector.len()].copy_from_slice(sector);
                        }
                    }
                }
                What::Len(len) if fate != 2 => files.of(&operation.file).resize(*len, 0),
                What::Remove if fate != 2 => drop(files.0.remove(&operation.file)),
                What::Len(_) | What::Sync | What::Create | What::Remove | What::Names => {}
            }
        }
        files
    }
}
