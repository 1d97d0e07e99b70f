//! Compare-and-set: `update_if` and `delete_if` look and change in one step. S2-11, S2-12.

use std::thread;

use kit::models::{Author, Blog, author};
use netabase::{ErrorKind, Result, Store};

fn store() -> Result<Store<Blog>> {
    let store = Store::<Blog>::in_memory()?;
    store.write(|txn| txn.create_batch(&[author(1), author(2)]))?;
    Ok(store)
}

#[test]
fn a_record_is_changed_only_if_the_test_holds() -> Result<()> {
    let store = store()?;
    let rename = |id: u64, from: &str, to: &str| {
        let (from, to) = (from.to_owned(), to.to_owned());
        store.write(|txn| {
            txn.update_if(id, |author: &Author| author.email == from, |author| author.email.clone_from(&to))
        })
    };
    assert!(rename(1, "a1@example.org", "ada@example.org")?);
    assert!(!rename(1, "a1@example.org", "eve@example.org")?);
    assert!(!rename(9, "a1@example.org", "eve@example.org")?, "there is none");
    let taken = rename(2, "a2@example.org", "ada@example.org").unwrap_err();
    assert!(matches!(taken.kind(), ErrorKind::ConstraintViolation { .. }));
    let moved = store.write(|txn| txn.update_if(2, |_: &Author| true, |author| author.id = 3));
    assert!(matches!(moved.unwrap_err().kind(), ErrorKind::KeyChanged { .. }));
    let emails: Vec<String> =
        store.query::<Author>().collect()?.into_iter().map(|author| author.email).collect();
    assert_eq!(emails, ["ada@example.org", "a2@example.org"]);
    Ok(())
}

#[test]
fn a_record_is_deleted_only_if_the_test_holds() -> Result<()> {
    let store = store()?;
    let delete = |id: u64, country: Option<&str>| {
        store.write(|txn| txn.delete_if::<Author>(id, |author| author.country.as_deref() == country))
    };
    assert_eq!([delete(1, Some("GB"))?, delete(1, None)?, delete(1, None)?], [false, true, false]);
    assert_eq!(store.len::<Author>()?, 1);
    Ok(())
}

#[test]
fn of_many_threads_that_claim_a_record_one_succeeds() -> Result<()> {
    let store = store()?;
    let claim = |name: String| {
        store.write(|txn| {
            let claim = |author: &mut Author| author.country = Some(name.clone());
            txn.update_if(1, |author: &Author| author.country.is_none(), claim)
        })
    };
    let claimed: Vec<bool> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|n| scope.spawn(move || claim(n.to_string()))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect::<Result<_>>()
    })?;
    assert_eq!(claimed.iter().filter(|claimed| **claimed).count(), 1);
    let winner = claimed.iter().position(|claimed| *claimed).map(|winner| winner.to_string());
    assert_eq!(store.get::<Author>(1)?.and_then(|author| author.country), winner);
    Ok(())
}
