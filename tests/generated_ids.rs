//! The store gives records their keys: 1, 2, 3, and none of them twice.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;
use std::thread;

use kit::memory::{Answer, Memory};
use kit::rows::specs;
use netabase::engine::{Direction, Engine, Redb, RedbOptions, TableForm, TableId};
use netabase::schema::StoredDefinition;
use netabase::{Error, ErrorKind, NetabaseDefinition, NetabaseModel, Result, Store};
use serde::{Deserialize, Serialize};

#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
struct Item {
    #[primary_key(auto)]
    id: u64,
    #[secondary_key(unique)]
    name: String,
}

#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
struct Small {
    #[primary_key(auto)]
    id: u32,
}

#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
struct Signed {
    #[primary_key(auto)]
    id: i32,
}

#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[netabase(rename = "long")]
struct Long {
    #[primary_key(auto)]
    id: i64,
}

#[derive(NetabaseDefinition)]
enum App {
    Item(Item),
    Small(Small),
    Signed(Signed),
    Long(Long),
}

fn item(name: impl ToString) -> Item {
    Item { id: 0, name: name.to_string() }
}

fn ids(store: &Store<App>) -> Result<Vec<u64>> {
    Ok(store.begin_read()?.query::<Item>().collect()?.into_iter().map(|item| item.id).collect())
}

fn engines() -> Result<[Arc<dyn Engine>; 2]> {
    Ok([Arc::new(Memory::default()), Arc::new(Redb::in_memory(None)?)])
}

fn on(engine: &Arc<dyn Engine>) -> Result<Store<App>> {
    Store::builder().engine(engine.clone()).open()
}

/// The rows of sequences, as docs/format.md describes them.
fn sequences(engine: &Arc<dyn Engine>) -> Result<Vec<(String, u64)>> {
    let snapshot = engine.begin_read(&specs(&[("netabase.schema", TableForm::Map, None, None)]))?;
    let all = (Bound::Unbounded, Bound::Unbounded);
    let mut rows = snapshot.cursor(TableId(0), all, Direction::Forward)?;
    let mut found = Vec::new();
    while rows.advance()? {
        let key = String::from_utf8(rows.key().to_vec()).expect("text");
        if let Some(name) = key.strip_prefix("sequence/") {
            found.push((name.into(), u64::from_be_bytes(rows.value().try_into().expect("eight bytes"))));
        }
    }
    Ok(found)
}

#[test]
fn keys_follow_each_other_within_and_across_transactions() -> Result<()> {
    for engine in engines()? {
        let store = on(&engine)?;
        let mut first = item("first");
        let key = store.write(|txn| {
            let key = txn.create_auto(&mut first)?;
            assert_eq!(txn.get(&key)?, Some(item("first")).map(|item| Item { id: 1, ..item }));
            txn.create_auto(&mut item("second"))?;
            Ok(key)
        })?;
        assert_eq!((key, first.id), (ItemPrimaryKey(1), 1), "the record has its key");
        let key = store.write(|txn| txn.create_auto(&mut item("third")))?;
        assert_eq!((key.0, ids(&store)?), (3, vec![1, 2, 3]));
        // Each model has numbers of its own, by its recorded name.
        let others = store.write(|txn| {
            txn.create_auto(&mut Long::default())?;
            Ok((txn.create_auto(&mut Small::default())?.0, txn.create_auto(&mut Long::default())?.0))
        })?;
        assert_eq!(others, (1, 2));
        let expected = [("App/Item", 3), ("App/Small", 1), ("App/long", 2)];
        assert_eq!(sequences(&engine)?, expected.map(|(name, last)| (name.to_owned(), last)));
        assert!(store.verify(|_| {})?.is_clean());
    }
    Ok(())
}

// What the caller put into the key before does not count.
#[test]
fn the_key_that_was_in_the_record_is_replaced() -> Result<()> {
    let store = Store::<App>::in_memory()?;
    let mut record = Item { id: 77, ..item("one") };
    store.write(|txn| txn.create_auto(&mut record))?;
    assert_eq!((record.id, ids(&store)?), (1, vec![1]));
    Ok(())
}

#[test]
fn an_aborted_transaction_gives_its_numbers_back() -> Result<()> {
    for engine in engines()? {
        let store = on(&engine)?;
        store.write(|txn| txn.create_auto(&mut item("kept")))?;
        let gone = store.write(|txn| {
            txn.create_auto(&mut item("gone"))?;
            txn.create_auto(&mut item("gone too"))?;
            Err::<(), _>(Error::user("changed my mind"))
        });
        assert!(gone.is_err());
        let mut txn = store.begin_write()?;
        txn.create_auto(&mut item("dropped"))?;
        drop(txn);
        assert_eq!(sequences(&engine)?, [("App/Item".to_owned(), 1)]);
        assert_eq!(store.write(|txn| txn.create_auto(&mut item("next")))?.0, 2);
    }
    Ok(())
}

// I2: a failed operation leaves no trace, in the numbers neither, though the transaction goes on.
#[test]
fn a_failed_creation_takes_no_number() -> Result<()> {
    for engine in engines()? {
        let store = on(&engine)?;
        store.write(|txn| {
            txn.create_auto(&mut item("one"))?;
            let error = txn.create_auto(&mut item("one")).expect_err("the name is taken");
            assert!(error.is_constraint_violation(), "{error}");
            assert_eq!(txn.create_auto(&mut item("two"))?.0, 2);
            Ok(())
        })?;
        // The first one of a model that fails leaves no row at all.
        store.write(|txn| {
            assert!(txn.create_auto(&mut item("one")).is_err());
            Ok(())
        })?;
        assert_eq!(sequences(&engine)?, [("App/Item".to_owned(), 2)]);
        assert_eq!(ids(&store)?, [1, 2]);
    }
    Ok(())
}

#[test]
fn a_number_is_not_given_again_when_its_record_is_deleted() -> Result<()> {
    for engine in engines()? {
        let store = on(&engine)?;
        store.write(|txn| {
            ["a", "b", "c"].iter().try_for_each(|name| txn.create_auto(&mut item(name)).map(drop))
        })?;
        // In the same transaction, and in a later one.
        let key = store.write(|txn| {
            txn.delete::<Item>(3)?;
            txn.create_auto(&mut item("d"))
        })?;
        assert_eq!(key.0, 4);
        store.write(|txn| txn.delete_batch::<Item>([1_u64, 2, 4]))?;
        assert_eq!(store.write(|txn| txn.create_auto(&mut item("e")))?.0, 5);
        assert_eq!(ids(&store)?, [5]);
    }
    Ok(())
}

// The caller may choose keys too. Those that the sequence has not come to stay free until it meets one.
#[test]
fn keys_of_the_callers_are_gone_around() -> Result<()> {
    for engine in engines()? {
        let store = on(&engine)?;
        let mut txn = store.begin_write()?;
        txn.create_auto(&mut item("1"))?;
        txn.create(&Item { id: 3, ..item("3") })?;
        txn.create(&Item { id: 90, ..item("90") })?;
        assert_eq!(txn.create_auto(&mut item("2"))?.0, 2, "it is free");
        assert_eq!(txn.create_auto(&mut item("91"))?.0, 91, "behind the highest, as 3 is taken");
        assert_eq!(txn.create_auto(&mut item("92"))?.0, 92);
        txn.commit()?;
        // A failure behind the highest leaves the number where it was.
        let mut txn = store.begin_write()?;
        txn.create(&Item { id: 93, ..item("93") })?;
        assert!(txn.create_auto(&mut item("3")).is_err());
        assert_eq!(txn.create_auto(&mut item("94"))?.0, 94);
        txn.commit()?;
        assert_eq!(ids(&store)?, [1, 2, 3, 90, 91, 92, 93, 94]);
        assert!(store.verify(|_| {})?.is_clean());
    }
    Ok(())
}

#[test]
fn numbers_that_end_are_an_error_and_never_begin_anew() -> Result<()> {
    let exhausted = |error: Error, model| assert_eq!(*error.kind(), ErrorKind::KeysExhausted { model });
    for engine in engines()? {
        let mut txn = on(&engine)?.begin_write()?;
        txn.create_auto(&mut Small::default())?;
        txn.create(&Small { id: 2 })?;
        txn.create(&Small { id: u32::MAX - 1 })?;
        assert_eq!(txn.create_auto(&mut Small::default())?.0, u32::MAX, "the last one");
        exhausted(txn.create_auto(&mut Small::default()).expect_err("none is left"), "Small");
        txn.delete::<Small>(u32::MAX)?;
        exhausted(txn.create_auto(&mut Small::default()).expect_err("it was given"), "Small");
        // One that the caller took.
        txn.create(&Item { id: 1, ..item("1") })?;
        txn.create(&Item { id: u64::MAX, ..item("last") })?;
        exhausted(txn.create_auto(&mut item("none")).expect_err("none is left"), "Item");
        txn.create(&Signed { id: 1 })?;
        txn.create(&Signed { id: i32::MAX })?;
        exhausted(txn.create_auto(&mut Signed::default()).expect_err("none is left"), "Signed");
        txn.create(&Long { id: 1 })?;
        txn.create(&Long { id: i64::MAX })?;
        let error = txn.create_auto(&mut Long::default()).expect_err("none is left");
        assert!(error.to_string().contains("the keys of long have come to their end"), "{error}");
        txn.commit()?;
        assert_eq!(sequences(&engine)?, [("App/Small".to_owned(), u64::from(u32::MAX))]);
    }
    Ok(())
}

#[test]
fn of_signed_numbers_the_positive_ones_are_given() -> Result<()> {
    for engine in engines()? {
        let store = on(&engine)?;
        store.write(|txn| {
            txn.create_batch(&[-5, -1, 0].map(|id| Signed { id }))?;
            assert_eq!(txn.create_auto(&mut Signed::default())?.0, 1);
            assert_eq!(txn.create_auto(&mut Signed::default())?.0, 2);
            txn.create(&Long { id: 1 })?;
            assert_eq!(txn.create_auto(&mut Long::default())?.0, 2);
            Ok(())
        })?;
        let ids: Vec<i32> = store.query::<Signed>().collect()?.into_iter().map(|signed| signed.id).collect();
        assert_eq!(ids, [-5, -1, 0, 1, 2]);
    }
    Ok(())
}

#[test]
fn a_batch_is_created_as_a_whole_or_not_at_all() -> Result<()> {
    for engine in engines()? {
        // With little room, so that the batch leaves memory half-way.
        let store = Store::<App>::builder().engine(engine.clone()).staging_limit(1 << 20).open()?;
        let mut txn = store.begin_write()?;
        let mut items: Vec<_> = (0..5).map(item).collect();
        let keys = txn.create_auto_batch(&mut items)?;
        assert_eq!(keys.iter().map(|key| key.0).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
        assert_eq!(items.iter().map(|item| item.id).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
        let mut more = [item("new"), item("newer"), item("3"), item("newest")];
        let error = txn.create_auto_batch(&mut more).expect_err("one name is taken");
        assert!(error.is_constraint_violation(), "{error}");
        assert!(txn.create_auto_batch::<Item>([])?.is_empty());
        assert_eq!(txn.create_auto(&mut item("after"))?.0, 6);
        txn.commit()?;
        assert_eq!(ids(&store)?, [1, 2, 3, 4, 5, 6]);
        assert_eq!(sequences(&engine)?, [("App/Item".to_owned(), 6)]);
    }
    Ok(())
}

#[test]
fn numbers_go_on_when_changes_leave_memory_early() -> Result<()> {
    for engine in engines()? {
        let store = Store::<App>::builder().engine(engine.clone()).staging_limit(500).open()?;
        let mut items: Vec<_> = (0..200).map(item).collect();
        store.write(|txn| {
            for item in &mut items {
                txn.create_auto(item)?;
            }
            Ok(())
        })?;
        assert_eq!(ids(&store)?, (1..=200).collect::<Vec<_>>());
        assert_eq!(sequences(&engine)?, [("App/Item".to_owned(), 200)]);
        assert!(store.verify(|_| {})?.is_clean());
    }
    Ok(())
}

#[test]
fn numbers_go_on_when_the_file_is_opened_again() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("app.redb");
    for round in 0..3 {
        let store = Store::<App>::open(&path)?;
        let key = store.write(|txn| {
            let key = txn.create_auto(&mut item(round))?;
            txn.delete::<Item>(&key)?;
            Ok(key)
        })?;
        assert_eq!(key.0, round + 1);
    }
    assert_eq!(
        sequences(&(Arc::new(Redb::open(&path, &RedbOptions::default())?) as Arc<dyn Engine>))?,
        [("App/Item".to_owned(), 3)]
    );
    Ok(())
}

#[test]
fn threads_get_different_numbers() -> Result<()> {
    let store = Store::<App>::in_memory()?;
    let keys: Vec<u64> = thread::scope(|scope| {
        let work = |thread: u64| {
            let store = &store;
            move || -> Result<Vec<u64>> {
                (0..25)
                    .map(|n| Ok(store.write(|txn| txn.create_auto(&mut item(thread * 100 + n)))?.0))
                    .collect()
            }
        };
        let threads: Vec<_> = (0..4).map(|thread| scope.spawn(work(thread))).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no panic").expect("it writes")).collect()
    });
    assert_eq!(keys.iter().copied().collect::<BTreeSet<_>>(), (1..=100).collect());
    assert_eq!((keys.len(), ids(&store)?.len()), (100, 100));
    Ok(())
}

#[test]
fn a_commit_that_met_another_takes_the_next_number() -> Result<()> {
    let memory = Memory::default();
    let engine: Arc<dyn Engine> = Arc::new(memory.clone());
    let store = on(&engine)?;
    memory.answer([Answer::Conflict]);
    let mut record = item("one");
    assert_eq!(store.write(|txn| txn.create_auto(&mut record))?.0, 1);
    // Somebody else, between the reading of the number and the commit.
    let mut txn = store.begin_write()?;
    txn.create_auto(&mut item("mine"))?;
    on(&engine)?.write(|txn| txn.create_auto(&mut item("theirs")))?;
    assert!(txn.commit().expect_err("it met the other").is_conflict());
    assert_eq!(store.write(|txn| txn.create_auto(&mut item("mine")))?.0, 3);
    Ok(())
}

#[test]
fn a_row_that_is_no_number_is_damage() -> Result<()> {
    use netabase::engine::{Durability, MapChange};
    for engine in engines()? {
        drop(on(&engine)?);
        let mut writer = engine.begin_write(&specs(&[("netabase.schema", TableForm::Map, None, None)]))?;
        writer.apply(TableId(0), &mut [MapChange::Put(b"sequence/App/Item", b"seven")].into_iter())?;
        writer.commit(Durability::Immediate)?;
        let error = on(&engine)?.write(|txn| txn.create_auto(&mut item("one"))).expect_err("refused");
        assert_eq!(*error.kind(), ErrorKind::Corrupt { place: "netabase.schema".into() });
    }
    Ok(())
}

/// The same models, where the caller chooses each key; and none of them.
mod by_hand {
    use super::*;

    #[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
    pub(super) struct Item {
        #[primary_key]
        pub(super) id: u64,
        #[secondary_key(unique)]
        pub(super) name: String,
    }

    #[derive(NetabaseDefinition)]
    #[netabase(rename = "App")]
    pub(super) enum App {
        Item(Item),
        Small(super::Small),
        Signed(super::Signed),
        Long(super::Long),
    }

    #[derive(NetabaseDefinition)]
    #[netabase(rename = "App")]
    pub(super) enum Less {
        Small(super::Small),
        Signed(super::Signed),
        Long(super::Long),
    }
}

#[test]
fn the_attribute_changes_nothing_in_the_file() -> Result<()> {
    let of = |schema| StoredDefinition::from(schema).fingerprint();
    assert_eq!(of(by_hand::App::SCHEMA), of(App::SCHEMA));
    // So a file that was written without it goes on behind the records that are there.
    let engine: Arc<dyn Engine> = Arc::new(Memory::default());
    Store::<by_hand::App>::builder()
        .engine(engine.clone())
        .open()?
        .write(|txn| (1..=4).try_for_each(|id| txn.create(&by_hand::Item { id, name: id.to_string() })))?;
    assert_eq!(on(&engine)?.write(|txn| txn.create_auto(&mut item("five")))?.0, 5);
    Ok(())
}

#[test]
fn a_model_that_is_dropped_takes_its_numbers_along() -> Result<()> {
    for engine in engines()? {
        on(&engine)?.write(|txn| {
            txn.create_auto(&mut item("one"))?;
            txn.create_auto(&mut Small::default()).map(drop)
        })?;
        drop(Store::<by_hand::Less>::builder().engine(engine.clone()).discard("Item").open()?);
        assert_eq!(sequences(&engine)?, [("App/Small".to_owned(), 1)]);
        assert_eq!(on(&engine)?.write(|txn| txn.create_auto(&mut item("one")))?.0, 1);
    }
    Ok(())
}
