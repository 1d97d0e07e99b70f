//! What is not committed leaves nothing: an error, a panic, a drop, an abort.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use kit::models::{Person, World};
use kit::oracle::Oracle;
use kit::rows;
use netabase::engine::{Engine, Redb};
use netabase::{Error, Result, Store};

use crate::bad_input::person;

fn store() -> Result<(Arc<dyn Engine>, Store<World>)> {
    let engine: Arc<dyn Engine> = Arc::new(Redb::in_memory(None)?);
    let store = Store::builder().engine(engine.clone()).open()?;
    Ok((engine, store))
}

#[test]
fn every_end_but_a_commit_leaves_nothing() -> Result<()> {
    let (engine, store) = store()?;
    let given_up = store.write(|txn| {
        txn.create(&person(1))?;
        Err::<(), _>(Error::user("no"))
    });
    assert!(given_up.expect_err("given up").is_user());

    let panicked = catch_unwind(AssertUnwindSafe(|| {
        store.write(|txn| {
            txn.create(&person(1))?;
            std::panic::resume_unwind(Box::new("panic"));
            #[allow(unreachable_code)]
            Ok(())
        })
    }));
    assert!(panicked.is_err());

    let mut txn = store.begin_write()?;
    txn.create(&person(1))?;
    drop(txn);
    let mut txn = store.begin_write()?;
    txn.create(&person(1))?;
    txn.abort();

    rows::assert_stored(&engine, &Oracle::default())?;
    store.write(|txn| txn.create(&person(1)))
}

#[derive(Debug)]
enum AppError {
    Store,
    Empty,
}

impl From<Error> for AppError {
    fn from(_: Error) -> Self {
        AppError::Store
    }
}

#[test]
fn try_write_takes_the_callers_errors() -> Result<()> {
    let (engine, store) = store()?;
    let refused = store.try_write(|txn| {
        txn.create(&person(1))?;
        Err::<(), _>(AppError::Empty)
    });
    assert!(matches!(refused, Err(AppError::Empty)));
    rows::assert_stored(&engine, &Oracle::default())?;
    let done = store.try_write(|txn| -> Result<u64, AppError> {
        txn.create(&person(1))?;
        Ok(txn.len::<Person>()?)
    });
    assert!(matches!(done, Ok(1)));
    let failed = store.try_write(|txn| -> Result<(), AppError> { Ok(txn.create(&person(1))?) });
    assert!(matches!(failed, Err(AppError::Store)));
    Ok(())
}

// A panic in the middle of a batch must not leave its first half to a later commit.
#[test]
fn a_panic_inside_a_batch_takes_the_batch_with_it() -> Result<()> {
    let (engine, store) = store()?;
    let mut txn = store.begin_write()?;
    txn.create(&person(1))?;
    let people = [person(2), person(3)];
    let panicking = people.iter().inspect(|person| {
        if person.id == 3 {
            std::panic::resume_unwind(Box::new("panic"));
        }
    });
    assert!(catch_unwind(AssertUnwindSafe(|| txn.create_batch(panicking))).is_err());
    txn.create(&person(4))?;
    txn.commit()?;
    let mut oracle = Oracle::default();
    for id in [1, 4] {
        oracle.people.put(&person(id), kit::oracle::Expect::Absent).expect("it is new");
    }
    rows::assert_stored(&engine, &oracle)
}
