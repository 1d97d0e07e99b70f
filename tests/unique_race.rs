//! C7: 64 threads create records with one e-mail; one of them wins, whichever way the others come in.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

use kit::models::{Author, Blog};
use netabase::{Result, Store};

#[test]
fn one_of_64_threads_wins() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("blog.redb");
    let store = Store::<Blog>::open(&path)?;
    let (barrier, taken) = (Barrier::new(64), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for id in 0..64 {
            let (store, barrier, taken) = (store.clone(), &barrier, &taken);
            scope.spawn(move || {
                let author = Author { id, email: "ada@example.org".into(), country: None };
                barrier.wait();
                match store.write(|txn| txn.create(&author)) {
                    Ok(()) => {}
                    Err(error) if error.is_constraint_violation() => {
                        taken.fetch_add(1, Ordering::Relaxed);
                    }
                    Err(error) => panic!("{error}"),
                }
            });
        }
    });
    assert_eq!(taken.into_inner(), 63);
    drop(store);
    let reopened = Store::<Blog>::open(&path)?.begin_read()?;
    assert_eq!(reopened.len::<Author>()?, 1);
    assert_eq!(reopened.query::<Author>().filter(Author::EMAIL.eq("ada@example.org")).count()?, 1);
    Ok(())
}

// Two records of one batch, and a swap, which is refused like any other two updates in a row.
#[test]
fn a_batch_meets_its_own_records() -> Result<()> {
    let store = Store::<Blog>::in_memory()?;
    let author = |id, email: &str| Author { id, email: email.into(), country: None };
    let twice = store.write(|txn| txn.create_batch(&[author(1, "a"), author(2, "a")]));
    assert!(twice.expect_err("refused").is_constraint_violation());
    store.write(|txn| txn.create_batch(&[author(1, "a"), author(2, "b")]))?;
    let swap = store.write(|txn| txn.update_batch(&[author(1, "b"), author(2, "a")]));
    assert!(swap.expect_err("refused").is_constraint_violation());
    store.write(|txn| txn.update_batch(&[author(1, "c"), author(2, "a"), author(1, "b")]))?;
    let snapshot = store.begin_read()?;
    let emails = snapshot.query::<Author>().filter(Author::EMAIL.range(..)).collect()?;
    assert_eq!(emails, [author(2, "a"), author(1, "b")]);
    Ok(())
}
