//! I5: the same program writes the same bytes.

use std::fs;
use std::path::Path;

use kit::load::run;
use kit::models::{Author, Blog, Post, World, author, post};
use kit::rows::stored;
use netabase::engine::{Redb, RedbOptions};
use netabase::{Result, Store, WriteAhead};

fn write(path: &Path, write_ahead: WriteAhead) -> Result<()> {
    let store = Store::<Blog>::builder().path(path).write_ahead(write_ahead).open()?;
    store.write(|txn| {
        txn.create_batch(&(0..300).map(|id| author(id * 7 % 300)).collect::<Vec<Author>>())?;
        txn.create_batch(&(0..300).map(|id| post(id, id as u32 % 9, &["b", "a"])).collect::<Vec<Post>>())
    })?;
    store.write(|txn| {
        txn.delete_batch::<Author>((0..300_u64).filter(|id| id % 3 == 0))?;
        txn.update_with_batch((0..300_u64).step_by(5), |post: &mut Post| post.tags.reverse())
    })
}

#[test]
fn two_runs_write_equal_files() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let paths = [folder.path().join("one.redb"), folder.path().join("two.redb")];
    paths.iter().try_for_each(|path| write(path, WriteAhead::Off))?;
    let [one, two] = paths.map(|path| fs::read(path).expect("it reads"));
    assert!(one == two, "{} and {} bytes", one.len(), two.len());
    Ok(())
}

// When a journal is given to the file depends on the time, and with that the pages on which rows stand; the rows do not.
#[test]
fn two_runs_with_a_journal_write_equal_tables() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let mut tables = Vec::new();
    for (name, write_ahead) in [("one", WriteAhead::On), ("two", WriteAhead::On), ("three", WriteAhead::Off)]
    {
        let path = folder.path().join(name);
        let builder = Store::<World>::builder().path(&path).write_ahead(write_ahead).checkpoint_size(5000);
        let (done, error) = run(&builder.open()?, 0, 30, |_| {});
        assert_eq!((done, error.map(|error| error.to_string())), (30, None));
        tables.push(stored(&Redb::open(&path, &RedbOptions { read_only: true, ..RedbOptions::default() })?)?);
    }
    assert!(!tables[0].is_empty() && tables.iter().all(|rows| *rows == tables[0]));
    Ok(())
}
