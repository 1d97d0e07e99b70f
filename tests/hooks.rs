//! Hooks before a change is final see it, may refuse it and may write; those after a commit see all of it. Neither waits for
//! itself. S2-44, C8.

use std::sync::{Arc, Mutex};

use kit::bank::{Account, Bank, Payment, Total, account, payment};
use netabase::change::{Change, ChangeKind};
use netabase::{Error, ErrorKind, Result, Store};

#[test]
fn a_refused_change_leaves_no_trace() -> Result<()> {
    let no_credit = |_: &mut _, change: &Change<Account>| match &change.after {
        Some(account) if account.cents < 0 => Err(Error::user("no credit")),
        _ => Ok(()),
    };
    let bank = Store::<Bank>::builder().in_memory().before(no_credit).open()?;
    bank.write(|txn| {
        txn.create(&account(1, 5))?;
        txn.create(&account(2, 5))?;
        // The caller goes on, so each verb is taken back alone.
        for refused in [
            txn.create(&account(3, -1)),
            txn.update(&account(1, -1)),
            txn.update_with(1, |account: &mut Account| account.cents = -1),
            txn.upsert(&account(4, -1)).map(drop),
            txn.rekey(1, |account: &mut Account| (account.id, account.cents) = (9, -1)).map(drop),
            txn.create_batch(&[account(5, 1), account(6, -1)]),
            txn.update_where(Account::OWNER.eq("ada"), |account: &mut Account| account.cents -= 6).map(drop),
        ] {
            assert!(refused.expect_err("no credit").is_user());
        }
        Ok(())
    })?;
    assert_eq!(bank.query::<Account>().collect()?, [account(1, 5), account(2, 5)]);
    assert!(bank.verify(|_| {})?.is_clean());
    assert_eq!(bank.journal()?.of::<Account>(1)?.count(), 2);
    Ok(())
}

#[test]
fn a_hook_writes_with_the_verb_that_it_answers() -> Result<()> {
    let count = |txn: &mut netabase::WriteTransaction<Bank>, change: &Change<Account>| {
        let cents = |account: &Option<Account>| account.as_ref().map_or(0, |account| account.cents);
        let mut total = txn.get::<Total>(0)?.unwrap_or_default();
        total.changes += 1;
        total.cents += cents(&change.after) - cents(&change.before);
        txn.upsert(&total).map(drop)
    };
    let bank = Store::<Bank>::builder().in_memory().before(count).open()?;
    bank.write(|txn| {
        txn.create_batch(&[account(1, 5), account(2, 6)])?;
        txn.update(&account(1, 7))?;
        txn.create_batch(&[account(3, 100), account(1, 0)]).expect_err("it is there");
        Ok(())
    })?;
    bank.write(|txn| txn.delete::<Account>(2).map(drop))?;
    bank.write(|txn| txn.create(&account(4, 1)).and(Err::<(), _>(Error::user("no")))).expect_err("it fails");
    assert_eq!(bank.get::<Total>(0)?, Some(Total { id: 0, changes: 4, cents: 7 }));
    Ok(())
}

#[test]
fn what_a_verb_brings_with_it_is_told_when_all_of_it_is_done() -> Result<()> {
    let told = Arc::new(Mutex::new(Vec::new()));
    let (of_account, of_payment) = (told.clone(), told.clone());
    let bank = Store::<Bank>::builder()
        .in_memory()
        .before(move |txn, change: &Change<Account>| {
            let left = txn.len::<Payment>()?;
            of_account.lock().unwrap().push((change.kind(), left));
            Ok(())
        })
        .before(move |txn, change: &Change<Payment>| {
            let left = txn.len::<Payment>()?;
            of_payment.lock().unwrap().push((change.kind(), left));
            Ok(())
        });
    let bank = bank.open()?;
    bank.write(|txn| {
        txn.create(&account(1, 0))?;
        txn.create_batch(&[payment(1, 1), payment(2, 1)])
    })?;
    told.lock().unwrap().clear();
    bank.write(|txn| txn.delete::<Account>(1).map(drop))?;
    assert_eq!(*told.lock().unwrap(), [(ChangeKind::Deleted, 0); 3]);
    Ok(())
}

#[test]
fn hooks_without_end_are_stopped() -> Result<()> {
    let again = |txn: &mut netabase::WriteTransaction<Bank>, change: &Change<Account>| {
        txn.upsert(&account(change.after.as_ref().map_or(0, |account| account.id) + 1, 0)).map(drop)
    };
    let bank = Store::<Bank>::builder().in_memory().before(again).open()?;
    let refused = bank.write(|txn| txn.create(&account(1, 0))).expect_err("it has no end");
    assert!(matches!(refused.kind(), ErrorKind::HooksTooDeep { .. }), "{refused}");
    assert!(bank.is_empty::<Account>()?);
    Ok(())
}

#[test]
fn a_write_inside_a_hook_is_an_error_and_no_deadlock() -> Result<()> {
    let store: Arc<Mutex<Option<Store<Bank>>>> = Arc::default();
    let refused = Arc::new(Mutex::new(0));
    let nested = {
        let (store, refused) = (store.clone(), refused.clone());
        move || {
            if let Some(store) = &*store.lock().unwrap() {
                let error = store.write(|txn| txn.create(&account(9, 9))).expect_err("a write runs");
                assert_eq!(*error.kind(), ErrorKind::Nested);
                *refused.lock().unwrap() += 1;
                // Reading is allowed.
                let _ = store.len::<Account>();
            }
        }
    };
    let before = nested.clone();
    let bank = Store::<Bank>::builder()
        .in_memory()
        .before(move |_, _: &Change<Account>| {
            before();
            Ok(())
        })
        .after(move |_| nested())
        .open()?;
    *store.lock().unwrap() = Some(bank.clone());
    bank.write(|txn| txn.create(&account(1, 0)))?;
    // Also where another thread commits than the one that began.
    let mut txn = bank.begin_write()?;
    std::thread::scope(|scope| {
        scope.spawn(move || txn.create(&account(2, 0)).and_then(|()| txn.commit()).expect("it commits"));
    });
    assert_eq!((*refused.lock().unwrap(), bank.len::<Account>()?), (4, 2));
    // The hook keeps the store alive otherwise.
    *store.lock().unwrap() = None;
    Ok(())
}

#[test]
fn after_a_commit_its_records_are_there() -> Result<()> {
    let bank: Arc<Mutex<Option<Store<Bank>>>> = Arc::default();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (store, told) = (bank.clone(), seen.clone());
    let opened = Store::<Bank>::builder().in_memory().after(move |_| {
        let store = store.lock().unwrap().clone().expect("it is set");
        told.lock().unwrap().push(store.len::<Account>().expect("it reads"));
    });
    let opened = opened.open()?;
    *bank.lock().unwrap() = Some(opened.clone());
    for id in 0..3 {
        opened.write(|txn| txn.create(&account(id, 0)))?;
    }
    *bank.lock().unwrap() = None;
    assert_eq!(*seen.lock().unwrap(), [1, 2, 3]);
    Ok(())
}
