//! Reads without a transaction see the last commit, share one snapshot, and hold nothing back. S2-38.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use kit::counting::Counting;
use kit::memory::Memory;
use kit::models::{Author, Blog, author};
use netabase::engine::{Check, Engine, Redb};
use netabase::{Result, Store};

fn counter(store: &Store<Blog>) -> Result<u64> {
    let country = store.get::<Author>(0)?.and_then(|author| author.country);
    Ok(country.and_then(|number| number.parse().ok()).unwrap_or(0))
}

fn count_up(store: &Store<Blog>, number: u64) -> Result<()> {
    store.write(|txn| txn.upsert(&Author { country: Some(number.to_string()), ..author(0) }).map(drop))
}

#[test]
fn each_sees_the_last_commit() -> Result<()> {
    let store = Store::<Blog>::in_memory()?;
    assert!(store.is_empty::<Author>()?);
    for id in 0..20 {
        store.write(|txn| {
            txn.create(&author(id))?;
            // Another handle, while the transaction runs.
            assert_eq!((store.len::<Author>()?, store.get::<Author>(id)?), (id, None));
            Ok(())
        })?;
        assert_eq!(store.get(id)?, Some(author(id)));
        assert!(store.contains::<Author>(id)? && !store.contains::<Author>(id + 1)?);
        assert_eq!(store.len::<Author>()?, id + 1);
        assert_eq!(store.query::<Author>().filter(Author::COUNTRY.is_none()).count()?, id + 1);
    }
    // Keys in any order, twice, or without a record.
    let found = store.get_many::<Author>([7, 3, 99, 7, 0])?;
    assert_eq!(found, [Some(author(7)), Some(author(3)), None, Some(author(7)), Some(author(0))]);
    assert_eq!(store.get_many::<Author>([0_u64; 0])?, []);
    // What a failed or abandoned write did is not seen.
    store.begin_write()?.create(&author(99))?;
    assert!(store.write(|txn| txn.create(&author(1))).is_err());
    assert_eq!(store.len::<Author>()?, 20);
    Ok(())
}

// Whoever was told of a commit sees it, from any thread, however reads and commits overlap.
#[test]
fn no_reader_sees_less_than_was_acknowledged() -> Result<()> {
    let store = Store::<Blog>::in_memory()?;
    let (acknowledged, done) = (AtomicU64::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        let readers: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| -> Result<u64> {
                    let mut last = 0;
                    while !done.load(Ordering::Acquire) {
                        let at_least = acknowledged.load(Ordering::Acquire);
                        let found = counter(&store)?;
                        assert!(found >= at_least && found >= last, "{found} after {at_least} and {last}");
                        last = found;
                    }
                    Ok(last)
                })
            })
            .collect();
        for number in 1..=600 {
            count_up(&store, number).expect("it commits");
            acknowledged.store(number, Ordering::Release);
        }
        done.store(true, Ordering::Release);
        for reader in readers {
            reader.join().expect("it reads").expect("it reads");
        }
    });
    assert_eq!(counter(&store)?, 600);
    Ok(())
}

// A snapshot that lived through commits would keep their old pages from being used again.
#[test]
fn reads_between_commits_do_not_make_the_file_grow() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let size = |name: &str, read: bool| -> Result<u64> {
        let path = folder.path().join(name);
        let store = Store::<Blog>::open(&path)?;
        store.write(|txn| (0..500).try_for_each(|id| txn.create(&author(id))))?;
        for number in 0..150 {
            if read {
                counter(&store)?;
            }
            count_up(&store, number)?;
        }
        Ok(store.stats()?.file)
    };
    let (without, with) = (size("without.redb", false)?, size("with.redb", true)?);
    assert_eq!(with, without);
    Ok(())
}

#[test]
fn a_shared_snapshot_stands_in_nobodys_way() -> Result<()> {
    let store = Store::<Blog>::in_memory()?;
    store.write(|txn| (0..50).try_for_each(|id| txn.create(&author(id))))?;
    for _ in 0..2 {
        assert_eq!(store.len::<Author>()?, 50);
        assert_eq!(store.verify(|_| {})?.engine, Some(Check::Sound));
        assert_eq!(store.len::<Author>()?, 50);
        store.compact()?;
    }
    // A query and its rows outlive the store.
    let rows = store.query::<Author>().iter()?;
    drop(store);
    assert_eq!(rows.count(), 50);
    Ok(())
}

// Only where nobody else commits.
#[test]
fn reads_share_a_snapshot_until_the_next_commit() -> Result<()> {
    fn begun<E: Engine + 'static>(engine: E) -> Result<u64> {
        let engine = Counting::new(engine);
        let counts = engine.counts();
        let store = Store::<Blog>::builder().engine(Arc::new(engine)).open()?;
        let before = counts.snapshots();
        for number in 0..3 {
            count_up(&store, number)?;
            for _ in 0..100 {
                counter(&store)?;
            }
        }
        Ok(counts.snapshots() - before)
    }
    assert_eq!(begun(Redb::in_memory(None)?)?, 3);
    assert_eq!(begun(Memory::default())?, 300);
    Ok(())
}

// A store in a file lets go of it with its last handle, read or not.
#[test]
fn the_file_is_free_when_the_store_is_gone() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("blog.redb");
    let store = Store::<Blog>::open(&path)?;
    count_up(&store, 7)?;
    assert_eq!(counter(&store)?, 7);
    drop(store);
    assert_eq!(counter(&Store::<Blog>::open(&path)?)?, 7);
    Ok(())
}
