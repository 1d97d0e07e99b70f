//! What every engine must do, run on each of them: redb in a file, redb in memory, and the one of `BTreeMap`s.
//! S1-20, S3-10.

use std::collections::{BTreeMap, BTreeSet};
use std::iter;
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;

use kit::memory::Memory;
use netabase::Result;
use netabase::engine::{
    Commit, Cursor, Direction, Durability, Engine, IndexChange, MapChange, Read, Redb, RedbOptions,
    TableForm, TableId, TableSpec, Tables,
};
use netabase::wal::{Wal, WalOptions};
use proptest::prelude::*;

const ALL: (Bound<&[u8]>, Bound<&[u8]>) = (Bound::Unbounded, Bound::Unbounded);

/// Runs a law on every engine.
fn on_every_engine(law: fn(&dyn Engine) -> Result<(), TestCaseError>) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = Redb::open(folder.path().join("e.redb"), &RedbOptions::default()).expect("it opens");
    let logged = |size| logged(&folder.path().join(format!("{size}")), size).expect("it opens");
    // Engines of maps refuse an insert whose key is there.
    let maps = |size: u64| {
        let folder = folder.path().join(format!("maps-{size}"));
        over(Arc::new(Memory::default()), &folder, size).expect("it opens")
    };
    let engines: [Arc<dyn Engine>; 8] = [
        Arc::new(Memory::default()),
        Arc::new(Redb::in_memory(None).expect("it opens")),
        Arc::new(file),
        Arc::new(logged(1 << 20)),
        Arc::new(logged(100)),
        Arc::new(logged(0)),
        Arc::new(maps(200)),
        Arc::new(maps(60)),
    ];
    for engine in engines {
        if let Err(error) = law(&*engine) {
            panic!("{engine:?}: {error}");
        }
    }
}

/// A log over redb that is given to it at this size; larger transactions go past it.
fn logged(folder: &Path, checkpoint_size: u64) -> Result<Wal> {
    over(Arc::new(Redb::in_memory(None)?), folder, checkpoint_size)
}

/// The same over any engine.
fn over(engine: Arc<dyn Engine>, folder: &Path, checkpoint_size: u64) -> Result<Wal> {
    Wal::open(engine, folder, WalOptions { checkpoint_size, ..WalOptions::default() })
}

fn tables(key_width: Option<usize>, value_width: Option<usize>) -> Tables {
    let spec = |name: &str, form, value_width| TableSpec { name: name.into(), form, key_width, value_width };
    [spec("map", TableForm::Map, None), spec("index", TableForm::Index, value_width)].into()
}
const MAP: TableId = TableId(0);
const INDEX: TableId = TableId(1);

fn rows(mut cursor: Box<dyn Cursor + '_>) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let mut rows = Vec::new();
    while cursor.advance()? {
        rows.push((cursor.key().to_vec(), cursor.value().to_vec()));
    }
    assert!(!cursor.advance()?, "the end is the end");
    Ok(rows)
}

fn value_of(read: &dyn Read, key: &[u8]) -> Result<Option<Vec<u8>>> {
    Ok(read.get(MAP, key)?.map(|value| value.to_vec()))
}

fn put(engine: &dyn Engine, tables: &Tables, changes: &[MapChange<'_>]) -> Result<()> {
    let mut writer = engine.begin_write(tables)?;
    writer.apply(MAP, &mut changes.iter().copied())?;
    assert_eq!(writer.commit(Durability::Immediate)?, Commit::Committed);
    Ok(())
}

#[test]
fn a_table_that_was_never_written_reads_as_empty() {
    on_every_engine(|engine| {
        let tables = tables(Some(4), Some(8));
        let snapshot = engine.begin_read(&tables)?;
        prop_assert!(snapshot.get(MAP, &[0; 4])?.is_none());
        prop_assert_eq!(snapshot.len(MAP)?, 0);
        prop_assert_eq!(snapshot.index_count(INDEX, &[0; 4])?, 0);
        prop_assert!(rows(snapshot.cursor(MAP, ALL, Direction::Forward)?)?.is_empty());
        prop_assert!(rows(snapshot.owned_index_cursor(INDEX, ALL, Direction::Reverse)?)?.is_empty());
        prop_assert!(engine.table_names()?.is_empty());
        Ok(())
    });
}

#[test]
fn a_writer_reads_what_it_wrote_and_others_only_what_was_committed() {
    on_every_engine(|engine| {
        let tables = tables(None, None);
        put(engine, &tables, &[MapChange::Insert(b"a", b"1"), MapChange::Insert(b"b", b"2")])?;
        let before = engine.begin_read(&tables)?;
        let mut writer = engine.begin_write(&tables)?;
        let changes = [MapChange::Delete(b"a"), MapChange::Put(b"b", b"3"), MapChange::Insert(b"c", b"4")];
        writer.apply(MAP, &mut changes.into_iter())?;
        prop_assert!(writer.get(MAP, b"a")?.is_none());
        prop_assert_eq!(value_of(&*writer, b"b")?, Some(b"3".to_vec()));
        prop_assert_eq!(writer.len(MAP)?, 2);
        prop_assert_eq!(value_of(&*before, b"a")?, Some(b"1".to_vec()));
        prop_assert_eq!(writer.commit(Durability::Immediate)?, Commit::Committed);
        prop_assert_eq!(value_of(&*before, b"b")?, Some(b"2".to_vec()), "a snapshot stays");
        let after = engine.begin_read(&tables)?;
        let found = rows(after.cursor(MAP, ALL, Direction::Forward)?)?;
        prop_assert_eq!(found, [(b"b".to_vec(), b"3".to_vec()), (b"c".to_vec(), b"4".to_vec())]);
        prop_assert_eq!(engine.table_names()?, ["map"]);
        Ok(())
    });
}

// Whatever an engine makes of them.
#[test]
fn parts_of_a_value_may_come_again_as_values() {
    on_every_engine(|engine| {
        let tables = tables(None, None);
        put(engine, &tables, &[MapChange::Insert(b"y", b"old")])?;
        let whole = b"<one of twenty bytes><and one of thirty-odd bytes>";
        let parts = [0..21, 21..50];
        for key in [b"a", b"b"] {
            let mut writer = engine.begin_write(&tables)?;
            writer.insert_parts(MAP, (key, whole), &parts)?;
            let (x, y) = (&whole[..21], &whole[21..]);
            let first = if key == b"a" { MapChange::Insert(b"x", x) } else { MapChange::Put(b"x", y) };
            writer.apply(MAP, &mut [first, MapChange::Put(b"y", y)].into_iter())?;
            prop_assert_eq!(value_of(&*writer, key)?, Some(whole.to_vec()));
            prop_assert_eq!(writer.commit(Durability::Immediate)?, Commit::Committed);
        }
        engine.checkpoint()?;
        let found = rows(engine.begin_read(&tables)?.cursor(MAP, ALL, Direction::Forward)?)?;
        let expected = [(b"a", &whole[..]), (b"b", whole), (b"x", &whole[21..]), (b"y", &whole[21..])];
        prop_assert_eq!(found, expected.map(|(key, value)| (key.to_vec(), value.to_vec())));
        Ok(())
    });
}

#[test]
fn a_dropped_writer_leaves_nothing() {
    on_every_engine(|engine| {
        let tables = tables(None, None);
        let mut writer = engine.begin_write(&tables)?;
        writer.apply(MAP, &mut [MapChange::Insert(b"a", b"1")].into_iter())?;
        drop(writer);
        prop_assert!(engine.begin_read(&tables)?.get(MAP, b"a")?.is_none());
        prop_assert!(engine.table_names()?.is_empty());
        Ok(())
    });
}

#[test]
fn an_owned_cursor_outlives_its_snapshot() {
    on_every_engine(|engine| {
        let tables = tables(None, None);
        put(engine, &tables, &[MapChange::Insert(b"a", b"1")])?;
        let snapshot = engine.begin_read(&tables)?;
        let cursor = snapshot.owned_cursor(MAP, ALL, Direction::Forward)?;
        drop(snapshot);
        put(engine, &tables, &[MapChange::Delete(b"a")])?;
        prop_assert_eq!(rows(cursor)?.len(), 1);
        Ok(())
    });
}

#[test]
fn crossed_ranges_and_empty_keys_are_no_panic() {
    on_every_engine(|engine| {
        let tables = tables(None, None);
        put(engine, &tables, &[MapChange::Insert(b"", b""), MapChange::Insert(b"b", b"")])?;
        let snapshot = engine.begin_read(&tables)?;
        let writer = engine.begin_write(&tables)?;
        let crossed = [
            (Bound::Included(&b"b"[..]), Bound::Included(&b"a"[..])),
            (Bound::Excluded(b"b"), Bound::Excluded(b"b")),
            (Bound::Excluded(b"b"), Bound::Included(b"b")),
            (Bound::Included(b"b"), Bound::Excluded(b"b")),
        ];
        for range in crossed {
            for way in [Direction::Forward, Direction::Reverse] {
                prop_assert!(rows(snapshot.cursor(MAP, range, way)?)?.is_empty());
                prop_assert!(rows(snapshot.owned_index_cursor(INDEX, range, way)?)?.is_empty());
                prop_assert!(rows(writer.cursor(MAP, range, way)?)?.is_empty());
                prop_assert!(rows(writer.index_cursor(INDEX, range, way)?)?.is_empty());
            }
        }
        prop_assert!(snapshot.get(MAP, b"")?.is_some());
        Ok(())
    });
}

/// Keys of one width, or of any.
fn key(width: Option<usize>) -> BoxedStrategy<Vec<u8>> {
    let size = width.map_or(0..4, |width| width..width + 1);
    let bytes = prop::collection::vec(prop::sample::select(vec![0, 1, 0x7F, 0xFF]), size);
    if width.is_some() {
        return bytes.boxed();
    }
    // Around eight bytes, which some cursors compare at once.
    (any::<bool>(), bytes)
        .prop_map(|(is_long, bytes)| if is_long { [b"seven..", &*bytes].concat() } else { bytes })
        .boxed()
}

type Model = (BTreeMap<Vec<u8>, Vec<u8>>, BTreeSet<(Vec<u8>, Vec<u8>)>);

fn bounds() -> impl Strategy<Value = (Bound<Vec<u8>>, Bound<Vec<u8>>)> {
    let bound = |key: BoxedStrategy<Vec<u8>>| {
        prop_oneof![
            key.clone().prop_map(Bound::Included),
            key.prop_map(Bound::Excluded),
            Just(Bound::Unbounded)
        ]
    };
    (bound(key(None)), bound(key(None)))
}

/// Every read of a range agrees with the model, in both directions.
fn agrees(
    read: &dyn Read,
    model: &Model,
    range: &(Bound<Vec<u8>>, Bound<Vec<u8>>),
) -> Result<(), TestCaseError> {
    let range = (range.0.as_ref().map(Vec::as_slice), range.1.as_ref().map(Vec::as_slice));
    let within = |key: &[u8]| std::ops::RangeBounds::<[u8]>::contains::<[u8]>(&range, key);
    let mut map: Vec<_> = model.0.clone().into_iter().filter(|(key, _)| within(key)).collect();
    let mut index: Vec<_> = model.1.iter().filter(|(key, _)| within(key)).cloned().collect();
    prop_assert_eq!(&rows(read.cursor(MAP, range, Direction::Forward)?)?, &map);
    prop_assert_eq!(&rows(read.index_cursor(INDEX, range, Direction::Forward)?)?, &index);
    map.reverse();
    index.reverse();
    prop_assert_eq!(rows(read.cursor(MAP, range, Direction::Reverse)?)?, map);
    prop_assert_eq!(rows(read.index_cursor(INDEX, range, Direction::Reverse)?)?, index);
    prop_assert_eq!(read.len(MAP)?, model.0.len() as u64);
    for (key, value) in &model.0 {
        let found = value_of(read, key)?;
        prop_assert_eq!(found.as_ref(), Some(value));
    }
    // From a value that is there, and from its neighbour, which may not be.
    for (key, value) in model.1.iter().step_by(model.1.len() / 20 + 1) {
        let mut next = value.clone();
        next.iter_mut().last().into_iter().for_each(|last| *last = last.wrapping_add(1));
        for from in [value, &next] {
            let of_key = || model.1.iter().filter(|(other, _)| other == key);
            let forward: Vec<_> = of_key().filter(|(_, own)| own >= from).cloned().collect();
            let back: Vec<_> = of_key().rev().filter(|(_, own)| own <= from).cloned().collect();
            prop_assert_eq!(rows(read.values_from(INDEX, key, from, Direction::Forward)?)?, forward);
            prop_assert_eq!(rows(read.values_from(INDEX, key, from, Direction::Reverse)?)?, back);
        }
    }
    for key in model.1.iter().map(|(key, _)| key).collect::<BTreeSet<_>>() {
        let count = model.1.iter().filter(|(other, _)| other == key).count();
        prop_assert_eq!(read.index_count(INDEX, key)?, count as u64);
    }
    Ok(())
}

/// A round of changes: map keys with a new value or none, and index pairs with their presence.
type Round = (BTreeMap<Vec<u8>, Option<Vec<u8>>>, BTreeMap<(Vec<u8>, Vec<u8>), bool>);

fn rounds(width: Option<usize>) -> impl Strategy<Value = Vec<Round>> {
    let map = prop::collection::btree_map(key(width), prop::option::of(key(None)), 0..12);
    let index = prop::collection::btree_map((key(width), key(Some(8))), any::<bool>(), 0..12);
    prop::collection::vec((map, index), 1..4)
}

fn apply(
    engine: &dyn Engine,
    tables: &Tables,
    model: &mut Model,
    (map, index): &Round,
) -> Result<(), TestCaseError> {
    let mut writer = engine.begin_write(tables)?;
    let known = model.0.clone();
    let mut changes = map.iter().filter_map(|(key, value)| match (value, known.contains_key(key)) {
        (Some(value), true) => Some(MapChange::Put(key, value)),
        (Some(value), false) => Some(MapChange::Insert(key, value)),
        (None, true) => Some(MapChange::Delete(key)),
        (None, false) => None,
    });
    writer.apply(MAP, &mut changes)?;
    for (key, value) in map {
        match value {
            Some(value) => drop(model.0.insert(key.clone(), value.clone())),
            None => drop(model.0.remove(key)),
        }
    }
    let pairs = model.1.clone();
    let differs = index.iter().filter(|(pair, present)| pairs.contains(*pair) != **present);
    let mut changes =
        differs.map(
            |((key, value), present)| {
                if *present { IndexChange::Insert(key, value) } else { IndexChange::Remove(key, value) }
            },
        );
    writer.apply_index(INDEX, &mut changes)?;
    for (pair, present) in index {
        if *present {
            model.1.insert(pair.clone());
        } else {
            model.1.remove(pair);
        }
    }
    agrees(&*writer, model, &(Bound::Unbounded, Bound::Unbounded))?;
    prop_assert_eq!(writer.commit(Durability::Immediate)?, Commit::Committed);
    Ok(())
}

fn random(
    width: Option<usize>,
    value_width: Option<usize>,
    rounds: &[Round],
    ranges: &[(Bound<Vec<u8>>, Bound<Vec<u8>>)],
) -> Result<(), TestCaseError> {
    let folder = tempfile::tempdir().expect("a folder");
    let engines: [Arc<dyn Engine>; 5] = [
        Arc::new(over(Arc::new(Memory::default()), &folder.path().join("maps"), 1000)?),
        Arc::new(Memory::default()),
        Arc::new(Redb::in_memory(None)?),
        Arc::new(logged(&folder.path().join("large"), 1 << 20)?),
        Arc::new(logged(&folder.path().join("small"), 300)?),
    ];
    for engine in engines {
        let tables = tables(width, value_width);
        let mut model = Model::default();
        for round in rounds {
            apply(&*engine, &tables, &mut model, round)?;
        }
        let snapshot = engine.begin_read(&tables)?;
        for range in ranges {
            agrees(&*snapshot, &model, range)?;
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(kit::cases(60))]

    // Widths that have a type of their own in redb, one that has not, and variable ones. Bounds of any length.
    #[test]
    fn random_changes_and_ranges(
        variable in rounds(None), four in rounds(Some(4)), three in rounds(Some(3)),
        ranges in prop::collection::vec(bounds(), 4),
    ) {
        random(None, Some(8), &variable, &ranges)?;
        random(Some(4), Some(8), &four, &ranges)?;
        random(Some(3), Some(8), &three, &ranges)?;
        random(None, None, &variable, &ranges)?;
        random(Some(4), None, &four, &ranges)?;
    }
}

/// Three keys with so many values that each takes many rows: every `step`-th of a range of numbers comes or goes.
fn many(width: Option<usize>, value_width: usize) -> impl Strategy<Value = Vec<Round>> {
    let change = (0..3_u8, 0..1200_u64, 1..900_u64, 1..4_usize, prop::bool::weighted(0.6));
    let keyed = move |key: u8| vec![key; width.unwrap_or(usize::from(key))];
    let round = prop::collection::vec(change, 1..4).prop_map(move |changes| {
        let mut round = Round::default();
        for (key, start, len, step, comes) in changes {
            for number in (start..start + len).step_by(step) {
                // Bytes of other lengths, if they may have them, that still sort.
                let mut value = number.to_be_bytes()[8 - value_width.min(8)..].to_vec();
                if value_width != 8 {
                    value.extend(vec![7; number as usize % 5]);
                }
                round.1.insert((keyed(key), value), comes);
            }
        }
        round
    });
    prop::collection::vec(round, 1..5)
}

proptest! {
    #![proptest_config(kit::cases(12))]

    #[test]
    fn keys_with_many_values(
        four in many(Some(4), 8), variable in many(None, 8), ragged in many(None, 3), four_ragged in many(Some(4), 3),
        ranges in prop::collection::vec(bounds(), 3),
    ) {
        random(Some(4), Some(8), &four, &ranges)?;
        random(None, Some(8), &variable, &ranges)?;
        random(None, None, &ragged, &ranges)?;
        random(Some(4), None, &four_ragged, &ranges)?;
    }
}

/// Rounds that put or delete whole runs of numbered keys: more at a time than are worth a cursor or a sweep.
fn runs() -> impl Strategy<Value = Vec<Round>> {
    let change = (0..600_u32, 1..300_u32, 1..3_usize, prop::bool::weighted(0.4), 0..3_usize);
    let round = |full: bool| {
        prop::collection::vec(change.clone(), 1..4).prop_map(move |changes| {
            let mut round = Round::default();
            let all = full.then_some((0, 900, 1, true, 1));
            for (start, len, step, comes, size) in changes.into_iter().chain(all) {
                for number in (start..start + len).step_by(step) {
                    round
                        .0
                        .insert(number.to_be_bytes().to_vec(), comes.then(|| vec![number as u8; size * 40]));
                }
            }
            round
        })
    };
    (round(true), prop::collection::vec(round(false), 1..5))
        .prop_map(|(first, rest)| iter::once(first).chain(rest).collect())
}

proptest! {
    #![proptest_config(kit::cases(30))]

    // Runs of new keys within one gap, runs of old keys with and without others between them, and what ends a run.
    #[test]
    fn long_runs_of_keys(rounds in runs(), ranges in prop::collection::vec(bounds(), 2)) {
        random(Some(4), Some(8), &rounds, &ranges)?;
        random(None, Some(8), &rounds, &ranges)?;
    }
}

// Rows that lost all their values are gone, so that a key which comes again begins anew.
#[test]
fn a_key_without_values_leaves_no_rows() {
    let engine = Redb::in_memory(None).expect("it opens");
    for width in [Some(8), None] {
        let spec = TableSpec {
            name: format!("index {width:?}"),
            form: TableForm::Index,
            key_width: None,
            value_width: width,
        };
        let tables: Tables = [spec].into();
        let change = |values: &mut dyn Iterator<Item = u64>, comes: bool| {
            let values: Vec<_> = values.map(u64::to_be_bytes).collect();
            let mut writer = engine.begin_write(&tables).expect("it begins");
            let mut changes = values.iter().map(|value| {
                if comes { IndexChange::Insert(b"key", value) } else { IndexChange::Remove(b"key", value) }
            });
            writer.apply_index(TableId(0), &mut changes).expect("it applies");
            writer.commit(Durability::Immediate).expect("it commits");
            let stats = engine.stats(&tables).expect("it measures");
            let table = stats.tables.iter().find(|table| table.name == tables[0].name).expect("it is there");
            (table.rows, table.bytes)
        };
        assert_eq!(change(&mut (0..1000), true).0, 1000);
        // From the middle, then the rest but one, then that.
        assert_eq!(change(&mut (200..900), false).0, 300);
        assert_eq!(change(&mut (0..200).chain(900..999), false).0, 1);
        assert_eq!(change(&mut (999..1000), false), (0, 0));
        assert_eq!(change(&mut (0..1000).step_by(2), true).0, 500);
        let read = engine.begin_read(&tables).expect("it begins");
        let found = rows(read.index_cursor(TableId(0), ALL, Direction::Forward).expect("it opens"));
        let numbers: Vec<_> = found.expect("it walks").into_iter().map(|(_, value)| value).collect();
        assert_eq!(numbers, (0..1000_u64).step_by(2).map(|n| n.to_be_bytes().to_vec()).collect::<Vec<_>>());
    }
}

// The bulk path of redb: long runs, gaps, and runs that meet old keys.
#[test]
fn long_runs_land_in_order() {
    on_every_engine(|engine| {
        let tables = tables(Some(4), None);
        let key = |number: u32| number.to_be_bytes();
        let (even, odd): (Vec<_>, Vec<_>) = (0..4000_u32).map(key).partition(|key| key[3] % 2 == 0);
        let (low, high) = odd.split_at(1500);
        for keys in [&even[..], high, low] {
            let mut writer = engine.begin_write(&tables)?;
            writer.apply(MAP, &mut keys.iter().map(|key| MapChange::Insert(key, key)))?;
            prop_assert_eq!(writer.commit(Durability::Immediate)?, Commit::Committed);
        }
        put(engine, &tables, &[MapChange::Delete(&[9; 4])])?;
        let found = rows(engine.begin_read(&tables)?.cursor(MAP, ALL, Direction::Forward)?)?;
        prop_assert_eq!(found.len(), 4000);
        prop_assert!(found.iter().zip(0_u32..).all(|((found, _), number)| *found == key(number)));
        Ok(())
    });
}

// redb trusts a fixed width, so a key of another length must not get through.
#[test]
fn redb_refuses_a_key_of_the_wrong_width() {
    let engine = Redb::in_memory(None).expect("it opens");
    let tables = tables(Some(4), Some(8));
    let mut writer = engine.begin_write(&tables).expect("it begins");
    let wrong = writer.apply(MAP, &mut [MapChange::Put(b"toolong", b"")].into_iter());
    assert!(wrong.expect_err("refused").to_string().contains("7 bytes in a table of 4-byte keys"));
    assert!(writer.apply_index(INDEX, &mut [IndexChange::Insert(b"four", b"short")].into_iter()).is_err());
}
