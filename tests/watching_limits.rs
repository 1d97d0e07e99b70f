//! Watchers at their limits: they lag, they come late, others commit, the store closes. Nothing is lost in silence.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use futures_core::Stream;
use kit::bank::{Account, Alert, Alerts, Bank, account};
use kit::feeds::{Counting, numbers};
use kit::memory::{Answer, Memory};
use kit::models::{Author, Blog, Post, author, post};
use netabase::change::Retention;
use netabase::engine::{Engine, Limits, Snapshot, Tables, Write};
use netabase::{Result, Store};

/// What a thread of its own comes to, if it comes to an end.
fn in_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || send.send(work()));
    receive.recv_timeout(Duration::from_secs(10)).ok()
}

#[test]
fn a_lag_is_told_also_when_the_store_has_closed() -> Result<()> {
    let bank = Store::<Bank>::in_memory()?;
    let mut watcher = bank.watch::<Account>().capacity(1).begin()?;
    for id in 1..=3 {
        bank.write(|txn| txn.create(&account(id, 0)))?;
    }
    // With it goes the journal.
    drop(bank);
    assert_eq!(numbers(&mut watcher), ["Lagged { missed: 2 }", "3"]);
    assert!(watcher.next().is_none());
    Ok(())
}

#[test]
fn a_commit_after_the_last_handle_went_is_told() -> Result<()> {
    let bank = Store::<Bank>::in_memory()?;
    let mut watcher = bank.watch::<Account>().begin()?;
    let mut txn = bank.begin_write()?;
    txn.create(&account(1, 0))?;
    drop(bank);
    assert!(watcher.try_next().is_none());
    txn.commit()?;
    assert_eq!(numbers(&mut watcher), ["1"]);
    assert!(watcher.next().is_none());
    Ok(())
}

/// An engine that calls a function before each snapshot.
struct Called {
    engine: Memory,
    function: Mutex<Box<dyn FnMut() + Send>>,
}

impl std::fmt::Debug for Called {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Called")
    }
}

impl Engine for Called {
    fn begin_read(&self, tables: &Tables) -> Result<Arc<dyn Snapshot>> {
        self.function.lock().unwrap()();
        self.engine.begin_read(tables)
    }

    fn begin_write(&self, tables: &Tables) -> Result<Box<dyn Write>> {
        self.engine.begin_write(tables)
    }

    fn table_names(&self) -> Result<Vec<String>> {
        self.engine.table_names()
    }

    fn limits(&self) -> Limits {
        self.engine.limits()
    }
}

#[test]
fn the_last_handle_may_go_while_a_watcher_begins() -> Result<()> {
    // The second look is the one that no commit passes.
    for at in 1..=2 {
        let engine = Arc::new(Called { engine: Memory::default(), function: Mutex::new(Box::new(|| ())) });
        let bank = Store::<Bank>::builder().engine(engine.clone()).open()?;
        let watch = bank.watch::<Account>();
        let (mut looks, mut last) = (0, Some(bank));
        *engine.function.lock().unwrap() = Box::new(move || {
            looks += 1;
            if looks == at {
                let last = last.take();
                thread::spawn(move || drop(last)).join().expect("it ends");
            }
        });
        let mut watcher = in_time(|| watch.begin()).expect("nobody waits for ever")?;
        let mut task = Context::from_waker(Waker::noop());
        assert!(matches!(Pin::new(&mut watcher).poll_next(&mut task), Poll::Ready(None)), "it is closed");
    }
    Ok(())
}

/// A waker that has a handle of the store.
struct Holding(Store<Bank>);

impl Wake for Holding {
    fn wake(self: Arc<Self>) {
        drop(self.0.clone());
    }
}

// It goes when another waker takes its place, and the store closes.
#[test]
fn a_waker_may_hold_the_last_handle() -> Result<()> {
    let bank = Store::<Bank>::in_memory()?;
    let mut watcher = bank.watch::<Account>().begin()?;
    let holding = Waker::from(Arc::new(Holding(bank)));
    assert!(Pin::new(&mut watcher).poll_next(&mut Context::from_waker(&holding)).is_pending());
    drop(holding);
    let polled = in_time(move || {
        let count = Arc::new(Counting::default());
        let waker = Waker::from(count.clone());
        let mut task = Context::from_waker(&waker);
        let first = Pin::new(&mut watcher).poll_next(&mut task).is_pending();
        let second = Pin::new(&mut watcher).poll_next(&mut task);
        (first, count.times(), matches!(second, Poll::Ready(None)))
    });
    assert_eq!(polled, Some((true, 1, true)));
    Ok(())
}

// What was given to the engine before is gone, so the rest alone would be a lie.
#[test]
fn who_comes_late_is_told_of_no_part() -> Result<()> {
    let blog = Store::<Blog>::builder().in_memory().staging_limit(4_000).open()?;
    let mut txn = blog.begin_write()?;
    for id in 0..30 {
        txn.create(&author(id))?;
    }
    let mut authors = blog.watch::<Author>().begin()?;
    txn.create(&author(99))?;
    txn.commit()?;
    assert_eq!(numbers(&mut authors), ["Lagged { missed: 1 }"]);
    Ok(())
}

#[test]
fn nobody_lags_behind_what_is_not_his() -> Result<()> {
    let blog = Store::<Blog>::builder().in_memory().staging_limit(1_000).open()?;
    let mut authors = blog.watch::<Author>().begin()?;
    let mut posts = blog.watch::<Post>().begin()?;
    // More than is kept in memory for those who watch.
    let large = |id| Post { body: "x".repeat(1 << 20), ..post(id, 1, &[]) };
    let mut txn = blog.begin_write()?;
    txn.create_batch(&[large(1), large(2), large(3)])?;
    let mut late = blog.watch::<Author>().begin()?;
    txn.commit()?;
    assert_eq!(numbers(&mut posts), ["Lagged { missed: 1 }"]);
    assert_eq!((numbers(&mut authors), numbers(&mut late)), (vec![], vec![]));
    Ok(())
}

#[test]
fn a_commit_of_unknown_end_is_told_to_nobody_whom_it_cannot_concern() -> Result<()> {
    let engine = Memory::default();
    let open = || {
        let builder = Store::<Bank>::builder().engine(Arc::new(engine.clone()));
        builder.retention(Retention::default().last(2)).open()
    };
    {
        let bank = open()?;
        for id in 0..5 {
            bank.write(|txn| txn.create(&account(id, 0)))?;
        }
    }
    // A message changes no record, whether it is there or not.
    let bank = open()?;
    let mut accounts = bank.watch::<Account>().begin()?;
    for answer in [Answer::UnknownDone, Answer::UnknownLost] {
        engine.answer([answer]);
        let alert = Alert { account: 1, text: "look".into() };
        bank.write(|txn| txn.publish::<Alerts>(&alert)).expect_err("unknown");
        assert_eq!(numbers(&mut accounts), [""; 0]);
    }
    // Nor does an author change a post, or a post another one.
    let engine = Memory::default();
    let blog = Store::<Blog>::builder().engine(Arc::new(engine.clone())).open()?;
    let mut posts = blog.watch::<Post>().filter(Post::ID.eq(7_u64)).begin()?;
    engine.answer([Answer::UnknownLost, Answer::UnknownLost]);
    blog.write(|txn| txn.create(&author(1))).expect_err("unknown");
    blog.write(|txn| txn.create(&post(8, 1, &[]))).expect_err("unknown");
    assert_eq!(numbers(&mut posts), [""; 0]);
    Ok(())
}

#[test]
fn a_watcher_may_begin_with_a_commit_that_is_to_come() -> Result<()> {
    let bank = Store::<Bank>::in_memory()?;
    let mut watcher = bank.watch::<Account>().begin_from(3)?;
    for id in 1..=4 {
        bank.write(|txn| txn.create(&account(id, 0)))?;
    }
    assert_eq!(numbers(&mut watcher), ["3", "4"]);
    Ok(())
}

#[test]
fn what_comes_and_goes_within_a_large_transaction_is_not_told() -> Result<()> {
    let bank = Store::<Bank>::builder().in_memory().staging_limit(200).open()?;
    let mut watcher = bank.watch::<Account>().begin()?;
    bank.write(|txn| {
        txn.create(&account(1, 0))?;
        // The first one leaves memory with this.
        txn.create(&Account { owner: "x".repeat(300), ..account(2, 0) })?;
        txn.delete::<Account>(1).map(drop)
    })?;
    let notice = watcher.try_next().expect("it is told")?;
    assert_eq!(format!("{notice:?}"), "Notice(1: [Enter Account AccountPrimaryKey(2)])");
    Ok(())
}

#[test]
fn of_a_lag_the_part_that_was_pruned_is_told_and_the_rest_is_read() -> Result<()> {
    let bank = Store::<Bank>::builder().in_memory().retention(Retention::default().last(3)).open()?;
    let mut watcher = bank.watch::<Account>().capacity(1).begin()?;
    for id in 1..=10 {
        bank.write(|txn| txn.create(&account(id, 0)))?;
    }
    assert_eq!(numbers(&mut watcher), ["BeforeHorizon { from: 1, first: 8 }", "8", "9", "10"]);
    Ok(())
}

// No journal would tell that its numbers were taken elsewhere.
#[test]
fn what_others_commit_is_read_from_the_journal() -> Result<()> {
    let engine = Memory::default();
    let open = || Store::<Bank>::builder().engine(Arc::new(engine.clone())).open();
    let (one, other) = (open()?, open()?);
    let mut watcher = one.watch::<Account>().begin()?;
    one.write(|txn| txn.create(&account(1, 0)))?;
    other.write(|txn| txn.create(&account(2, 0)))?;
    one.write(|txn| txn.create(&account(3, 0)))?;
    assert_eq!(numbers(&mut watcher), ["1", "2", "3"]);
    Ok(())
}

#[test]
fn what_is_passed_over_does_not_lengthen_the_wait() -> Result<()> {
    let bank = Store::<Bank>::in_memory()?;
    let mut rich = bank.watch::<Account>().filter(Account::CENTS.range(10..)).begin()?;
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        // For some seconds, unless the wait is over before.
        let writer = scope.spawn(|| {
            (0..500).any(|id| {
                bank.write(|txn| txn.create(&account(id, 0))).expect("it commits");
                thread::sleep(Duration::from_millis(10));
                is_over.load(Ordering::SeqCst)
            })
        });
        assert!(rich.next_within(Duration::from_millis(100)).is_none());
        is_over.store(true, Ordering::SeqCst);
        assert!(writer.join().expect("it writes"), "it waited as long as something came");
    });
    Ok(())
}

#[test]
fn a_snapshot_and_what_follows_it_fit_together_though_all_lags_and_spills() -> Result<()> {
    let bank = Store::<Bank>::builder().in_memory().staging_limit(300).open()?;
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            (0..150_u64).try_for_each(|round| {
                bank.write(|txn| {
                    for step in 0..12 {
                        let id = (step * 7 + round) % 23;
                        txn.upsert(&account(id, round.cast_signed()))?;
                        if id % 3 == 0 {
                            txn.delete::<Account>((id + 1) % 23)?;
                        }
                    }
                    Ok(())
                })
            })
        });
        for _ in 0..30 {
            let (snapshot, mut watcher) = bank.watch::<Account>().capacity(3).begin_with_snapshot()?;
            let accounts = snapshot.query::<Account>().collect()?;
            let mut known: BTreeMap<u64, Account> =
                accounts.into_iter().map(|account| (account.id, account)).collect();
            thread::sleep(Duration::from_millis(2));
            let mut last = None;
            while let Some(notice) = watcher.try_next() {
                let notice = notice?;
                assert!(last.is_none_or(|last| notice.seq == last + 1), "no gap");
                last = Some(notice.seq);
                for event in notice.events {
                    let id = event.before().or(event.after()).expect("one of them").id;
                    assert!(known.remove(&id).as_ref() == event.before());
                    known.extend(event.after().cloned().map(|account| (id, account)));
                }
            }
        }
        writer.join().expect("it ends")
    })
}

#[test]
fn watchers_come_and_go_while_commits_run() -> Result<()> {
    let bank = Store::<Bank>::in_memory()?;
    let come_and_go = || -> Result<()> {
        let consumer = bank.consumer("idle")?;
        for _ in 0..50 {
            let mut all = bank.watch::<Account>().begin()?;
            let _few = bank.watch::<Account>().filter(Account::ID.any_of([1_u64, 1, 2])).begin()?;
            let _hers = bank.watch::<Account>().filter(Account::OWNER.eq("ada")).begin()?;
            all.next_within(Duration::from_millis(1)).transpose()?;
            consumer.wait(Duration::from_millis(1))?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let threads = [scope.spawn(come_and_go), scope.spawn(come_and_go)];
        for id in 1..=100 {
            bank.write(|txn| txn.create(&account(id, 1)))?;
        }
        threads.into_iter().try_for_each(|thread| thread.join().expect("it ends"))
    })?;
    let mut watcher = bank.watch::<Account>().begin()?;
    bank.write(|txn| txn.create(&account(101, 1)))?;
    assert_eq!(numbers(&mut watcher), ["101"]);
    Ok(())
}

#[test]
fn what_left_memory_before_is_missed_by_nobody_whom_it_does_not_concern() -> Result<()> {
    let blog = Store::<Blog>::builder().in_memory().staging_limit(1).open()?;
    let mut txn = blog.begin_write()?;
    txn.create(&author(1))?;
    let mut watcher = blog.watch::<Post>().begin()?;
    txn.create(&post(1, 1, &[]))?;
    txn.commit()?;
    assert_eq!(watcher.try_next().expect("it is told")?.events.len(), 1);
    Ok(())
}
