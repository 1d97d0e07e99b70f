//! I5: the same program writes the same bytes.

use std::fs;
use std::path::Path;

use kit::models::{Author, Blog, Post, author, post};
use netabase::{Result, Store};

fn write(path: &Path) -> Result<()> {
    let store = Store::<Blog>::open(path)?;
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
    paths.iter().try_for_each(|path| write(path))?;
    let [one, two] = paths.map(|path| fs::read(path).expect("it reads"));
    assert!(one == two, "{} and {} bytes", one.len(), two.len());
    Ok(())
}
