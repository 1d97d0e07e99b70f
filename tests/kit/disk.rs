//! A disk that can run full, fail, and be found as it was when the power went, under redb's own file format.
//!
//! Writes go to a cache, as they do in an operating system; a sync makes them durable. Every write, change of length
//! and sync is an operation with a number.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use netabase::Result;
use netabase::engine::{Redb, RedbOptions};
use redb::StorageBackend;

/// An operation that changes the disk.
#[derive(Clone, Debug)]
pub enum Operation {
    /// bytes at a place
    Write(usize, Vec<u8>),
    /// a new length
    Len(usize),
    /// what came before is durable
    Sync,
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
    bytes: Vec<u8>,
    operations: u64,
    fault: Option<Fault>,
    history: Vec<Operation>,
}

/// The disk. A clone is the same one.
#[derive(Clone, Debug, Default)]
pub struct Disk(Arc<Mutex<State>>);

impl Disk {
    /// A disk with these bytes on it.
    pub fn holding(bytes: Vec<u8>) -> Disk {
        let disk = Disk::default();
        disk.state().bytes = bytes;
        disk
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many operations there were.
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    /// Sets when the disk fails.
    pub fn fail(&self, fault: Fault) {
        self.state().fault = Some(fault);
    }

    /// The disk works again, as when space was made.
    pub fn heal(&self) {
        self.state().fault = None;
    }

    /// All bytes, as the next process sees them if the machine stays on.
    pub fn bytes(&self) -> Vec<u8> {
        self.state().bytes.clone()
    }

    /// Changes a byte behind everybody's back.
    pub fn rot(&self, at: usize) {
        self.state().bytes[at] ^= 1;
    }

    /// All operations so far that were done.
    pub fn history(&self) -> Vec<Operation> {
        self.state().history.clone()
    }

    /// An engine on this disk.
    pub fn engine(&self, options: &RedbOptions) -> Result<Redb> {
        Redb::on_backend(self.clone(), options)
    }

    fn operate(&self, operation: Operation) -> io::Result<()> {
        let mut state = self.state();
        state.operations += 1;
        let now = state.operations;
        if let Some(fault) = state.fault
            && (now == fault.at || (fault.stays && now > fault.at))
        {
            return Err(fault.kind.into());
        }
        apply(&mut state.bytes, &operation);
        state.history.push(operation);
        Ok(())
    }
}

fn apply(bytes: &mut Vec<u8>, operation: &Operation) {
    match operation {
        Operation::Write(at, data) => bytes[*at..*at + data.len()].copy_from_slice(data),
        Operation::Len(len) => bytes.resize(*len, 0),
        Operation::Sync => {}
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().bytes.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.state();
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let bytes = start.checked_add(out.len()).and_then(|end| state.bytes.get(start..end));
        out.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.operate(Operation::Len(usize::try_from(len).map_err(|_| io::ErrorKind::StorageFull)?))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.operate(Operation::Sync)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let start = usize::try_from(offset).map_err(|_| io::ErrorKind::StorageFull)?;
        if start + data.len() > self.state().bytes.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.operate(Operation::Write(start, data.to_vec()))
    }
}

/// A disk's history played again, to see what a power cut would leave at each moment.
pub struct Replay {
    durable: Vec<u8>,
    /// since the last sync
    pending: Vec<Operation>,
}

/// Bytes that a disk writes as a whole.
const SECTOR: usize = 512;

impl Replay {
    /// Begins with what was on the disk.
    pub fn new(bytes: Vec<u8>) -> Replay {
        Replay { durable: bytes, pending: Vec::new() }
    }

    /// The next operation.
    pub fn step(&mut self, operation: &Operation) {
        self.pending.push(operation.clone());
        if matches!(operation, Operation::Sync) {
            for operation in self.pending.drain(..) {
                apply(&mut self.durable, &operation);
            }
        }
    }

    /// What is on the disk if the power goes now. `dice` decides which operations since the last sync arrived: each
    /// wholly (0), in some of its sectors (1), or not at all (2).
    pub fn power_cut(&self, mut dice: impl FnMut() -> u32) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        for operation in &self.pending {
            let fate = dice() % 3;
            match operation {
                Operation::Write(at, data) => {
                    for (number, sector) in data.chunks(SECTOR).enumerate() {
                        let start = at + number * SECTOR;
                        let arrives = fate == 0 || (fate == 1 && dice().is_multiple_of(2));
                        // A write behind an end that did not move in time goes nowhere.
                        if arrives && start + sector.len() <= bytes.len() {
                            bytes[start..start + sector.len()].copy_from_slice(sector);
                        }
                    }
                }
                Operation::Len(len) if fate != 2 => bytes.resize(*len, 0),
                Operation::Len(_) | Operation::Sync => {}
            }
        }
        bytes
    }
}
