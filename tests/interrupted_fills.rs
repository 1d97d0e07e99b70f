//! A new index is filled in steps. A fill that is interrupted goes on where it was; nobody ever sees half of one, and
//! what records do not allow leaves no trace. C29.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use kit::counting::Counting;
use kit::disk::{Disk, Fault, Files, Replay};
use kit::memory::{Answer, Memory};
use kit::rows::{Rows, Table, dump, specs};
use netabase::engine::{Engine, RedbOptions, TableForm, TableId};
use netabase::{Builder, ErrorKind, NetabaseDefinition, NetabaseModel, NetabaseTopic, Result, Store};
use serde::{Deserialize, Serialize};

#[derive(NetabaseTopic)]
struct Feed;

#[derive(NetabaseTopic)]
struct News;

/// Before.
mod old {
    use super::*;

    #[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
    #[netabase(subscribe(News))]
    pub(super) struct Item {
        #[primary_key]
        pub(super) id: u64,
        #[secondary_key]
        pub(super) day: u32,
        pub(super) name: String,
        pub(super) size: u32,
    }

    #[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
    pub(super) struct Note {
        #[primary_key]
        pub(super) id: u64,
        pub(super) text: String,
    }

    #[derive(NetabaseDefinition)]
    #[netabase(topics(News))]
    pub(super) enum App {
        Item(Item),
        Note(Note),
    }
}

/// After: new keys, a key that becomes unique, a topic beside one that was there.
mod new {
    use super::*;

    #[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
    #[netabase(subscribe(Feed, News))]
    pub(super) struct Item {
        #[primary_key]
        pub(super) id: u64,
        #[secondary_key(unique)]
        pub(super) day: u32,
        #[secondary_key(unique)]
        pub(super) name: String,
        #[secondary_key]
        pub(super) size: u32,
    }

    #[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
    pub(super) struct Note {
        #[primary_key]
        pub(super) id: u64,
        #[secondary_key(unique)]
        pub(super) text: String,
    }

    #[derive(NetabaseDefinition)]
    #[netabase(topics(Feed, News))]
    pub(super) enum App {
        Item(Item),
        Note(Note),
    }

    /// The same models in another order.
    #[derive(NetabaseDefinition)]
    #[netabase(topics(Feed, News), rename = "App")]
    pub(super) enum Turned {
        Note(Note),
        Item(Item),
    }
}

/// Another way to go on from the old one.
mod other {
    use super::*;

    #[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
    #[netabase(subscribe(News))]
    pub(super) struct Item {
        #[primary_key]
        pub(super) id: u64,
        #[secondary_key]
        pub(super) day: u32,
        pub(super) name: String,
        #[secondary_key]
        pub(super) size: u32,
    }

    #[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
    pub(super) struct Note {
        #[primary_key]
        pub(super) id: u64,
        pub(super) text: String,
    }

    #[derive(NetabaseDefinition)]
    #[netabase(topics(News))]
    pub(super) enum App {
        Item(Item),
        Note(Note),
    }
}

#[rustfmt::skip]
const TABLES: &[Table] = &[
    ("App/Item",            TableForm::Map,   Some(8), None),
    ("App/Item/index/day",  TableForm::Map,   Some(4), None),
    ("App/Item/index/name", TableForm::Map,   None,    None),
    ("App/Item/index/size", TableForm::Index, Some(4), Some(8)),
    ("App/Item/topics",     TableForm::Index, None,    Some(8)),
    ("App/Note",            TableForm::Map,   Some(8), None),
    ("App/Note/index/text", TableForm::Map,   None,    None),
];

/// The tables of the old program, and the one that says what the others are.
#[rustfmt::skip]
const OLD_TABLES: &[Table] = &[
    ("netabase.schema",     TableForm::Map,   None,    None),
    ("App/Item",            TableForm::Map,   Some(8), None),
    ("App/Item/index/day",  TableForm::Index, Some(4), Some(8)),
    ("App/Item/topics",     TableForm::Index, None,    Some(8)),
    ("App/Note",            TableForm::Map,   Some(8), None),
];

const ITEMS: u64 = 60;
const NOTES: u64 = 30;

fn item(id: u64) -> old::Item {
    old::Item { id, day: 1000 - id as u32, name: format!("name {id}"), size: id as u32 % 7 }
}

fn note(id: u64) -> old::Note {
    old::Note { id, text: format!("text {id}") }
}

fn on<D: NetabaseDefinition>(engine: &Arc<dyn Engine>) -> Builder<D> {
    Store::<D>::builder().engine(engine.clone()).staging_limit(1000)
}

/// Opens it as the old program and stores the records.
fn filled(engine: &Arc<dyn Engine>) -> Result<()> {
    on::<old::App>(engine).open()?.write(|txn| {
        txn.create_batch(&items())?;
        txn.create_batch(&notes())
    })
}

/// Every table of a store that held these records under the new schema from the beginning.
fn anew(items: &[old::Item], notes: &[old::Note]) -> Result<Rows> {
    let engine: Arc<dyn Engine> = Arc::new(Memory::default());
    on::<new::App>(&engine).open()?.write(|txn| {
        for old::Item { id, day, name, size } in items.iter().cloned() {
            txn.create(&new::Item { id, day, name, size })?;
        }
        for old::Note { id, text } in notes.iter().cloned() {
            txn.create(&new::Note { id, text })?;
        }
        Ok(())
    })?;
    dump(&*engine, TABLES)
}

fn items() -> Vec<old::Item> {
    (0..ITEMS).map(item).collect()
}

fn notes() -> Vec<old::Note> {
    (0..NOTES).map(note).collect()
}

fn expected() -> Result<Rows> {
    anew(&items(), &notes())
}

/// The row that says how far a fill is, as docs/format.md describes it.
#[derive(Deserialize, Clone, Debug, PartialEq)]
struct Building {
    _from: [u8; 16],
    _to: [u8; 16],
    tables: Vec<String>,
    model: String,
    _key: Vec<u8>,
    read: u64,
}

fn building(engine: &Arc<dyn Engine>) -> Result<Option<Building>> {
    let snapshot = engine.begin_read(&specs(&OLD_TABLES[..1]))?;
    let row = snapshot.get(TableId(0), b"building/App")?;
    Ok(row.map(|row| postcard::from_bytes(&row).expect("it decodes")))
}

/// What opening told of its progress: table, done, total.
type Told = Arc<Mutex<Vec<(String, u64, u64)>>>;

fn telling<D: NetabaseDefinition>(engine: &Arc<dyn Engine>) -> (Builder<D>, Told) {
    let told = Told::default();
    let tell = told.clone();
    let builder = on::<D>(engine).on_progress(move |at| {
        tell.lock().expect("no panic").push((at.table.into(), at.done, at.total));
    });
    (builder, told)
}

fn options() -> RedbOptions {
    RedbOptions { cache_size: Some(1 << 20), ..RedbOptions::default() }
}

fn disk_engine(disk: &Disk) -> Result<Arc<dyn Engine>> {
    Ok(Arc::new(disk.engine(&options())?))
}

/// What a disk holds if the power goes at each operation of the new program's opening: with all that was written, and
/// with part of it.
fn cuts(base: &Disk) -> Result<Vec<Files>> {
    let disk = Disk::holding(base.bytes());
    let mut replay = Replay::new(disk.bytes());
    // It may be refused; what it leaves is looked at all the same.
    drop(on::<new::App>(&disk_engine(&disk)?).open());
    let mut dice = 1_u32;
    let mut left = Vec::new();
    for operation in &disk.history() {
        replay.step(operation);
        left.push(replay.power_cut(|| 0));
        left.push(replay.power_cut(|| {
            dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            dice >> 16
        }));
    }
    Ok(left)
}

/// Those of the disks that stopped at different places, one for each place.
fn stopped(base: &Disk) -> Result<Vec<(Files, Building)>> {
    let mut seen = BTreeSet::new();
    let mut stopped = Vec::new();
    for left in cuts(base)? {
        let at = building(&disk_engine(&Disk::holding(left.clone()))?)?;
        if let Some(at) = at.filter(|at| seen.insert((at.model.clone(), at.read))) {
            stopped.push((left, at));
        }
    }
    assert!(stopped.len() >= 6, "{} places", stopped.len());
    assert!(stopped.iter().any(|(_, at)| at.model == "Note"), "in the second model too");
    Ok(stopped)
}

fn base() -> Result<Disk> {
    let disk = Disk::default();
    filled(&disk_engine(&disk)?)?;
    Ok(disk)
}

#[test]
fn a_fill_that_lost_its_power_goes_on_where_it_was() -> Result<()> {
    let expected = expected()?;
    let (mut resumed, mut begun, mut whole) = (0, 0, 0);
    for (number, left) in cuts(&base()?)?.into_iter().enumerate() {
        let engine = disk_engine(&Disk::holding(left))?;
        let at = building(&engine)?;
        let (builder, told) = telling::<new::App>(&engine);
        let store = builder.open()?;
        let told = told.lock().expect("no panic").clone();
        match (at, told.first()) {
            (Some(at), Some(first)) => {
                let (table, total) = match &*at.model {
                    "Item" => ("App/Item", ITEMS),
                    _ => ("App/Note", NOTES),
                };
                assert!(at.read > 0, "{at:?}");
                assert_eq!(*first, (table.into(), at.read, total), "cut {number}");
                resumed += 1;
            }
            // What a step reads before its commit is told at the end of a model only.
            (None, Some(_)) => begun += 1,
            (None, None) => whole += 1,
            (Some(at), None) => panic!("cut {number}: nothing was told behind {at:?}"),
        }
        assert_eq!(dump(&*engine, TABLES)?, expected, "cut {number}");
        assert_eq!(building(&engine)?, None);
        let report = store.verify(|_| {})?;
        assert!(report.is_clean(), "cut {number}: {report}");
    }
    assert!(resumed > 20 && begun > 5 && whole > 2, "{resumed} resumed, {begun} begun, {whole} whole");
    Ok(())
}

#[test]
fn a_fill_whose_disk_failed_goes_on_when_it_works_again() -> Result<()> {
    let (base, expected) = (base()?, expected()?);
    let (mut resumed, mut begun, mut at) = (0, 0, 0);
    loop {
        at += 1;
        let disk = Disk::holding(base.bytes());
        disk.fail(Fault { at, stays: at % 2 == 0, kind: io::ErrorKind::StorageFull });
        let opened = disk_engine(&disk).and_then(|engine| on::<new::App>(&engine).open());
        if let Err(error) = &opened {
            let named = [ErrorKind::CommitUnknown, ErrorKind::Closed].contains(error.kind());
            assert!(named || matches!(error.kind(), ErrorKind::Io { .. }), "operation {at}: {error:?}");
        }
        drop(opened);
        if disk.operations() < at {
            break;
        }
        disk.heal();
        let engine = disk_engine(&Disk::holding(disk.bytes()))?;
        let before = building(&engine)?;
        let (builder, told) = telling::<new::App>(&engine);
        drop(builder.open()?);
        match (before, told.lock().expect("no panic").first()) {
            (Some(before), Some((_, first, _))) => {
                assert_eq!(*first, before.read, "operation {at}");
                resumed += 1;
            }
            _ => begun += 1,
        }
        assert_eq!(dump(&*engine, TABLES)?, expected, "operation {at}");
    }
    assert!(resumed > 20 && begun > 5, "{resumed} resumed, {begun} begun");
    Ok(())
}

// The engine counts: what was read before is not read again.
#[test]
fn a_fill_that_goes_on_reads_only_the_rest() -> Result<()> {
    let read = |left: Files| -> Result<u64> {
        let counting = Counting::new(Disk::holding(left).engine(&options())?);
        let counts = counting.counts();
        let engine: Arc<dyn Engine> = Arc::new(counting);
        let (store, _, steps) = counts.reads_of(|| on::<new::App>(&engine).open());
        store.map(|_| steps)
    };
    let base = base()?;
    let all = read(base.files())?;
    for (left, at) in stopped(&base)? {
        let done = if at.model == "Note" { ITEMS + at.read } else { at.read };
        assert_eq!(read(left)?, all - done, "{at:?}");
    }
    Ok(())
}

#[test]
fn a_fill_is_committed_in_steps_unless_it_is_small() -> Result<()> {
    // Of the third, either model alone would fit.
    for (staging, least, most) in [(1000, 7, 30), (64 << 20, 1, 1), (7500, 2, 2)] {
        let memory = Memory::default();
        filled(&(Arc::new(memory.clone()) as Arc<dyn Engine>))?;
        let counting = Counting::new(memory);
        let counts = counting.counts();
        drop(Store::<new::App>::builder().engine(Arc::new(counting)).staging_limit(staging).open()?);
        let commits = counts.commits();
        assert!((least..=most).contains(&commits), "{commits} commits with {staging}");
    }
    Ok(())
}

// What an old program writes would not reach the tables that are half-built, so they go before it writes.
#[test]
fn an_old_program_in_between_leaves_nothing_stale() -> Result<()> {
    let names = |engine: &Arc<dyn Engine>| -> Result<BTreeSet<String>> {
        Ok(engine.table_names()?.into_iter().collect())
    };
    let base = base()?;
    let old_names = names(&disk_engine(&base)?)?;
    for (left, at) in stopped(&base)? {
        let engine = disk_engine(&Disk::holding(left))?;
        assert!(at.tables.iter().all(|table| !old_names.contains(table)), "{at:?}");
        let store = on::<old::App>(&engine).open()?;
        assert_eq!(building(&engine)?, None);
        assert_eq!(names(&engine)?, old_names, "{at:?}");
        let report = store.verify(|_| {})?;
        assert!(report.is_clean(), "{at:?}: {report}");
        let store_of_day = |day| store.query().filter(old::Item::DAY.eq(day)).count();
        assert_eq!((store_of_day(1000)?, store_of_day(1000 - ITEMS as u32 + 1)?), (1, 1), "{at:?}");
        // Before the place and behind it.
        let mut items: Vec<_> = (1..=ITEMS).map(item).collect();
        items[0].name = "another".into();
        items[50].size = 99;
        store.write(|txn| {
            txn.delete::<old::Item>(0)?;
            txn.create(&items[ITEMS as usize - 1])?;
            txn.update_batch([&items[0], &items[50]])
        })?;
        drop(store);
        let (builder, told) = telling::<new::App>(&engine);
        drop(builder.open()?);
        // It begins anew: the first it tells of is the end of the first step.
        let (table, first, _) = told.lock().expect("no panic")[0].clone();
        assert!(table == "App/Item" && first < 15, "{first} of {table}");
        assert_eq!(dump(&*engine, TABLES)?, anew(&items, &notes())?, "{at:?}");
    }
    Ok(())
}

#[test]
fn an_old_program_that_only_reads_leaves_it_all_alone() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("app.redb");
    for (left, at) in stopped(&base()?)? {
        // A file that was closed, as only those are opened for reading.
        let disk = Disk::holding(left);
        drop(disk_engine(&disk)?);
        fs::write(&path, disk.bytes()).expect("it is written");
        let store = Store::<old::App>::builder().path(&path).read_only(true).open()?;
        let report = store.verify(|_| {})?;
        assert!(report.is_clean(), "{at:?}: {report}");
        assert_eq!(store.len::<old::Item>()?, ITEMS);
        drop(store);
        let error = Store::<new::App>::builder().path(&path).read_only(true).open().expect_err("refused");
        assert!(matches!(error.kind(), ErrorKind::SchemaMismatch { .. }), "{error}");
        assert!(fs::read(&path).expect("it reads") == disk.bytes());
    }
    Ok(())
}

#[test]
fn another_program_begins_anew_and_drops_what_it_does_not_build() -> Result<()> {
    for (left, at) in stopped(&base()?)? {
        let engine = disk_engine(&Disk::holding(left))?;
        let store = on::<other::App>(&engine).open()?;
        let report = store.verify(|_| {})?;
        assert!(report.is_clean() && report.rows == 3 * ITEMS, "{at:?}: {report}");
        assert_eq!(building(&engine)?, None);
        assert!(!engine.table_names()?.contains(&"App/Note/index/text".to_owned()));
    }
    Ok(())
}

// One that is refused may not write, so it has nothing to clear away.
#[test]
fn a_program_that_is_refused_leaves_the_fill_where_it_is() -> Result<()> {
    let (left, at) = stopped(&base()?)?.swap_remove(3);
    let engine = disk_engine(&Disk::holding(left))?;
    assert!(on::<kit::models::Blog>(&engine).open().is_err());
    let less = Store::<less::App>::builder().engine(engine.clone()).open().expect_err("refused");
    assert!(matches!(less.kind(), ErrorKind::SchemaMismatch { .. }), "{less}");
    assert_eq!(building(&engine)?, Some(at));
    Ok(())
}

/// A program that knows less.
mod less {
    use super::*;

    #[derive(NetabaseDefinition)]
    #[netabase(rename = "App")]
    pub(super) enum App {
        Note(old::Note),
    }
}

#[test]
fn the_order_of_models_in_the_program_does_not_matter() -> Result<()> {
    let expected = expected()?;
    for (left, at) in stopped(&base()?)? {
        let engine = disk_engine(&Disk::holding(left))?;
        let (builder, told) = telling::<new::Turned>(&engine);
        drop(builder.open()?);
        assert_eq!(told.lock().expect("no panic")[0].1, at.read);
        assert_eq!(dump(&*engine, TABLES)?, expected, "{at:?}");
    }
    Ok(())
}

/// Everything there is, as the old program left it.
fn everything(engine: &Arc<dyn Engine>) -> Result<(Vec<String>, Rows)> {
    let mut names = engine.table_names()?;
    names.sort();
    Ok((names, dump(&**engine, OLD_TABLES)?))
}

// Records with equal values far from each other, so that one is in the file already when the other is met.
#[test]
fn what_is_not_unique_is_listed_whole_and_leaves_the_file_as_it_was() -> Result<()> {
    let base = base()?;
    let engine = disk_engine(&base)?;
    on::<old::App>(&engine).open()?.write(|txn| {
        txn.update(&old::Item { name: "name 2".into(), ..item(40) })?;
        txn.update(&old::Item { name: "name 45".into(), ..item(46) })?;
        txn.update(&old::Item { name: "name 2".into(), day: 999, ..item(59) })?;
        txn.update(&old::Note { id: 29, text: "text 0".into() })
    })?;
    let before = everything(&engine)?;
    drop(engine);
    let violations = [
        "Item ItemPrimaryKey(2) and ItemPrimaryKey(40) have the same `name`",
        "Item ItemPrimaryKey(45) and ItemPrimaryKey(46) have the same `name`",
        "Item ItemPrimaryKey(2) and ItemPrimaryKey(59) have the same `name`",
        "Note NotePrimaryKey(0) and NotePrimaryKey(29) have the same `text`",
        "Item ItemPrimaryKey(1) and ItemPrimaryKey(59) have the same `day`",
    ];
    let (mut resumed, mut begun) = (0, 0);
    for (number, left) in cuts(&base)?.into_iter().enumerate() {
        let engine = disk_engine(&Disk::holding(left))?;
        match building(&engine)? {
            Some(at) => {
                assert!(at.model == "Item" && at.read <= 40, "no place behind a clash is recorded: {at:?}");
                resumed += 1;
            }
            None => begun += 1,
        }
        let error = on::<new::App>(&engine).open().expect_err("refused");
        let ErrorKind::NotUnique { violations: found, total } = error.kind() else { panic!("{error}") };
        assert_eq!((&found[..], *total), (&violations.map(str::to_owned)[..], 5), "cut {number}");
        assert!(everything(&engine)? == before, "cut {number}");
        let (builder, told) = telling::<old::App>(&engine);
        assert!(builder.open()?.verify(|_| {})?.is_clean(), "cut {number}");
        assert!(told.lock().expect("no panic").is_empty());
    }
    assert!(resumed > 20 && begun > 5, "{resumed} resumed, {begun} begun");
    Ok(())
}

// More of them than one transaction may be tried.
#[test]
fn a_conflict_in_each_step_is_tried_again() -> Result<()> {
    let memory = Memory::default();
    let engine: Arc<dyn Engine> = Arc::new(memory.clone());
    filled(&engine)?;
    let conflicts = Arc::new(AtomicU64::new(0));
    let count = conflicts.clone();
    let seen = Mutex::new(BTreeSet::new());
    drop(
        on::<new::App>(&engine)
            .staging_limit(300)
            .on_progress(move |at| {
                // Told of the same place again, it is trying again.
                if seen.lock().expect("no panic").insert((at.table.to_owned(), at.done)) {
                    memory.answer([Answer::Conflict, Answer::Conflict]);
                    count.fetch_add(2, Ordering::Relaxed);
                }
            })
            .open()?,
    );
    assert!(conflicts.load(Ordering::Relaxed) > 30, "{conflicts:?} conflicts");
    assert_eq!(dump(&*engine, TABLES)?, expected()?);
    Ok(())
}

// Engines that let others in between: whatever another opener does in the middle of a fill, the index is whole.
#[test]
fn another_opener_comes_in_between() -> Result<()> {
    for (what, place) in [("fills", 20), ("fills", 50), ("writes", 20), ("writes", 50)] {
        let memory = Memory::default();
        let engine: Arc<dyn Engine> = Arc::new(memory.clone());
        filled(&engine)?;
        let (others, once) = (engine.clone(), AtomicU64::new(0));
        let opened = on::<new::App>(&engine)
            .on_progress(move |at| {
                if at.done < place || once.fetch_add(1, Ordering::Relaxed) > 0 {
                    return;
                }
                match what {
                    "fills" => drop(on::<new::App>(&others).open().expect("it opens")),
                    _ => on::<old::App>(&others)
                        .open()
                        .and_then(|store| store.write(|txn| txn.delete::<old::Item>(3).map(drop)))
                        .expect("it writes"),
                }
            })
            .open();
        drop(opened?);
        let mut items = items();
        items.retain(|item| what == "fills" || item.id != 3);
        assert_eq!(dump(&*engine, TABLES)?, anew(&items, &notes())?, "{what} at {place}");
        assert_eq!(building(&engine)?, None);
    }
    Ok(())
}

// A commit whose end nobody knows: the next opening goes on from what is there.
#[test]
fn a_step_of_unknown_end_is_told_and_gone_on_from() -> Result<()> {
    for (answer, is_there) in
        [(Answer::UnknownLost, false), (Answer::UnknownDone, true), (Answer::Fails, false)]
    {
        let memory = Memory::default();
        let engine: Arc<dyn Engine> = Arc::new(memory.clone());
        filled(&engine)?;
        memory.answer([answer]);
        assert!(on::<new::App>(&engine).open().is_err());
        assert_eq!(building(&engine)?.is_some(), is_there);
        drop(on::<new::App>(&engine).open()?);
        assert_eq!(dump(&*engine, TABLES)?, expected()?);
    }
    Ok(())
}
