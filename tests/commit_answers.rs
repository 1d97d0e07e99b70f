//! Engines may refuse a commit or lose contact: closures run again on a conflict, and nothing is guessed.

use std::sync::Arc;

use kit::memory::{Answer, Memory};
use kit::models::{Author, Blog, author};
use netabase::{ErrorKind, Result, Store};

fn store() -> Result<(Memory, Store<Blog>)> {
    let engine = Memory::default();
    let store = Store::builder().engine(Arc::new(engine.clone())).open()?;
    Ok((engine, store))
}

#[test]
fn a_conflict_runs_the_closure_again() -> Result<()> {
    let (engine, store) = store()?;
    engine.answer([Answer::Conflict, Answer::Conflict]);
    let mut runs = 0;
    store.write(|txn| {
        runs += 1;
        txn.create(&author(1))
    })?;
    assert_eq!(runs, 3);
    assert_eq!(store.begin_read()?.len::<Author>()?, 1);
    Ok(())
}

#[test]
fn endless_conflicts_end() -> Result<()> {
    let (engine, store) = store()?;
    engine.answer([Answer::Conflict; 100]);
    let error = store.write(|txn| txn.create(&author(1))).expect_err("refused");
    assert!(error.is_conflict());
    assert_eq!(error.to_string(), "the commit met other commits 16 times: try again, or write less at once");
    assert_eq!(store.begin_read()?.len::<Author>()?, 0);
    Ok(())
}

#[test]
fn an_unknown_end_is_said_and_not_repeated() -> Result<()> {
    let (engine, store) = store()?;
    for (answer, records) in [(Answer::UnknownLost, 0), (Answer::UnknownDone, 1)] {
        engine.answer([answer]);
        let mut runs = 0;
        let outcome = store.write(|txn| {
            runs += 1;
            txn.create(&author(1))
        });
        assert_eq!(*outcome.expect_err("unknown").kind(), ErrorKind::CommitUnknown);
        assert_eq!((runs, store.begin_read()?.len::<Author>()?), (1, records));
    }
    Ok(())
}

#[test]
fn a_failing_commit_leaves_the_store_usable() -> Result<()> {
    let (engine, store) = store()?;
    engine.answer([Answer::Fails]);
    let error = store.write(|txn| txn.create(&author(1))).expect_err("it fails");
    assert_eq!(error.to_string(), "the storage engine failed: the disk is full");
    store.write(|txn| txn.create(&author(1)))?;
    let mut txn = store.begin_write()?;
    txn.create(&author(2))?;
    engine.answer([Answer::Conflict]);
    assert!(txn.commit().expect_err("refused").is_conflict());
    assert_eq!(store.begin_read()?.len::<Author>()?, 1);
    Ok(())
}
