//! Fields that stand beside the keys of an index: read without the record, and never stale. S1-11, S2-36.

use std::sync::Arc;

use kit::cases;
use kit::counting::Counting;
use kit::memory::Memory;
use kit::rows::{Table, dump, specs};
use netabase::engine::{Durability, Engine, IndexChange, Redb, TableForm, TableId};
use netabase::{ErrorKind, NetabaseDefinition, NetabaseModel, Problem, Result, Store};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

/// A primary key of any width, in which every byte may stand.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[allow(clippy::duplicated_attributes, reason = "two indexes cover the same field")]
#[netabase(
    index(name = "by_folder", fields(folder), covering(size, title)),
    index(name = "by_tag", fields(tags), covering(title)),
    index(name = "by_code", fields(code), unique, covering(size))
)]
struct File {
    #[primary_key]
    path: String,
    folder: u32,
    code: u64,
    tags: Vec<String>,
    size: Option<u64>,
    title: String,
    body: Vec<u8>,
}

#[derive(NetabaseDefinition)]
enum Disk {
    File(File),
}

fn file(path: &str, folder: u32, size: Option<u64>) -> File {
    let code = path.bytes().fold(7, |code: u64, byte| code.wrapping_mul(131).wrapping_add(byte.into()));
    let title = format!("<{path}>");
    File {
        path: path.into(),
        folder,
        code,
        tags: vec!["a".into(), "b".into()],
        size,
        title,
        body: vec![1; 9],
    }
}

fn by_folder(store: &Store<Disk>, folder: u32) -> Result<Vec<(String, Option<u64>, String)>> {
    let rows = store.query().filter(File::BY_FOLDER.eq((folder,)));
    let rows = rows.select((File::PATH, File::SIZE, File::TITLE))?;
    rows.map(|row| row.map(|(path, size, title)| (path.0, size, title))).collect()
}

#[test]
fn what_is_covered_is_read_without_the_record() -> Result<()> {
    let engine = Counting::new(Redb::in_memory(None)?);
    let counts = engine.counts();
    let store = Store::<Disk>::builder().engine(Arc::new(engine)).open()?;
    let files: Vec<File> = (0..50).map(|n| file(&format!("f{n:02}"), n % 2, Some(n.into()))).collect();
    store.write(|txn| txn.create_batch(&files))?;
    let (found, gets, steps) = counts.reads_of(|| by_folder(&store, 1));
    assert_eq!(found?.len(), 25);
    assert_eq!((gets, steps), (0, 25));
    let unique =
        || store.query().filter(File::BY_CODE.range(..)).select(File::SIZE)?.collect::<Result<Vec<_>>>();
    let (sizes, gets, _) = counts.reads_of(unique);
    assert_eq!((sizes?.len(), gets), (50, 0));
    // Not all of it is covered.
    let (_, gets, _) = counts.reads_of(|| {
        store.query().filter(File::BY_FOLDER.eq((1,))).select((File::TITLE, File::BODY)).map(Iterator::count)
    });
    assert_eq!(gets, 25);
    // Any index that has it, where the order is free.
    let (titles, gets, steps) =
        counts.reads_of(|| store.query::<File>().unordered().select(File::TITLE).map(Iterator::count));
    assert_eq!((titles?, gets, steps), (50, 0, 50));
    Ok(())
}

// A change that leaves the key alone changes what stands beside it.
#[test]
fn a_covered_value_is_never_stale() -> Result<()> {
    let store = Store::<Disk>::in_memory()?;
    store.write(|txn| {
        txn.create_batch(&[file("a\0b", 1, None), file("a", 1, Some(3)), file("", 1, Some(9))])
    })?;
    let expected = |sizes: [Option<u64>; 3]| -> Vec<_> {
        let paths = ["", "a", "a\0b"].into_iter().zip(sizes);
        paths.map(|(path, size)| (path.to_owned(), size, format!("<{path}>"))).collect()
    };
    assert_eq!(by_folder(&store, 1)?, expected([Some(9), Some(3), None]));
    store.write(|txn| txn.update_with("a", |file: &mut File| file.size = None))?;
    assert_eq!(by_folder(&store, 1)?, expected([Some(9), None, None]));
    let mut txn = store.begin_write()?;
    txn.update_with("a\0b", |file: &mut File| file.size = Some(1))?;
    let staged = txn.query().filter(File::BY_FOLDER.eq((1,))).select(File::SIZE)?;
    assert_eq!(staged.collect::<Result<Vec<_>>>()?, [Some(9), None, Some(1)]);
    txn.abort();
    assert_eq!(by_folder(&store, 1)?, expected([Some(9), None, None]));
    store.write(|txn| txn.delete::<File>("a"))?;
    assert_eq!(by_folder(&store, 1)?.len(), 2);
    let report = store.verify(|_| {})?;
    assert!(report.is_clean(), "{report}");
    Ok(())
}

// Its own key does not stand in its way, that of another record does.
#[test]
fn a_unique_key_stays_taken_when_what_it_covers_changes() -> Result<()> {
    let store = Store::<Disk>::in_memory()?;
    let (one, two) = (file("one", 1, Some(1)), file("two", 1, Some(2)));
    store.write(|txn| txn.create_batch([&one, &two]))?;
    store.write(|txn| txn.update(&File { size: Some(5), ..one.clone() }))?;
    let found = store.query().filter(File::BY_CODE.eq((one.code,))).first()?;
    assert_eq!(found.and_then(|file| file.size), Some(5));
    let taken = store.write(|txn| txn.update(&File { code: one.code, ..two.clone() })).unwrap_err();
    assert!(matches!(taken.kind(), ErrorKind::ConstraintViolation { constraint: "by_code", .. }), "{taken}");
    let size = store.query().filter(File::BY_CODE.eq((two.code,))).select(File::SIZE)?.next();
    assert_eq!(size.transpose()?, Some(Some(2)));
    Ok(())
}

const TABLES: &[Table] = &[
    ("Disk/File", TableForm::Map, None, None),
    ("Disk/File/index/by_folder", TableForm::Index, Some(4), None),
    ("Disk/File/index/by_tag", TableForm::Index, None, None),
    ("Disk/File/index/by_code", TableForm::Map, Some(8), None),
];

// The bytes of docs/format.md.
#[test]
fn rows_of_a_covering_index() -> Result<()> {
    let engine: Arc<dyn Engine> = Arc::new(Redb::in_memory(None)?);
    let store = Store::<Disk>::builder().engine(engine.clone()).open()?;
    store.write(|txn| txn.create(&File { title: "t".into(), ..file("p\0", 258, Some(300)) }))?;
    let rows = dump(&*engine, TABLES)?;
    let value = [b"p\0\xFF\0\0".as_slice(), &[3, 0, 1, 0xAC, 2], &[2, 0, 1, b't']].concat();
    let expected = (vec![0, 0, 1, 2], value);
    assert_eq!(rows["Disk/File/index/by_folder"].iter().collect::<Vec<_>>(), [&expected]);
    Ok(())
}

#[test]
fn a_value_too_large_to_stand_beside_a_key_is_refused() -> Result<()> {
    let store = Store::<Disk>::in_memory()?;
    for length in [40_000, 70_000] {
        let large = File { title: "x".repeat(length), ..file("large", 1, None) };
        let refused = store.write(|txn| txn.create(&large)).unwrap_err();
        assert!(matches!(refused.kind(), ErrorKind::LimitExceeded { .. }), "{refused}");
        assert!(refused.to_string().contains("covers"), "{refused}");
    }
    assert!(store.is_empty::<File>()?);
    assert_eq!(by_folder(&store, 1)?, []);
    Ok(())
}

// A row that cannot be read hides no other one.
#[test]
fn verification_names_every_row_that_is_wrong() -> Result<()> {
    let engine: Arc<dyn Engine> = Arc::new(Redb::in_memory(None)?);
    let store = Store::<Disk>::builder().engine(engine.clone()).open()?;
    store.write(|txn| txn.create_batch(&[file("a", 1, None), file("b", 1, None)]))?;
    let of_b = [b"b\0\0".as_slice(), &[1, 0, 0], &[4, 0, 3], b"<b>"].concat();
    let other = [b"b\0\0".as_slice(), &[1, 0, 0], &[2, 0, 1, b'?']].concat();
    let changes = [
        IndexChange::Insert(&[0, 0, 0, 1], b"a"),
        IndexChange::Insert(&[0, 0, 0, 1], &other),
        IndexChange::Remove(&[0, 0, 0, 1], &of_b),
    ];
    let mut writer = engine.begin_write(&specs(TABLES))?;
    writer.apply_index(TableId(1), &mut changes.into_iter())?;
    writer.commit(Durability::Immediate)?;
    let (table, key, record) = (
        || "Disk/File/index/by_folder".to_owned(),
        || r#""\x00\x00\x00\x01""#.to_owned(),
        || "FilePrimaryKey(\"b\")".to_owned(),
    );
    let expected = [
        Problem::Damaged { place: table(), reason: format!("the row {} leads to no key", key()) },
        Problem::Stray { table: table(), key: key(), record: record() },
        Problem::Missing { table: table(), key: key(), record: record() },
    ];
    assert_eq!(store.verify(|_| {})?.problems, expected);
    store.rebuild_indexes(|_| {})?;
    assert!(store.verify(|_| {})?.is_clean());
    Ok(())
}

// A key of any width is escaped, so what stands beside it may be twice as long. The operation says so, not the commit.
#[test]
fn a_long_key_is_counted_with_what_is_covered_beside_it() -> Result<()> {
    let store = Store::<Disk>::in_memory()?;
    let mut txn = store.begin_write()?;
    let long = File { title: "x".repeat(30_000), ..file(&"\0".repeat(32_000), 1, None) };
    let refused = txn.create(&long).unwrap_err();
    assert!(matches!(refused.kind(), ErrorKind::LimitExceeded { size: 94_007.., .. }), "{refused}");
    txn.create(&file("short", 1, None))?;
    txn.commit()?;
    assert_eq!(store.len::<File>()?, 1);
    Ok(())
}

/// The same models before they had indexes.
mod before {
    use super::*;

    #[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
    pub(super) struct File {
        #[primary_key]
        pub(super) path: String,
        pub(super) folder: u32,
        pub(super) code: u64,
        pub(super) tags: Vec<String>,
        pub(super) size: Option<u64>,
        pub(super) title: String,
        pub(super) body: Vec<u8>,
    }

    #[derive(NetabaseDefinition)]
    pub(super) enum Disk {
        File(File),
    }
}

// What is stored is no damage because a new index does not take it.
#[test]
fn a_new_index_that_covers_too_much_is_refused_when_the_file_is_opened() -> Result<()> {
    for (path, title) in [("a".to_owned(), 40_000), ("a".to_owned(), 70_000), ("\0".repeat(32_000), 30_000)] {
        let engine: Arc<dyn Engine> = Arc::new(Redb::in_memory(None)?);
        let old = || Store::<before::Disk>::builder().engine(engine.clone()).open();
        let File { folder, code, tags, size, body, .. } = file(&path, 1, None);
        let record = before::File { path, folder, code, tags, size, title: "x".repeat(title), body };
        old()?.write(|txn| txn.create(&record))?;
        let refused = Store::<Disk>::builder().engine(engine.clone()).open().unwrap_err();
        assert!(matches!(refused.kind(), ErrorKind::LimitExceeded { .. }), "{refused}");
        assert!(refused.to_string().contains("covers"), "{refused}");
        assert!(old()?.verify(|_| {})?.is_clean());
    }
    Ok(())
}

fn some_file() -> impl Strategy<Value = File> {
    let path = proptest::collection::vec(prop::sample::select(vec!['\0', 'a', 'b']), 0..4);
    let tags = proptest::collection::vec(prop::sample::select(vec!["a", "b", "c"]), 0..4);
    (path, 0..3_u32, tags, proptest::option::of(0..4_u64), 0..3_u8).prop_map(
        |(path, folder, tags, size, title)| {
            let path: String = path.into_iter().collect();
            let tags = tags.into_iter().map(str::to_owned).collect();
            File { tags, title: title.to_string(), ..file(&path, folder, size) }
        },
    )
}

proptest! {
    #![proptest_config(cases(60))]

    // Through every index, over staged and stored rows, with and without spilling.
    #[test]
    fn indexes_and_records_say_the_same(
        steps in proptest::collection::vec((some_file(), 0..4_u8), 1..40), small: bool, in_redb: bool,
    ) {
        let engine: Arc<dyn Engine> =
            if in_redb { Arc::new(Redb::in_memory(None)?) } else { Arc::new(Memory::default()) };
        let staging = if small { 500 } else { 1 << 20 };
        let store = Store::<Disk>::builder().engine(engine).staging_limit(staging).open()?;
        for chunk in steps.chunks(7) {
            let mut txn = store.begin_write()?;
            for (file, step) in chunk {
                match step {
                    0 => { txn.delete::<File>(file.path.as_str())?; }
                    _ => { txn.upsert(file)?; }
                }
            }
            let all = txn.query::<File>().collect()?;
            for folder in 0..3 {
                let found = txn.query().filter(File::BY_FOLDER.eq((folder,))).select((File::PATH, File::SIZE, File::TITLE))?;
                let found: Vec<_> = found.map(|row| row.map(|(path, size, title)| (path.0, size, title))).collect::<Result<_>>()?;
                let of_folder = all.iter().filter(|file| file.folder == folder);
                let expected: Vec<_> = of_folder.map(|file| (file.path.clone(), file.size, file.title.clone())).collect();
                prop_assert_eq!(found, expected);
            }
            for tag in ["a", "b", "c"] {
                let found = txn.query().filter(File::BY_TAG.eq((tag,))).select(File::TITLE)?.collect::<Result<Vec<_>>>()?;
                let tagged = all.iter().filter(|file| file.tags.iter().any(|other| other == tag));
                prop_assert_eq!(found, tagged.map(|file| file.title.clone()).collect::<Vec<_>>());
            }
            txn.commit()?;
            let report = store.verify(|_| {})?;
            prop_assert!(report.is_clean(), "{}", report);
        }
        let before = by_folder(&store, 1)?;
        store.rebuild_indexes(|_| {})?;
        prop_assert_eq!(by_folder(&store, 1)?, before);
        let report = store.verify(|_| {})?;
        prop_assert!(report.is_clean(), "{}", report);
    }
}
