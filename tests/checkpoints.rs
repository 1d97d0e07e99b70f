//! Checkpoints come when enough has gathered, when enough time has passed, and when they are asked for; they leave few files behind, and
//! whoever has to wait for one is counted. S4-12, S2-58.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use kit::bank::{Account, Bank, account};
use kit::disk::Disk;
use kit::place::Place;
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use netabase::engine::RedbOptions;
use netabase::wal::WalOptions;
use netabase::{ErrorKind, Result, Store};

fn on(disk: &Disk, wal: WalOptions) -> Result<Store<Bank>> {
    Store::builder().engine(Arc::new(disk.logged(&RedbOptions::default(), wal)?)).open()
}

/// How many accounts the file has by itself, at this moment.
fn in_file(disk: &Disk) -> Result<u64> {
    let alone = Disk::holding(disk.bytes());
    on(&alone, WalOptions { forget_missing: true, ..WalOptions::default() })?.len::<Account>()
}

#[test]
fn what_is_old_enough_comes_to_the_file_by_itself() -> Result<()> {
    let disk = Disk::default();
    let checkpoint_after = Duration::from_millis(20);
    let store = on(&disk, WalOptions { checkpoint_after, ..WalOptions::default() })?;
    for id in 1..=3 {
        store.write(|txn| txn.create(&account(id, 5)))?;
    }
    for _ in 0..3000 {
        if in_file(&disk)? == 3 {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("no checkpoint came");
}

#[test]
fn what_is_enough_comes_to_the_file_by_itself() -> Result<()> {
    let disk = Disk::default();
    let checkpoint_after = Duration::from_hours(1);
    let store = on(&disk, WalOptions { checkpoint_size: 2000, checkpoint_after, ..WalOptions::default() })?;
    for id in 1..=100 {
        store.write(|txn| txn.create(&account(id, 5)))?;
    }
    for _ in 0..3000 {
        if in_file(&disk)? > 50 {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("no checkpoint came");
}

#[test]
fn files_of_the_journal_are_used_again() -> Result<()> {
    let place = Place::default();
    let store =
        Store::<Bank>::builder().path(place.file()).checkpoint_after(Duration::from_hours(1)).open()?;
    let mut names = Vec::new();
    for round in 0..40 {
        for id in 0..5 {
            store.write(|txn| txn.create(&account(round * 10 + id, 5)))?;
        }
        store.checkpoint()?;
        assert!(place.segments().len() <= 4, "round {round}: {:?}", place.segments());
        names.extend(place.segments());
    }
    names.sort();
    names.dedup();
    assert!(names.len() <= 4, "{names:?}");
    assert_eq!(Store::<Bank>::open(place.killed().file())?.len::<Account>()?, 200);
    Ok(())
}

#[test]
fn who_waits_for_one_is_counted_however_it_ends() -> Result<()> {
    let disk = Disk::default();
    let patience = Some(Duration::from_millis(1));
    let wal = WalOptions { checkpoint_size: 1000, room: 3000, patience, ..WalOptions::default() };
    let store = on(&disk, wal)?;
    disk.slow_database(Duration::from_millis(200));
    let recorder = DebuggingRecorder::new();
    let told = recorder.snapshotter();
    let error = metrics::with_local_recorder(&recorder, || {
        (1..1000).find_map(|id| store.write(|txn| txn.create(&account(id, 5))).err())
    });
    assert!(error.is_some_and(|error| matches!(error.kind(), ErrorKind::JournalFull { .. })));
    let pauses = told.snapshot().into_vec().into_iter().find_map(|(key, _, _, value)| match value {
        DebugValue::Histogram(times) if key.key().name() == "netabase_checkpoint_pause_seconds" => {
            Some(times)
        }
        _ => None,
    });
    assert!(pauses.is_some_and(|times| times.iter().any(|time| **time > 0.0)));
    Ok(())
}
