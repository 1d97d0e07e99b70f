//! Records with versions: they count every write, never go back, and let writers compare and set. S3-3..S3-6, S3-17, S3-18, S3-25, C20.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, UNIX_EPOCH};

use netabase::{ErrorKind, Link, NetabaseDefinition, NetabaseModel, Result, Store, Versioned};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

/// A counter.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[netabase(versioned)]
struct Counter {
    #[primary_key]
    id: u64,
    value: u64,
}

/// Something that goes with a counter, or loses it.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[netabase(versioned)]
struct Reading {
    #[primary_key]
    id: u64,
    #[relation(on_delete = "cascade")]
    of: Link<Counter>,
    #[relation(on_delete = "set_null")]
    other: Option<Link<Counter>>,
}

#[derive(NetabaseDefinition)]
enum App {
    Counter(Counter),
    Reading(Reading),
}

fn counter(id: u64, value: u64) -> Counter {
    Counter { id, value }
}

fn found(error: &netabase::Error) -> (u64, u64) {
    match error.kind() {
        ErrorKind::VersionConflict { expected, found, .. } => (*expected, *found),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_version_counts_every_write_and_outlives_the_record() -> Result<()> {
    let now = Arc::new(AtomicU64::new(100));
    let seconds = now.clone();
    let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
    let store =
        Store::<App>::builder().in_memory().clock(move || at(seconds.load(Ordering::Relaxed))).open()?;
    let seen = || -> Result<Option<(u64, _, _)>> {
        let seen = store.get_versioned::<Counter>(1)?;
        Ok(seen.map(|Versioned { version, created_at, updated_at, .. }| (version, created_at, updated_at)))
    };
    assert_eq!(seen()?, None);
    store.write(|txn| txn.create(&counter(1, 0)))?;
    assert_eq!(seen()?, Some((1, at(100), at(100))));
    now.store(200, Ordering::Relaxed);
    // The same value again is a write as any other.
    store.write(|txn| txn.update(&counter(1, 0)))?;
    assert_eq!(seen()?, Some((2, at(100), at(200))));
    store.write(|txn| txn.update_with(1, |counter: &mut Counter| counter.value += 1))?;
    store.write(|txn| txn.upsert(&counter(1, 9)).map(drop))?;
    assert_eq!(seen()?.map(|seen| seen.0), Some(4));
    store.write(|txn| txn.delete::<Counter>(1).map(drop))?;
    assert_eq!(seen()?, None);
    now.store(300, Ordering::Relaxed);
    store.write(|txn| txn.create(&counter(1, 0)))?;
    assert_eq!(seen()?, Some((5, at(300), at(300))), "C20: it goes on where it was");
    // Under another key it is another record.
    store.write(|txn| txn.rekey(1, |counter: &mut Counter| counter.id = 2).map(drop))?;
    assert_eq!(store.get_versioned::<Counter>(2)?.map(|seen| seen.version), Some(1));
    store.write(|txn| txn.create(&counter(1, 0)))?;
    assert_eq!(seen()?.map(|seen| seen.0), Some(6));
    assert!(store.verify(|_| {})?.is_clean());
    Ok(())
}

#[test]
fn what_follows_from_other_writes_counts_too() -> Result<()> {
    let store = Store::<App>::in_memory()?;
    store.write(|txn| {
        txn.create_batch(&[counter(1, 0), counter(2, 0)])?;
        txn.create(&Reading { id: 7, of: Link::new(1), other: Some(Link::new(2)) })
    })?;
    store.write(|txn| txn.delete::<Counter>(2).map(drop))?;
    assert_eq!(store.get_versioned::<Reading>(7)?.map(|seen| seen.version), Some(2));
    store.write(|txn| txn.delete::<Counter>(1).map(drop))?;
    store.write(|txn| {
        txn.create(&counter(1, 0))?;
        txn.create(&Reading { id: 7, of: Link::new(1), other: None })
    })?;
    assert_eq!(store.get_versioned::<Reading>(7)?.map(|seen| seen.version), Some(3));
    Ok(())
}

#[test]
fn a_conflict_says_what_was_expected_and_what_is() -> Result<()> {
    let store = Store::<App>::in_memory()?;
    store.write(|txn| {
        assert_eq!(found(&txn.update_if_version(&counter(1, 0), 1).expect_err("absent")), (1, 0));
        assert_eq!(txn.update_if_version(&counter(1, 0), 0)?, 1, "0 is: absent");
        assert_eq!(found(&txn.update_if_version(&counter(1, 0), 0).expect_err("there")), (0, 1));
        assert_eq!(txn.update_if_version(&counter(1, 1), 1)?, 2);
        assert_eq!(found(&txn.update_if_version(&counter(1, 2), 1).expect_err("old")), (1, 2));
        assert_eq!(found(&txn.delete_if_version::<Counter>(1, 1).expect_err("old")), (1, 2));
        assert_eq!(found(&txn.delete_if_version::<Counter>(9, 1).expect_err("absent")), (1, 0));
        txn.delete_if_version::<Counter>(1, 2)?;
        assert_eq!(found(&txn.update_if_version(&counter(1, 0), 2).expect_err("deleted")), (2, 0));
        assert_eq!(txn.update_if_version(&counter(1, 7), 0)?, 3);
        assert!(!txn.create_if_absent(&counter(1, 8))? && txn.create_if_absent(&counter(2, 8))?);
        let text = txn.update_if_version(&counter(1, 0), 1).expect_err("old").to_string();
        assert_eq!(text, "Counter CounterPrimaryKey(1) has version 3, not 1: read it again");
        Ok(())
    })?;
    assert_eq!(store.query::<Counter>().collect()?, [counter(1, 7), counter(2, 8)]);
    Ok(())
}

// What a hook meets is not what the verb has found.
#[test]
fn the_error_of_a_hook_does_not_pass_for_a_record_that_is_there() -> Result<()> {
    let hook = |txn: &mut netabase::WriteTransaction<App>, change: &netabase::change::Change<Counter>| {
        if change.key == CounterPrimaryKey(1) { txn.create(&counter(2, 0)) } else { Ok(()) }
    };
    let store = Store::<App>::builder().in_memory().before(hook).open()?;
    store.write(|txn| txn.create(&counter(2, 0)))?;
    let refused = store.write(|txn| txn.create_if_absent(&counter(1, 0))).expect_err("counter 2 is there");
    assert!(refused.is_already_exists() && !store.contains::<Counter>(1)?);
    Ok(())
}

#[test]
fn a_hundred_threads_lose_no_increment() -> Result<()> {
    let store = Store::<App>::builder().in_memory().durability(netabase::Durability::Eventual).open()?;
    store.write(|txn| txn.create(&counter(1, 0)))?;
    let tries = AtomicU64::new(0);
    thread::scope(|scope| {
        let increment = || -> Result<()> {
            let mut done = 0;
            while done < 100 {
                tries.fetch_add(1, Ordering::Relaxed);
                let seen = store.get_versioned::<Counter>(1)?.expect("it is there");
                let next = counter(1, seen.value.value + 1);
                match store.write(|txn| txn.update_if_version(&next, seen.version)) {
                    Ok(version) => {
                        assert_eq!(version, seen.version + 1);
                        done += 1;
                    }
                    Err(error) => drop(found(&error)),
                }
            }
            Ok(())
        };
        let threads: Vec<_> = (0..100).map(|_| scope.spawn(increment)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("it counts"))
    })?;
    let last = store.get_versioned::<Counter>(1)?.expect("it is there");
    assert_eq!((last.value.value, last.version), (10_000, 10_001));
    Ok(())
}

mod before {
    use super::*;

    #[derive(NetabaseModel, Serialize, Deserialize)]
    pub(super) struct Counter {
        #[primary_key]
        pub(super) id: u64,
        pub(super) value: u64,
    }

    #[derive(NetabaseModel, Serialize, Deserialize)]
    pub(super) struct Reading {
        #[primary_key]
        id: u64,
        #[relation(on_delete = "cascade")]
        of: Link<Counter>,
        #[relation(on_delete = "set_null")]
        other: Option<Link<Counter>>,
    }

    #[derive(NetabaseDefinition)]
    pub(super) enum App {
        Counter(Counter),
        Reading(Reading),
    }
}

#[test]
fn versions_come_and_go_with_the_attribute() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("app.redb");
    Store::<before::App>::open(&file)?.write(|txn| txn.create(&before::Counter { id: 1, value: 0 }))?;
    {
        let store = Store::<App>::open(&file)?;
        let seen = store.get_versioned::<Counter>(1)?.expect("it is there");
        assert_eq!((seen.version, seen.created_at), (1, UNIX_EPOCH));
        assert_eq!(store.write(|txn| txn.update_if_version(&counter(1, 1), 1))?, 2);
        assert!(store.verify(|_| {})?.is_clean());
    }
    // A program that does not count must not write beside one that does.
    let refused = Store::<before::App>::open(&file).expect_err("it does not count");
    assert!(refused.to_string().contains("the table Counter.versions is only in the file"), "{refused}");
    let builder = || Store::<before::App>::builder().path(&file);
    builder().discard("Counter.versions").discard("Reading.versions").open()?;
    let store = Store::<App>::open(&file)?;
    assert_eq!(store.get_versioned::<Counter>(1)?.map(|seen| seen.version), Some(1));
    Ok(())
}

/// A write.
#[derive(Clone, Debug)]
enum Write {
    Upsert(u64),
    Delete(u64),
    Rekey(u64, u64),
    Set(u64, u64),
    Remove(u64, u64),
    Fail,
}

fn writes() -> impl Strategy<Value = Vec<Write>> {
    let id = 0..5_u64;
    prop::collection::vec(
        prop_oneof![
            id.clone().prop_map(Write::Upsert),
            id.clone().prop_map(Write::Delete),
            (id.clone(), id.clone()).prop_map(|(a, b)| Write::Rekey(a, b)),
            (id.clone(), 0..6_u64).prop_map(|(id, version)| Write::Set(id, version)),
            (id, 0..6_u64).prop_map(|(id, version)| Write::Remove(id, version)),
            Just(Write::Fail),
        ],
        0..40,
    )
}

proptest! {
    #![proptest_config(kit::cases(64))]

    #[test]
    fn versions_are_those_of_a_plain_map(writes in writes(), staging in prop::sample::select(vec![1, 1 << 20])) {
        let store = Store::<App>::builder().in_memory().staging_limit(staging).open()?;
        // The last version under each key, and whether the record is there.
        let mut model: BTreeMap<u64, (u64, bool)> = BTreeMap::new();
        for write in writes {
            let current = |model: &BTreeMap<u64, (u64, bool)>, id| model.get(&id).map_or(0, |(version, there)| if *there { *version } else { 0 });
            let put = |model: &mut BTreeMap<u64, (u64, bool)>, id| {
                let slot = model.entry(id).or_default();
                *slot = (slot.0 + 1, true);
            };
            match write {
                Write::Upsert(id) => {
                    store.write(|txn| txn.upsert(&counter(id, 0)).map(drop))?;
                    put(&mut model, id);
                }
                Write::Delete(id) => {
                    store.write(|txn| txn.delete::<Counter>(id).map(drop))?;
                    model.entry(id).and_modify(|slot| slot.1 = false);
                }
                Write::Rekey(from, to) => {
                    let done = store.write(|txn| txn.rekey(from, |counter: &mut Counter| counter.id = to).map(drop));
                    let can = current(&model, from) > 0 && (from == to || current(&model, to) == 0);
                    prop_assert_eq!(done.is_ok(), can);
                    if can {
                        model.entry(from).and_modify(|slot| slot.1 = from == to);
                        put(&mut model, to);
                    }
                }
                Write::Set(id, version) => {
                    let done = store.write(|txn| txn.update_if_version(&counter(id, 0), version));
                    prop_assert_eq!(done.is_ok(), current(&model, id) == version);
                    if let Ok(version) = done {
                        put(&mut model, id);
                        prop_assert_eq!(version, model[&id].0);
                    }
                }
                Write::Remove(id, version) => {
                    let done = store.write(|txn| txn.delete_if_version::<Counter>(id, version));
                    prop_assert_eq!(done.is_ok(), current(&model, id) == version);
                    if done.is_ok() {
                        model.entry(id).and_modify(|slot| slot.1 = false);
                    }
                }
                Write::Fail => {
                    store.write(|txn| {
                        txn.upsert(&counter(0, 0))?;
                        txn.delete::<Counter>(1)?;
                        Err::<(), _>(netabase::Error::user("no"))
                    }).expect_err("it fails");
                }
            }
        }
        for id in 0..5 {
            let seen = store.get_versioned::<Counter>(id)?.map_or(0, |seen| seen.version);
            prop_assert_eq!(seen, model.get(&id).map_or(0, |(version, there)| if *there { *version } else { 0 }));
        }
        let report = store.verify(|_| {})?;
        prop_assert!(report.is_clean());
    }
}
