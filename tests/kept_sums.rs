//! Sums that an index keeps with its keys, in the transaction of the record: equal to adding up all records, and read
//! without them. S1-9, S2-37.

use std::collections::BTreeMap;
use std::sync::Arc;

use kit::cases;
use kit::counting::Counting;
use kit::memory::Memory;
use kit::rows::{Table, dump, specs};
use netabase::engine::{Durability, Engine, MapChange, Redb, TableForm, TableId};
use netabase::{ErrorKind, NetabaseDefinition, NetabaseModel, Problem, Result, Store};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[netabase(
    index(name = "by_account", fields(account), sum(cents, fee)),
    index(name = "by_label", fields(labels), sum(cents)),
    index(name = "large", fields(account), when = Entry::is_large, sum(cents)),
)]
struct Entry {
    #[primary_key]
    id: u64,
    account: u8,
    cents: i64,
    fee: Option<u32>,
    labels: Vec<String>,
    #[secondary_key(unique)]
    reference: Option<u64>,
}

impl Entry {
    fn is_large(&self) -> bool {
        self.cents.unsigned_abs() > 2
    }
}

#[derive(NetabaseDefinition)]
enum Books {
    Entry(Entry),
}

fn entry(id: u64, account: u8, cents: i64) -> Entry {
    Entry { id, account, cents, fee: None, labels: Vec::new(), reference: None }
}

const SUMS: &str = "Books/Entry/sums/by_account";

const TABLES: &[Table] = &[
    ("Books/Entry", TableForm::Map, Some(8), None),
    ("Books/Entry/index/reference", TableForm::Map, None, None),
    ("Books/Entry/index/by_account", TableForm::Index, Some(1), Some(8)),
    ("Books/Entry/index/by_label", TableForm::Index, None, Some(8)),
    ("Books/Entry/index/large", TableForm::Index, Some(1), Some(8)),
    (SUMS, TableForm::Map, Some(1), None),
    ("Books/Entry/sums/by_label", TableForm::Map, None, None),
    ("Books/Entry/sums/large", TableForm::Map, Some(1), None),
];

fn books(engine: Arc<dyn Engine>) -> Result<Store<Books>> {
    Store::<Books>::builder().engine(engine).staging_limit(2000).open()
}

#[test]
fn a_kept_sum_is_one_row() -> Result<()> {
    let engine = Counting::new(Redb::in_memory(None)?);
    let counts = engine.counts();
    let store = books(Arc::new(engine))?;
    store
        .write(|txn| (0..1000).try_for_each(|id| txn.create(&entry(id, (id % 4) as u8, id.cast_signed()))))?;
    let snapshot = store.begin_read()?;
    let of = |account: u64| i128::from((0..1000).filter(|id| id % 4 == account).sum::<u64>());
    let (sum, gets, steps) =
        counts.reads_of(|| snapshot.query().filter(Entry::BY_ACCOUNT.eq((3,))).sum(Entry::CENTS));
    assert_eq!((sum?, gets, steps), (of(3), 1, 0));
    let some = Entry::BY_ACCOUNT.any_of([(1,), (2,), (9,)]);
    let (sum, gets, steps) = counts.reads_of(|| snapshot.query().filter(some).sum(Entry::CENTS));
    assert_eq!((sum?, gets, steps), (of(1) + of(2), 3, 0));
    let (sums, gets, steps) = counts.reads_of(|| snapshot.query().sum_by(Entry::BY_ACCOUNT, Entry::CENTS));
    assert_eq!(sums?, [0, 1, 2, 3].map(|account| ((account,), of(account.into()))));
    assert_eq!((gets, steps), (0, 4));
    // What is not kept is added up.
    let ids = snapshot.query().filter(Entry::BY_ACCOUNT.eq((3,)));
    let (number, gets, _) = counts.reads_of(|| ids.select(Entry::ID).map(Iterator::count));
    assert_eq!((number?, gets), (250, 0));
    assert_eq!(snapshot.query().filter(Entry::BY_ACCOUNT.range((2,)..)).sum(Entry::CENTS)?, of(2) + of(3));
    Ok(())
}

// A record with two labels counts under each, and once where both are asked for.
#[test]
fn a_record_of_two_keys_counts_once_in_a_sum_over_both() -> Result<()> {
    let store = Store::<Books>::in_memory()?;
    let labels = vec!["food".to_owned(), "trip".to_owned(), "food".to_owned()];
    store.write(|txn| txn.create(&Entry { labels: labels.clone(), ..entry(1, 1, 500) }))?;
    let sum = |labels: &[&str]| {
        let labels = labels.iter().map(|label| (*label,));
        store.query().filter(Entry::BY_LABEL.any_of(labels)).sum(Entry::CENTS)
    };
    assert_eq!((sum(&["food"])?, sum(&["trip"])?, sum(&["food", "trip"])?), (500, 500, 500));
    let sums = store.query().sum_by(Entry::BY_LABEL, Entry::CENTS)?;
    assert_eq!(sums, [(("food".to_owned(),), 500), (("trip".to_owned(),), 500)]);
    Ok(())
}

// The bytes of docs/format.md.
#[test]
fn rows_of_sums() -> Result<()> {
    let engine: Arc<dyn Engine> = Arc::new(Redb::in_memory(None)?);
    let store = books(engine.clone())?;
    store.write(|txn| {
        txn.create(&Entry { fee: Some(300), ..entry(1, 7, -2) })?;
        txn.create(&entry(2, 7, 1))
    })?;
    let rows = dump(&*engine, TABLES)?;
    // Two records, two sums: -1 and 300, as zigzag varints.
    assert_eq!(rows[SUMS].iter().collect::<Vec<_>>(), [&(vec![7], vec![2, 2, 1, 0xD8, 4])]);
    store.write(|txn| txn.delete_where(Entry::BY_ACCOUNT.eq((7,))))?;
    assert!(dump(&*engine, TABLES)?.values().all(std::collections::BTreeSet::is_empty));
    Ok(())
}

#[test]
fn what_fails_or_is_undone_adds_nothing() -> Result<()> {
    let store = Store::<Books>::in_memory()?;
    store.write(|txn| txn.create(&Entry { reference: Some(5), ..entry(1, 7, 10) }))?;
    let mut txn = store.begin_write()?;
    txn.create(&Entry { reference: Some(5), ..entry(2, 7, 100) }).unwrap_err();
    txn.create_batch(&[entry(3, 7, 1000), entry(1, 7, 1)]).unwrap_err();
    assert_eq!(txn.query().sum_by(Entry::BY_ACCOUNT, Entry::CENTS)?, [((7,), 10)]);
    txn.update_with(1, |entry: &mut Entry| entry.cents = -3)?;
    txn.update_with(1, |entry: &mut Entry| entry.cents = 20)?;
    assert_eq!(txn.query().sum_by(Entry::LARGE, Entry::CENTS)?, [((7,), 20)]);
    txn.abort();
    assert_eq!(store.query().sum_by(Entry::BY_ACCOUNT, Entry::CENTS)?, [((7,), 10)]);
    Ok(())
}

// The largest numbers there are, both ways.
#[test]
fn a_sum_does_not_overflow() -> Result<()> {
    let store = Store::<Books>::in_memory()?;
    store.write(|txn| (0..10).try_for_each(|id| txn.create(&entry(id, 1, i64::MAX))))?;
    store.write(|txn| (10..30).try_for_each(|id| txn.create(&entry(id, 2, i64::MIN))))?;
    let sums = store.query().sum_by(Entry::BY_ACCOUNT, Entry::CENTS)?;
    assert_eq!(sums, [((1,), i128::from(i64::MAX) * 10), ((2,), i128::from(i64::MIN) * 20)]);
    assert_eq!(store.query::<Entry>().sum(Entry::CENTS)?, sums.iter().map(|(_, sum)| sum).sum::<i128>());
    Ok(())
}

/// Writes rows of sums behind netabase's back; `None` removes one.
fn tamper(engine: &dyn Engine, key: &[u8], row: Option<&[u8]>) -> Result<()> {
    let mut writer = engine.begin_write(&specs(TABLES))?;
    let table = TABLES.iter().position(|table| table.0 == SUMS).map(TableId).expect("it is listed");
    let change = row.map_or(MapChange::Delete(key), |row| MapChange::Put(key, row));
    writer.apply(table, &mut [change].into_iter())?;
    writer.commit(Durability::Immediate)?;
    Ok(())
}

#[test]
fn verification_names_sums_that_are_wrong() -> Result<()> {
    let wrong: [(u8, Option<&[u8]>); 6] = [
        (3, Some(&[2, 2, 9, 0])),  // another sum
        (3, Some(&[3, 2, 6, 0])),  // another number of records
        (3, None),                 // a row that is missing
        (99, Some(&[1, 2, 0, 0])), // one too many
        (3, Some(&[0, 2, 0, 0])),  // one that should have gone
        (3, Some(&[7])),           // no such row
    ];
    for (key, row) in wrong {
        let engine: Arc<dyn Engine> = Arc::new(Redb::in_memory(None)?);
        let store = books(engine.clone())?;
        store.write(|txn| (0..200).try_for_each(|id| txn.create(&entry(id, (id % 100) as u8, 1))))?;
        assert!(store.verify(|_| {})?.is_clean());
        drop(store);
        tamper(&*engine, &[key], row)?;
        // Little memory, so that keys are compared in several turns.
        let store = books(engine.clone())?;
        let report = store.verify(|_| {})?;
        let named = if key == 3 { "\"\\x03\"" } else { "\"c\"" };
        let problem = Problem::Sums { table: SUMS.into(), key: named.into() };
        assert_eq!(report.problems, [problem], "{row:?}");
        store.rebuild_indexes(|_| {})?;
        assert!(store.verify(|_| {})?.is_clean());
        assert_eq!(store.query().filter(Entry::BY_ACCOUNT.eq((3,))).sum(Entry::CENTS)?, 2);
    }
    Ok(())
}

#[test]
fn a_damaged_row_of_sums_is_an_error() -> Result<()> {
    let engine: Arc<dyn Engine> = Arc::new(Redb::in_memory(None)?);
    let store = books(engine.clone())?;
    store.write(|txn| txn.create(&entry(1, 3, 1)))?;
    drop(store);
    tamper(&*engine, &[3], Some(&[1]))?;
    let store = books(engine)?;
    let read = store.query().filter(Entry::BY_ACCOUNT.eq((3,))).sum(Entry::CENTS).unwrap_err();
    let write = store.write(|txn| txn.create(&entry(2, 3, 1))).unwrap_err();
    for error in [read, write] {
        assert!(matches!(error.kind(), ErrorKind::Corrupt { .. }), "{error}");
        assert!(error.to_string().contains("the sums of Entry.by_account"), "{error}");
    }
    assert_eq!(store.len::<Entry>()?, 1);
    Ok(())
}

fn some_entry() -> impl Strategy<Value = Entry> {
    let labels = proptest::collection::vec(prop::sample::select(vec!["a", "b"]), 0..3);
    (0..12_u64, 0..3_u8, -4..5_i64, proptest::option::of(0..3_u32), labels).prop_map(
        |(id, account, cents, fee, labels)| {
            let labels = labels.into_iter().map(str::to_owned).collect();
            Entry { fee, labels, ..entry(id, account, cents) }
        },
    )
}

proptest! {
    #![proptest_config(cases(80))]

    #[test]
    fn kept_sums_are_those_of_the_records(
        steps in proptest::collection::vec((some_entry(), 0..3_u8), 1..60), in_redb: bool, batches: bool,
    ) {
        let engine: Arc<dyn Engine> =
            if in_redb { Arc::new(Redb::in_memory(None)?) } else { Arc::new(Memory::default()) };
        let store = books(engine)?;
        for chunk in steps.chunks(9) {
            let mut txn = store.begin_write()?;
            for (entry, step) in chunk {
                match step {
                    0 => { txn.delete::<Entry>(entry.id)?; }
                    _ if batches => { txn.upsert_batch([entry])?; }
                    _ => { txn.upsert(entry)?; }
                }
            }
            let mut by_account: BTreeMap<(u8,), (i128, i128)> = BTreeMap::new();
            for entry in txn.query::<Entry>().collect()? {
                let (cents, fees) = by_account.entry((entry.account,)).or_default();
                *cents += i128::from(entry.cents);
                *fees += i128::from(entry.fee.unwrap_or(0));
            }
            let cents = txn.query().sum_by(Entry::BY_ACCOUNT, Entry::CENTS)?;
            let fees = txn.query().sum_by(Entry::BY_ACCOUNT, Entry::FEE)?;
            prop_assert_eq!(cents, by_account.iter().map(|(key, sums)| (*key, sums.0)).collect::<Vec<_>>());
            prop_assert_eq!(fees, by_account.iter().map(|(key, sums)| (*key, sums.1)).collect::<Vec<_>>());
            txn.commit()?;
            let report = store.verify(|_| {})?;
            prop_assert!(report.is_clean(), "{}", report);
        }
    }
}

/// The same models without what is kept.
mod before {
    use super::*;

    #[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
    #[netabase(index(name = "by_account", fields(account)))]
    pub(super) struct Entry {
        #[primary_key]
        pub(super) id: u64,
        pub(super) account: u8,
        pub(super) cents: i64,
        pub(super) fee: Option<u32>,
        pub(super) labels: Vec<String>,
        #[secondary_key(unique)]
        pub(super) reference: Option<u64>,
    }

    #[derive(NetabaseDefinition)]
    pub(super) enum Books {
        Entry(Entry),
    }
}

// An index that begins to keep sums is filled, one that ceases drops them.
#[test]
fn sums_come_and_go_with_the_program() -> Result<()> {
    let engine: Arc<dyn Engine> = Arc::new(Redb::in_memory(None)?);
    let old = Store::<before::Books>::builder().engine(engine.clone()).open()?;
    let record =
        |id: u64| before::Entry { id, account: 7, cents: -5, fee: None, labels: Vec::new(), reference: None };
    old.write(|txn| (0..100).try_for_each(|id| txn.create(&record(id))))?;
    drop(old);
    let store = books(engine.clone())?;
    assert_eq!(store.query().sum_by(Entry::BY_ACCOUNT, Entry::CENTS)?, [((7,), -500)]);
    assert!(store.verify(|_| {})?.is_clean());
    drop(store);
    let discards = Store::<before::Books>::builder().engine(engine.clone());
    let old = discards.discard("Entry.by_label").discard("Entry.large").open()?;
    assert!(old.verify(|_| {})?.is_clean());
    assert!(engine.table_names()?.iter().all(|name| !name.contains("/sums/")));
    old.write(|txn| txn.delete::<before::Entry>(1))?;
    drop(old);
    assert_eq!(books(engine)?.query().sum_by(Entry::BY_ACCOUNT, Entry::CENTS)?, [((7,), -495)]);
    Ok(())
}

/// An index that not all records are in, of whose keys there are sums.
mod sparse {
    use super::*;

    #[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
    #[netabase(index(name = "gain", key = Sale::gain -> i64, when = Sale::is_gain))]
    pub(super) struct Sale {
        #[primary_key]
        pub(super) id: u64,
        #[secondary_key]
        pub(super) shop: u8,
        pub(super) cents: i64,
    }

    impl Sale {
        fn gain(&self) -> i64 {
            self.cents
        }

        fn is_gain(&self) -> bool {
            self.cents > 0
        }
    }

    #[derive(NetabaseDefinition)]
    pub(super) enum Shops {
        Sale(Sale),
    }
}

#[test]
fn records_without_the_key_add_nothing() -> Result<()> {
    use sparse::{Sale, Shops};
    let store = Store::<Shops>::in_memory()?;
    let sales =
        [(1, 7, 5), (2, 7, -3), (3, 8, -1), (4, 9, 2)].map(|(id, shop, cents)| Sale { id, shop, cents });
    store.write(|txn| txn.create_batch(&sales))?;
    assert_eq!(store.query().sum(Sale::GAIN)?, 7);
    assert_eq!(store.query().sum_by(Sale::SHOP, Sale::GAIN)?, [(7, 5), (9, 2)]);
    assert_eq!(store.query().filter(Sale::SHOP.range(..9)).sum_by(Sale::SHOP, Sale::GAIN)?, [(7, 5)]);
    Ok(())
}

// A range is not kept, and reads no more than it must.
#[test]
fn lowest_and_highest_keys_are_the_ends_of_an_index() -> Result<()> {
    let engine = Counting::new(Redb::in_memory(None)?);
    let counts = engine.counts();
    let store = books(Arc::new(engine))?;
    store.write(|txn| (1..1000).try_for_each(|id| txn.create(&entry(id, (id % 50) as u8, 0))))?;
    let snapshot = store.begin_read()?;
    let (ends, gets, steps) = counts.reads_of(|| -> Result<_> {
        let query = || snapshot.query::<Entry>();
        Ok((query().min(Entry::ID)?, query().max(Entry::ID)?, query().max(Entry::BY_ACCOUNT)?))
    });
    assert_eq!(ends?, (Some(1.into()), Some(999.into()), Some((49,))));
    assert!(gets == 0 && steps <= 3, "{gets} gets, {steps} steps");
    assert_eq!(snapshot.query().min(Entry::REFERENCE)?, None);
    Ok(())
}
