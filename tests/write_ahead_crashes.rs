//! A store with a write-ahead journal loses no acknowledged commit and shows no half of one: when the power goes at any operation, when
//! the disk fails or is full at any operation, and when that happens again while the store is opened. S2-56, S4-12, S4-15.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use kit::disk::{Disk, Fault, Files, Operation, Replay};
use kit::load::{run, states, verified};
use kit::models::{Person, World};
use kit::rows::Rows;
use netabase::engine::RedbOptions;
use netabase::wal::WalOptions;
use netabase::{Error, ErrorKind, Result, Store};

const COMMITS: u64 = 16;

/// Checkpoints come every few commits, so that every moment of one is met.
fn options() -> (RedbOptions, WalOptions) {
    let redb = RedbOptions { cache_size: Some(1 << 20), ..RedbOptions::default() };
    let wal = WalOptions {
        checkpoint_size: 16 << 10,
        checkpoint_after: Duration::from_hours(1),
        room: 64 << 10,
        ..WalOptions::default()
    };
    (redb, wal)
}

fn open(disk: &Disk) -> Result<Store<World>> {
    let (redb, wal) = options();
    Store::<World>::builder().engine(Arc::new(disk.logged(&redb, wal)?)).open()
}

fn found(files: Files) -> Result<Rows> {
    let (redb, wal) = options();
    verified(Arc::new(Disk::holding(files).logged(&redb, wal)?))
}

/// A sequence of numbers that looks random and is the same each time.
fn dice(seed: u64) -> impl FnMut() -> u32 {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u32
    }
}

/// What power cuts did to the commits of a run.
#[derive(Debug, Default)]
struct Outcome {
    /// nothing but what was acknowledged is there
    exact: u32,
    /// the commit under way is there too
    ahead: u32,
    /// an acknowledged commit is gone, or half of one is there, or the store does not open
    wrong: u32,
}

/// What a load did to a disk.
struct Load {
    /// what was there before
    base: Files,
    history: Vec<Operation>,
    /// how many operations there had been when each commit was acknowledged
    acknowledged: Vec<u64>,
}

/// `is_lying`: syncs of the journal do nothing.
fn load(is_lying: bool) -> Result<Load> {
    let disk = Disk::default();
    drop(open(&disk)?);
    // A new disk begins a new history.
    let disk = Disk::holding(disk.files());
    let base = disk.files();
    if is_lying {
        disk.lie();
    }
    let mut acknowledged = Vec::new();
    let store = open(&disk)?;
    let (done, error) = run(&store, 0, COMMITS, |_| acknowledged.push(disk.history().len() as u64));
    assert_eq!((done, error.map(|error| error.to_string())), (COMMITS, None));
    drop(store);
    Ok(Load { base, history: disk.history(), acknowledged })
}

/// Cuts the power at every operation of a load.
fn cut_everywhere(is_lying: bool) -> Result<Outcome> {
    let states = states(COMMITS)?;
    let load = load(is_lying)?;
    let (mut replay, mut outcome) = (Replay::new(load.base), Outcome::default());
    for (number, operation) in (1..).zip(&load.history) {
        replay.step(operation);
        let safe = load.acknowledged.iter().filter(|at| **at <= number).count();
        for variant in 0..3 {
            let mut random = dice(number * 3 + variant);
            // One of the ways is that everything arrived in time.
            let left = replay.power_cut(|| if variant == 0 { 0 } else { random() });
            match found(left) {
                Ok(found) if found == states[safe] => outcome.exact += 1,
                Ok(found) if Some(&found) == states.get(safe + 1) => outcome.ahead += 1,
                Err(error) if !is_lying => {
                    return Err(error.context(format!("operation {number}, variant {variant}")));
                }
                Ok(_) if variant == 0 => panic!("operation {number}: everything had arrived"),
                _ => outcome.wrong += 1,
            }
        }
    }
    Ok(outcome)
}

#[test]
fn acknowledged_commits_survive_a_power_cut_and_no_half_commit_does() -> Result<()> {
    let outcome = cut_everywhere(false)?;
    assert!(outcome.wrong == 0 && outcome.exact > 100 && outcome.ahead > 5, "{outcome:?}");
    Ok(())
}

// The test above can fail: it does where commits are acknowledged before they are on disk.
#[test]
fn commits_that_are_acknowledged_too_early_are_found_out() -> Result<()> {
    let outcome = cut_everywhere(true)?;
    assert!(outcome.wrong > 20, "{outcome:?}");
    Ok(())
}

#[test]
fn the_power_may_go_again_while_the_store_is_opened() -> Result<()> {
    let states = states(COMMITS)?;
    let load = load(false)?;
    let (mut replay, mut recovered) = (Replay::new(load.base), 0);
    for (number, operation) in load.history.iter().enumerate() {
        replay.step(operation);
        if number % 16 != 0 {
            continue;
        }
        let files = replay.power_cut(dice(number as u64));
        let expected = found(files.clone())?;
        assert!(states.contains(&expected));
        // Opened, closed, and cut at each operation of that.
        let disk = Disk::holding(files.clone());
        drop(open(&disk)?);
        let mut replay = Replay::new(files.clone());
        for (at, operation) in disk.history().iter().enumerate() {
            replay.step(operation);
            let mut random = dice((number * 1000 + at) as u64);
            let again = found(replay.power_cut(&mut random))
                .map_err(|error| error.context(format!("{number}, {at}")))?;
            assert!(again == expected, "{number}: cut at {at} while it was opened");
            recovered += 1;
        }
    }
    assert!(recovered > 100, "{recovered}");
    Ok(())
}

/// What the failure of a disk may be called. `Corrupt` is not among them: that is what a caught panic becomes.
fn is_named(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Io { .. } | ErrorKind::Closed | ErrorKind::CommitUnknown | ErrorKind::Doomed
    )
}

#[test]
fn a_failing_disk_is_a_typed_error_and_loses_nothing() -> Result<()> {
    let states = states(COMMITS)?;
    let fresh = Disk::default();
    drop(open(&fresh)?);
    let base = fresh.files();

    let (mut failed, mut unknown, mut unopened, mut number) = (0, 0, 0, 0);
    loop {
        number += 1;
        let mut hit = false;
        for (stays, kind) in [(false, io::ErrorKind::Other), (true, io::ErrorKind::StorageFull)] {
            let disk = Disk::holding(base.clone());
            disk.fail(Fault { at: number, stays, kind });
            let about = format!("operation {number}, {kind}");
            let mut done = 0;
            match open(&disk) {
                Ok(store) => {
                    let (committed, error) = run(&store, 0, COMMITS, |_| {});
                    done = committed as usize;
                    if let Some(error) = error {
                        assert!(is_named(&error), "{about}: {error:?}");
                        failed += 1;
                        unknown += u32::from(matches!(error.kind(), ErrorKind::CommitUnknown));
                        // Reads go on or say why not; nothing hangs or panics.
                        if let Err(error) = store.begin_read().and_then(|snapshot| snapshot.len::<Person>()) {
                            assert!(is_named(&error), "{about}: {error:?}");
                        }
                        // A sync that failed is not tried again, even if the disk says that it works.
                        disk.heal();
                        match store.write(|txn| txn.delete::<Person>(0)) {
                            Err(error) => assert!(is_named(&error), "{about}: {error:?}"),
                            Ok(_) => panic!("{about}: a store that failed takes writes again"),
                        }
                    }
                }
                Err(error) => {
                    assert!(is_named(&error), "{about}: {error:?}");
                    unopened += 1;
                }
            }
            hit |= disk.operations() >= number;
            disk.heal();
            let found = found(disk.files()).map_err(|error| error.context(about.clone()))?;
            assert!(
                found == states[done] || Some(&found) == states.get(done + 1),
                "{about}: not after {done} commits"
            );
        }
        if !hit {
            break;
        }
    }
    assert!(
        failed > 50 && unknown > 5 && unopened > 2,
        "{failed} failed, {unknown} unknown, {unopened} unopened"
    );
    Ok(())
}

// A kill leaves in the system's memory what was written and not synced. The next opening reads it, and builds on it; when the power goes
// then, what it has read must not be missing.
#[test]
fn the_power_may_go_after_a_kill_and_an_opening() -> Result<()> {
    let states = states(COMMITS)?;
    let load = load(false)?;
    let (mut replay, mut cuts) = (Replay::new(load.base), 0);
    for (number, operation) in (1..).zip(&load.history) {
        replay.step(operation);
        if number % 11 != 0 {
            continue;
        }
        let safe = load.acknowledged.iter().filter(|at| **at <= number).count();
        // All that was written is there.
        let disk = Disk::holding(replay.power_cut(|| 0));
        drop(open(&disk)?);
        let mut replay = replay.clone();
        for (at, operation) in disk.history().iter().enumerate() {
            replay.step(operation);
            if at % 5 != 0 {
                continue;
            }
            let mut random = dice(number * 1000 + at as u64);
            let found = found(replay.power_cut(&mut random))
                .map_err(|error| error.context(format!("{number}, {at}")))?;
            let state = states.iter().position(|state| *state == found).expect("one of the states");
            assert!(state == safe || state == safe + 1, "{number}, {at}: {state} of {safe} commits");
            cuts += 1;
        }
    }
    assert!(cuts > 100, "{cuts}");
    Ok(())
}
