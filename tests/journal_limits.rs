//! The journal at its limits: commits of many records, clocks that go back, histories with a hole, files that are only read.

use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use kit::bank::{Account, Bank, account};
use kit::feeds::numbers;
use kit::kept::{After, Before, Between, Kept, Note, Without, kept, unkept};
use kit::memory::Memory;
use netabase::change::Retention;
use netabase::engine::{Direction, Engine, Limits, TableForm, TableId, TableSpec, Tables};
use netabase::{ErrorKind, Result, Store};

/// An engine that takes small values, so a large commit has many records in the journal.
fn small() -> Memory {
    Memory::with_limits(Limits { key: 1 << 10, value: 1_000 })
}

#[test]
fn records_of_the_journal_are_no_larger_than_the_engine_takes() -> Result<()> {
    let engine = small();
    let bank = Store::<Bank>::builder().engine(Arc::new(engine.clone())).open()?;
    bank.write(|txn| (0..200).try_for_each(|id| txn.create(&account(id, 0))))?;
    assert_eq!(bank.journal()?.of::<Account>(1)?.count(), 200);
    let tables: Tables = Arc::new([TableSpec {
        name: "netabase.journal".into(),
        form: TableForm::Map,
        key_width: Some(12),
        value_width: None,
    }]);
    let snapshot = engine.begin_read(&tables)?;
    let mut rows = snapshot.cursor(TableId(0), (Bound::Unbounded, Bound::Unbounded), Direction::Forward)?;
    let mut sizes = Vec::new();
    while rows.advance()? {
        sizes.push(rows.value().len());
    }
    assert!(sizes.len() > 1 && sizes.iter().all(|size| *size <= 1_000), "{sizes:?}");
    Ok(())
}

// Never a part of one, and none is left behind for later.
#[test]
fn a_commit_of_many_records_is_pruned_as_a_whole() -> Result<()> {
    let builder = Store::<Bank>::builder().engine(Arc::new(small()));
    let bank = builder.retention(Retention::default().last(1)).open()?;
    for round in 1..=5_u64 {
        bank.write(|txn| {
            (0..1_000).try_for_each(|id| txn.upsert(&account(id, round.cast_signed())).map(drop))
        })?;
        let journal = bank.journal()?;
        // More than are looked at in any case.
        assert!(journal.len()? > 16);
        assert_eq!((journal.first()?, journal.last()?), (Some(round), round));
        assert_eq!(journal.of::<Account>(round)?.count(), 1_000);
    }
    bank.write(|txn| txn.update(&account(1, 7)))?;
    assert_eq!((bank.journal()?.first()?, bank.journal()?.len()?), (Some(6), 1));
    assert!(bank.verify(|_| {})?.is_clean());
    Ok(())
}

#[test]
fn a_clock_that_goes_back_makes_nothing_old() -> Result<()> {
    let now = Arc::new(AtomicU64::new(10_000));
    let seconds = now.clone();
    let clock = move || UNIX_EPOCH + Duration::from_secs(seconds.load(Ordering::Relaxed));
    let builder = Store::<Bank>::builder().in_memory().clock(clock);
    let bank = builder.retention(Retention::default().within(Duration::from_hours(1))).open()?;
    for id in 0..5 {
        bank.write(|txn| txn.create(&account(id, 0)))?;
    }
    now.store(9_999, Ordering::Relaxed);
    bank.write(|txn| txn.create(&account(9, 0)))?;
    assert_eq!(bank.journal()?.first()?, Some(1));
    Ok(())
}

// As its history is not read there.
#[test]
fn no_watcher_begins_where_a_model_was_not_journaled() -> Result<()> {
    let engine = Memory::default();
    let engine = || Arc::new(engine.clone());
    Store::<After>::builder().engine(engine()).open()?.write(|txn| txn.create(&kept(1)))?;
    Store::<Between>::builder().engine(engine()).open()?.write(|txn| txn.create(&unkept(2)))?;
    let bank = Store::<After>::builder().engine(engine()).open()?;
    bank.write(|txn| txn.create(&kept(3)))?;
    let refused = bank.watch::<Kept>().begin_from(2).expect_err("it has a hole");
    assert!(matches!(refused.kind(), ErrorKind::BeforeHorizon { from: 2, first: 3 }), "{refused}");
    assert_eq!(numbers(&mut bank.watch::<Kept>().begin_from(3)?), ["3"]);
    Ok(())
}

#[test]
fn a_model_that_was_discarded_has_no_history_when_it_comes_again() -> Result<()> {
    let engine = Memory::default();
    let engine = || Arc::new(engine.clone());
    Store::<After>::builder().engine(engine()).open()?.write(|txn| txn.create(&Note { id: 1 }))?;
    let without = Store::<Without>::builder().engine(engine()).discard("Note").open()?;
    without.write(|txn| txn.create(&kept(2)))?;
    drop(without);
    let bank = Store::<After>::builder().engine(engine()).open()?;
    assert!(bank.is_empty::<Note>()?);
    // Else it would end with a record that is not there.
    let refused = bank.journal()?.of::<Note>(1).err().expect("it is gone");
    assert!(matches!(refused.kind(), ErrorKind::BeforeHorizon { from: 1, first: 3 }), "{refused}");
    Ok(())
}

#[test]
fn the_journal_of_a_file_that_is_only_read() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("bank.redb");
    Store::<Bank>::open(&file)?.write(|txn| txn.create(&account(1, 0)))?;
    let bank = Store::<Bank>::builder().path(&file).read_only(true).open()?;
    assert_eq!(bank.journal()?.of::<Account>(1)?.count(), 1);
    assert_eq!(numbers(&mut bank.watch::<Account>().begin_from(1)?), ["1"]);
    // Consumers write how far they are.
    assert!(matches!(bank.consumer("index").expect_err("refused").kind(), ErrorKind::ReadOnly));
    Ok(())
}

// Nothing may be written, so nothing says since when there is a history.
#[test]
fn a_file_that_is_only_read_has_no_history_where_its_writer_kept_none() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("bank.redb");
    Store::<Between>::open(&file)?.write(|txn| txn.create(&unkept(1)))?;
    let bank = Store::<After>::builder().path(&file).read_only(true).open()?;
    let refused = bank.journal()?.of::<Kept>(1).err().expect("none was kept");
    assert!(matches!(refused.kind(), ErrorKind::BeforeHorizon { from: 1, first: 2 }), "{refused}");
    Ok(())
}

#[test]
fn the_journal_of_a_file_without_one_is_empty() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("bank.redb");
    Store::<Before>::open(&file)?.write(|txn| txn.create(&unkept(1)))?;
    let bank = Store::<Without>::builder().path(&file).read_only(true).open()?;
    let journal = bank.journal()?;
    assert_eq!((journal.first()?, journal.last()?, journal.len()?), (None, 0, 0));
    assert_eq!(numbers(&mut bank.watch::<Kept>().begin_from(1)?), [""; 0]);
    assert!(bank.verify(|_| {})?.is_clean());
    Ok(())
}

// The last transaction of a store that is dropped: nobody is left who would wait for its end.
#[test]
fn a_commit_that_does_not_fit_ends_with_an_error() -> Result<()> {
    let engine = Memory::with_limits(Limits { key: 1000, value: 1000 });
    let bank = Store::<Bank>::builder().engine(Arc::new(engine)).open()?;
    // The record fits, and before and after together do not.
    let large = |letter: &str| Account { id: 1, owner: letter.repeat(600), cents: 0 };
    bank.write(|txn| txn.create(&large("a")))?;
    let mut txn = bank.begin_write()?;
    txn.update(&large("b"))?;
    drop(bank);
    let refused = txn.commit().expect_err("it is too large");
    assert!(matches!(refused.kind(), ErrorKind::LimitExceeded { .. }), "{refused}");
    Ok(())
}

#[test]
fn a_long_name_of_the_writer_fits_beside_changes_of_any_size() -> Result<()> {
    for count in (1..300).step_by(7) {
        let engine = Memory::with_limits(Limits { key: 1000, value: 4096 });
        let bank = Store::<Bank>::builder().engine(Arc::new(engine)).open()?;
        bank.write(|txn| {
            txn.set_actor("a".repeat(300))?;
            (0..count).try_for_each(|id| txn.create(&account(id, 0)))
        })?;
        assert_eq!(bank.journal()?.of::<Account>(1)?.count() as u64, count);
    }
    Ok(())
}
