//! Hooks before a change is final see it, may refuse it and may write; those after a commit see all of it. Neither waits for
//! itself. S2-44, C8.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use kit::bank::{Account, Bank, Payment, Total, account, payment};
use kit::company::{Employee, Note, Project, Staff, Task, Work, employee, project};
use kit::memory::Memory;
use netabase::change::{Change, ChangeKind};
use netabase::engine::{Engine, Redb};
use netabase::{Error, ErrorKind, Link, Result, Store};

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
    thread::scope(|scope| {
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

// Other threads wait for their turn; the one that began is told that it would wait for itself.
#[test]
fn a_thread_has_the_turn_of_another_only_while_its_hook_runs() -> Result<()> {
    let bank = Store::<Bank>::builder().in_memory().write_wait(Duration::from_millis(1));
    let bank = bank.before(|_, _: &Change<Account>| Ok(())).open()?;
    let mut txn = bank.begin_write()?;
    thread::scope(|scope| {
        let other = scope.spawn(|| {
            txn.create(&account(1, 0))?;
            bank.begin_write().map(drop)
        });
        let refused = other.join().expect("it ends").expect_err("it did not begin");
        assert!(matches!(refused.kind(), ErrorKind::WriterBusy { .. }), "{refused}");
    });
    assert_eq!(*bank.begin_write().expect_err("it has one").kind(), ErrorKind::Nested);
    txn.commit()?;
    bank.write(|txn| txn.create(&account(2, 0)))
}

// The refused verb alone is taken back, though the engine has what was before it.
#[test]
fn a_refusal_dooms_nothing_where_changes_leave_memory_early() -> Result<()> {
    let no_credit = |_: &mut _, change: &Change<Account>| match &change.after {
        Some(account) if account.cents < 0 => Err(Error::user("no credit")),
        _ => Ok(()),
    };
    let bank = Store::<Bank>::builder().in_memory().staging_limit(1).before(no_credit).open()?;
    bank.write(|txn| {
        txn.create(&account(1, 1))?;
        assert!(txn.create(&account(2, -1)).expect_err("no credit").is_user());
        txn.create(&account(3, 1))
    })?;
    assert_eq!(bank.query::<Account>().collect()?, [account(1, 1), account(3, 1)]);
    Ok(())
}

#[test]
fn hooks_see_each_change_once_where_changes_leave_memory_early() -> Result<()> {
    let told = Arc::new(Mutex::new(Vec::new()));
    let (of_account, of_payment) = (told.clone(), told.clone());
    let bank = Store::<Bank>::builder()
        .in_memory()
        .staging_limit(1)
        .before(move |_, change: &Change<Account>| {
            of_account.lock().unwrap().push(format!("{change:?}"));
            Ok(())
        })
        .before(move |_, change: &Change<Payment>| {
            of_payment.lock().unwrap().push(format!("{change:?}"));
            Ok(())
        })
        .open()?;
    bank.write(|txn| {
        txn.create(&account(1, 0))?;
        txn.create(&payment(1, 1))?;
        txn.create(&payment(2, 1))?;
        txn.delete::<Account>(1).map(drop)
    })?;
    let mut told = told.lock().unwrap().clone();
    told.sort();
    assert_eq!(
        told,
        [
            "Created Account AccountPrimaryKey(1)",
            "Created Payment PaymentPrimaryKey(1)",
            "Created Payment PaymentPrimaryKey(2)",
            "Deleted Account AccountPrimaryKey(1)",
            "Deleted Payment PaymentPrimaryKey(1)",
            "Deleted Payment PaymentPrimaryKey(2)",
        ]
    );
    Ok(())
}

#[test]
fn a_key_that_a_hook_asks_for_is_given_to_nobody_else() -> Result<()> {
    for staging in [1, 1 << 20] {
        // This one refuses what is inserted twice.
        let engines: [Arc<dyn Engine>; 2] = [Arc::new(Memory::default()), Arc::new(Redb::in_memory(None)?)];
        for engine in engines {
            let staff = Store::<Staff>::builder().engine(engine).staging_limit(staging);
            let staff = staff.before(|txn, change: &Change<Employee>| match &change.after {
                Some(boss) if boss.name.starts_with("boss") => {
                    txn.create_auto(&mut employee(0, &format!("assistant of {}", boss.name)))?;
                    txn.create(&Note { id: boss.id, text: "hired".into() })
                }
                _ => Ok(()),
            });
            let staff = staff.open()?;
            staff.write(|txn| {
                txn.create_auto(&mut employee(0, "boss 1"))?;
                txn.create_auto(&mut employee(0, "boss 2")).map(drop)
            })?;
            staff.write(|txn| txn.delete::<Employee>(4).map(drop))?;
            let mut next = employee(0, "next");
            staff.write(|txn| txn.create_auto(&mut next).map(drop))?;
            let ids: Vec<_> = staff.query::<Employee>().collect()?.iter().map(|one| one.id).collect();
            assert_eq!((ids, next.id), (vec![1, 2, 3, 5], 5));
            assert_eq!(staff.len::<Note>()?, 2);
            assert!(staff.verify(|_| {})?.is_clean());
        }
    }
    Ok(())
}

#[test]
fn a_refused_record_leaves_no_link_to_be_checked() -> Result<()> {
    let work = Store::<Work>::builder().in_memory();
    let work = work.before(|_, _: &Change<Task>| Err(Error::user("no"))).open()?;
    work.write(|txn| {
        // A deferred link, which the commit would look at.
        txn.create(&Task { id: 1, project: Link::new(77) }).expect_err("no");
        txn.create(&project(1))
    })?;
    assert_eq!((work.len::<Task>()?, work.len::<Project>()?), (0, 1));
    Ok(())
}
