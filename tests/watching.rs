//! Watchers are told what becomes of the records that they ask for: in commit order, whole, once, and without polling. S3-7, S4-10,
//! C13, C30.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use futures_core::Stream;
use kit::bank::{Account, Bank, Payment, account, payment};
use kit::clinic::{Clinic, DOCTOR, NURSE, Note, Patient, clinic, note, patient, ticket};
use kit::feeds::{Counting, numbers};
use kit::memory::{Answer, Memory};
use kit::models::{Author, Blog, Post, author, post};
use netabase::watch::{Event, Notice, Watcher};
use netabase::{Error, ErrorKind, Result, Store};
use proptest::prelude::*;

/// What is there to be told, as text.
fn told<M: netabase::NetabaseModel>(watcher: &mut Watcher<M>) -> Result<Vec<String>> {
    let mut told = Vec::new();
    while let Some(notice) = watcher.try_next() {
        told.push(format!("{:?}", notice?));
    }
    Ok(told)
}

#[test]
fn a_filter_is_tested_before_and_after() -> Result<()> {
    let blog = Store::<Blog>::in_memory()?;
    blog.write(|txn| txn.create(&author(1)))?;
    let mut by_tag = blog.watch::<Post>().filter(Post::TAGS.eq("rust")).begin()?;
    let mut by_day =
        blog.watch::<Post>().filter(Post::DAY.range(5..).and(Post::TAGS.eq("rust").not())).begin()?;
    let mut by_body = blog.watch::<Post>().filter(Post::BODY.eq(String::new())).begin()?;
    let mut by_key = blog.watch::<Post>().filter(Post::ID.any_of([2_u64, 3])).begin()?;
    blog.write(|txn| txn.create_batch(&[post(1, 1, &["rust"]), post(2, 9, &["go"])]))?;
    blog.write(|txn| txn.update(&post(1, 2, &["rust", "go"])))?;
    blog.write(|txn| txn.update(&post(1, 5, &["go"])))?;
    blog.write(|txn| txn.update(&post(1, 1, &["go"])))?;
    blog.write(|txn| txn.update(&post(2, 1, &["rust"])))?;
    blog.write(|txn| txn.delete::<Post>(2).map(drop))?;
    assert_eq!(
        told(&mut by_tag)?,
        [
            "Notice(2: [Enter Post PostPrimaryKey(1)])",
            "Notice(3: [Update Post PostPrimaryKey(1)])",
            "Notice(4: [Leave Post PostPrimaryKey(1)])",
            "Notice(6: [Enter Post PostPrimaryKey(2)])",
            "Notice(7: [Leave Post PostPrimaryKey(2)])",
        ]
    );
    assert_eq!(
        told(&mut by_day)?,
        [
            "Notice(2: [Enter Post PostPrimaryKey(2)])",
            "Notice(4: [Enter Post PostPrimaryKey(1)])",
            "Notice(5: [Leave Post PostPrimaryKey(1)])",
            "Notice(6: [Leave Post PostPrimaryKey(2)])",
        ]
    );
    assert_eq!(told(&mut by_body)?.len(), 6);
    assert_eq!(told(&mut by_key)?.len(), 3);
    Ok(())
}

// An index that the filter asks finds the watcher: by a relation, by what was, by the first field of several.
#[test]
fn a_filter_on_few_keys_finds_what_had_them_and_what_has_them() -> Result<()> {
    let bank = Store::<Bank>::in_memory()?;
    bank.write(|txn| txn.create_batch(&[account(1, 0), account(2, 0)]))?;
    let mut of_account = bank.watch::<Payment>().filter(Payment::ACCOUNT.eq(2)).begin()?;
    bank.write(|txn| txn.create(&payment(1, 1)))?;
    bank.write(|txn| txn.create(&payment(2, 2)))?;
    bank.write(|txn| txn.rekey(2, |account: &mut Account| account.id = 9).map(drop))?;
    assert_eq!(numbers(&mut of_account), ["3", "4"]);

    let owner = clinic()?.as_owner()?;
    let mut by_author = owner.watch::<Note>().filter(Note::BY_AUTHOR.eq((1_u64,))).begin()?;
    let mut by_email = owner.watch::<Patient>().filter(Patient::EMAIL.eq("1@example.org")).begin()?;
    let mut by_none = owner.watch::<Patient>().filter(Patient::ID.any_of(Vec::<u64>::new())).begin()?;
    owner.write(|txn| txn.create(&note(50, 1, 1)))?;
    owner.write(|txn| txn.create(&note(51, 1, 2)))?;
    owner.write(|txn| txn.update_with(51, |note: &mut Note| note.author = 1))?;
    owner.write(|txn| txn.update_with(1, |patient: &mut Patient| patient.email = "x".into()))?;
    assert_eq!(numbers(&mut by_author), ["2", "4"]);
    assert_eq!(numbers(&mut by_email), ["5"]);
    assert_eq!(numbers(&mut by_none), [""; 0]);
    Ok(())
}

#[test]
fn both_values_come_with_an_event() -> Result<()> {
    let bank = Store::<Bank>::in_memory()?;
    let mut watcher = bank.watch::<Account>().filter(Account::CENTS.range(10..)).begin()?;
    bank.write(|txn| txn.create(&account(1, 0)))?;
    bank.write(|txn| txn.update(&account(1, 10)))?;
    bank.write(|txn| txn.update(&account(1, 11)))?;
    bank.write(|txn| txn.update(&account(1, 1)))?;
    let mut next = || -> Result<Event<Account>> {
        let Notice { mut events, .. } = watcher.try_next().expect("it is there")?;
        Ok(events.remove(0))
    };
    let key = || kit::bank::AccountPrimaryKey::from(1);
    assert!(next()? == Event::Enter { key: key(), before: Some(account(1, 0)), after: account(1, 10) });
    assert!(next()? == Event::Update { key: key(), before: account(1, 10), after: account(1, 11) });
    assert!(next()? == Event::Leave { key: key(), before: account(1, 11), after: Some(account(1, 1)) });
    Ok(())
}

#[test]
fn what_is_taken_back_is_not_told() -> Result<()> {
    let engine = Memory::default();
    let bank = Store::<Bank>::builder().engine(Arc::new(engine.clone())).open()?;
    let mut watcher = bank.watch::<Payment>().begin()?;
    bank.write(|txn| txn.create(&account(1, 0)))?;
    bank.write(|txn| txn.create(&payment(1, 1)).and(Err::<(), _>(Error::user("no")))).expect_err("it fails");
    engine.answer([Answer::Conflict, Answer::Conflict]);
    bank.write(|txn| txn.create(&payment(2, 1)))?;
    engine.answer([Answer::Fails]);
    bank.write(|txn| txn.create(&payment(3, 1))).expect_err("it fails");
    let told: Vec<_> = std::iter::from_fn(|| watcher.try_next()).collect();
    assert_eq!(
        format!("{:?}", told[0].as_ref().expect("a notice").events),
        "[Enter Payment PaymentPrimaryKey(2)]"
    );
    // Whether the last one took place nobody knows, so that is what is told.
    assert!(matches!(told[1].as_ref().expect_err("unknown").kind(), ErrorKind::Lagged { .. }));
    assert_eq!(told.len(), 2);
    Ok(())
}

// Where there is a journal, it knows.
#[test]
fn after_a_commit_of_unknown_end_the_journal_is_asked() -> Result<()> {
    let engine = Memory::default();
    let bank = Store::<Bank>::builder().engine(Arc::new(engine.clone())).open()?;
    let mut watcher = bank.watch::<Account>().begin()?;
    engine.answer([Answer::UnknownDone]);
    bank.write(|txn| txn.create(&account(1, 0))).expect_err("unknown");
    engine.answer([Answer::UnknownLost]);
    bank.write(|txn| txn.create(&account(2, 0))).expect_err("unknown");
    bank.write(|txn| txn.create(&account(3, 0)))?;
    assert_eq!(
        told(&mut watcher)?,
        [
            "Notice(1: [Enter Account AccountPrimaryKey(1)])",
            "Notice(2: [Enter Account AccountPrimaryKey(3)])"
        ]
    );
    Ok(())
}

#[test]
fn who_comes_while_a_transaction_runs_is_told_of_it() -> Result<()> {
    let blog = Store::<Blog>::in_memory()?;
    let mut txn = blog.begin_write()?;
    txn.create(&author(1))?;
    let (snapshot, mut watcher) = blog.watch::<Author>().begin_with_snapshot()?;
    txn.create(&author(2))?;
    assert!(watcher.try_next().is_none());
    txn.commit()?;
    assert!(snapshot.is_empty::<Author>()?);
    assert_eq!(
        told(&mut watcher)?,
        ["Notice(1: [Enter Author AuthorPrimaryKey(1), Enter Author AuthorPrimaryKey(2)])"]
    );
    // Of one that had left memory before, part is gone.
    let blog = Store::<Blog>::builder().in_memory().staging_limit(1).open()?;
    let mut txn = blog.begin_write()?;
    txn.create(&author(1))?;
    let mut watcher = blog.watch::<Author>().begin()?;
    txn.create(&author(2))?;
    txn.commit()?;
    let lagged = watcher.try_next().expect("it is told").expect_err("part is gone");
    assert!(matches!(lagged.kind(), ErrorKind::Lagged { missed: 1 }), "{lagged}");
    Ok(())
}

#[test]
fn a_slow_watcher_is_told_what_he_missed_or_gets_it_from_the_journal() -> Result<()> {
    let bank = Store::<Bank>::in_memory()?;
    let mut accounts = bank.watch::<Account>().capacity(2).begin()?;
    let mut payments = bank.watch::<Payment>().capacity(2).begin()?;
    for id in 0..10 {
        bank.write(|txn| {
            txn.create(&account(id, 0))?;
            txn.create(&payment(id, id))
        })?;
    }
    let seqs: Vec<_> = std::iter::from_fn(|| accounts.try_next())
        .map(|notice| notice.map(|notice| notice.seq))
        .collect::<Result<_>>()?;
    assert_eq!(seqs, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    let lagged = payments.try_next().expect("it is told").expect_err("8 are gone");
    assert!(matches!(lagged.kind(), ErrorKind::Lagged { missed: 8 }), "{lagged}");
    let seqs: Vec<_> = std::iter::from_fn(|| payments.try_next())
        .map(|notice| notice.map(|notice| notice.seq))
        .collect::<Result<_>>()?;
    assert_eq!(seqs, [9, 10]);
    // And both go on.
    bank.write(|txn| {
        txn.create(&account(10, 0))?;
        txn.create(&payment(10, 10))
    })?;
    assert_eq!((told(&mut accounts)?.len(), told(&mut payments)?.len()), (1, 1));
    Ok(())
}

#[test]
fn a_watcher_resumes_after_a_restart() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("bank.redb");
    let seen = {
        let bank = Store::<Bank>::open(&file)?;
        let mut watcher = bank.watch::<Account>().begin()?;
        bank.write(|txn| txn.create(&account(1, 0)))?;
        let seen = watcher.try_next().expect("it is told")?.seq;
        bank.write(|txn| txn.create(&account(2, 0)))?;
        seen
    };
    let bank = Store::<Bank>::open(&file)?;
    bank.write(|txn| txn.create(&account(3, 0)))?;
    let mut watcher = bank.watch::<Account>().begin_from(seen + 1)?;
    bank.write(|txn| txn.create(&account(4, 0)))?;
    assert_eq!(
        told(&mut watcher)?,
        [
            "Notice(2: [Enter Account AccountPrimaryKey(2)])",
            "Notice(3: [Enter Account AccountPrimaryKey(3)])",
            "Notice(4: [Enter Account AccountPrimaryKey(4)])"
        ]
    );
    let refused = bank.watch::<Payment>().begin_from(1).expect_err("no journal");
    assert!(matches!(refused.kind(), ErrorKind::NoJournal { name: "Payment" }));
    Ok(())
}

#[test]
fn watchers_end_with_the_store() -> Result<()> {
    let bank = Store::<Bank>::in_memory()?;
    let (mut one, two) = (bank.watch::<Account>().begin()?, bank.watch::<Account>().begin()?);
    thread::scope(|scope| {
        let waits = scope
            .spawn(move || two.map(|notice| notice.map(|notice| notice.seq)).collect::<Result<Vec<_>>>());
        bank.write(|txn| txn.create(&account(1, 0)))?;
        drop(bank);
        assert_eq!(waits.join().expect("it ends")?, [1]);
        Ok::<_, Error>(())
    })?;
    assert_eq!(one.next().expect("it was there")?.seq, 1);
    assert!(one.next().is_none() && one.try_next().is_none());
    Ok(())
}

#[test]
fn nobody_is_woken_for_nothing() -> Result<()> {
    let bank = Store::<Bank>::in_memory()?;
    let count = Arc::new(Counting::default());
    let waker = Waker::from(count.clone());
    let mut task = Context::from_waker(&waker);
    let mut watcher = bank.watch::<Account>().filter(Account::OWNER.eq("bob")).begin()?;
    let mut poll = |watcher: &mut Watcher<Account>| Pin::new(watcher).poll_next(&mut task);
    assert!(poll(&mut watcher).is_pending());
    bank.write(|txn| txn.create(&account(1, 0)))?;
    bank.write(|txn| txn.create(&payment(1, 1)))?;
    thread::sleep(Duration::from_millis(50));
    assert_eq!(count.times(), 0);
    bank.write(|txn| txn.create(&Account { owner: "bob".into(), ..account(2, 0) }))?;
    assert_eq!(count.times(), 1);
    assert!(matches!(poll(&mut watcher), Poll::Ready(Some(Ok(Notice { seq: 3, .. })))));
    assert!(poll(&mut watcher).is_pending());
    drop(bank);
    assert_eq!(count.times(), 2);
    assert!(matches!(poll(&mut watcher), Poll::Ready(None)));
    Ok(())
}

/// Runs a future on this thread.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(done) => return done,
            Poll::Pending => thread::park(),
        }
    }
}

#[test]
fn async_code_gets_every_notice() -> Result<()> {
    let bank = Store::<Bank>::in_memory()?;
    let mut watcher = bank.watch::<Account>().capacity(3).begin()?;
    thread::scope(|scope| {
        scope.spawn(|| {
            for id in 0..200 {
                bank.write(|txn| txn.create(&account(id, 0))).expect("it commits");
            }
        });
        for seq in 1..=200 {
            let next = block_on(poll_fn(|task| Pin::new(&mut watcher).poll_next(task)));
            assert_eq!(next.expect("the store is open")?.seq, seq);
        }
        Ok(())
    })
}

// C12: whoever may not see a record is not told of it, and sees nothing in it that is hidden.
#[test]
fn a_session_is_told_what_it_may_see() -> Result<()> {
    let root = clinic()?;
    let owner = root.as_owner()?;
    let nurse = root.session(&ticket(NURSE))?;
    let mut wards = nurse.watch::<Patient>().begin()?;
    // Patient 2 is of another ward.
    owner.write(|txn| txn.update_with(2, |patient: &mut Patient| patient.cents += 1))?;
    assert!(wards.try_next().is_none());
    let hers = owner.get::<Patient>(1)?.expect("patient 1").ward;
    owner.write(|txn| txn.update_with(2, |patient: &mut Patient| patient.ward = hers))?;
    let entered = wards.try_next().expect("it is told")?;
    assert!(matches!(&entered.events[..], [Event::Enter { before: None, .. }]), "{entered:?}");
    owner.write(|txn| txn.update_with(2, |patient: &mut Patient| patient.ward = hers + 7))?;
    let left = wards.try_next().expect("it is told")?;
    assert!(matches!(&left.events[..], [Event::Leave { after: None, .. }]), "{left:?}");
    assert!(matches!(
        nurse.watch::<Note>().begin().expect_err("not hers").kind(),
        ErrorKind::PermissionDenied { .. }
    ));

    // A change of a hidden field alone is none.
    let desk = root.session(&ticket(kit::clinic::RECEPTION))?;
    let mut desk_sees = desk.watch::<Patient>().begin()?;
    owner
        .write(|txn| txn.update_with(1, |patient: &mut Patient| patient.diagnosis = Some("secret".into())))?;
    assert!(desk_sees.try_next().is_none());
    owner.write(|txn| txn.update_with(1, |patient: &mut Patient| patient.cents += 1))?;
    let updated = desk_sees.try_next().expect("it is told")?;
    let after = updated.events[0].after().expect("it is there");
    assert_eq!(after.diagnosis, None);
    let named = desk.watch::<Patient>().filter(Patient::DIAGNOSIS.eq("secret".to_owned())).begin();
    assert!(matches!(named.expect_err("it is hidden").kind(), ErrorKind::PermissionDenied { .. }));

    // With a ticket that has ended nobody goes on.
    let doctor = ticket(DOCTOR);
    let mut notes = root.session(&doctor)?.watch::<Note>().begin()?;
    doctor.revoke();
    owner.write(|txn| txn.create(&note(50, 1, 1)))?;
    assert!(matches!(
        notes.try_next().expect("it is told").expect_err("ended").kind(),
        ErrorKind::TicketEnded { .. }
    ));
    assert!(notes.try_next().is_none() && notes.next().is_none());
    let _ = (patient(1, 1, 1), Store::<Clinic>::builder());
    Ok(())
}

#[test]
fn a_snapshot_and_what_follows_it_fit_together() -> Result<()> {
    let blog = Store::<Blog>::in_memory()?;
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for id in 0..400 {
                blog.write(|txn| {
                    txn.upsert(&author(id % 37))?;
                    txn.delete::<Author>((id * 7) % 37).map(drop)
                })
                .expect("it commits");
            }
        });
        for _ in 0..40 {
            let (snapshot, mut watcher) = blog.watch::<Author>().begin_with_snapshot()?;
            let mut known: BTreeMap<u64, Author> =
                snapshot.query().collect()?.into_iter().map(|author: Author| (author.id, author)).collect();
            thread::sleep(Duration::from_micros(300));
            while let Some(notice) = watcher.try_next() {
                for event in notice?.events {
                    let id = event.before().or(event.after()).expect("one of them").id;
                    assert!(
                        known.remove(&id).as_ref() == event.before(),
                        "what was before is what was known"
                    );
                    known.extend(event.after().cloned().map(|author| (id, author)));
                }
            }
        }
        writer.join().expect("it writes");
        Ok(())
    })
}

/// What a watcher has, or should have.
type State = BTreeMap<u64, Account>;

proptest! {
    #![proptest_config(kit::cases(24))]

    // Writers, failing writers, watchers that come, go and lag: each sees the recorded history, or is told what it missed.
    #[test]
    fn every_watcher_sees_the_history(
        steps in prop::collection::vec((0..6_u8, 0..8_u64, 0..3_i64, any::<bool>()), 1..60), capacity in 1..6_usize,
    ) {
        let bank = Store::<Bank>::in_memory()?;
        let mut history: Vec<State> = vec![State::new()];
        let mut watchers: Vec<(Watcher<Account>, State, u64)> = Vec::new();
        for (step, id, cents, keep) in steps {
            match step {
                0 => {
                    let (snapshot, watcher) = bank.watch::<Account>().capacity(capacity).begin_with_snapshot()?;
                    let state = snapshot.query().collect()?.into_iter().map(|account: Account| (account.id, account)).collect();
                    watchers.push((watcher, state, history.len() as u64 - 1));
                }
                1 if !watchers.is_empty() => {
                    let at = usize::try_from(id).expect("small") % watchers.len();
                    if keep { drop(watchers.remove(at)); } else { follow(&mut watchers[at], &history)?; }
                }
                _ => {
                    let mut state = history.last().expect("the first").clone();
                    let done = bank.write(|txn| {
                        if step == 2 { txn.delete::<Account>(id)?; } else { txn.upsert(&account(id, cents))?; }
                        if keep { Ok(()) } else { Err(Error::user("no")) }
                    });
                    prop_assert_eq!(done.is_ok(), keep);
                    if step == 2 { state.remove(&id); } else { state.insert(id, account(id, cents)); }
                    // A commit that changes nothing has no number.
                    if keep && Some(&state) != history.last() {
                        history.push(state);
                    }
                }
            }
        }
        for watcher in &mut watchers {
            follow(watcher, &history)?;
        }
    }
}

fn follow((watcher, state, seen): &mut (Watcher<Account>, State, u64), history: &[State]) -> Result<()> {
    while let Some(notice) = watcher.try_next() {
        let notice = notice?;
        assert_eq!(notice.seq, *seen + 1, "no gap, no duplicate");
        *seen = notice.seq;
        for event in &notice.events {
            let id = event.before().or(event.after()).expect("one of them").id;
            assert!(state.remove(&id).as_ref() == event.before());
            state.extend(event.after().cloned().map(|account| (id, account)));
        }
        assert_eq!(state, &history[usize::try_from(*seen).expect("small")]);
    }
    assert_eq!(state, history.last().expect("the first"));
    Ok(())
}
