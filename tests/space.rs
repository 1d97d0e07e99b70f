//! A file that grew in churn shrinks again, and says what it holds. C26.

use std::fs;

use kit::load::person;
use kit::models::{Person, World};
use netabase::{ErrorKind, Result, Store, WriteAhead};

const PEOPLE: u64 = 2000;

#[test]
fn a_file_that_grew_in_churn_is_compacted() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("world.redb");
    let store = Store::<World>::builder().path(&path).write_ahead(WriteAhead::Off).open()?;
    let len = || fs::metadata(&path).expect("it is there").len();
    store.write(|txn| (0..PEOPLE).try_for_each(|id| txn.create(&person(id, id))))?;
    for day in 0..5 {
        store.write(|txn| (0..PEOPLE).try_for_each(|id| txn.update(&person(id, id + day * 7))))?;
    }
    store.write(|txn| {
        (0..PEOPLE).filter(|id| id % 10 != 0).try_for_each(|id| txn.delete::<Person>(id).map(drop))
    })?;
    let before = store.stats()?;
    assert_eq!(before.file, len());
    assert!(before.free > before.file / 2, "{before:?}");

    let snapshot = store.begin_read()?;
    let rows = snapshot.query::<Person>().iter()?;
    drop(snapshot);
    assert_eq!(*store.compact().expect_err("an iterator is alive").kind(), ErrorKind::Busy);
    drop(rows);
    assert!(store.compact()?);
    let after = store.stats()?;
    assert!(after.file < before.file / 3 && after.file == len(), "{} then {}", before.file, after.file);
    assert_eq!(after.tables.len(), before.tables.len());
    assert_eq!(store.begin_read()?.len::<Person>()?, PEOPLE / 10);
    assert!(store.verify(|_| {})?.is_clean());
    store.write(|txn| txn.create(&person(1, 1)))
}

#[test]
fn stats_count_records_and_rows_of_every_table() -> Result<()> {
    let store = Store::<World>::in_memory()?;
    store.write(|txn| (0..100).try_for_each(|id| txn.create(&person(id, id))))?;
    let stats = store.stats()?;
    let table =
        |name: &str| stats.tables.iter().find(|table| table.name == name).expect("it is listed").clone();
    assert_eq!(table("World/Person").rows, 100);
    // Tags and friends have one row for each element: 0, 1, 2, 3, 0 ..
    assert_eq!(table("World/Person/index/tags").rows, 150);
    assert_eq!(table("World/Person/topics").rows, 200);
    let main = table("World/Person");
    assert!(main.bytes > 100 * 1000 && main.pages >= main.bytes, "{main:?}");
    let pages: u64 = stats.tables.iter().map(|table| table.pages).sum();
    assert!(stats.file >= pages && stats.free <= stats.file, "{stats:?}");
    // The tests are built with the feature `cache_metrics`.
    let before = stats.cache.expect("it is counted");
    assert!(before.bytes > main.bytes && before.hits > 0, "{before:?}");
    store.get::<Person>(50)?;
    assert!(store.stats()?.cache.is_some_and(|cache| cache.hits > before.hits));
    Ok(())
}

#[test]
fn stats_wait_for_no_reader_and_tell_a_nested_writer() -> Result<()> {
    let store = Store::<World>::in_memory()?;
    let _snapshot = store.begin_read()?;
    store.stats()?;
    let _txn = store.begin_write()?;
    assert_eq!(*store.stats().expect_err("it would wait for itself").kind(), ErrorKind::Nested);
    assert_eq!(*store.compact().expect_err("it would wait for itself").kind(), ErrorKind::Nested);
    Ok(())
}

#[test]
fn a_reader_measures_too() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("world.redb");
    Store::<World>::open(&path)?.write(|txn| (0..50).try_for_each(|id| txn.create(&person(id, id))))?;
    let stats = Store::<World>::builder().path(&path).read_only(true).open()?.stats()?;
    assert_eq!(stats.file, fs::metadata(&path).expect("it is there").len());
    assert!(stats.tables.iter().any(|table| table.name == "World/Person" && table.rows == 50));
    Ok(())
}
