//! Consumers work through the journal: what they do for a commit happens once, whatever ends in between; a group shares it, and
//! gives again what nobody acknowledged. S2-45, S4-10, S4-47, C13, C17.

use std::env;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, UNIX_EPOCH};

use kit::bank::{Account, Bank, Total, account, payment};
use kit::memory::{Answer, Memory};
use kit::process::spawn;
use netabase::change::{ChangeSet, Retention};
use netabase::journal::Group;
use netabase::{Error, ErrorKind, Result, Store, WriteTransaction};

/// Adds up what changed.
fn add_up(txn: &mut WriteTransaction<Bank>, set: &ChangeSet<Bank>) -> Result<()> {
    let mut total = txn.get::<Total>(0)?.unwrap_or_default();
    for change in set.of::<Account>() {
        let change = change?;
        let cents = |account: &Option<Account>| account.as_ref().map_or(0, |account| account.cents);
        total.changes += 1;
        total.cents += cents(&change.after) - cents(&change.before);
    }
    txn.upsert(&total).map(drop)
}

#[test]
fn a_consumer_processes_each_commit_once() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("bank.redb");
    {
        let bank = Store::<Bank>::open(&file)?;
        bank.write(|txn| txn.create_batch(&[account(1, 5), account(2, 6)]))?;
        let consumer = bank.consumer("sums")?;
        assert_eq!(
            (consumer.process(add_up)?, consumer.process(add_up)?),
            (1, 0),
            "what it writes is not journaled"
        );
        bank.write(|txn| txn.update(&account(1, 7)))?;
        // Without its end nothing of it is there.
        consumer.process(|txn, set| add_up(txn, set).and(Err(Error::user("no")))).expect_err("it fails");
        assert_eq!(bank.get::<Total>(0)?.map(|total| total.cents), Some(11));
    }
    let bank = Store::<Bank>::open(&file)?;
    let consumer = bank.consumer("sums")?;
    consumer.process(add_up)?;
    assert_eq!(bank.get::<Total>(0)?, Some(Total { id: 0, changes: 3, cents: 13 }));
    assert_eq!(consumer.position()?, bank.journal()?.last()?);
    // Another one has a place of his own.
    let other = bank.consumer("other")?;
    let mut seqs = Vec::new();
    other.process(|_, set| {
        seqs.push(set.seq());
        Ok(())
    })?;
    assert_eq!(seqs.first(), Some(&1));
    other.seek(0)?;
    assert_eq!(other.position()?, 0);
    other.remove()?;
    assert!(bank.verify(|_| {})?.is_clean());
    Ok(())
}

#[test]
fn names_are_checked_and_the_journal_is_needed() -> Result<()> {
    let bank = Store::<Bank>::in_memory()?;
    for name in ["", "a/b", "a\0b", &"x".repeat(201)] {
        assert!(matches!(bank.consumer(name).expect_err("refused").kind(), ErrorKind::InvalidKey { .. }));
    }
    bank.consumer(&"x".repeat(200))?;
    bank.consumer("one")?;
    assert!(matches!(bank.group("one").expect_err("a consumer").kind(), ErrorKind::InvalidKey { .. }));
    let blog = Store::<kit::models::Blog>::in_memory()?;
    assert!(matches!(blog.consumer("one").expect_err("refused").kind(), ErrorKind::NoJournal { .. }));
    // Removed under its hands, it says so.
    let (one, same) = (bank.consumer("one")?, bank.consumer("one")?);
    one.remove()?;
    bank.write(|txn| txn.create(&account(1, 0)))?;
    assert!(matches!(same.process(|_, _| Ok(())).expect_err("gone").kind(), ErrorKind::InvalidKey { .. }));
    Ok(())
}

#[test]
fn a_consumer_sleeps_until_there_is_work() -> Result<()> {
    let bank = Store::<Bank>::in_memory()?;
    let consumer = bank.consumer("sums")?;
    assert!(!consumer.wait(Duration::from_millis(1))?);
    thread::scope(|scope| {
        let waits = scope.spawn(|| consumer.wait(Duration::from_hours(1)));
        bank.write(|txn| txn.create(&account(1, 0)))?;
        assert!(waits.join().expect("it wakes")?);
        Ok::<_, Error>(())
    })?;
    assert!(consumer.wait(Duration::ZERO)?);
    Ok(())
}

#[test]
fn two_threads_of_one_name_share_the_work() -> Result<()> {
    let bank = Store::<Bank>::in_memory()?;
    for id in 0..50 {
        bank.write(|txn| txn.create(&account(id, 1)))?;
    }
    thread::scope(|scope| {
        let workers: Vec<_> =
            (0..4).map(|_| scope.spawn(|| bank.consumer("sums")?.process(add_up))).collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("it works").map(drop))
    })?;
    assert_eq!(bank.get::<Total>(0)?, Some(Total { id: 0, changes: 50, cents: 50 }));
    Ok(())
}

const FILE: &str = "NETABASE_CONSUMER_FILE";

/// Not a test of its own: what the killed process runs. Without a file it has nothing to do.
#[test]
fn child() -> Result<()> {
    let Ok(file) = env::var(FILE) else { return Ok(()) };
    let bank = Store::<Bank>::open(Path::new(&file))?;
    let consumer = bank.consumer("sums")?;
    let next = bank.len::<Account>()?;
    println!("at work");
    thread::scope(|scope| {
        scope.spawn(|| {
            for id in next.. {
                bank.write(|txn| txn.create(&account(id, 1))).expect("it commits");
            }
        });
        loop {
            consumer.process(add_up)?;
            consumer.wait(Duration::from_secs(1))?;
        }
    })
}

// C13: exactly once in effect, whenever the process ends.
#[test]
fn thirty_kills_do_nothing_twice_and_leave_nothing_out() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("bank.redb");
    let (mut last, mut seen) = (0, Vec::new());
    for round in 0..30_u64 {
        let mut child = spawn("consumers::child", &[(FILE, file.as_ref())]);
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        while !lines.next().expect("it works").expect("it reads").contains("at work") {}
        // At moments that differ from round to round.
        thread::sleep(Duration::from_micros(3_000 + round * 1_777 % 20_000));
        child.kill().expect("it dies");
        child.wait().expect("it is dead");

        let bank = Store::<Bank>::open(&file)?;
        let report = bank.verify(|_| {})?;
        assert!(report.is_clean(), "round {round}: {report}");
        let total = bank.get::<Total>(0)?.unwrap_or_default();
        // A watcher goes on behind what it saw before, without a gap and with nothing twice.
        let mut watcher = bank.watch::<Account>().begin_from(last + 1)?;
        while let Some(notice) = watcher.try_next() {
            for event in notice?.events {
                assert!(event.before().is_none(), "accounts are only made");
                seen.push(event.key().clone());
            }
        }
        last = bank.journal()?.last()?;
        let there: Vec<_> = bank.query::<Account>().keys()?.collect::<Result<_>>()?;
        assert!(seen == there, "round {round}");
        let processed = bank.consumer("sums")?.position()?;
        // The journal up to there, added up anew.
        let mut changes = 0;
        for set in bank.journal()?.from(1)? {
            let set = set?;
            if set.seq() <= processed {
                changes += set.of::<Account>().count() as u64;
            }
        }
        assert_eq!(total.changes, changes, "round {round}");
    }
    let bank = Store::<Bank>::open(&file)?;
    bank.consumer("sums")?.process(add_up)?;
    let accounts = bank.len::<Account>()?;
    assert!(accounts > 30);
    assert_eq!(bank.get::<Total>(0)?.map(|total| total.changes), Some(accounts));
    Ok(())
}

fn timed() -> Result<(Store<Bank>, Arc<AtomicU64>)> {
    let now = Arc::new(AtomicU64::new(1_000));
    let seconds = now.clone();
    let clock = move || UNIX_EPOCH + Duration::from_secs(seconds.load(Ordering::Relaxed));
    Ok((Store::builder().in_memory().clock(clock).open()?, now))
}

#[test]
fn what_is_not_acknowledged_is_given_again() -> Result<()> {
    let (bank, now) = timed()?;
    let group = bank.group("workers")?;
    for id in 1..=4 {
        bank.write(|txn| txn.create(&account(id, 0)))?;
        // Nothing in it, so nobody gets it.
        bank.write(|txn| txn.create(&payment(id, id)))?;
    }
    let lease = Duration::from_secs(10);
    let seqs = |claims: &[netabase::journal::Claim<ChangeSet<Bank>>]| -> Vec<(u64, u32)> {
        claims.iter().map(|claim| (claim.seq, claim.attempts)).collect()
    };
    let first = group.claim(2, lease)?;
    assert_eq!(seqs(&first), [(1, 1), (3, 1)]);
    let second = group.claim(9, lease)?;
    assert_eq!(seqs(&second), [(5, 1), (7, 1)]);
    assert!(group.claim(9, lease)?.is_empty());
    assert_eq!(group.in_flight()?, 4);

    assert!(bank.write(|txn| group.acknowledge(txn, &first[0]))?);
    assert!(!bank.write(|txn| group.acknowledge(txn, &first[0]))?, "it is done");
    now.fetch_add(11, Ordering::Relaxed);
    let again = group.claim(2, lease)?;
    assert_eq!(seqs(&again), [(3, 2), (5, 2)]);
    // Whoever had it before is too late, and what he did is taken back.
    let late = bank.write(|txn| {
        txn.create(&account(99, 0))?;
        if group.acknowledge(txn, &first[1])? { Ok(()) } else { Err(Error::user("too late")) }
    });
    assert!(late.is_err() && !bank.contains::<Account>(99)?);
    assert!(bank.write(|txn| group.release(txn, &again[0]))?);
    let released = group.claim(1, lease)?;
    assert_eq!(seqs(&released), [(3, 3)]);
    for claim in [&released[0], &again[1]] {
        assert!(bank.write(|txn| group.acknowledge(txn, claim))?);
    }
    now.fetch_add(11, Ordering::Relaxed);
    let last = group.claim(9, lease)?;
    assert_eq!(seqs(&last), [(7, 2)]);
    assert!(bank.write(|txn| group.acknowledge(txn, &last[0]))?);
    assert_eq!((group.in_flight()?, group.claim(9, lease)?.len()), (0, 0));
    assert!(!group.wait(Duration::from_millis(1))?);
    Ok(())
}

#[test]
fn workers_share_a_group_and_each_item_is_done_once() -> Result<()> {
    let bank = Store::<Bank>::in_memory()?;
    for id in 0..60 {
        bank.write(|txn| txn.create(&account(id, 1)))?;
    }
    let group = bank.group("workers")?;
    let work =
        |fails: u64| -> Result<()> {
            let mut turn = 0;
            while bank.get::<Total>(0)?.is_none_or(|total| total.changes < 60) {
                for claim in group.claim(3, Duration::from_millis(20))? {
                    turn += 1;
                    // Some workers leave their work lying.
                    if fails > 0 && turn % fails == 0 {
                        continue;
                    }
                    bank.write(|txn| {
                        if group.acknowledge(txn, &claim)? { add_up(txn, &claim.item) } else { Ok(()) }
                    })?;
                }
            }
            Ok(())
        };
    thread::scope(|scope| {
        let workers: Vec<_> = [0, 2, 3].map(|fails| scope.spawn(move || work(fails))).into();
        workers.into_iter().try_for_each(|worker| worker.join().expect("it works"))
    })?;
    assert_eq!(bank.get::<Total>(0)?, Some(Total { id: 0, changes: 60, cents: 60 }));
    Ok(())
}

#[test]
fn who_is_new_begins_with_the_first_commit_that_is_kept() -> Result<()> {
    let bank = Store::<Bank>::builder().in_memory().retention(Retention::default().last(2)).open()?;
    for id in 1..=10 {
        bank.write(|txn| txn.create(&account(id, 0)))?;
    }
    let mut seqs = Vec::new();
    bank.consumer("new")?.process(|_, set| {
        seqs.push(set.seq());
        Ok(())
    })?;
    assert_eq!(seqs, [9, 10]);
    let claims = bank.group("workers")?.claim(9, Duration::from_mins(1))?;
    assert_eq!(claims.iter().map(|claim| claim.seq).collect::<Vec<_>>(), [9, 10]);
    Ok(())
}

#[test]
fn what_was_pruned_while_a_worker_had_it_is_given_to_nobody() -> Result<()> {
    let bank = Store::<Bank>::builder().in_memory().retention(Retention::default().last(2)).open()?;
    let group = bank.group("workers")?;
    bank.write(|txn| txn.create(&account(1, 0)))?;
    assert_eq!(group.claim(1, Duration::ZERO)?.len(), 1);
    for id in 2..=3 {
        bank.write(|txn| txn.create(&account(id, 0)))?;
    }
    let claims = group.claim(9, Duration::from_mins(1))?;
    assert_eq!(claims.iter().map(|claim| claim.seq).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(group.in_flight()?, 2);
    Ok(())
}

#[test]
fn a_group_that_lost_commits_says_so_until_it_goes_on_behind_them() -> Result<()> {
    let bank = Store::<Bank>::builder().in_memory().retention(Retention::default().last(2)).open()?;
    let group = bank.group("workers")?;
    for id in 1..=6 {
        bank.write(|txn| txn.create(&account(id, 0)))?;
        if id == 1 {
            assert_eq!(group.claim(1, Duration::ZERO)?.len(), 1);
        }
    }
    for _ in 0..2 {
        let lost = group.claim(9, Duration::from_mins(1)).expect_err("some are gone");
        assert!(matches!(lost.kind(), ErrorKind::BeforeHorizon { from: 2, first: 5 }), "{lost}");
    }
    group.seek(4)?;
    let claims = group.claim(9, Duration::from_mins(1))?;
    assert_eq!(claims.iter().map(|claim| (claim.seq, claim.attempts)).collect::<Vec<_>>(), [(5, 1), (6, 1)]);
    Ok(())
}

#[test]
fn a_claim_that_was_given_back_is_nobodys() -> Result<()> {
    let bank = Store::<Bank>::in_memory()?;
    let group = bank.group("workers")?;
    bank.write(|txn| txn.create(&account(1, 0)))?;
    let lease = Duration::from_mins(1);
    let claim = group.claim(1, lease)?.remove(0);
    assert!(bank.write(|txn| group.release(txn, &claim))?);
    assert!(!bank.write(|txn| group.acknowledge(txn, &claim))?);
    assert!(!bank.write(|txn| group.release(txn, &claim))?);
    let again = group.claim(1, lease)?.remove(0);
    assert_eq!((again.seq, again.attempts), (1, 2));
    assert!(!bank.write(|txn| group.acknowledge(txn, &claim))?);
    assert!(bank.write(|txn| group.acknowledge(txn, &again))?);
    assert!(group.claim(1, lease)?.is_empty());
    Ok(())
}

#[test]
fn a_claim_ends_with_its_group() -> Result<()> {
    let bank = Store::<Bank>::in_memory()?;
    let group = bank.group("workers")?;
    bank.write(|txn| txn.create(&account(1, 0)))?;
    let old = group.claim(1, Duration::from_mins(1))?.remove(0);
    group.remove()?;
    let group = bank.group("workers")?;
    let new = group.claim(1, Duration::from_mins(1))?.remove(0);
    assert_eq!((old.seq, old.attempts), (new.seq, new.attempts));
    assert!(!bank.write(|txn| group.acknowledge(txn, &old))?, "another worker has it");
    assert!(bank.write(|txn| group.acknowledge(txn, &new))?);
    Ok(())
}

#[test]
fn a_claim_is_acknowledged_in_its_own_store() -> Result<()> {
    let (one, other) = (Store::<Bank>::in_memory()?, Store::<Bank>::in_memory()?);
    let groups = [one.group("workers")?, other.group("workers")?];
    for bank in [&one, &other] {
        bank.write(|txn| txn.create(&account(1, 0)))?;
    }
    let claims = [
        groups[0].claim(1, Duration::from_mins(1))?.remove(0),
        groups[1].claim(1, Duration::from_mins(1))?.remove(0),
    ];
    for verb in [Group::acknowledge, Group::release] {
        let refused = other.write(|txn| verb(&groups[0], txn, &claims[0])).expect_err("another store");
        assert!(matches!(refused.kind(), ErrorKind::InvalidKey { .. }), "{refused}");
    }
    assert_eq!(groups[1].in_flight()?, 1);
    Ok(())
}

// Also where the transactions leave memory early.
#[test]
fn no_answer_of_the_engine_makes_a_consumer_work_twice() -> Result<()> {
    let engine = Memory::default();
    let bank = Store::<Bank>::builder().engine(Arc::new(engine.clone())).staging_limit(1).open()?;
    let consumer = bank.consumer("sums")?;
    for id in 0..6 {
        bank.write(|txn| txn.create(&account(id, 1)))?;
    }
    engine.answer([Answer::Conflict, Answer::UnknownDone, Answer::UnknownLost, Answer::Fails]);
    // A conflict alone is nothing that it would tell.
    for _ in 0..3 {
        consumer.process(add_up).expect_err("its end is unknown");
    }
    consumer.process(add_up)?;
    assert_eq!(bank.get::<Total>(0)?, Some(Total { id: 0, changes: 6, cents: 6 }));
    Ok(())
}
