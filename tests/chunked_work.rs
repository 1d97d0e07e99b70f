//! `chunked(n)`: commits piece by piece, and says how far it got. S2-56.

use std::cell::RefCell;

use kit::models::{Author, Blog, author};
use netabase::{Error, ErrorKind, Result, Store, WriteTransaction};

#[test]
fn each_piece_is_a_commit_of_its_own() -> Result<()> {
    let store = Store::<Blog>::in_memory()?;
    let seen = RefCell::new(Vec::new());
    let note = |done| seen.borrow_mut().push((done, store.len::<Author>().unwrap()));
    let done = store.chunked(4).on_commit(note).run((0..10).map(author), WriteTransaction::create)?;
    assert_eq!(done, 10);
    assert_eq!(seen.into_inner(), [(4, 4), (8, 8), (10, 10)]);
    Ok(())
}

#[test]
fn a_failure_keeps_what_was_committed_and_nothing_of_its_own_piece() -> Result<()> {
    let store = Store::<Blog>::in_memory()?;
    let work = store.chunked(4).run(0..10_u64, |txn, id| {
        txn.create(&author(*id))?;
        if *id == 6 { Err(Error::user("six")) } else { Ok(()) }
    });
    let stopped = work.unwrap_err();
    assert_eq!(stopped.kind(), &ErrorKind::Stopped { done: 4 });
    let cause = std::error::Error::source(&stopped).and_then(|cause| cause.downcast_ref::<Error>());
    assert!(cause.is_some_and(Error::is_user), "{stopped:?}");
    let ids: Vec<u64> = store.query::<Author>().keys()?.map(|key| Ok(key?.0)).collect::<Result<_>>()?;
    assert_eq!(ids, [0, 1, 2, 3]);
    Ok(())
}

#[test]
fn no_items_are_no_commit_and_a_piece_has_at_least_one() -> Result<()> {
    let store = Store::<Blog>::in_memory()?;
    assert_eq!(store.chunked(0).run(0..0_u64, |_, _| Ok(()))?, 0);
    assert_eq!(store.chunked(0).run(0..3_u64, |txn, id| txn.create(&author(*id)))?, 3);
    assert_eq!(store.len::<Author>()?, 3);
    Ok(())
}
