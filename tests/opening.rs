//! Opening: new files, old ones, two openers, strangers. S2-6, S2-60, S3-20.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use kit::memory::{Answer, Memory};
use kit::models::{Author, Blog, World, author};
use netabase::engine::{Durability, Engine, Limits, Snapshot, Tables, Write};
use netabase::{ErrorKind, Result, Store};

#[test]
fn a_file_is_made_and_found_again() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("blog.redb");
    Store::<Blog>::open(&path)?.write(|txn| txn.create(&author(1)))?;
    let store = Store::<Blog>::builder().path(&path).cache_size(1 << 20).open()?;
    assert_eq!(store.begin_read()?.get::<Author>(1)?, Some(author(1)));
    Ok(())
}

#[test]
fn create_refuses_a_file_that_is_there() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("blog.redb");
    Store::<Blog>::create(&path)?.write(|txn| txn.create(&author(1)))?;
    let error = Store::<Blog>::create(&path).expect_err("refused");
    assert_eq!(*error.kind(), ErrorKind::Open { path: path.clone() });
    assert!(error.to_string().contains("exists"), "{error}");
    assert_eq!(Store::<Blog>::open(&path)?.begin_read()?.len::<Author>()?, 1, "and nothing is lost");
    Ok(())
}

#[test]
fn a_second_opener_is_told() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("blog.redb");
    let store = Store::<Blog>::open(&path)?;
    let error = Store::<Blog>::open(&path).expect_err("refused");
    assert_eq!(*error.kind(), ErrorKind::DatabaseLocked { path: path.clone() });
    // A snapshot keeps the file open.
    let snapshot = store.begin_read()?;
    drop(store);
    assert!(Store::<Blog>::open(&path).is_err());
    drop(snapshot);
    Store::<Blog>::open(&path).map(drop)
}

#[test]
fn a_read_only_store_reads() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("blog.redb");
    let read_only = || Store::<Blog>::builder().path(&path).read_only(true).open();
    assert!(matches!(read_only().expect_err("no file").kind(), ErrorKind::Open { .. }));
    assert!(!path.exists(), "and it makes none");
    Store::<Blog>::open(&path)?.write(|txn| txn.create(&author(1)))?;
    let (one, two) = (read_only()?, read_only()?);
    assert_eq!(one.begin_read()?.len::<Author>()? + two.begin_read()?.len::<Author>()?, 2);
    let error = one.write(|txn| txn.create(&author(2))).expect_err("refused");
    assert_eq!(*error.kind(), ErrorKind::ReadOnly);
    assert_eq!(error.to_string(), "the store was opened read-only");
    Ok(())
}

#[test]
fn a_new_file_is_not_made_for_reading() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("blog.redb");
    assert!(Store::<Blog>::builder().path(&path).create_new(true).read_only(true).open().is_err());
    assert!(!path.exists());
}

/// An engine on which another opener is faster: it comes in just before this one writes.
#[derive(Debug)]
struct Raced(Memory, AtomicBool);

impl Engine for Raced {
    fn begin_read(&self, tables: &Tables) -> Result<Arc<dyn Snapshot>> {
        self.0.begin_read(tables)
    }

    fn begin_write(&self, tables: &Tables) -> Result<Box<dyn Write>> {
        if !self.1.swap(true, Ordering::Relaxed) {
            drop(Store::<World>::builder().engine(Arc::new(self.0.clone())).open()?);
        }
        self.0.begin_write(tables)
    }

    fn table_names(&self) -> Result<Vec<String>> {
        self.0.table_names()
    }

    fn limits(&self) -> Limits {
        self.0.limits()
    }
}

// C15: of two openers of a new store one records its schema; the other compares with what the first recorded.
#[test]
fn the_slower_of_two_openers_compares_with_the_faster() -> Result<()> {
    let raced = || Arc::new(Raced(Memory::default(), AtomicBool::new(false)));
    let error = Store::<Blog>::builder().engine(raced()).open().expect_err("refused");
    assert_eq!(*error.kind(), ErrorKind::OtherDefinition { expected: "Blog", found: vec!["World".into()] });
    Store::<World>::builder().engine(raced()).open().map(drop)
}

// A store is never open before its schema is recorded.
#[test]
fn a_conflict_while_recording_is_tried_again() -> Result<()> {
    let engine = Memory::default();
    engine.answer([Answer::Conflict, Answer::Conflict]);
    drop(Store::<Blog>::builder().engine(Arc::new(engine.clone())).open()?);
    assert_eq!(engine.table_names()?, ["netabase.schema"]);
    let other = Store::<World>::builder().engine(Arc::new(engine)).open();
    assert!(matches!(other.expect_err("refused").kind(), ErrorKind::OtherDefinition { .. }));
    Ok(())
}

#[test]
fn a_strangers_file_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("other.redb");
    {
        let other = redb::Database::create(&path).expect("it opens");
        let txn = other.begin_write().expect("it begins");
        txn.open_table(redb::TableDefinition::<u64, u64>::new("theirs")).expect("it opens");
        txn.commit().expect("it commits");
    }
    let before = fs::read(&path).expect("it reads");
    assert_eq!(*Store::<Blog>::open(&path).expect_err("refused").kind(), ErrorKind::NotAStore);
    assert_eq!(fs::read(&path).expect("it reads").len(), before.len());
    assert!(redb::Database::open(&path).is_ok());

    let text = folder.path().join("notes.txt");
    fs::write(&text, "not a database, and longer than a header would be, or not").expect("it writes");
    let error = Store::<Blog>::open(&text).expect_err("refused");
    assert_eq!(*error.kind(), ErrorKind::NotAStore);
    assert!(error.to_string().contains("notes.txt`: something else than netabase made this file"), "{error}");
}

#[test]
fn a_builder_without_a_place_says_so() {
    let error = Store::<World>::builder().open().expect_err("refused");
    assert_eq!(*error.kind(), ErrorKind::NoPlace);
}

// The record of the schema is read before anything else, and wrong bytes in it are an error.
#[test]
fn a_damaged_schema_record_is_an_error() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("blog.redb");
    drop(Store::<Blog>::open(&path)?);
    let damage = |key: &'static [u8], value: &[u8]| {
        // The store's own tables have key types of netabase's; these two names are all another program needs.
        let engine = netabase::engine::Redb::open(&path, &netabase::engine::RedbOptions::default())?;
        let spec = netabase::engine::TableSpec {
            name: "netabase.schema".into(),
            form: netabase::engine::TableForm::Map,
            key_width: None,
            value_width: None,
        };
        let mut writer = netabase::engine::Engine::begin_write(&engine, &[spec].into())?;
        let change = netabase::engine::MapChange::Put(key, value);
        writer.apply(netabase::engine::TableId(0), &mut [change].into_iter())?;
        writer.commit(Durability::Immediate).map(drop)
    };
    damage(b"fingerprint/Blog", &[7; 16])?;
    let error = Store::<Blog>::open(&path).expect_err("refused");
    assert_eq!(*error.kind(), ErrorKind::Corrupt { place: "netabase.schema".into() });
    damage(b"definition/Blog", b"\xFF\xFF")?;
    let error = Store::<Blog>::open(&path).expect_err("refused");
    assert_eq!(*error.kind(), ErrorKind::Corrupt { place: "netabase.schema".into() });
    damage(b"format", &[3])?;
    let error = Store::<Blog>::open(&path).expect_err("refused");
    assert_eq!(*error.kind(), ErrorKind::NewerFormat { of: "netabase", found: 3, supported: 2 });
    damage(b"format", &[1])?;
    let error = Store::<Blog>::open(&path).expect_err("refused");
    assert_eq!(*error.kind(), ErrorKind::OlderFormat { found: 1, supported: 2 });
    damage(b"format", &[0, 0])?;
    let error = Store::<Blog>::open(&path).expect_err("refused");
    assert_eq!(*error.kind(), ErrorKind::Corrupt { place: "netabase.schema".into() });
    Ok(())
}
