//! Hooks and wakers are the program's own and may panic: the panic comes to whoever writes, and harms nobody else.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};

use futures_core::Stream;
use kit::bank::{Account, Bank, account};
use kit::feeds::{Counting, numbers};
use netabase::change::Change;
use netabase::{Result, Store, WriteTransaction};

#[test]
fn a_hook_that_panics_refuses_the_verb_and_uses_up_no_depth() -> Result<()> {
    let no_credit = |_: &mut WriteTransaction<Bank>, change: &Change<Account>| match &change.after {
        Some(account) if account.cents < 0 => resume_unwind(Box::new("no credit")),
        _ => Ok(()),
    };
    let bank = Store::<Bank>::builder().in_memory().before(no_credit).open()?;
    bank.write(|txn| {
        // More often than hooks may run because of each other.
        for id in 0..40 {
            catch_unwind(AssertUnwindSafe(|| txn.create(&account(id, -1)))).expect_err("no credit");
        }
        txn.create(&account(50, 1))
    })?;
    assert_eq!(bank.query::<Account>().collect()?, [account(50, 1)]);
    assert!(bank.verify(|_| {})?.is_clean());
    Ok(())
}

#[test]
fn a_hook_is_told_of_a_commit_though_another_panics() -> Result<()> {
    let told = Arc::new(Mutex::new(Vec::new()));
    let to = told.clone();
    let bank = Store::<Bank>::builder()
        .in_memory()
        .after(|set| {
            if set.seq() == 1 {
                resume_unwind(Box::new("on purpose"));
            }
        })
        .after(move |set| to.lock().unwrap().push(set.seq()))
        .open()?;
    let mut watcher = bank.watch::<Account>().begin()?;
    catch_unwind(AssertUnwindSafe(|| bank.write(|txn| txn.create(&account(1, 0))))).expect_err("on purpose");
    bank.write(|txn| txn.create(&account(2, 0)))?;
    assert_eq!(*told.lock().unwrap(), [1, 2]);
    assert_eq!((numbers(&mut watcher), bank.len::<Account>()?), (vec!["1".into(), "2".into()], 2));
    Ok(())
}

/// A waker that panics, and counts how often.
#[derive(Default)]
struct Panicking(AtomicU64);

impl Wake for Panicking {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
        resume_unwind(Box::new("on purpose"))
    }
}

#[test]
fn all_are_woken_though_a_waker_panics() -> Result<()> {
    let bank = Store::<Bank>::in_memory()?;
    let (panicking, counting) = (Arc::new(Panicking::default()), Arc::new(Counting::default()));
    let wakers = [counting.clone().into(), panicking.clone().into(), counting.clone().into()];
    let mut watchers = Vec::new();
    for waker in wakers {
        let mut watcher = bank.watch::<Account>().begin()?;
        let waker: Waker = waker;
        assert!(Pin::new(&mut watcher).poll_next(&mut Context::from_waker(&waker)).is_pending());
        watchers.push(watcher);
    }
    let written = catch_unwind(AssertUnwindSafe(|| bank.write(|txn| txn.create(&account(1, 0)))));
    written.expect_err("on purpose");
    assert_eq!((counting.times(), panicking.0.load(Ordering::SeqCst)), (2, 1));
    // Nobody's turn is left taken.
    bank.write(|txn| txn.create(&account(2, 0)))?;
    for watcher in &mut watchers {
        assert_eq!(numbers(watcher), ["1", "2"]);
    }
    Ok(())
}

#[test]
fn a_hook_that_puts_another_transaction_in_its_place_locks_nobody_out() -> Result<()> {
    let other = Store::<Bank>::in_memory()?;
    let swap = move |txn: &mut WriteTransaction<Bank>, _: &Change<Account>| {
        *txn = other.begin_write()?;
        Ok(())
    };
    let bank = Store::<Bank>::builder().in_memory().before(swap).open()?;
    assert!(bank.write(|txn| txn.create(&account(1, 0))).is_err());
    bank.begin_write().map(drop)
}

#[test]
fn a_panic_takes_nothing_from_the_depth_of_a_batch() -> Result<()> {
    let next = |txn: &mut WriteTransaction<Bank>, change: &Change<Account>| match &change.after {
        Some(account) if account.id == 999 => resume_unwind(Box::new("no")),
        // As deep as hooks may go.
        Some(Account { id, .. }) if *id < 131 => txn.create(&account(id + 1, 0)),
        _ => Ok(()),
    };
    let bank = Store::<Bank>::builder().in_memory().before(next).open()?;
    bank.write(|txn| {
        catch_unwind(AssertUnwindSafe(|| txn.create(&account(999, 0)))).expect_err("it panics");
        txn.create_batch(&[account(100, 0)])
    })?;
    assert_eq!(bank.len::<Account>()?, 32);
    Ok(())
}
