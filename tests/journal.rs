//! The journal keeps what was committed: readable by commit, by model and by record, numbered without gaps over restarts, kept as
//! long as was asked for. S4-12, S4-14, S4-15, S4-47, C17.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use kit::bank::{Account, Bank, Payment, account, payment};
use kit::kept::{After, Before, Between, Kept, Note, kept, unkept};
use kit::models::{Blog, author};
use netabase::change::Retention;
use netabase::engine::{Engine, MapChange, Redb, RedbOptions, TableForm, TableId, TableSpec, Tables};
use netabase::{Durability, ErrorKind, Result, Store};
use proptest::prelude::*;

#[test]
fn it_is_read_by_commit_by_model_and_by_record() -> Result<()> {
    let bank = Store::<Bank>::in_memory()?;
    assert_eq!((bank.journal()?.first()?, bank.journal()?.last()?), (None, 0));
    bank.write(|txn| txn.create_batch(&[account(1, 0), account(2, 0)]))?;
    // Not journaled: the commit has its number, and nothing in it.
    bank.write(|txn| txn.create(&payment(1, 1)))?;
    bank.write(|txn| txn.update(&account(2, 5)))?;
    bank.write(|txn| txn.delete::<Account>(1).map(drop))?;

    let journal = bank.journal()?;
    assert_eq!((journal.first()?, journal.last()?), (Some(1), 4));
    let seqs: Vec<_> = journal.from(2)?.map(|set| set.map(|set| set.seq())).collect::<Result<_>>()?;
    assert_eq!(seqs, [2, 3, 4]);
    let of: Vec<_> = journal.of::<Account>(2)?.collect::<Result<_>>()?;
    assert_eq!(
        format!("{of:?}"),
        "[(3, Updated Account AccountPrimaryKey(2)), (4, Deleted Account AccountPrimaryKey(1))]"
    );
    let of_two: Vec<_> = journal.of_key::<Account>(0, 2)?.collect::<Result<_>>()?;
    assert_eq!(of_two.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), [1, 3]);
    assert!(matches!(
        journal.of::<Payment>(1).err().expect("none").kind(),
        ErrorKind::NoJournal { name: "Payment" }
    ));
    // A snapshot has the journal of its moment.
    bank.write(|txn| txn.create(&account(3, 0)))?;
    assert_eq!((journal.last()?, bank.journal()?.last()?), (4, 5));
    // Behind the end there is nothing.
    assert_eq!(journal.from(99)?.count(), 0);
    assert!(matches!(
        Store::<Blog>::in_memory()?.journal().expect_err("none").kind(),
        ErrorKind::NoJournal { name: "Blog" }
    ));
    Ok(())
}

#[test]
fn a_store_without_a_journal_writes_none() -> Result<()> {
    let blog = Store::<Blog>::in_memory()?;
    blog.write(|txn| txn.create(&author(1)))?;
    let tables: Vec<_> =
        blog.stats()?.tables.into_iter().filter(|table| table.rows > 0).map(|table| table.name).collect();
    assert!(!tables.iter().any(|name| name == "netabase.journal"), "{tables:?}");
    Ok(())
}

#[test]
fn numbers_go_on_after_a_restart() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("bank.redb");
    for round in 0..3_u64 {
        let bank = Store::<Bank>::open(&file)?;
        assert_eq!(bank.journal()?.last()?, 2 * round);
        bank.write(|txn| txn.create(&account(2 * round, 0)))?;
        bank.write(|txn| txn.create(&account(2 * round + 1, 0)))?;
    }
    let bank = Store::<Bank>::open(&file)?;
    let seqs: Vec<_> = bank.journal()?.from(1)?.map(|set| set.map(|set| set.seq())).collect::<Result<_>>()?;
    assert_eq!(seqs, [1, 2, 3, 4, 5, 6]);
    Ok(())
}

#[test]
fn retention_keeps_what_any_rule_asks_for() -> Result<()> {
    let open = |retention: Retention, now: &Arc<AtomicU64>| {
        let now = now.clone();
        let clock = move || UNIX_EPOCH + Duration::from_secs(now.load(Ordering::Relaxed));
        Store::<Bank>::builder().in_memory().clock(clock).retention(retention).open()
    };
    let commit = |bank: &Store<Bank>, now: &Arc<AtomicU64>| -> Result<()> {
        for id in 0..20 {
            now.fetch_add(1, Ordering::Relaxed);
            bank.write(|txn| txn.upsert(&account(id, 0)))?;
        }
        Ok(())
    };
    let first = |bank: &Store<Bank>| bank.journal()?.first();
    let now = Arc::new(AtomicU64::new(0));

    let by_number = open(Retention::default().last(3), &now)?;
    commit(&by_number, &now)?;
    assert_eq!(first(&by_number)?, Some(18));
    let refused = by_number.journal()?.from(17).expect_err("it is gone");
    assert!(matches!(refused.kind(), ErrorKind::BeforeHorizon { from: 17, first: 18 }), "{refused}");

    let by_age = open(Retention::default().within(Duration::from_secs(5)), &now)?;
    commit(&by_age, &now)?;
    assert_eq!(first(&by_age)?, Some(15));

    let by_either = open(Retention::default().last(3).within(Duration::from_secs(5)), &now)?;
    commit(&by_either, &now)?;
    assert_eq!(first(&by_either)?, Some(15));

    let by_consumers = open(Retention::default().until_processed(), &now)?;
    commit(&by_consumers, &now)?;
    assert_eq!(first(&by_consumers)?, Some(1), "nobody has processed it");
    let (fast, slow) = (by_consumers.consumer("fast")?, by_consumers.consumer("slow")?);
    fast.process(|_, _| Ok(()))?;
    commit(&by_consumers, &now)?;
    assert_eq!(first(&by_consumers)?, Some(1));
    let mut left = 5;
    slow.process(|_, _| {
        left -= 1;
        if left == 0 { Err(netabase::Error::user("enough")) } else { Ok(()) }
    })
    .expect_err("it has enough");
    by_consumers.write(|txn| txn.upsert(&account(1, 77)))?;
    assert_eq!(first(&by_consumers)?, Some(5));
    // The last one stays, so that numbers go on.
    let none = open(Retention::default().last(0), &now)?;
    commit(&none, &now)?;
    assert_eq!((first(&none)?, none.journal()?.last()?), (Some(20), 20));
    Ok(())
}

// A history with a hole in it is not read as if it had none.
#[test]
fn a_model_has_a_history_since_it_is_journaled() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("bank.redb");
    Store::<Before>::open(&file)?.write(|txn| txn.create(&unkept(1)))?;
    {
        let bank = Store::<After>::open(&file)?;
        bank.write(|txn| txn.create(&kept(2)))?;
        assert_eq!(bank.journal()?.of::<Kept>(1)?.count(), 1);
    }
    Store::<Between>::open(&file)?.write(|txn| txn.create(&unkept(3)))?;
    let bank = Store::<After>::open(&file)?;
    bank.write(|txn| txn.create(&kept(4)))?;
    let journal = bank.journal()?;
    let refused = journal.of::<Kept>(1).err().expect("it has a hole");
    assert!(matches!(refused.kind(), ErrorKind::BeforeHorizon { from: 1, first: 3 }), "{refused}");
    assert_eq!(journal.of::<Kept>(3)?.count(), 1);
    assert_eq!(journal.of::<Note>(1)?.count(), 0, "it always was");
    assert_eq!(journal.from(1)?.count(), 3);
    Ok(())
}

fn tables() -> Tables {
    Arc::new([TableSpec {
        name: "netabase.journal".into(),
        form: TableForm::Map,
        key_width: Some(12),
        value_width: None,
    }])
}

// C17, C24: a damaged or missing record is told, never skipped.
#[test]
fn a_damaged_journal_is_refused() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("bank.redb");
    let bank = Store::<Bank>::open(&file)?;
    for id in 1..=3 {
        bank.write(|txn| txn.create(&account(id, 0)))?;
    }
    drop(bank);
    let key = [&2_u64.to_be_bytes()[..], &[0; 4]].concat();
    let second = {
        let engine = Redb::open(&file, &RedbOptions::default())?;
        let snapshot = engine.begin_read(&tables())?;
        snapshot.get(TableId(0), &key)?.expect("it is there").to_vec()
    };
    let mut flipped = second.clone();
    flipped[20] ^= 1;
    for change in [MapChange::Delete(&key), MapChange::Put(&key, &flipped), MapChange::Put(&key, &[])] {
        {
            let engine = Redb::open(&file, &RedbOptions::default())?;
            let mut writer = engine.begin_write(&tables())?;
            writer.apply(TableId(0), &mut [change].into_iter())?;
            writer.commit(Durability::Immediate)?;
        }
        let bank = Store::<Bank>::open(&file)?;
        let sets: Vec<_> = bank.journal()?.from(1)?.take(2).collect();
        assert!(sets[0].is_ok());
        assert!(matches!(sets[1].as_ref().expect_err("damaged").kind(), ErrorKind::Corrupt { .. }));
        assert!(!bank.verify(|_| {})?.is_clean());
    }
    let engine = Redb::open(&file, &RedbOptions::default())?;
    let mut writer = engine.begin_write(&tables())?;
    writer.apply(TableId(0), &mut [MapChange::Put(&key, &second)].into_iter())?;
    writer.commit(Durability::Immediate)?;
    drop(engine);
    let bank = Store::<Bank>::open(&file)?;
    assert_eq!(bank.journal()?.from(1)?.flatten().count(), 3);
    assert!(bank.verify(|_| {})?.is_clean());
    Ok(())
}

/// One transaction, and whether it is committed.
fn transactions() -> impl Strategy<Value = Vec<(Vec<(u8, u64, i64)>, bool)>> {
    let verb = (0..5_u8, 0..12_u64, 0..4_i64);
    prop::collection::vec((prop::collection::vec(verb, 0..8), prop::bool::weighted(0.8)), 0..12)
}

proptest! {
    #![proptest_config(kit::cases(64))]

    // A replayed journal gives tables with equal contents, whatever the limit of memory was. Each change begins where the last ended.
    #[test]
    fn a_replayed_journal_gives_equal_records(
        transactions in transactions(), staging in prop::sample::select(vec![1, 300, 1 << 20]),
    ) {
        let bank = Store::<Bank>::builder().in_memory().staging_limit(staging).open()?;
        for (verbs, keep) in transactions {
            let done = bank.write(|txn| {
                for (verb, id, cents) in &verbs {
                    let record = account(*id, *cents);
                    // What is refused changes nothing.
                    let _ = match verb {
                        0 => txn.create(&record),
                        1 => txn.update(&record),
                        2 => txn.upsert(&record).map(drop),
                        3 => txn.delete::<Account>(*id).map(drop),
                        _ => txn.rekey(*id, |account: &mut Account| account.id = 12 + *id).map(drop),
                    };
                }
                if keep { Ok(()) } else { Err(netabase::Error::user("no")) }
            });
            prop_assert_eq!(done.is_ok(), keep);
        }
        let mut replayed: BTreeMap<u64, Account> = BTreeMap::new();
        for set in bank.journal()?.from(1)? {
            for change in set?.of::<Account>() {
                let change = change?;
                let id = change.before.as_ref().or(change.after.as_ref()).expect("one of them").id;
                prop_assert_eq!(replayed.remove(&id), change.before);
                replayed.extend(change.after.map(|account| (id, account)));
            }
        }
        prop_assert_eq!(replayed.into_values().collect::<Vec<_>>(), bank.query::<Account>().collect()?);
    }
}

// S4-14.
#[test]
fn the_journal_is_read_in_pieces_of_whole_commits() -> Result<()> {
    let bank = Store::<Bank>::in_memory()?;
    for id in 1..=50 {
        bank.write(|txn| txn.create(&account(id, 5)))?;
    }
    let journal = bank.journal()?;
    for max_bytes in [0, 100, 1000, usize::MAX] {
        let (mut next, mut pieces) = (1, 0);
        while let sets = journal.read_from(next, max_bytes)?
            && let (Some(first), Some(last)) = (sets.first(), sets.last())
        {
            assert_eq!(first.seq(), next);
            next = last.seq() + 1;
            pieces += 1;
        }
        assert_eq!(next, 51);
        assert!(
            matches!((max_bytes, pieces), (0, 50) | (100, 10..=50) | (1000, 2..=9) | (usize::MAX, 1)),
            "{pieces}"
        );
    }
    Ok(())
}
