//! The write-ahead journal as its users meet it: where it stands, when it goes, and what is said of one that does not fit. S2-56, S4-12..S4-15.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use kit::bank::{Account, Bank};
use kit::place::Place;
use netabase::{Durability, Error, ErrorKind, Result, Store, WriteAhead};

fn account(id: u64, cents: i64) -> Account {
    Account { id, owner: format!("owner {}", id % 3), cents }
}

/// Checkpoints come when they are asked for.
fn open(path: &Path) -> Result<Store<Bank>> {
    Store::builder().path(path).write_ahead(WriteAhead::On).checkpoint_after(Duration::from_hours(1)).open()
}

/// A store with these accounts, all but the first of which the journal alone has.
fn filled(place: &Place, accounts: u64) -> Result<Store<Bank>> {
    let store = open(&place.file())?;
    for id in 1..=accounts {
        store.write(|txn| txn.create(&account(id, 100)))?;
    }
    Ok(store)
}

/// The one file of the journal.
fn segment(place: &Place) -> PathBuf {
    place.segments().pop().expect("a segment")
}

fn ids(store: &Store<Bank>) -> Result<Vec<u64>> {
    Ok(store.query::<Account>().collect()?.into_iter().map(|account| account.id).collect())
}

#[test]
fn a_closed_store_is_one_file() -> Result<()> {
    let place = Place::default();
    let store = filled(&place, 3)?;
    assert_eq!(place.names(), ["bank.redb", "bank.redb-journal"]);
    drop(store);
    assert_eq!(place.names(), ["bank.redb"]);
    // It says nothing of a journal, and is whole without one.
    let moved = Place::default();
    fs::rename(place.file(), moved.file()).expect("it moves");
    let store = Store::<Bank>::builder().path(moved.file()).write_ahead(WriteAhead::Off).open()?;
    assert_eq!(ids(&store)?, [1, 2, 3]);
    assert!(store.verify(|_| {})?.is_clean());
    Ok(())
}

// A program with one commit to make pays for no journal.
#[test]
fn the_first_commit_goes_to_the_file() -> Result<()> {
    let place = Place::default();
    let store = filled(&place, 1)?;
    assert_eq!(place.names(), ["bank.redb"]);
    store.write(|txn| txn.create(&account(2, 5)))?;
    assert_eq!(place.names(), ["bank.redb", "bank.redb-journal"]);
    Ok(())
}

#[test]
fn without_a_journal_there_is_one_file_at_any_time() -> Result<()> {
    let place = Place::default();
    let store = Store::<Bank>::builder().path(place.file()).write_ahead(WriteAhead::Off).open()?;
    for id in 1..=5 {
        store.write(|txn| txn.create(&account(id, 1)))?;
        assert_eq!(place.names(), ["bank.redb"]);
    }
    Ok(())
}

// Whoever opens it, with a journal or without.
#[test]
fn what_a_kill_leaves_is_read_again() -> Result<()> {
    let place = Place::default();
    let store = filled(&place, 200)?;
    let report = store.verify(|_| {})?;
    assert!(report.is_clean(), "{report}");
    for id in 150..=200 {
        store.write(|txn| txn.delete::<Account>(id))?;
    }
    store.write(|txn| txn.update(&account(7, -7)))?;
    for write_ahead in [WriteAhead::On, WriteAhead::Off] {
        let killed = place.killed();
        let read = Arc::new(AtomicU64::new(0));
        let counted = read.clone();
        let told = move |at: netabase::Progress<'_>| {
            if at.table == "the journal" {
                counted.store(at.done, Ordering::Relaxed);
                assert_eq!(at.done, at.total);
            }
        };
        // It was not closed, which is for a writer to mend.
        let reader = Store::<Bank>::builder().path(killed.file()).read_only(true).open();
        assert!(matches!(reader.expect_err("refused").kind(), ErrorKind::NotClosed { .. }));
        {
            let builder = Store::<Bank>::builder().path(killed.file()).write_ahead(write_ahead);
            let again = builder.on_progress(told).open()?;
            assert_eq!(ids(&again)?, (1..150).collect::<Vec<_>>());
            assert_eq!(again.get::<Account>(7)?.map(|account| account.cents), Some(-7));
            assert_eq!(again.query::<Account>().filter(Account::OWNER.eq("owner 1")).count()?, 50);
            assert!(again.verify(|_| {})?.is_clean());
            again.write(|txn| txn.create(&account(1000, 1)))?;
        }
        assert!(read.load(Ordering::Relaxed) > 20_000);
        assert_eq!(killed.names(), ["bank.redb"]);
        let reader = Store::<Bank>::builder().path(killed.file()).read_only(true).open()?;
        assert_eq!(reader.len::<Account>()?, 150);
    }
    Ok(())
}

// The commits of a store that was killed, and killed again before they came to the file.
#[test]
fn a_store_may_be_killed_again_and_again() -> Result<()> {
    let mut place = Place::default();
    drop(filled(&place, 2)?);
    for round in 0..6 {
        let store = open(&place.file())?;
        for id in 0..3 {
            store.write(|txn| txn.create(&account(100 + round * 10 + id, 1)))?;
        }
        let killed = place.killed();
        drop(store);
        place = killed;
    }
    let store = open(&place.file())?;
    let expected = (0..6).flat_map(|round| (0..3).map(move |id| 100 + round * 10 + id));
    assert_eq!(ids(&store)?, [1, 2].into_iter().chain(expected).collect::<Vec<_>>());
    Ok(())
}

#[test]
fn readers_see_commits_at_once_and_snapshots_stay() -> Result<()> {
    let place = Place::default();
    let store = filled(&place, 4)?;
    let before = store.begin_read()?;
    store.write(|txn| {
        txn.delete::<Account>(2)?;
        txn.create(&account(9, 1))
    })?;
    assert_eq!(ids(&store)?, [1, 3, 4, 9]);
    // Through a checkpoint, too.
    store.checkpoint()?;
    assert_eq!(ids(&store)?, [1, 3, 4, 9]);
    let old: Vec<u64> = before.query::<Account>().collect()?.into_iter().map(|account| account.id).collect();
    assert_eq!(old, [1, 2, 3, 4]);
    assert_eq!((before.len::<Account>()?, store.len::<Account>()?), (4, 4));
    Ok(())
}

#[test]
fn after_a_checkpoint_the_file_has_everything() -> Result<()> {
    let place = Place::default();
    let store = filled(&place, 20)?;
    store.checkpoint()?;
    let killed = place.killed();
    // Nothing but the journal's last mark is missed.
    fs::remove_dir_all(killed.journal()).expect("it goes");
    let store = Store::<Bank>::builder().path(killed.file()).forget_missing_journal(true).open()?;
    assert_eq!(store.len::<Account>()?, 20);
    Ok(())
}

#[test]
fn transactions_larger_than_the_journal_go_to_the_file_in_order() -> Result<()> {
    let place = Place::default();
    let store = Store::<Bank>::builder().path(place.file()).write_ahead(WriteAhead::On).checkpoint_size(4096);
    let store = store.checkpoint_after(Duration::from_hours(1)).open()?;
    store.write(|txn| txn.create(&account(1, 1)))?;
    store.write(|txn| txn.create(&account(2, 2)))?;
    let many: Vec<_> = (10..1000).map(|id| account(id, 1)).collect();
    store.write(|txn| {
        txn.update(&account(2, 20))?;
        txn.create_batch(&many)
    })?;
    store.write(|txn| txn.delete::<Account>(10))?;
    let again = open(&place.killed().file())?;
    assert_eq!(again.len::<Account>()?, 2 + 989);
    assert_eq!(again.get::<Account>(2)?.map(|account| account.cents), Some(20));
    assert!(again.verify(|_| {})?.is_clean());
    Ok(())
}

#[test]
fn eventual_commits_are_seen_at_once_and_durable_with_the_next_one() -> Result<()> {
    let place = Place::default();
    let store = filled(&place, 2)?;
    let lazy = |id| -> Result<()> {
        let mut txn = store.begin_write()?;
        txn.set_durability(Durability::Eventual);
        txn.create(&account(id, 1))?;
        txn.commit()
    };
    lazy(3)?;
    lazy(4)?;
    assert_eq!(ids(&store)?, [1, 2, 3, 4]);
    let killed = place.killed();
    assert_eq!(ids(&open(&killed.file())?)?, [1, 2]);
    store.sync()?;
    assert_eq!(ids(&open(&place.killed().file())?)?, [1, 2, 3, 4]);
    lazy(5)?;
    drop(store);
    assert_eq!(ids(&open(&place.file())?)?, [1, 2, 3, 4, 5]);
    Ok(())
}

fn refused(place: &Place) -> Error {
    let error = open(&place.file()).expect_err("refused");
    // What was refused is as it was.
    let again = open(&place.file()).expect_err("refused again");
    assert_eq!(error.to_string(), again.to_string());
    error
}

#[test]
fn a_journal_that_does_not_fit_is_refused() -> Result<()> {
    let place = Place::default();
    let store = filled(&place, 5)?;
    let (early, journal) = (place.killed(), |place: &Place| place.journal());
    store.checkpoint()?;
    for id in 6..=9 {
        store.write(|txn| txn.create(&account(id, 1)))?;
    }
    let late = place.killed();
    let reason = |place: &Place| match refused(place).kind() {
        ErrorKind::JournalMismatch { reason, path } => {
            assert!(path.ends_with("bank.redb-journal"));
            *reason
        }
        other => panic!("{other:?}"),
    };

    // The one of before beside the database of after.
    assert_eq!(reason(&put(&late, &early)), "it is older than the database");
    let other = Place::default();
    let other_store = filled(&other, 3)?;
    assert_eq!(reason(&put(&late, &other)), "it belongs to another database");
    drop(other_store);
    // A closed database, and one that is gone.
    assert!(reason(&put(&other, &late)).starts_with("it belongs to another database"));
    let gone = late.killed();
    fs::remove_file(gone.file()).expect("it goes");
    assert_eq!(reason(&gone), "there is no database beside it");
    assert_eq!(gone.names(), ["bank.redb-journal"]);

    // None where there has to be one.
    let missing = late.killed();
    fs::remove_dir_all(journal(&missing)).expect("it goes");
    assert!(reason(&missing).starts_with("it is missing"));
    let store = Store::<Bank>::builder().path(missing.file()).forget_missing_journal(true).open()?;
    assert_eq!(ids(&store)?, [1, 2, 3, 4, 5]);
    Ok(())
}

// Of the last commit nobody can tell whether it was torn; of all before it somebody knew.
#[test]
fn damage_is_named_with_its_place_and_a_torn_end_is_cut_off() -> Result<()> {
    let place = Place::default();
    let store = filled(&place, 40)?;
    let killed = place.killed();
    drop(store);
    let bytes = fs::read(segment(&killed)).expect("it reads");
    let end = bytes.iter().rposition(|byte| *byte != 0).expect("records") + 1;
    let (mut cut, mut named) = (0, 0);
    for at in (4096..end).step_by(7) {
        let damaged = killed.killed();
        let mut copy = bytes.clone();
        copy[at] ^= 0x10;
        fs::write(segment(&damaged), copy).expect("it writes");
        match open(&damaged.file()) {
            Ok(store) => {
                assert_eq!(ids(&store)?, (1..40).collect::<Vec<_>>(), "byte {at}");
                cut += 1;
            }
            Err(error) => {
                let text = error.to_string();
                assert!(matches!(error.kind(), ErrorKind::Corrupt { .. }), "{text}");
                assert!(text.contains("bank.redb-journal/segment-0` at byte "), "{text}");
                named += 1;
            }
        }
    }
    assert!(cut > 0 && named > 10 * cut, "{cut} cut, {named} named");
    // Cut anywhere, what stands before is there.
    for at in (4096..end).step_by(31) {
        let damaged = killed.killed();
        fs::write(segment(&damaged), &bytes[..at]).expect("it writes");
        let found = ids(&open(&damaged.file())?)?;
        assert_eq!(found, (1..=found.len() as u64).collect::<Vec<_>>());
    }
    // The page at the beginning.
    let damaged = killed.killed();
    let mut copy = bytes;
    copy[20] ^= 1;
    fs::write(segment(&damaged), copy).expect("it writes");
    assert!(refused(&damaged).to_string().contains("segment-0` at byte 0"));
    Ok(())
}

#[test]
fn checkpoints_come_and_go_while_others_write_and_read() -> Result<()> {
    let place = Place::default();
    let builder = Store::<Bank>::builder().path(place.file()).write_ahead(WriteAhead::On);
    let store = builder.checkpoint_size(2000).checkpoint_after(Duration::ZERO).open()?;
    // Many checkpoints while it goes on; none of the commits is in two places, or in none.
    for id in 1..=300 {
        store.write(|txn| txn.create(&account(id, 1)))?;
        if id % 50 == 0 {
            assert_eq!(store.len::<Account>()?, id);
            assert_eq!(
                store
                    .query::<Account>()
                    .filter(Account::OWNER.any_of(["owner 0", "owner 1", "owner 2"]))
                    .count()?,
                id
            );
        }
    }
    assert!(store.verify(|_| {})?.is_clean());
    Ok(())
}

// What a writer began with may have gone to the file when he commits.
#[test]
fn a_transaction_may_last_longer_than_a_checkpoint() -> Result<()> {
    let place = Place::default();
    let builder = Store::<Bank>::builder().path(place.file()).write_ahead(WriteAhead::On);
    let store = builder.checkpoint_size(2000).checkpoint_after(Duration::from_hours(1)).open()?;
    for round in 0..5_u64 {
        let (first, many) = (round * 100, 40);
        for id in first..first + many {
            store.write(|txn| txn.create(&account(id, 1)))?;
        }
        // It begins a checkpoint, as enough has gathered, and the checkpoint ends before it does.
        let mut txn = store.begin_write()?;
        txn.delete::<Account>(first)?;
        thread::sleep(Duration::from_millis(50));
        txn.commit()?;
        store.write(|txn| {
            let expected = (round + 1) * (many - 1);
            assert_eq!(txn.len::<Account>()?, expected);
            let owners = ["owner 0", "owner 1", "owner 2"];
            assert_eq!(txn.query::<Account>().filter(Account::OWNER.any_of(owners)).count()?, expected);
            Ok(())
        })?;
    }
    assert!(store.verify(|_| {})?.is_clean());
    Ok(())
}

// In a folder that may not be written to, the file takes the commits itself.
#[cfg(unix)]
#[test]
fn without_a_place_for_a_journal_commits_go_to_the_file() -> Result<()> {
    let place = Place::default();
    drop(Store::<Bank>::create(place.file())?);
    // Something else has the name.
    fs::write(place.journal(), b"not a folder").expect("it writes");
    let store = open(&place.file())?;
    for id in 1..=3 {
        store.write(|txn| txn.create(&account(id, 1)))?;
    }
    assert_eq!(ids(&open(&place.killed().file())?)?, [1, 2, 3]);
    Ok(())
}

#[cfg(unix)]
#[test]
fn the_journal_is_for_those_whom_the_file_is_for() -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    let place = Place::default();
    drop(Store::<Bank>::create(place.file())?);
    fs::set_permissions(place.file(), fs::Permissions::from_mode(0o640)).expect("it changes");
    let _store = filled(&place, 2)?;
    assert_eq!((mode(&place.journal()), mode(&segment(&place))), (0o750, 0o640));
    Ok(())
}

/// The database of one moment beside the journal of another.
fn put(file: &Place, log: &Place) -> Place {
    let mixed = file.killed();
    if mixed.journal().is_dir() {
        fs::remove_dir_all(mixed.journal()).expect("it goes");
    }
    let copy = log.killed();
    fs::rename(copy.journal(), mixed.journal()).expect("it moves");
    mixed
}

// Between the copy of the file and that of the journal lie checkpoints, or a commit that went past the journal.
#[test]
fn a_journal_of_later_is_refused() -> Result<()> {
    for is_direct in [false, true] {
        let place = Place::default();
        let builder = Store::<Bank>::builder().path(place.file()).checkpoint_after(Duration::from_hours(1));
        let store = builder.checkpoint_size(3000).open()?;
        (1..=2).try_for_each(|id| store.write(|txn| txn.create(&account(id, 1))))?;
        store.checkpoint()?;
        let early = place.killed();
        if is_direct {
            let many: Vec<_> = (100..300).map(|id| account(id, 1)).collect();
            store.write(|txn| txn.create_batch(&many))?;
        } else {
            for round in 0..5 {
                (0..5)
                    .try_for_each(|id| store.write(|txn| txn.create(&account(100 + round * 10 + id, 1))))?;
                store.checkpoint()?;
            }
        }
        store.write(|txn| txn.create(&account(3, 1)))?;
        let late = place.killed();
        let error = refused(&put(&early, &late));
        let ErrorKind::JournalMismatch { reason, .. } = *error.kind() else { panic!("{error}") };
        assert_eq!(reason, "it is newer than the database, which was copied before");
        let error = refused(&put(&late, &early));
        assert!(matches!(error.kind(), ErrorKind::JournalMismatch { .. }), "{error}");
        assert!(ids(&open(&late.file())?)?.contains(&3));
    }
    Ok(())
}

// Of a journal that had nothing left to give, the next program goes on with checkpoints of its own.
#[test]
fn checkpoints_go_on_after_a_kill_behind_one() -> Result<()> {
    let place = Place::default();
    let store = filled(&place, 5)?;
    store.checkpoint()?;
    let killed = place.killed();
    let builder = Store::<Bank>::builder().path(killed.file()).checkpoint_size(2000);
    let store = builder.write_wait(Duration::from_mins(1)).open()?;
    // Many times what fits before a writer has to wait for a checkpoint.
    (10..300).try_for_each(|id| store.write(|txn| txn.create(&account(id, 1))))?;
    assert_eq!(store.len::<Account>()?, 295);
    assert!(store.verify(|_| {})?.is_clean());
    Ok(())
}
