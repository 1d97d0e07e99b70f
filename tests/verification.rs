//! `verify` names every row that is not as it should be, and `rebuild_indexes` mends them. S0-13, S0-17, C24, C27.

use std::collections::BTreeSet;
use std::sync::Arc;

use kit::cases;
use kit::disk::Disk;
use kit::load::run;
use kit::memory::Memory;
use kit::models::{Person, Place, Visit, World};
use kit::oracle::{Expect, Oracle, Records, Subject};
use kit::rows::{Rows, TABLES, Table, expected, specs, stored};
use netabase::engine::{
    Check, Durability, Engine, IndexChange, MapChange, Redb, RedbOptions, TableForm, TableId, TableSpec,
};
use netabase::key::Key;
use netabase::{ErrorKind, NetabaseModel, Problem, Report, Result, Store};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde::de::DeserializeOwned;

fn open(engine: &Arc<dyn Engine>) -> Result<Store<World>> {
    // Little memory, so that single rows are looked for in several turns.
    Store::<World>::builder().engine(engine.clone()).staging_limit(600).open()
}

fn loaded(engine: Arc<dyn Engine>) -> Result<Arc<dyn Engine>> {
    let (_, error) = run(&open(&engine)?, 0, 12, |_| {});
    assert!(error.is_none(), "{error:?}");
    Ok(engine)
}

fn engines() -> Result<[Arc<dyn Engine>; 2]> {
    Ok([loaded(Arc::new(Memory::default()))?, loaded(Arc::new(Redb::in_memory(None)?))?])
}

/// A change behind netabase's back. Numbers choose rows, round and round.
#[derive(Clone, Debug)]
enum Edit {
    Remove {
        table: usize,
        row: usize,
    },
    /// the key of one row leads to the value of another
    Cross {
        table: usize,
        key: usize,
        value: usize,
    },
    /// bytes that are no record, or no key
    Garble {
        table: usize,
        row: usize,
    },
}

fn edit() -> impl Strategy<Value = Edit> {
    let number = || 0..1000_usize;
    prop_oneof![
        (number(), number()).prop_map(|(table, row)| Edit::Remove { table, row }),
        (number(), number(), number()).prop_map(|(table, key, value)| Edit::Cross { table, key, value }),
        (number(), number()).prop_map(|(table, row)| Edit::Garble { table, row }),
    ]
}

/// Rows to be there and rows to be gone, of one table.
fn plan(rows: &BTreeSet<(Vec<u8>, Vec<u8>)>, edit: &Edit, table: &Table) -> Option<Plan> {
    let row = |number: usize| rows.iter().nth(number % rows.len().max(1)).cloned();
    match *edit {
        Edit::Remove { row: number, .. } => Some((Vec::new(), vec![row(number)?])),
        Edit::Cross { key, value, .. } => Some((vec![(row(key)?.0, row(value)?.1)], Vec::new())),
        Edit::Garble { row: number, .. } if table.1 == TableForm::Map => {
            Some((vec![(row(number)?.0, b"\x03\xFF".to_vec())], Vec::new()))
        }
        Edit::Garble { row: number, .. } => {
            let (key, value) = row(number)?;
            let key = key.iter().map(|byte| !byte).collect();
            Some((vec![(key, value)], Vec::new()))
        }
    }
}

type Plan = (Vec<(Vec<u8>, Vec<u8>)>, Vec<(Vec<u8>, Vec<u8>)>);

fn apply(engine: &dyn Engine, edit: &Edit) -> Result<()> {
    let (Edit::Remove { table, .. } | Edit::Cross { table, .. } | Edit::Garble { table, .. }) = edit;
    let (number, table) = (table % TABLES.len(), &TABLES[table % TABLES.len()]);
    let rows = stored(engine)?;
    let Some((there, gone)) = plan(&rows[table.0], edit, table) else { return Ok(()) };
    let mut writer = engine.begin_write(&specs(TABLES))?;
    let number = TableId(number);
    if table.1 == TableForm::Map {
        let there = there.iter().map(|(key, value)| MapChange::Put(key, value));
        let gone = gone.iter().map(|(key, _)| MapChange::Delete(key));
        writer.apply(number, &mut there.chain(gone))?;
    } else {
        let there = there.iter().filter(|row| !rows[table.0].contains(row));
        let there = there.map(|(key, value)| IndexChange::Insert(key, value));
        let gone = gone.iter().map(|(key, value)| IndexChange::Remove(key, value));
        writer.apply_index(number, &mut there.chain(gone))?;
    }
    writer.commit(Durability::Immediate).map(drop)
}

/// What should be found, worked out with the hand-written rows: kind, table and key.
type Findings = Vec<(&'static str, String, String)>;

fn text(bytes: &[u8]) -> String {
    format!("\"{}\"", bytes.escape_ascii())
}

/// Reads a main table as the tests do, and notes what cannot be read.
fn records<M: Subject + DeserializeOwned>(
    rows: &Rows,
    table: &str,
    version: u8,
    findings: &mut Findings,
    unreadable: &mut BTreeSet<(String, Vec<u8>)>,
) -> Records<M> {
    let mut records = Records::default();
    for (key, value) in &rows[table] {
        let record =
            value.strip_prefix(&[version]).and_then(|body| postcard::take_from_bytes::<M>(body).ok());
        let mut own = Vec::new();
        match record {
            Some((record, [])) if record.primary_key().encode_tail(&mut own).is_ok() && own == *key => {
                records.put(&record, Expect::Either).expect("nothing else changed");
            }
            _ => {
                let spelled =
                    <M as NetabaseModel>::PrimaryKey::decode_tail(key).map(|key| format!("{key:?}"));
                findings.push((
                    "unreadable",
                    table.into(),
                    spelled.unwrap_or_else(|_| format!("{key:02x?}")),
                ));
                unreadable.insert((table.into(), key.clone()));
            }
        }
    }
    records
}

/// Findings, the rows that the readable records ask for, and how many cannot be read.
fn predicted(rows: &Rows) -> (Findings, Rows, u64) {
    let (mut findings, mut unreadable) = (Findings::new(), BTreeSet::new());
    let oracle = Oracle {
        people: records::<Person>(rows, "World/Person", 3, &mut findings, &mut unreadable),
        places: records::<Place>(rows, "World/Place", 1, &mut findings, &mut unreadable),
        visits: records::<Visit>(rows, "World/visit", 1, &mut findings, &mut unreadable),
    };
    let expected = expected(&oracle);
    for (table, asked_for) in &expected {
        let main = table.split('/').take(2).collect::<Vec<_>>().join("/");
        if *table == main {
            continue;
        }
        for (key, _) in asked_for.difference(&rows[table]) {
            findings.push(("missing", table.clone(), text(key)));
        }
        for (key, record) in rows[table].difference(asked_for) {
            if !unreadable.contains(&(main.clone(), record.clone())) {
                findings.push(("stray", table.clone(), text(key)));
            }
        }
    }
    findings.sort();
    (findings, expected, unreadable.len() as u64)
}

fn findings(report: &Report) -> Findings {
    let mut findings: Findings = report
        .problems
        .iter()
        .map(|problem| match problem.clone() {
            Problem::Unreadable { table, record } => ("unreadable", table, record),
            Problem::Missing { table, key, .. } => ("missing", table, key),
            Problem::Stray { table, key, .. } => ("stray", table, key),
            other => panic!("{other}"),
        })
        .collect();
    findings.sort();
    findings
}

fn is_derived(table: &str) -> bool {
    table.split('/').count() > 2
}

fn names_and_mends(edits: &[Edit], engine: &Arc<dyn Engine>) -> Result<()> {
    edits.iter().try_for_each(|edit| apply(&**engine, edit))?;
    let before = stored(&**engine)?;
    let (predicted, asked_for, unreadable) = predicted(&before);
    let store = open(engine)?;
    let report = store.verify(|_| {})?;
    assert_eq!(findings(&report), predicted);
    assert_eq!(report.total, predicted.len() as u64);
    assert_eq!(report.is_clean(), predicted.is_empty());

    let rebuilt = store.rebuild_indexes(|_| {})?;
    let rows: usize =
        asked_for.iter().filter(|(table, _)| is_derived(table)).map(|(_, rows)| rows.len()).sum();
    assert_eq!((rebuilt.rows, rebuilt.unreadable), (rows as u64, unreadable));
    let after = stored(&**engine)?;
    for (table, rows) in &after {
        let right = if is_derived(table) { &asked_for[table] } else { &before[table] };
        assert_eq!(rows, right, "{table}");
    }
    assert_eq!(store.verify(|_| {})?.total, unreadable);
    Ok(())
}

#[test]
fn every_row_that_is_wrong_is_named_and_mended() {
    let mut runner = TestRunner::new(cases(60));
    let outcome = runner.run(&prop::collection::vec(edit(), 0..6), |edits| {
        for engine in engines().expect("they open") {
            names_and_mends(&edits, &engine).expect("it answers");
        }
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn a_report_reads_like_this() -> Result<()> {
    let [engine, _] = engines()?;
    let age = TABLES.iter().position(|table| table.0 == "World/Person/index/age").expect("it is there");
    let mut writer = engine.begin_write(&specs(TABLES))?;
    let (age, key) = (TableId(age), (0x8000_0000_u32 + 90).to_be_bytes());
    writer.apply_index(age, &mut [IndexChange::Insert(&key, &[0; 8])].into_iter())?;
    writer.commit(Durability::Immediate)?;
    let store = open(&engine)?;
    let report = store.verify(|_| {})?;
    assert_eq!(report.records, 22 + 12 + 12);
    let text = report.to_string();
    assert!(text.starts_with("1 problem: 46 records, "), "{text}");
    assert!(text.contains("the engine has no check of its own\n"), "{text}");
    let line = "World/Person/index/age: the row \"\\x80\\x00\\x00Z\" leads to PersonPrimaryKey(0), which does not have it";
    assert!(text.ends_with(line), "{text}");
    let error = Store::<World>::builder().engine(engine).open_checked().expect_err("refused");
    assert!(matches!(error.kind(), ErrorKind::Inconsistent { total: 1, .. }), "{error}");
    Ok(())
}

#[test]
fn wrong_counts_are_named() -> Result<()> {
    let memory = Memory::default();
    let engine = loaded(Arc::new(memory.clone()))?;
    memory.lie_about_counts();
    let report = open(&engine)?.verify(|_| {})?;
    let tables = report.problems.iter().filter(|problem| matches!(problem, Problem::Count { key: None, .. }));
    let maps = TABLES.iter().filter(|table| table.1 == TableForm::Map);
    assert_eq!(tables.count(), maps.count(), "an index counts by its keys");
    let person = Problem::Count { table: "World/Person".into(), key: None, stored: 23, counted: 22 };
    assert!(report.problems.contains(&person), "{report}");
    let low = Problem::Count {
        table: "World/Person/index/level".into(),
        key: Some("\"\\x02\"".into()),
        stored: 14,
        counted: 13,
    };
    assert!(report.problems.contains(&low), "{report}");
    Ok(())
}

#[test]
fn a_table_of_no_schema_is_named() -> Result<()> {
    let [_, engine] = engines()?;
    let spec =
        TableSpec { name: "World/Gone".into(), form: TableForm::Map, key_width: None, value_width: None };
    let mut writer = engine.begin_write(&[spec].into())?;
    writer.apply(TableId(0), &mut [MapChange::Insert(b"k", b"v")].into_iter())?;
    writer.commit(Durability::Immediate)?;
    let report = open(&engine)?.verify(|_| {})?;
    assert_eq!(report.problems, [Problem::Unknown { table: "World/Gone".into() }]);
    Ok(())
}

#[test]
fn progress_tells_of_every_table() -> Result<()> {
    let [engine, _] = engines()?;
    let store = open(&engine)?;
    let mut told = BTreeSet::new();
    let report = store.verify(|at| {
        assert!(at.done <= at.total);
        if at.done == at.total {
            told.insert(at.table.to_owned());
        }
    })?;
    assert_eq!(told, TABLES.iter().map(|table| table.0.to_owned()).collect());
    assert_eq!(report.engine, Some(Check::None));
    let mut rebuilt = Vec::new();
    store.rebuild_indexes(|at| rebuilt.push((at.table.to_owned(), at.done, at.total)))?;
    let all = [("World/Person", 22), ("World/Place", 12), ("World/visit", 12)];
    assert_eq!(rebuilt, all.map(|(table, rows)| (table.to_owned(), rows, rows)));
    Ok(())
}

// The engine's own check wants the store alone; the rest of it does not.
#[test]
fn verification_goes_on_beside_a_snapshot() -> Result<()> {
    let [_, engine] = engines()?;
    let store = open(&engine)?;
    assert_eq!(store.verify(|_| {})?.engine, Some(Check::Sound));
    let snapshot = store.begin_read()?;
    let report = store.verify(|_| {})?;
    assert!(report.is_clean() && report.engine.is_none(), "{report}");
    assert!(report.to_string().contains("the engine's own check was not made"), "{report}");
    drop(snapshot);
    let txn = store.begin_write()?;
    assert_eq!(*store.verify(|_| {}).expect_err("it would wait for itself").kind(), ErrorKind::Nested);
    drop(txn);
    assert_eq!(store.verify(|_| {})?.engine, Some(Check::Sound));
    // The store writes on after a check.
    store.write(|txn| txn.delete::<Person>(1)).map(drop)
}

#[test]
fn two_records_with_one_unique_value_stop_a_rebuild() -> Result<()> {
    for engine in engines()? {
        let rows = stored(&*engine)?;
        let second = 2_u64.to_be_bytes().to_vec();
        let value = |key: &Vec<u8>| {
            rows["World/Person"].iter().find(|row| row.0 == *key).expect("it is there").1.clone()
        };
        // The second person with the e-mail of the first.
        let (_, mut other): (u8, Person) = postcard::from_bytes(&value(&second)).expect("it decodes");
        other.email = "p1@example.org".into();
        let other = [vec![3], postcard::to_stdvec(&other).expect("it encodes")].concat();
        let mut writer = engine.begin_write(&specs(TABLES))?;
        writer.apply(TableId(0), &mut [MapChange::Put(&second, &other)].into_iter())?;
        writer.commit(Durability::Immediate)?;
        let before = stored(&*engine)?;
        let error = open(&engine)?.rebuild_indexes(|_| {}).expect_err("refused");
        let violations =
            vec!["Person PersonPrimaryKey(1) and PersonPrimaryKey(2) have the same `email`".to_owned()];
        assert_eq!(*error.kind(), ErrorKind::NotUnique { violations, total: 1 });
        assert!(stored(&*engine)? == before, "nothing was changed");
    }
    Ok(())
}

#[test]
fn a_read_only_store_is_verified_but_not_rebuilt() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("world.redb");
    drop(loaded(Arc::new(Redb::open(&path, &RedbOptions::default())?))?);
    let store = Store::<World>::builder().path(&path).read_only(true).open_checked()?;
    assert!(store.verify(|_| {})?.is_clean());
    assert_eq!(*store.rebuild_indexes(|_| {}).expect_err("refused").kind(), ErrorKind::ReadOnly);
    assert_eq!(*store.compact().expect_err("refused").kind(), ErrorKind::ReadOnly);
    Ok(())
}

#[test]
fn a_rebuild_waits_for_its_turn() -> Result<()> {
    let [engine, _] = engines()?;
    let store = open(&engine)?;
    let _txn = store.begin_write()?;
    assert_eq!(
        *store.rebuild_indexes(|_| {}).expect_err("it would wait for itself").kind(),
        ErrorKind::Nested
    );
    Ok(())
}

// The engine's check can mend a file by going back one commit. Looking must not do that.
#[test]
fn verification_of_a_damaged_file_loses_no_commit() -> Result<()> {
    let disk = Disk::default();
    let engine = || disk.engine(&RedbOptions { cache_size: Some(1 << 20), ..RedbOptions::default() });
    let store = Store::<World>::builder().engine(Arc::new(engine()?)).open()?;
    (0..40).try_for_each(|id| store.write(|txn| txn.create(&kit::load::person(id, id))))?;
    let last = Person { bio: "ACKNOWLEDGED".repeat(60), ..kit::load::person(1000, 1) };
    store.write(|txn| txn.create(&last))?;
    let bytes = disk.bytes();
    let places = bytes.windows(12).enumerate().filter(|(_, window)| window == b"ACKNOWLEDGED");
    let places: Vec<_> = places.map(|(at, _)| at).collect();
    assert!(!places.is_empty());
    for at in places {
        disk.rot(at);
    }

    let report = store.verify(|_| {})?;
    assert!(!report.is_clean() && report.engine == Some(Check::Failed), "{report}");
    assert!(report.to_string().contains("the engine's own check failed"), "{report}");
    assert_eq!(report.records, 41);
    drop(store);
    // What can be read still can.
    let store = Store::<World>::builder().engine(Arc::new(engine()?)).open()?;
    assert_eq!(store.len::<Person>()?, 41);
    assert_eq!(store.get(3)?, Some(kit::load::person(3, 3)));
    assert!(store.get::<Person>(1000)?.is_some_and(|found| found != last));
    Ok(())
}
