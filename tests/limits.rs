//! C26: each stated limit, one below, at it, and one above, in an engine that states small ones.

use std::sync::Arc;

use kit::memory::Memory;
use kit::models::{Author, Blog, Post, author, post};
use netabase::engine::{Engine, Limits, Redb};
use netabase::{ErrorKind, Result, Store};

fn store(limits: Limits) -> Result<Store<Blog>> {
    Store::builder().engine(Arc::new(Memory::with_limits(limits))).open()
}

#[test]
fn keys_and_values_at_their_limit() -> Result<()> {
    let store = store(Limits { key: 8, value: 40 })?;
    // Version, id, length of the text, the text, no country: 4 bytes beside the e-mail. Its key is itself.
    for (len, fits) in [(7, true), (8, true), (9, false)] {
        let outcome = store.write(|txn| txn.create(&Author { email: "x".repeat(len), ..author(len as u64) }));
        assert_eq!(outcome.is_ok(), fits, "{len}");
        if let Err(error) = outcome {
            let kind = ErrorKind::LimitExceeded { what: "the key Author.email".into(), size: 9, limit: 8 };
            assert_eq!(*error.kind(), kind);
        }
    }
    // Version, id, no tags, author, day, length of the text: 6 bytes beside the body.
    for (len, fits) in [(33, true), (34, true), (35, false)] {
        let outcome =
            store.write(|txn| txn.create(&Post { body: "x".repeat(len), ..post(len as u64, 1, &[]) }));
        assert_eq!(outcome.is_ok(), fits, "{len}");
        if let Err(error) = outcome {
            assert_eq!(
                *error.kind(),
                ErrorKind::LimitExceeded { what: "a record of Post".into(), size: 41, limit: 40 }
            );
        }
    }
    assert_eq!((store.begin_read()?.len::<Author>()?, store.begin_read()?.len::<Post>()?), (2, 2));
    Ok(())
}

// What the documentation states of redb.
#[test]
fn redbs_key_limit_holds_in_a_file() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("blog.redb");
    let limit = Redb::in_memory(None)?.limits().key;
    let at_limit = Author { email: "x".repeat(limit), ..author(1) };
    Store::<Blog>::open(&path)?.write(|txn| {
        txn.create(&at_limit)?;
        assert!(txn.create(&Author { email: "y".repeat(limit + 1), ..author(2) }).is_err());
        txn.create_batch(
            &(10..60)
                .map(|id| Author { email: "z".repeat(limit - id as usize), ..author(id) })
                .collect::<Vec<_>>(),
        )
    })?;
    let snapshot = Store::<Blog>::open(&path)?.begin_read()?;
    assert_eq!(snapshot.query::<Author>().filter(Author::EMAIL.eq(&at_limit.email)).first()?, Some(at_limit));
    assert_eq!(snapshot.query::<Author>().filter(Author::EMAIL.prefix("z")).count()?, 50);
    Ok(())
}

#[test]
fn limits_of_queries_do_not_overflow() -> Result<()> {
    let store = Store::<Blog>::in_memory()?;
    store.write(|txn| txn.create_batch(&[author(1), author(2)]))?;
    let snapshot = store.begin_read()?;
    let count = |limit| snapshot.query::<Author>().limit(limit).count();
    assert_eq!((count(0)?, count(1)?, count(2)?, count(3)?, count(usize::MAX)?), (0, 1, 2, 2, 2));
    let none = || snapshot.query::<Author>().limit(0);
    assert_eq!((none().collect()?, none().first()?, none().exists()?), (vec![], None, false));
    Ok(())
}
