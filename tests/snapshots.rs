//! A read transaction is one moment: owned, cheap to clone, shared by threads, untouched by later commits. S2-7,
//! S2-12, S2-59; hazard C23.

use kit::models::{Author, Blog, Post, author, post};
use netabase::{ReadTransaction, Result, Store, WriteTransaction};

#[test]
fn later_commits_do_not_show() -> Result<()> {
    let store = Store::<Blog>::in_memory()?;
    store.write(|txn| txn.create(&author(1)))?;
    let before = store.begin_read()?;
    let copy = before.clone();
    store.write(|txn| {
        txn.create(&author(2))?;
        txn.update_with(1, |author: &mut Author| author.email = "new".into())
    })?;
    for snapshot in [&before, &copy] {
        assert_eq!(snapshot.len::<Author>()?, 1);
        assert_eq!(snapshot.get::<Author>(1)?, Some(author(1)));
        assert_eq!(snapshot.query::<Author>().filter(Author::EMAIL.eq("new")).count()?, 0);
    }
    assert_eq!(store.begin_read()?.query::<Author>().filter(Author::EMAIL.eq("new")).count()?, 1);
    Ok(())
}

// The store may be dropped while a transaction lives; the file closes with the last of them.
#[test]
fn transactions_outlive_the_store() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("blog.redb");
    let store = Store::<Blog>::open(&path)?;
    let mut txn = store.begin_write()?;
    let snapshot = store.begin_read()?;
    drop(store);
    txn.create(&author(1))?;
    txn.commit()?;
    assert!(snapshot.is_empty::<Author>()?);
    drop(snapshot);
    assert_eq!(Store::<Blog>::open(&path)?.begin_read()?.len::<Author>()?, 1);
    Ok(())
}

/// Rows outlive the snapshot they are read from.
fn posts(store: &Store<Blog>) -> Result<impl Iterator<Item = Result<Post>> + use<>> {
    store.begin_read()?.query::<Post>().filter(Post::DAY.range(2..)).iter()
}

#[test]
fn rows_can_be_returned_and_sent() -> Result<()> {
    let store = Store::<Blog>::in_memory()?;
    store.write(|txn| txn.create_batch(&[post(1, 1, &[]), post(2, 2, &[]), post(3, 3, &[])]))?;
    let rows = posts(&store)?;
    drop(store);
    let found = std::thread::scope(|scope| scope.spawn(move || rows.collect::<Result<Vec<_>>>()).join());
    assert_eq!(found.expect("no panic")?, [post(2, 2, &[]), post(3, 3, &[])]);
    Ok(())
}

#[test]
fn readers_do_not_wait_for_the_writer() -> Result<()> {
    let store = Store::<Blog>::in_memory()?;
    let mut txn = store.begin_write()?;
    txn.create(&author(1))?;
    let snapshot = store.begin_read()?;
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..4).map(|_| scope.spawn(|| snapshot.len::<Author>())).collect();
        readers.into_iter().try_for_each(|reader| {
            assert_eq!(reader.join().expect("no panic")?, 0);
            Ok(())
        })
    })?;
    txn.commit()
}

#[test]
fn the_types_cross_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    fn sent<T: Send + 'static>(_: T) {}
    shared::<Store<Blog>>();
    shared::<ReadTransaction<Blog>>();
    shared::<WriteTransaction<Blog>>();
    sent(Store::<Blog>::in_memory().and_then(|store| store.begin_read()?.query::<Post>().iter()));
}
