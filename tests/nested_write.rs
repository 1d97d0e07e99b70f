//! C8: a write inside a write on one thread would wait for itself. It gets an error; other threads wait.

use std::sync::mpsc;

use kit::models::{Author, Blog, author};
use netabase::{ErrorKind, Result, Store};

#[test]
fn a_nested_write_is_an_error_and_harms_nobody() -> Result<()> {
    let store = Store::<Blog>::in_memory()?;
    store.write(|txn| {
        txn.create(&author(1))?;
        let nested = store.clone().write(|txn| txn.create(&author(2)));
        assert_eq!(*nested.expect_err("refused").kind(), ErrorKind::Nested);
        assert!(store.begin_write().is_err());
        assert_eq!(store.begin_read()?.len::<Author>()?, 0, "reading is allowed");
        Ok(())
    })?;
    assert_eq!(store.begin_read()?.len::<Author>()?, 1);
    store.write(|txn| txn.create(&author(2)))
}

#[test]
fn two_stores_may_write_in_each_other() -> Result<()> {
    let (one, two) = (Store::<Blog>::in_memory()?, Store::<Blog>::in_memory()?);
    one.write(|_| two.write(|txn| txn.create(&author(1))))?;
    assert_eq!(two.begin_read()?.len::<Author>()?, 1);
    Ok(())
}

#[test]
fn a_transaction_may_move_to_another_thread() -> Result<()> {
    let store = Store::<Blog>::in_memory()?;
    let mut txn = store.begin_write()?;
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(move || sender.send(txn.create(&author(1)).and_then(|()| txn.commit())));
    });
    receiver.recv().expect("it was sent")?;
    store.write(|txn| txn.create(&author(2)))?;
    assert_eq!(store.begin_read()?.len::<Author>()?, 2);
    Ok(())
}

#[test]
fn other_threads_wait_for_their_turn() -> Result<()> {
    let store = Store::<Blog>::in_memory()?;
    let txn = store.begin_write()?;
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| store.write(|txn| txn.create(&author(1))));
        assert!(!waiting.is_finished());
        drop(txn);
        waiting.join().expect("no panic")
    })
}
