//! Eventual commits are seen at once and safe later: what is lost is the last of them, each as a whole. S2-56.

use std::io;
use std::sync::Arc;

use kit::disk::{Disk, Files, Replay};
use kit::load::{run, states, step, verified};
use kit::models::{Place, World};
use kit::rows::Rows;
use netabase::engine::RedbOptions;
use netabase::{Builder, Durability, ErrorKind, Result, Store};

const COMMITS: u64 = 10;

fn options() -> RedbOptions {
    RedbOptions { cache_size: Some(1 << 20), ..RedbOptions::default() }
}

fn on(disk: &Disk) -> Result<Builder<World>> {
    Ok(Store::<World>::builder().engine(Arc::new(disk.engine(&options())?)).durability(Durability::Eventual))
}

fn syncs(disk: &Disk) -> usize {
    disk.syncs("")
}

/// Which of the states the disk holds, whatever the system still had to write.
fn state(files: impl Into<Files>, states: &[Rows]) -> Result<usize> {
    let found = verified(Arc::new(Disk::holding(files).engine(&options())?))?;
    Ok(states.iter().position(|state| *state == found).expect("one of the states"))
}

#[test]
fn an_eventual_commit_is_seen_at_once_and_needs_no_sync() -> Result<()> {
    let disk = Disk::default();
    let store = on(&disk)?.open()?;
    let before = syncs(&disk);
    run(&store, 0, COMMITS, |done| assert_eq!(store.len::<Place>().ok(), Some(done)));
    assert_eq!(syncs(&disk), before);
    store.sync()?;
    assert!(syncs(&disk) > before);
    Ok(())
}

#[test]
fn what_is_lost_is_the_last_of_them() -> Result<()> {
    let states = states(COMMITS)?;
    let fresh = Disk::default();
    drop(on(&fresh)?.open()?);
    let disk = Disk::holding(fresh.bytes());
    let mut replay = Replay::new(disk.bytes());
    let store = on(&disk)?.open()?;
    // Commit number 4 is immediate; after 7 there is a sync.
    let mut safe = Vec::new();
    for number in 0..COMMITS {
        store.write(|txn| {
            if number == 4 {
                txn.set_durability(Durability::Immediate);
            }
            step(txn, number)
        })?;
        if number == 7 {
            store.sync()?;
        }
        if number == 4 || number == 7 {
            safe.push((disk.operations(), number as usize + 1));
        }
    }
    // Killed here, and not closed.
    let killed = state(disk.bytes(), &states)?;
    assert!((8..=10).contains(&killed), "{killed}");
    drop(store);
    assert_eq!(state(disk.bytes(), &states)?, 10, "closing makes all of them durable");

    for (number, operation) in (1..).zip(&disk.history()) {
        replay.step(operation);
        let at_least = safe.iter().rev().find(|(at, _)| *at <= number).map_or(0, |(_, commits)| *commits);
        let mut dice = number as u32;
        let left = replay.power_cut(|| {
            dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            dice >> 16
        });
        let found = state(left, &states)?;
        assert!(found >= at_least, "operation {number}: {found} of {at_least}");
    }
    Ok(())
}

// A store of a file that nobody syncs is closed by its last handle.
#[test]
fn a_closed_store_has_lost_nothing() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("world.redb");
    let open = || Store::<World>::builder().path(&path).durability(Durability::Eventual).open();
    let (done, error) = run(&open()?, 0, COMMITS, |_| {});
    assert_eq!((done, error.is_none()), (COMMITS, true));
    assert_eq!(open()?.len::<Place>()?, COMMITS);
    Ok(())
}

#[test]
fn a_writer_that_waits_too_long_is_told() -> Result<()> {
    let wait = std::time::Duration::ZERO;
    let store = Store::<World>::builder().in_memory().write_wait(wait).open()?;
    let txn = store.begin_write()?;
    let told = std::thread::scope(|scope| {
        let other = scope.spawn(|| store.write(|txn| step(txn, 0)));
        other.join().map_err(|_| io::Error::other("it panicked"))
    });
    let error = told.expect("no panic").expect_err("busy");
    assert_eq!(*error.kind(), ErrorKind::WriterBusy { waited: wait });
    assert!(error.to_string().contains("another write transaction is still running"), "{error}");
    drop(txn);
    store.write(|txn| step(txn, 0))
}
