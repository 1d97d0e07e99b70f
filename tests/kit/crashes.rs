//! What becomes of a scripted load when the power goes, or the disk fails, at every operation: the same for each way to an engine.

use std::io;
use std::sync::Arc;

use netabase::engine::Engine;
use netabase::{Error, ErrorKind, Result, Store};

use crate::disk::{Disk, Fault, Files, Operation, Replay};
use crate::load::{run, states, verified};
use crate::models::{Person, World};
use crate::rows::Rows;

/// A way to an engine on a disk.
pub type OnDisk = fn(&Disk) -> Result<Arc<dyn Engine>>;

/// Opens the store.
pub fn open(engine: OnDisk, disk: &Disk) -> Result<Store<World>> {
    Store::<World>::builder().engine(engine(disk)?).open()
}

/// Opens what is left, verifies it, and returns every table.
pub fn found(engine: OnDisk, files: Files) -> Result<Rows> {
    verified(engine(&Disk::holding(files))?)
}

/// A sequence of numbers that looks random and is the same each time.
pub fn dice(seed: u64) -> impl FnMut() -> u32 {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u32
    }
}

/// What a load did to a disk.
pub struct Load {
    /// what was there before
    pub base: Files,
    /// what was done to it
    pub history: Vec<Operation>,
    /// how many operations there had been when each commit was acknowledged
    acknowledged: Vec<u64>,
}

impl Load {
    /// So many commits. `is_lying`: syncs of the journal do nothing.
    pub fn run(engine: OnDisk, commits: u64, is_lying: bool) -> Result<Load> {
        let disk = Disk::default();
        drop(open(engine, &disk)?);
        // A new disk begins a new history.
        let disk = Disk::holding(disk.files());
        let base = disk.files();
        if is_lying {
            disk.lie();
        }
        let mut acknowledged = Vec::new();
        let store = open(engine, &disk)?;
        let (done, error) = run(&store, 0, commits, |_| acknowledged.push(disk.history().len() as u64));
        assert_eq!((done, error.map(|error| error.to_string())), (commits, None));
        drop(store);
        Ok(Load { base, history: disk.history(), acknowledged })
    }

    /// How many commits were acknowledged when so many operations were done.
    pub fn safe(&self, operations: u64) -> usize {
        self.acknowledged.iter().filter(|at| **at <= operations).count()
    }
}

/// What power cuts did to the commits of a load.
#[derive(Debug, Default)]
pub struct Cuts {
    /// nothing but what was acknowledged is there
    pub exact: u32,
    /// the commit under way is there too
    pub ahead: u32,
    /// an acknowledged commit is gone, or half of one is there, or the store does not open
    pub wrong: u32,
}

/// Cuts the power at every operation of a load, in three ways.
pub fn cut_everywhere(engine: OnDisk, commits: u64, is_lying: bool) -> Result<Cuts> {
    let states = states(commits)?;
    let load = Load::run(engine, commits, is_lying)?;
    let (mut replay, mut cuts) = (Replay::new(load.base.clone()), Cuts::default());
    for (number, operation) in (1..).zip(&load.history) {
        replay.step(operation);
        let safe = load.safe(number);
        for variant in 0..3 {
            let mut random = dice(number * 3 + variant);
            // One of the ways is that everything arrived in time.
            let left = replay.power_cut(|| if variant == 0 { 0 } else { random() });
            match found(engine, left) {
                Ok(found) if found == states[safe] => cuts.exact += 1,
                // The commit under way may have arrived as a whole.
                Ok(found) if Some(&found) == states.get(safe + 1) => cuts.ahead += 1,
                Err(error) if !is_lying => {
                    return Err(error.context(format!("operation {number}, variant {variant}")));
                }
                Ok(_) if !is_lying => {
                    panic!("operation {number}, variant {variant}: not after {safe} commits")
                }
                Ok(_) if variant == 0 => panic!("operation {number}: everything had arrived"),
                _ => cuts.wrong += 1,
            }
        }
    }
    Ok(cuts)
}

/// What failures did to a load.
#[derive(Debug, Default)]
pub struct Failures {
    /// a commit failed
    pub failed: u32,
    /// of these, nobody knows whether it took place
    pub unknown: u32,
    /// the store did not open
    pub unopened: u32,
}

/// What the failure of a disk may be called. `Corrupt` is not among them: that is what a caught panic becomes.
fn is_named(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Io { .. } | ErrorKind::Closed | ErrorKind::CommitUnknown | ErrorKind::Doomed
    )
}

/// Lets the disk fail once, and be full for good, at every operation of a load: each is a typed error, and what is there afterwards is
/// what was acknowledged, with the commit under way or without it.
pub fn fail_everywhere(engine: OnDisk, commits: u64) -> Result<Failures> {
    let states = states(commits)?;
    let fresh = Disk::default();
    drop(open(engine, &fresh)?);
    let base = fresh.files();
    let mut failures = Failures::default();
    for number in 1.. {
        let mut is_hit = false;
        for (stays, kind) in [(false, io::ErrorKind::Other), (true, io::ErrorKind::StorageFull)] {
            let disk = Disk::holding(base.clone());
            disk.fail(Fault { at: number, stays, kind });
            let about = format!("operation {number}, {kind}");
            let done = failures.work(engine, &disk, commits, &about);
            is_hit |= disk.operations() >= number;
            disk.heal();
            let found = found(engine, disk.files()).map_err(|error| error.context(about.clone()))?;
            assert!(
                found == states[done] || Some(&found) == states.get(done + 1),
                "{about}: not after {done} commits"
            );
        }
        if !is_hit {
            break;
        }
    }
    Ok(failures)
}

impl Failures {
    /// Works until something fails; returns how many commits are done.
    fn work(&mut self, engine: OnDisk, disk: &Disk, commits: u64, about: &str) -> usize {
        let assert_named = |error: &Error| assert!(is_named(error), "{about}: {error:?}");
        let store = match open(engine, disk) {
            Ok(store) => store,
            Err(error) => {
                assert_named(&error);
                self.unopened += 1;
                return 0;
            }
        };
        let (done, error) = run(&store, 0, commits, |_| {});
        if let Some(error) = error {
            assert_named(&error);
            self.failed += 1;
            self.unknown += u32::from(matches!(error.kind(), ErrorKind::CommitUnknown));
            // Reads go on or say why not; nothing hangs or panics.
            if let Err(error) = store.begin_read().and_then(|snapshot| snapshot.len::<Person>()) {
                assert_named(&error);
            }
            // What failed is not tried again, with the disk as it is or when it says that it works.
            for is_healed in [false, true] {
                if is_healed {
                    disk.heal();
                }
                match store.write(|txn| txn.delete::<Person>(0)) {
                    Err(error) => assert_named(&error),
                    Ok(_) => panic!("{about}: a store that failed takes writes again"),
                }
            }
        }
        done as usize
    }
}
