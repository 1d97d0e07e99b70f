//! A transaction larger than its memory gives staged changes to the engine early; what it promises stays.

use std::sync::Arc;

use kit::load::{person, place};
use kit::models::{Author, Blog, Person, Place, PlacePrimaryKey, Post, Visit, World, author, post};
use netabase::engine::{Engine, Redb};
use netabase::{ErrorKind, Link, Result, Store, WriteTransaction};

fn store() -> Result<(Arc<dyn Engine>, Store<Blog>)> {
    let engine: Arc<dyn Engine> = Arc::new(Redb::in_memory(None)?);
    let store = Store::builder().engine(engine.clone()).staging_limit(1000).open()?;
    Ok((engine, store))
}

#[test]
fn an_abort_after_spilling_leaves_nothing() -> Result<()> {
    let (engine, store) = store()?;
    let mut txn = store.begin_write()?;
    for id in 0..100 {
        txn.create(&author(id))?;
    }
    assert_eq!((txn.len::<Author>()?, store.begin_read()?.len::<Author>()?), (100, 0));
    drop(txn);
    assert_eq!(engine.table_names()?, ["netabase.schema"]);
    Ok(())
}

#[test]
fn a_refused_operation_after_spilling_leaves_no_trace() -> Result<()> {
    let (_, store) = store()?;
    store.write(|txn| {
        for id in 0..100 {
            txn.create(&author(id))?;
            assert!(txn.create(&author(id)).expect_err("refused").is_already_exists());
        }
        Ok(())
    })?;
    assert_eq!(store.begin_read()?.query::<Author>().filter(Author::EMAIL.range(..)).count()?, 100);
    Ok(())
}

// Each failing batch in a doomed transaction says the same; nothing piles up.
#[test]
fn a_doomed_transaction_does_not_grow() -> Result<()> {
    let (_, store) = store()?;
    let mut txn = store.begin_write()?;
    let authors: Vec<Author> = (0..100).map(author).chain([author(5)]).collect();
    assert!(txn.create_batch(&authors).is_err());
    let first = txn.create_batch(&authors).expect_err("doomed").to_string();
    for _ in 0..100_000 {
        assert!(txn.create_batch(&authors).is_err());
    }
    assert_eq!(txn.create_batch(&authors).expect_err("doomed").to_string(), first);
    Ok(())
}

// An engine that panics half-way leaves nothing to a later commit.
#[test]
fn a_panic_of_the_engine_dooms_the_transaction() -> Result<()> {
    let engine = kit::memory::Memory::default();
    let store = Store::<Blog>::builder().engine(Arc::new(engine.clone())).staging_limit(0).open()?;
    let mut txn = store.begin_write()?;
    engine.panic_at_the_next_index();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| txn.create(&post(1, 1, &["a"]))));
    assert!(panicked.is_err());
    assert_eq!(*txn.commit().expect_err("doomed").kind(), ErrorKind::Doomed);
    assert!(store.begin_read()?.is_empty::<Post>()?);
    Ok(())
}

// The one case where an error cannot be undone alone: the batch was in the engine already.
#[test]
fn a_batch_that_fails_after_spilling_dooms_the_transaction() -> Result<()> {
    let (engine, store) = store()?;
    let mut txn = store.begin_write()?;
    let mut authors: Vec<Author> = (0..100).map(author).collect();
    authors.push(author(5));
    let error = txn.create_batch(&authors).expect_err("refused");
    assert!(error.is_already_exists());
    for doomed in
        [txn.create(&author(200)), txn.len::<Author>().map(drop), txn.query::<Author>().count().map(drop)]
    {
        assert_eq!(*doomed.expect_err("doomed").kind(), ErrorKind::Doomed);
    }
    let doomed = txn.commit().expect_err("doomed");
    assert_eq!(*doomed.kind(), ErrorKind::Doomed);
    assert!(doomed.to_string().contains("AuthorPrimaryKey(5)"), "it says what happened: {doomed}");
    assert_eq!(engine.table_names()?, ["netabase.schema"]);
    store.write(|txn| txn.create_batch(&authors[..100]))
}

// Tables that had their turn hold what they grew to until the next spill, not to the end of the transaction.
#[test]
fn staging_over_several_models_does_not_add_up() -> Result<()> {
    const LIMIT: usize = 1 << 20;
    type Work = fn(&mut WriteTransaction<World>, u64) -> Result<()>;
    let persons: Work = |txn, n| txn.create(&Person { bio: String::new(), ..person(n, 0) });
    let places: Work = |txn, n| txn.create(&Place { doors: vec![n as u32], ..place(n) });
    let visits: Work = |txn, n| {
        let place = PlacePrimaryKey { country: "none".to_owned(), code: n as u16 };
        txn.create(&Visit { person: Link::new(n), place: Link::new(place), note: vec![0; 20] })
    };
    let folder = tempfile::tempdir().expect("a folder");
    let peak = |name: &str, models: &[Work]| -> Result<u64> {
        let path = folder.path().join(name);
        let store = Store::<World>::builder().cache_size(1 << 20).staging_limit(LIMIT).path(path).open()?;
        let mut txn = store.begin_write()?;
        let mut work =
            || models.iter().try_for_each(|model| (0..30_000).try_for_each(|n| model(&mut txn, n)));
        Ok(allocation_counter::measure(|| work().expect("it is written")).bytes_max)
    };
    let one = peak("one", &[persons])?;
    let several = peak("several", &[persons, places, visits])?;
    assert!(several <= one + LIMIT as u64 * 3 / 2, "{one} bytes over one model, {several} over several");
    Ok(())
}
