//! Writers that commit at once share a sync of the journal: each sees what the one before it wrote, returns when its own work is durable,
//! and harms nobody if it fails. S2-56, S4-13, C30.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use kit::bank::{Account, Bank};
use kit::disk::{Disk, Replay};
use netabase::engine::RedbOptions;
use netabase::wal::WalOptions;
use netabase::{Error, ErrorKind, Result, Store};

const THREADS: u64 = 8;
const EACH: u64 = 60;

fn on(disk: &Disk, checkpoint_size: u64) -> Result<Store<Bank>> {
    let wal = WalOptions { checkpoint_size, room: checkpoint_size * 4, ..WalOptions::default() };
    Store::builder().engine(Arc::new(disk.logged(&RedbOptions::default(), wal)?)).open()
}

fn account(id: u64) -> Account {
    Account { id, owner: "o".into(), cents: 0 }
}

/// Adds one to the account, time and again; some of it fails, and some of it panics.
fn add(store: &Store<Bank>, thread: u64) -> Result<()> {
    for round in 0..EACH {
        store.write(|txn| txn.update_with(1, |account: &mut Account| account.cents += 1))?;
        if (thread + round).is_multiple_of(5) {
            let failed = store.write(|txn| {
                txn.update_with(1, |account: &mut Account| account.cents += 1000)?;
                Err::<(), _>(Error::user("no"))
            });
            assert!(failed.is_err());
        }
        if (thread + round).is_multiple_of(17) {
            let panicked = catch_unwind(AssertUnwindSafe(|| {
                store.write(|txn| -> Result<()> {
                    txn.delete::<Account>(1)?;
                    std::panic::resume_unwind(Box::new("no"))
                })
            }));
            assert!(panicked.is_err());
        }
    }
    Ok(())
}

/// The same in all threads.
fn add_up(store: &Store<Bank>) -> Result<()> {
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || add(store, thread))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("it ends"))
    })
}

#[test]
fn no_addition_is_lost_between_threads() -> Result<()> {
    for checkpoint_size in [1 << 20, 3000] {
        let disk = Disk::default();
        let store = on(&disk, checkpoint_size)?;
        store.write(|txn| txn.create(&account(1)))?;
        add_up(&store)?;
        let expected = i64::try_from(THREADS * EACH).expect("a number");
        assert_eq!(store.get::<Account>(1)?.map(|account| account.cents), Some(expected));
        drop(store);
        let store = on(&disk, checkpoint_size)?;
        assert_eq!(store.get::<Account>(1)?.map(|account| account.cents), Some(expected));
        assert!(store.verify(|_| {})?.is_clean());
        // One change set for each commit, in order, and nothing of what failed.
        let journal = store.journal()?;
        let cents: Vec<_> = journal
            .of_key::<Account>(1, 1)?
            .map(|change| Ok(change?.1.after.map(|account| account.cents)))
            .collect::<Result<_>>()?;
        assert_eq!(cents, (0..=expected).map(Some).collect::<Vec<_>>());
    }
    Ok(())
}

// While one sync runs the commits of the others gather for the next one. A slow disk makes that certain.
#[test]
fn writers_share_syncs() -> Result<()> {
    let disk = Disk::default();
    disk.slow(Duration::from_millis(2));
    let store = on(&disk, 1 << 20)?;
    store.write(|txn| txn.create(&account(0)))?;
    store.write(|txn| txn.create(&account(1)))?;
    let before = disk.syncs("segment");
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let store = &store;
            scope.spawn(move || {
                for round in 0..20 {
                    store.write(|txn| txn.create(&account(100 + thread * 100 + round))).expect("it commits");
                }
            });
        }
    });
    let syncs = disk.syncs("segment") - before;
    assert!(syncs < 80, "{syncs} syncs for 160 commits");
    Ok(())
}

// Records, index rows and the changes that are kept are one record of the journal.
#[test]
fn a_commit_is_one_sync() -> Result<()> {
    let disk = Disk::default();
    let store = on(&disk, 1 << 20)?;
    store.write(|txn| txn.create(&account(1)))?;
    store.write(|txn| txn.create(&account(2)))?;
    let (segments, all) = (disk.syncs("segment"), disk.syncs(""));
    for id in 10..30 {
        store.write(|txn| txn.create(&account(id)))?;
    }
    assert_eq!((disk.syncs("segment") - segments, disk.syncs("") - all), (20, 20));
    assert_eq!(store.journal()?.last()?, 22);
    Ok(())
}

// Whoever sees a commit sees it after a power cut, too: a look at the disk at the first moment at which it is seen.
#[test]
fn what_is_seen_is_durable() -> Result<()> {
    let disk = Disk::default();
    let store = on(&disk, 1 << 20)?;
    (1..=2).try_for_each(|id| store.write(|txn| txn.create(&account(id))))?;
    let replay = Replay::new(disk.files());
    let start = disk.history().len();
    disk.slow(Duration::from_millis(20));
    thread::scope(|scope| {
        for thread in 0..3 {
            let store = &store;
            scope.spawn(move || store.write(|txn| txn.create(&account(10 + thread))).expect("it commits"));
        }
        let mut seen = 0;
        while seen < 3 {
            let ids: Vec<u64> =
                (10..13).filter(|id| store.contains::<Account>(*id).expect("it reads")).collect();
            if ids.len() > seen {
                seen = ids.len();
                // Nothing that was not synced is left.
                let history = disk.history();
                let mut replay = replay.clone();
                history[start..].iter().for_each(|operation| replay.step(operation));
                let left = on(&Disk::holding(replay.power_cut(|| 2)), 1 << 20).expect("it opens");
                assert!(ids.iter().all(|id| left.contains::<Account>(*id).expect("it reads")), "{ids:?}");
            }
        }
    });
    Ok(())
}

// The journal has a bound: behind it writers wait for the file, and are told if that takes too long. Nothing of theirs is lost or half-done.
#[test]
fn writers_that_outrun_the_file_are_told() -> Result<()> {
    let disk = Disk::default();
    let patience = Some(Duration::from_millis(30));
    let wal = WalOptions { checkpoint_size: 1000, room: 3000, patience, ..WalOptions::default() };
    let engine = disk.logged(&RedbOptions::default(), wal)?;
    let store = Store::<Bank>::builder().engine(Arc::new(engine)).open()?;
    (0..2).try_for_each(|id| store.write(|txn| txn.create(&account(id))))?;
    disk.slow_database(Duration::from_millis(300));
    let mut done = 2;
    let error = loop {
        match store.write(|txn| txn.create(&account(done))) {
            Ok(()) => done += 1,
            Err(error) => break error,
        }
        assert!(done < 1000, "nobody was told");
    };
    let ErrorKind::JournalFull { limit: 3000, waited } = *error.kind() else { panic!("{error}") };
    assert!(waited >= Duration::from_millis(30));
    assert_eq!(store.len::<Account>()?, done);
    // When the file has caught up, writers go on.
    disk.slow_database(Duration::ZERO);
    while let Err(error) = store.write(|txn| txn.create(&account(done))) {
        assert!(matches!(error.kind(), ErrorKind::JournalFull { .. }), "{error}");
    }
    drop(store);
    assert_eq!(on(&disk, 1 << 20)?.len::<Account>()?, done + 1);
    Ok(())
}

// It returns when what it has read is durable; but the next writer does not wait for that.
#[test]
fn a_writer_without_changes_keeps_nobody_waiting() -> Result<()> {
    let disk = Disk::default();
    let engine = Arc::new(disk.logged(&RedbOptions::default(), WalOptions::default())?);
    let store = Store::<Bank>::builder().engine(engine).write_wait(Duration::from_secs(20)).open()?;
    (1..=2).try_for_each(|id| store.write(|txn| txn.create(&account(id))))?;
    disk.hold();
    let has_read = AtomicBool::new(false);
    thread::scope(|scope| {
        let writer = scope.spawn(|| store.write(|txn| txn.create(&account(3))));
        let idle = scope.spawn(|| {
            loop {
                let txn = store.begin_write()?;
                if txn.contains::<Account>(3)? {
                    has_read.store(true, Ordering::Relaxed);
                    return txn.commit();
                }
            }
        });
        while !has_read.load(Ordering::Relaxed) {
            thread::yield_now();
        }
        let next = store.begin_write().map(drop);
        let are_waiting = !writer.is_finished() && !idle.is_finished();
        disk.let_go();
        writer.join().expect("it ends")?;
        idle.join().expect("it ends")?;
        assert!(are_waiting);
        next
    })
}

// Each watcher is told of all commits, in their order, whoever made them; and what he is told he can read.
#[test]
fn watchers_are_told_in_the_order_of_the_commits() -> Result<()> {
    let disk = Disk::default();
    let store = on(&disk, 20_000)?;
    store.write(|txn| txn.create(&account(1)))?;
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        let watch = || -> Result<()> {
            while !is_done.load(Ordering::Relaxed) {
                let (snapshot, mut watcher) =
                    store.watch::<Account>().capacity(10_000).begin_with_snapshot()?;
                let mut cents = snapshot.get::<Account>(1)?.map_or(0, |account| account.cents);
                for _ in 0..50 {
                    let Some(notice) = watcher.next_within(Duration::from_millis(200)) else { break };
                    for event in notice?.events {
                        let value = |account: Option<&Account>| account.map(|account| account.cents);
                        assert_eq!(
                            (value(event.before()), value(event.after())),
                            (Some(cents), Some(cents + 1))
                        );
                        cents += 1;
                        assert!(store.get::<Account>(1)?.is_some_and(|account| account.cents >= cents));
                    }
                }
            }
            Ok(())
        };
        let watchers: Vec<_> = (0..3).map(|_| scope.spawn(watch)).collect();
        add_up(&store).expect("it adds up");
        is_done.store(true, Ordering::Relaxed);
        for watcher in watchers {
            watcher.join().expect("it ends").expect("it watches");
        }
    });
    Ok(())
}
