//! A store with a write-ahead journal loses no acknowledged commit and shows no half of one: when the power goes at any operation, when
//! the disk fails or is full at any operation, and when that happens again while the store is opened. S2-56, S4-12, S4-15.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use kit::bank::{Account, Bank};
use kit::crashes::{Load, cut_everywhere, dice, fail_everywhere, found, open};
use kit::disk::{Disk, Replay};
use kit::load::states;
use netabase::engine::{Engine, RedbOptions};
use netabase::wal::WalOptions;
use netabase::{ErrorKind, Result, Store};

const COMMITS: u64 = 16;

/// Checkpoints come every few commits, so that every moment of one is met.
fn engine(disk: &Disk) -> Result<Arc<dyn Engine>> {
    let redb = RedbOptions { cache_size: Some(1 << 20), ..RedbOptions::default() };
    let wal = WalOptions {
        checkpoint_size: 16 << 10,
        checkpoint_after: Duration::from_hours(1),
        room: 64 << 10,
        ..WalOptions::default()
    };
    Ok(Arc::new(disk.logged(&redb, wal)?))
}

#[test]
fn acknowledged_commits_survive_a_power_cut_and_no_half_commit_does() -> Result<()> {
    let cuts = cut_everywhere(engine, COMMITS, false)?;
    assert!(cuts.wrong == 0 && cuts.exact > 100 && cuts.ahead > 5, "{cuts:?}");
    Ok(())
}

// The test above can fail: it does where commits are acknowledged before they are on disk.
#[test]
fn commits_that_are_acknowledged_too_early_are_found_out() -> Result<()> {
    let cuts = cut_everywhere(engine, COMMITS, true)?;
    assert!(cuts.wrong > 20, "{cuts:?}");
    Ok(())
}

// What stands once in a record of the journal, and twice in the store.
#[test]
fn records_and_their_history_survive_a_power_cut_together() -> Result<()> {
    let bank = |disk: &Disk| Store::<Bank>::builder().engine(engine(disk)?).open();
    let fresh = Disk::default();
    drop(bank(&fresh)?);
    let disk = Disk::holding(fresh.files());
    let mut replay = Replay::new(disk.files());
    let store = bank(&disk)?;
    let mut acknowledged = Vec::new();
    for commit in 1..=COMMITS {
        store.write(|txn| {
            for id in commit..commit + 30 {
                let owner = format!("whoever wrote commit {commit}");
                txn.upsert(&Account { id: id % 40, owner, cents: 1 })?;
            }
            Ok(())
        })?;
        acknowledged.push(disk.history().len() as u64);
    }
    drop(store);
    let mut ahead = 0;
    for (number, operation) in (1..).zip(&disk.history()) {
        replay.step(operation);
        let safe = acknowledged.iter().filter(|at| **at <= number).count() as u64;
        for variant in 0..2 {
            let mut random = dice(number * 2 + variant);
            // One of the ways is that everything arrived in time.
            let left = replay.power_cut(|| if variant == 0 { 0 } else { random() });
            let about = |error: netabase::Error| error.context(format!("operation {number}, {variant}"));
            let store = bank(&Disk::holding(left)).map_err(about)?;
            let last = store.journal()?.last()?;
            assert!(last == safe || last == safe + 1, "operation {number}: {last} commits and not {safe}");
            ahead += last - safe;
            let mut records = BTreeMap::new();
            for set in store.journal()?.from(1)? {
                for change in set?.of::<Account>() {
                    let change = change?;
                    let after = change.after.expect("nothing is deleted");
                    assert_eq!(records.insert(after.id, after), change.before);
                }
            }
            assert_eq!(store.query::<Account>().collect()?, records.into_values().collect::<Vec<_>>());
        }
    }
    assert!(ahead > 5, "{ahead}");
    Ok(())
}

#[test]
fn a_failing_disk_is_a_typed_error_and_loses_nothing() -> Result<()> {
    let failures = fail_everywhere(engine, COMMITS)?;
    assert!(failures.failed > 50 && failures.unknown > 5 && failures.unopened > 2, "{failures:?}");
    Ok(())
}

#[test]
fn the_power_may_go_again_while_the_store_is_opened() -> Result<()> {
    let states = states(COMMITS)?;
    let load = Load::run(engine, COMMITS, false)?;
    let (mut replay, mut recovered) = (Replay::new(load.base.clone()), 0);
    for (number, operation) in load.history.iter().enumerate() {
        replay.step(operation);
        if number % 16 != 0 {
            continue;
        }
        let files = replay.power_cut(dice(number as u64));
        let expected = found(engine, files.clone())?;
        assert!(states.contains(&expected));
        // Opened, closed, and cut at each operation of that.
        let disk = Disk::holding(files.clone());
        drop(open(engine, &disk)?);
        let mut replay = Replay::new(files.clone());
        for (at, operation) in disk.history().iter().enumerate() {
            replay.step(operation);
            let mut random = dice((number * 1000 + at) as u64);
            let again = found(engine, replay.power_cut(&mut random))
                .map_err(|error| error.context(format!("{number}, {at}")))?;
            assert!(again == expected, "{number}: cut at {at} while it was opened");
            recovered += 1;
        }
    }
    assert!(recovered > 100, "{recovered}");
    Ok(())
}

// While one segment is given to the file commits go to the next one. What lies between them is never skipped.
#[test]
fn a_hole_between_segments_is_refused() -> Result<()> {
    let bank = |disk: &Disk| Store::<Bank>::builder().engine(engine(disk)?).open();
    let disk = Disk::default();
    let store = bank(&disk)?;
    disk.slow_database(Duration::from_millis(300));
    let account = |id| Account { id, owner: "o".repeat(200), cents: 1 };
    let mut files = disk.files();
    for id in 0..1000 {
        store.write(|txn| txn.create(&account(id)))?;
        files = disk.files();
        let is_in =
            |(_, bytes): &(&str, &[u8])| bytes.get(4096 + 8..4096 + 12).is_some_and(|len| *len != [0; 4]);
        if files.segments().filter(is_in).count() == 2 {
            break;
        }
    }
    let names: Vec<String> = files.segments().map(|(name, _)| name.to_owned()).collect();
    let [first, _] = &*names else { panic!("{names:?}") };
    let whole = bank(&Disk::holding(files.clone()))?;
    assert!(whole.len::<Account>()? > 10 && whole.verify(|_| {})?.is_clean());
    let refused = |files| bank(&Disk::holding(files)).expect_err("it has a hole");
    let error = refused(files.clone().with(first, None));
    assert!(matches!(error.kind(), ErrorKind::JournalMismatch { .. }), "{error}");
    let bytes = files.segments().find(|(name, _)| name == first).expect("the first one").1.to_vec();
    let end = bytes.iter().rposition(|byte| *byte != 0).expect("records") + 1;
    // Also its last record, which would be a torn one if nothing came behind it.
    for at in (4096..end).step_by(97).chain([end - 1]) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        let error = refused(files.clone().with(first, Some(damaged)));
        assert!(matches!(error.kind(), ErrorKind::Corrupt { .. }), "byte {at}: {error}");
        assert!(error.to_string().contains("at byte"), "{error}");
    }
    Ok(())
}

// A kill leaves in the system's memory what was written and not synced. The next opening reads it, and builds on it; when the power goes
// then, what it has read must not be missing.
#[test]
fn the_power_may_go_after_a_kill_and_an_opening() -> Result<()> {
    let states = states(COMMITS)?;
    let load = Load::run(engine, COMMITS, false)?;
    let (mut replay, mut cuts) = (Replay::new(load.base.clone()), 0);
    for (number, operation) in (1..).zip(&load.history) {
        replay.step(operation);
        if number % 11 != 0 {
            continue;
        }
        let safe = load.safe(number);
        // All that was written is there.
        let disk = Disk::holding(replay.power_cut(|| 0));
        drop(open(engine, &disk)?);
        let mut replay = replay.clone();
        for (at, operation) in disk.history().iter().enumerate() {
            replay.step(operation);
            if at % 5 != 0 {
                continue;
            }
            let mut random = dice(number * 1000 + at as u64);
            let found = found(engine, replay.power_cut(&mut random))
                .map_err(|error| error.context(format!("{number}, {at}")))?;
            let state = states.iter().position(|state| *state == found).expect("one of the states");
            assert!(state == safe || state == safe + 1, "{number}, {at}: {state} of {safe} commits");
            cuts += 1;
        }
    }
    assert!(cuts > 100, "{cuts}");
    Ok(())
}
