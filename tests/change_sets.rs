//! Each commit is one change set: numbered, in order, with what became of each record and nothing else. S4-21, S4-25, S4-27, I2.

use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use kit::bank::{Account, Alerts, Bank, BankChange, Payment, account, payment};
use kit::clinic::{DOCTOR, Patient, clinic, ticket};
use kit::memory::{Answer, Memory};
use netabase::change::ChangeKind;
use netabase::{Builder, Error, ErrorKind, Result, Store};

/// What was committed, as lines.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<String>>>);

impl Told {
    fn listen(&self, builder: Builder<Bank>) -> Builder<Bank> {
        let told = self.0.clone();
        builder.after(move |set| {
            let changes: Vec<_> =
                set.iter().map(|change| format!("{:?}", change.expect("it reads"))).collect();
            told.lock().unwrap().push(format!("{} {}", set.seq(), changes.join(", ")));
        })
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

#[test]
fn a_commit_has_one_change_for_each_record_that_it_left_different() -> Result<()> {
    let told = Told::default();
    let bank = told.listen(Store::builder().in_memory()).open()?;
    bank.write(|txn| {
        txn.create(&payment(5, 1)).expect_err("it leads nowhere");
        txn.create(&account(2, 0))?;
        txn.create(&account(1, 0))?;
        txn.create(&payment(5, 1))?;
        // Comes and goes, so nothing is different.
        txn.create(&account(3, 0))?;
        txn.delete::<Account>(3).map(drop)
    })?;
    bank.write(|txn| {
        txn.update(&account(1, 7))?;
        txn.update(&account(1, 8))?;
        txn.update(&account(2, 9))?;
        txn.update(&account(2, 0))
    })?;
    bank.write(|txn| txn.delete::<Account>(1).map(drop))?;
    bank.write(|txn| txn.rekey(2, |account: &mut Account| account.id = 20).map(drop))?;
    assert_eq!(
        told.take(),
        [
            "1 Account(Created Account AccountPrimaryKey(1)), Account(Created Account AccountPrimaryKey(2)), \
             Payment(Created Payment PaymentPrimaryKey(5))",
            "2 Account(Updated Account AccountPrimaryKey(1))",
            "3 Account(Deleted Account AccountPrimaryKey(1)), Payment(Deleted Payment PaymentPrimaryKey(5))",
            // C19: a record under another key is one that goes and one that comes.
            "4 Account(Deleted Account AccountPrimaryKey(2)), Account(Created Account AccountPrimaryKey(20))",
        ]
    );
    Ok(())
}

#[test]
fn what_is_not_committed_is_told_to_nobody() -> Result<()> {
    let told = Told::default();
    let bank = told.listen(Store::builder().in_memory()).open()?;
    bank.write(|txn| txn.create(&account(1, 0)).and(Err::<(), _>(Error::user("no")))).expect_err("it fails");
    drop({
        let mut txn = bank.begin_write()?;
        txn.create(&account(1, 0))?;
        txn
    });
    bank.write(|_| Ok(()))?;
    bank.write(|txn| {
        // A batch that fails half-way.
        txn.create_batch(&[account(7, 0), account(8, 0), account(7, 0)]).expect_err("twice");
        txn.create(&account(9, 0))
    })?;
    // Nothing is different, and numbers have no gaps.
    bank.write(|txn| txn.publish::<Alerts>(&alert()).map(drop))?;
    bank.write(|txn| txn.create(&account(10, 0)))?;
    assert_eq!(
        told.take(),
        [
            "1 Account(Created Account AccountPrimaryKey(9))",
            "2 Account(Created Account AccountPrimaryKey(10))"
        ]
    );
    Ok(())
}

fn alert() -> kit::bank::Alert {
    kit::bank::Alert { account: 1, text: "look".into() }
}

#[test]
fn a_set_has_the_time_the_writer_and_both_values() -> Result<()> {
    let seen = Arc::new(Mutex::new(0));
    let count = seen.clone();
    let at = UNIX_EPOCH + Duration::new(1_000, 7);
    let bank = Store::<Bank>::builder().in_memory().clock(move || at);
    let bank = bank.after(move |set| {
        assert_eq!((set.time(), set.actor()), (at, Some("ada")));
        let changes: Vec<_> = set.of::<Account>().collect::<Result<_>>().expect("they read");
        assert_eq!(set.of::<Payment>().count(), 0);
        let [change] = &changes[..] else { panic!("{changes:?}") };
        let raw: Vec<_> = set.raw().collect::<Result<_>>().expect("they read");
        assert_eq!(
            (raw[0].definition, raw[0].model, raw[0].key),
            ("Bank", "Account", &1_u64.to_be_bytes()[..])
        );
        assert_eq!(raw[0].kind(), change.kind());
        match change.kind() {
            ChangeKind::Created => assert_eq!((&change.before, &change.after), (&None, &Some(account(1, 5)))),
            ChangeKind::Updated => {
                assert_eq!((&change.before, &change.after), (&Some(account(1, 5)), &Some(account(1, 6))));
            }
            ChangeKind::Deleted => assert_eq!((&change.before, &change.after), (&Some(account(1, 6)), &None)),
        }
        assert!(matches!(set.iter().next(), Some(Ok(BankChange::Account(_)))));
        *count.lock().unwrap() += 1;
    });
    let bank = bank.open()?;
    let by_ada = |work: &dyn Fn(&mut netabase::WriteTransaction<Bank>) -> Result<()>| {
        bank.write(|txn| {
            txn.set_actor("ada")?;
            work(txn)
        })
    };
    by_ada(&|txn| txn.create(&account(1, 5)))?;
    by_ada(&|txn| txn.update(&account(1, 6)))?;
    by_ada(&|txn| txn.delete::<Account>(1).map(drop))?;
    assert_eq!(*seen.lock().unwrap(), 3);
    Ok(())
}

#[test]
fn a_transaction_that_outgrows_its_memory_is_told_whole() -> Result<()> {
    let keys = Arc::new(Mutex::new(Vec::new()));
    let told = keys.clone();
    let bank = Store::<Bank>::builder().in_memory().staging_limit(4096).after(move |set| {
        told.lock().unwrap().extend(set.of::<Account>().map(|change| change.expect("it reads").key));
    });
    let bank = bank.open()?;
    let large = |id| Account { owner: "x".repeat(2_000), ..account(id, 1) };
    bank.write(|txn| (0..2_000).try_for_each(|id| txn.create(&large(id))))?;
    let mut keys = keys.lock().unwrap().clone();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 2_000);
    // The journal has it, too, in more than one record.
    let journal = bank.journal()?;
    assert!(journal.len()? > 1);
    assert_eq!(journal.from(1)?.count(), 1);
    assert_eq!(journal.of::<Account>(1)?.count(), 2_000);
    Ok(())
}

// A conflict is met by doing all of it again, also what had left memory.
#[test]
fn a_commit_that_was_tried_twice_is_told_once() -> Result<()> {
    let engine = Memory::default();
    let told = Told::default();
    let bank = told.listen(Store::builder().engine(Arc::new(engine.clone())).staging_limit(1)).open()?;
    engine.answer([Answer::Conflict]);
    bank.write(|txn| (1..=2).try_for_each(|id| txn.create(&account(id, 0))))?;
    assert_eq!(
        told.take(),
        ["1 Account(Created Account AccountPrimaryKey(1)), Account(Created Account AccountPrimaryKey(2))"]
    );
    assert_eq!(bank.journal()?.of::<Account>(1)?.count(), 2);
    Ok(())
}

#[test]
fn a_session_writes_under_the_name_on_its_ticket() -> Result<()> {
    let root = clinic()?;
    let session = root.session(&ticket(DOCTOR).actor("doctor 1"))?;
    session.write(|txn| {
        let refused = txn.set_actor("admin").expect_err("the ticket says who");
        assert!(matches!(refused.kind(), ErrorKind::PermissionDenied { .. }), "{refused}");
        txn.update_with(1, |patient: &mut Patient| patient.cents += 1)
    })?;
    let journal = root.as_owner()?.journal()?;
    let set = journal.from(journal.last()?)?.next().expect("the last one")?;
    assert_eq!(set.actor(), Some("doctor 1"));
    Ok(())
}
