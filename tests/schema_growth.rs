//! A program that grew opens the file of the one before: what was added is filled and then of use, or nothing
//! happens. What went away goes when the program says so. S2-46, S2-48, C15, C27, C29.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kit::disk::{Disk, Replay};
use kit::memory::{Answer, Memory};
use kit::models::{Blog, World};
use kit::rows::{Rows, Table, dump, specs};
use netabase::engine::{Durability, Engine, MapChange, Redb, RedbOptions, TableForm, TableId};
use netabase::schema::StoredDefinition;
use netabase::{Builder, ErrorKind, Link, NetabaseDefinition, NetabaseModel, NetabaseTopic, Result, Store};
use serde::{Deserialize, Serialize};

#[derive(NetabaseTopic)]
struct Feed;

#[derive(NetabaseTopic)]
struct News;

/// Before: no keys but the primary one.
mod plain {
    use super::*;

    #[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
    pub(super) struct User {
        #[primary_key]
        pub(super) id: u64,
        pub(super) email: String,
        pub(super) age: Option<u32>,
        pub(super) tags: Vec<String>,
        pub(super) boss: Option<Link<User>>,
    }

    #[derive(NetabaseDefinition)]
    pub(super) enum App {
        User(User),
    }
}

/// After: every kind of key on the same fields, a topic, and another model.
mod grown {
    use super::*;

    #[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
    #[netabase(subscribe(Feed, News))]
    pub(super) struct User {
        #[primary_key]
        pub(super) id: u64,
        #[secondary_key(unique)]
        pub(super) email: String,
        #[secondary_key]
        pub(super) age: Option<u32>,
        #[secondary_key]
        pub(super) tags: Vec<String>,
        #[relation(references = "unchecked")]
        pub(super) boss: Option<Link<User>>,
    }

    #[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
    pub(super) struct Note {
        #[primary_key]
        pub(super) id: u64,
        #[secondary_key]
        pub(super) day: u32,
    }

    #[derive(NetabaseDefinition)]
    #[netabase(topics(Feed, News))]
    pub(super) enum App {
        User(User),
        Note(Note),
    }
}

/// In between: one of the topics.
mod subscribed {
    use super::*;

    #[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
    #[netabase(subscribe(News))]
    pub(super) struct User {
        #[primary_key]
        pub(super) id: u64,
        pub(super) email: String,
        pub(super) age: Option<u32>,
        pub(super) tags: Vec<String>,
        pub(super) boss: Option<Link<User>>,
    }

    #[derive(NetabaseDefinition)]
    #[netabase(topics(News))]
    pub(super) enum App {
        User(User),
    }
}

#[rustfmt::skip]
const TABLES: &[Table] = &[
    ("App/User",               TableForm::Map,   Some(8), None),
    ("App/User/index/email",   TableForm::Map,   None,    None),
    ("App/User/index/age",     TableForm::Index, Some(5), Some(8)),
    ("App/User/index/tags",    TableForm::Index, None,    Some(8)),
    ("App/User/relation/boss", TableForm::Index, Some(9), Some(8)),
    ("App/User/topics",        TableForm::Index, None,    Some(8)),
    ("App/Note",               TableForm::Map,   Some(8), None),
    ("App/Note/index/day",     TableForm::Index, Some(4), Some(8)),
];

fn user(id: u64) -> plain::User {
    plain::User {
        id,
        email: format!("u{id}"),
        age: (!id.is_multiple_of(3)).then_some(id as u32 % 50),
        tags: (0..id % 3).map(|tag| format!("t{tag}")).collect(),
        boss: id.checked_sub(5).map(Link::new),
    }
}

fn on<D: NetabaseDefinition>(engine: &Arc<dyn Engine>) -> Builder<D> {
    Store::<D>::builder().engine(engine.clone()).staging_limit(2000)
}

/// An engine with some users in the plain schema.
fn filled(engine: Arc<dyn Engine>) -> Result<Arc<dyn Engine>> {
    on::<plain::App>(&engine).open()?.write(|txn| (0..300).try_for_each(|id| txn.create(&user(id))))?;
    Ok(engine)
}

/// What the same records take in a store that was grown from the beginning.
fn grown_from_the_beginning() -> Result<Rows> {
    let engine: Arc<dyn Engine> = Arc::new(Memory::default());
    on::<grown::App>(&engine).open()?.write(|txn| {
        (0..300).map(user).try_for_each(|plain::User { id, email, age, tags, boss }| {
            let boss = boss.map(|boss| Link::new(boss.key().0));
            txn.create(&grown::User { id, email, age, tags, boss })
        })
    })?;
    dump(&*engine, TABLES)
}

fn engines() -> Result<[Arc<dyn Engine>; 2]> {
    Ok([filled(Arc::new(Memory::default()))?, filled(Arc::new(Redb::in_memory(None)?))?])
}

#[test]
fn what_was_added_is_filled() -> Result<()> {
    let expected = grown_from_the_beginning()?;
    for engine in engines()? {
        let told = Arc::new(AtomicU64::new(0));
        let last = told.clone();
        let store = on::<grown::App>(&engine)
            .on_progress(move |at| {
                assert_eq!((at.table, at.total), ("App/User", 300));
                last.store(at.done, Ordering::Relaxed);
            })
            .open()?;
        assert_eq!(told.load(Ordering::Relaxed), 300);
        assert_eq!(dump(&*engine, TABLES)?, expected);
        let report = store.verify(|_| {})?;
        assert!(report.is_clean(), "{report}");
        assert_eq!(store.begin_read()?.query().filter(grown::User::EMAIL.eq("u7")).count()?, 1);
        drop(store);
        // The record speaks of the grown schema now.
        drop(on::<grown::App>(&engine).on_progress(|at| panic!("filled again: {at:?}")).open()?);
        assert!(on::<plain::App>(&engine).open().is_err());
    }
    Ok(())
}

#[test]
fn a_unique_key_that_is_not_unique_is_refused_with_the_records() -> Result<()> {
    for engine in engines()? {
        on::<plain::App>(&engine).open()?.write(|txn| {
            txn.update(&plain::User { email: "u1".into(), ..user(290) })?;
            (0..150).try_for_each(|id| txn.update(&plain::User { email: "same".into(), ..user(id + 100) }))
        })?;
        let (names, before) = (engine.table_names()?, dump(&*engine, TABLES)?);
        let error = on::<grown::App>(&engine).open().expect_err("refused");
        let ErrorKind::NotUnique { violations, total } = error.kind() else { panic!("{error}") };
        let first = "User UserPrimaryKey(100) and UserPrimaryKey(101) have the same `email`";
        assert_eq!((violations[0].as_str(), *total), (first, 150));
        assert_eq!(violations[149], "User UserPrimaryKey(1) and UserPrimaryKey(290) have the same `email`");
        assert!(error.to_string().contains("; and 145 more"), "{error}");
        assert_eq!((engine.table_names()?, dump(&*engine, TABLES)?), (names, before), "nothing was changed");
        drop(on::<plain::App>(&engine).open()?);
    }
    Ok(())
}

#[test]
fn a_key_too_long_for_an_index_is_refused() -> Result<()> {
    let limits = netabase::engine::Limits { key: 40, value: 1 << 20 };
    let engine = filled(Arc::new(Memory::with_limits(limits)))?;
    on::<plain::App>(&engine)
        .open()?
        .write(|txn| txn.update(&plain::User { email: "x".repeat(41), ..user(9) }))?;
    let error = on::<grown::App>(&engine).open().expect_err("refused");
    assert_eq!(
        *error.kind(),
        ErrorKind::LimitExceeded { what: "the key User.email".into(), size: 41, limit: 40 }
    );
    drop(on::<plain::App>(&engine).open()?);
    Ok(())
}

#[test]
fn a_record_that_cannot_be_read_is_named_and_nothing_is_filled() -> Result<()> {
    for engine in engines()? {
        let mut writer = engine.begin_write(&specs(TABLES))?;
        let key = 77_u64.to_be_bytes();
        writer.apply(TableId(0), &mut [MapChange::Put(&key, b"\x01\xFF")].into_iter())?;
        writer.commit(Durability::Immediate)?;
        let error = on::<grown::App>(&engine).open().expect_err("refused");
        let place = "App/User, the record UserPrimaryKey(77)".to_owned();
        assert_eq!(*error.kind(), ErrorKind::Corrupt { place });
        assert!(dump(&*engine, TABLES)?["App/User/index/tags"].is_empty());
    }
    Ok(())
}

// Fewer words than the file has: refused, with the cure; done, when the program says so.
#[test]
fn what_went_away_goes_when_it_is_named() -> Result<()> {
    for engine in engines()? {
        let plain_names = engine.table_names()?;
        on::<grown::App>(&engine).open()?.write(|txn| txn.create(&grown::Note { id: 1, day: 2 }))?;
        let grown_names = engine.table_names()?;
        let error = on::<plain::App>(&engine).open().expect_err("refused");
        let ErrorKind::SchemaMismatch { differences } = error.kind() else { panic!("{error}") };
        let expected = [
            "the key User.email is only in the file, where `discard(\"User.email\")` drops it",
            "the key User.age is only in the file, where `discard(\"User.age\")` drops it",
            "the key User.tags is only in the file, where `discard(\"User.tags\")` drops it",
            "the key User.boss is only in the file, where `discard(\"User.boss\")` drops it",
            "the topic User.Feed is only in the file, where `discard(\"User.Feed\")` drops it",
            "the topic User.News is only in the file, where `discard(\"User.News\")` drops it",
            "the model Note is only in the file, where `discard(\"Note\")` drops it",
        ];
        assert_eq!(differences, &expected);
        let pieces = ["User.email", "User.age", "User.tags", "User.boss", "User.Feed", "User.News", "Note"];
        let discarding = |pieces: &[&str]| {
            pieces.iter().fold(on::<plain::App>(&engine), |builder, piece| builder.discard(*piece)).open()
        };
        // One that is not named keeps the file as it is.
        assert!(discarding(&pieces[1..]).is_err());
        assert_eq!(engine.table_names()?, grown_names);
        // What the program still has, or the file has not, is left alone.
        let store = discarding(&[&pieces[..], &["User", "User.id", "Nobody"]].concat())?;
        assert_eq!(
            store.begin_read()?.query::<plain::User>().collect()?,
            (0..300).map(user).collect::<Vec<_>>()
        );
        let report = store.verify(|_| {})?;
        assert!(report.is_clean(), "{report}");
        drop(store);
        assert_eq!(engine.table_names()?, plain_names);
        // And again from the start: nothing of the old tables is left to be seen.
        drop(on::<grown::App>(&engine).open()?);
        assert_eq!(dump(&*engine, TABLES)?, grown_from_the_beginning()?);
    }
    Ok(())
}

// Topics share a table, so one that comes or goes must leave the other's rows.
#[test]
fn topics_come_and_go_alone() -> Result<()> {
    for engine in engines()? {
        let rows = |store: &Store<subscribed::App>| {
            store
                .begin_read()?
                .query::<subscribed::User>()
                .where_subscribed(subscribed::UserSubscriptionKeys::News)
                .count()
        };
        assert_eq!(rows(&on::<subscribed::App>(&engine).open()?)?, 300);
        drop(on::<grown::App>(&engine).open()?);
        assert_eq!(dump(&*engine, TABLES)?["App/User/topics"].len(), 600);
        let mut back = on::<subscribed::App>(&engine);
        for piece in ["User.email", "User.age", "User.tags", "User.boss", "User.Feed", "Note"] {
            back = back.discard(piece);
        }
        assert_eq!(rows(&back.open()?)?, 300);
        assert_eq!(dump(&*engine, TABLES)?["App/User/topics"].len(), 300);
    }
    Ok(())
}

#[test]
fn a_conflict_while_filling_is_tried_again() -> Result<()> {
    let memory = Memory::default();
    let engine = filled(Arc::new(memory.clone()))?;
    memory.answer([Answer::Conflict, Answer::Conflict]);
    drop(on::<grown::App>(&engine).open()?);
    assert_eq!(dump(&*engine, TABLES)?, grown_from_the_beginning()?);
    Ok(())
}

#[test]
fn a_commit_of_unknown_end_is_told() -> Result<()> {
    for (answer, filled_after) in
        [(Answer::UnknownLost, false), (Answer::UnknownDone, true), (Answer::Fails, false)]
    {
        let memory = Memory::default();
        let engine = filled(Arc::new(memory.clone()))?;
        memory.answer([answer]);
        // With room for all of it, there is one commit.
        let all_at_once = on::<grown::App>(&engine).staging_limit(1 << 20);
        assert!(all_at_once.open().is_err());
        assert_eq!(dump(&*engine, TABLES)? == grown_from_the_beginning()?, filled_after);
        drop(on::<grown::App>(&engine).open()?);
        assert_eq!(dump(&*engine, TABLES)?, grown_from_the_beginning()?);
    }
    Ok(())
}

#[test]
fn a_reader_does_not_fill() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("app.redb");
    drop(filled(Arc::new(Redb::open(&path, &RedbOptions::default())?))?);
    let before = std::fs::read(&path).expect("it reads");
    let error = Store::<grown::App>::builder().path(&path).read_only(true).open().expect_err("refused");
    assert!(error.to_string().contains("the key User.email is not in the file"), "{error}");
    assert!(std::fs::read(&path).expect("it reads") == before);
    Ok(())
}

/// A key that is unique, and one whose name begins with the name of another model.
mod strict {
    use super::*;

    #[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
    #[netabase(rename = "Rec")]
    pub(super) struct Unique {
        #[primary_key]
        pub(super) id: u64,
        #[secondary_key(unique)]
        pub(super) day: u32,
    }

    #[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
    pub(super) struct Rec {
        #[primary_key]
        pub(super) id: u64,
        #[secondary_key]
        pub(super) day: u32,
    }

    #[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
    pub(super) struct Recs {
        #[primary_key]
        pub(super) id: u64,
        #[secondary_key]
        pub(super) day: u32,
    }

    #[derive(NetabaseDefinition)]
    #[netabase(rename = "App")]
    pub(super) enum WithUnique {
        Rec(Unique),
        Recs(Recs),
    }

    #[derive(NetabaseDefinition)]
    #[netabase(rename = "App")]
    pub(super) enum WithPlain {
        Rec(Rec),
        Recs(Recs),
    }

    #[derive(NetabaseDefinition)]
    #[netabase(rename = "App")]
    pub(super) enum WithoutRec {
        Recs(Recs),
    }
}

#[test]
fn a_key_becomes_unique_and_ceases_to_be() -> Result<()> {
    for engine in [Arc::new(Memory::default()) as Arc<dyn Engine>, Arc::new(Redb::in_memory(None)?)] {
        on::<strict::WithUnique>(&engine)
            .open()?
            .write(|txn| (0..9).try_for_each(|id| txn.create(&strict::Unique { id, day: id as u32 })))?;
        let store = on::<strict::WithPlain>(&engine).open()?;
        assert!(store.verify(|_| {})?.is_clean());
        assert_eq!(store.query().filter(strict::Rec::DAY.eq(3)).count()?, 1);
        drop(store);
        let store = on::<strict::WithUnique>(&engine).open()?;
        assert!(store.verify(|_| {})?.is_clean());
        assert!(store.write(|txn| txn.create(&strict::Unique { id: 99, day: 3 })).is_err());
        drop(store);
        on::<strict::WithPlain>(&engine).open()?.write(|txn| txn.create(&strict::Rec { id: 99, day: 3 }))?;
        let error = on::<strict::WithUnique>(&engine).open().expect_err("refused");
        assert!(matches!(error.kind(), ErrorKind::NotUnique { total: 1, .. }), "{error}");
        drop(on::<strict::WithPlain>(&engine).open()?);
    }
    Ok(())
}

#[test]
fn a_model_goes_alone_though_others_begin_with_its_name() -> Result<()> {
    let engine: Arc<dyn Engine> = Arc::new(Redb::in_memory(None)?);
    on::<strict::WithPlain>(&engine).open()?.write(|txn| {
        txn.create(&strict::Rec { id: 1, day: 1 })?;
        txn.create(&strict::Recs { id: 2, day: 2 })
    })?;
    let store = on::<strict::WithoutRec>(&engine).discard("Rec").open()?;
    assert!(store.verify(|_| {})?.is_clean());
    assert_eq!(store.get(2)?, Some(strict::Recs { id: 2, day: 2 }));
    drop(store);
    assert!(on::<strict::WithPlain>(&engine).open()?.is_empty::<strict::Rec>()?, "it begins anew");
    Ok(())
}

// C29: the power goes at any moment of a filling: it is there as a whole, with its record, or not at all.
#[test]
fn a_filling_that_loses_its_power_is_whole_or_absent() -> Result<()> {
    let disk = Disk::default();
    let options = RedbOptions { cache_size: Some(1 << 20), ..RedbOptions::default() };
    drop(filled(Arc::new(disk.engine(&options)?))?);
    let disk = Disk::holding(disk.bytes());
    let mut replay = Replay::new(disk.bytes());
    drop(on::<grown::App>(&(Arc::new(disk.engine(&options)?) as Arc<dyn Engine>)).open()?);
    let expected = grown_from_the_beginning()?;
    let (mut absent, mut whole) = (0, 0);
    for (number, operation) in disk.history().iter().enumerate() {
        replay.step(operation);
        for variant in 0..2 {
            let mut dice = (number * 7919 + 13) as u32;
            let left = Disk::holding(replay.power_cut(|| {
                dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                if variant == 0 { 0 } else { dice >> 16 }
            }));
            let engine: Arc<dyn Engine> = Arc::new(left.engine(&options)?);
            if let Ok(store) = on::<plain::App>(&engine).open() {
                assert_eq!(engine.table_names()?.len(), 2, "operation {number}");
                assert!(store.verify(|_| {})?.is_clean());
                absent += 1;
            } else {
                drop(on::<grown::App>(&engine).on_progress(|at| panic!("filled again: {at:?}")).open()?);
                assert_eq!(dump(&*engine, TABLES)?, expected, "operation {number}");
                whole += 1;
            }
        }
    }
    assert!(absent > 5 && whole > 5, "{absent} absent, {whole} whole");
    Ok(())
}

// S2-42: definitions and models are found by their recorded names while a program runs.
#[test]
fn models_are_found_by_their_recorded_names() -> Result<()> {
    let schema = Store::<World>::in_memory()?.schema();
    assert_eq!(schema.name, "World");
    let visit = schema.model("visit").expect("by its recorded name");
    assert_eq!(
        visit.relations.iter().map(|relation| relation.target).collect::<Vec<_>>(),
        ["Person", "Place"]
    );
    assert!(schema.model("Visit").is_none());
    Ok(())
}

// Golden: these change when the schemas change, and with nothing else. Files carry them.
#[test]
fn fingerprints_are_stable() {
    let of = |schema| StoredDefinition::from(schema).fingerprint().to_string();
    assert_eq!(of(Blog::SCHEMA), "0a4d38959260087d2d481ffc850d2b40");
    assert_eq!(of(World::SCHEMA), "279616987d10ffd65d9ea2c017b16d32");
    assert_ne!(of(plain::App::SCHEMA), of(grown::App::SCHEMA));
}
