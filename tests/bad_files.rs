//! Each thing that may stand where a store is looked for has an error of its own, and stays as it is. C15, S3-20.

use std::fs;
use std::path::Path;

use kit::models::{Author, Blog, author};
use netabase::{Error, ErrorKind, Result, Store};

/// What a plain, a checking and a reading opener are told, which is the same, of a file that stays as it is.
fn refused(path: &Path) -> Error {
    let before = fs::read(path).ok();
    let error = Store::<Blog>::open(path).expect_err("refused");
    let checked = Store::<Blog>::open_checked(path).expect_err("refused");
    let reading = Store::<Blog>::builder().path(path).read_only(true).open().expect_err("refused");
    assert_eq!(checked.kind(), error.kind(), "{checked}");
    assert_eq!(reading.kind(), error.kind(), "{reading}");
    assert!(error.to_string().contains(&*path.to_string_lossy()), "{error}");
    assert!(fs::read(path).ok() == before, "it was changed");
    error
}

/// A closed store with some authors.
fn store(path: &Path) -> Result<Vec<u8>> {
    let store = Store::<Blog>::open(path)?;
    store.write(|txn| (0..500).try_for_each(|id| txn.create(&author(id))))?;
    drop(store);
    Ok(fs::read(path).expect("it reads"))
}

#[test]
fn a_folder_and_a_device_are_not_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let error = refused(folder.path());
    assert_eq!(*error.kind(), ErrorKind::NotAFile { path: folder.path().into() });
    assert!(error.to_string().ends_with("is not a file: give the path of one"), "{error}");
    #[cfg(unix)]
    assert!(matches!(refused(Path::new("/dev/null")).kind(), ErrorKind::NotAFile { .. }));
}

#[test]
fn an_empty_file_is_not_taken_for_a_new_store() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("blog.redb");
    fs::write(&path, b"").expect("it writes");
    let error = refused(&path);
    assert_eq!(*error.kind(), ErrorKind::EmptyFile { path });
    assert!(error.to_string().contains("is empty, which no store is: restore it, or delete it"), "{error}");
}

#[test]
fn something_else_is_not_a_store() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("blog.redb");
    for bytes in [b"dear diary".to_vec(), b"r".repeat(5000), vec![0; 8192], b"SQLite format 3\0".to_vec()] {
        fs::write(&path, &bytes).expect("it writes");
        let error = refused(&path);
        assert_eq!(*error.kind(), ErrorKind::NotAStore);
        assert!(
            error.to_string().ends_with("something else than netabase made this file: give another path")
        );
    }
}

#[test]
fn a_file_that_is_cut_off_says_so() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("blog.redb");
    let whole = store(&path)?;
    for len in
        [1, 8, 9, 100, 319, 320, 4096, 4097, 65536, whole.len() / 2, whole.len() - 4096, whole.len() - 1]
    {
        fs::write(&path, &whole[..len]).expect("it writes");
        let error = refused(&path);
        assert_eq!(*error.kind(), ErrorKind::Truncated { path: path.clone() }, "{len}: {error}");
        assert!(error.to_string().contains("is cut off: restore it from a backup"), "{error}");
    }
    Ok(())
}

#[test]
fn a_newer_engine_format_is_named() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("blog.redb");
    let mut bytes = store(&path)?;
    // The version of each commit slot, as redb's design document places them.
    for slot in [64, 192] {
        bytes[slot] = 4;
    }
    fs::write(&path, &bytes).expect("it writes");
    let error = refused(&path);
    assert_eq!(*error.kind(), ErrorKind::NewerFormat { of: "redb", found: 4, supported: 3 });
    assert!(
        error.to_string().contains("has version 4 of the format of redb, this program reads up to 3"),
        "{error}"
    );
    // One of them alone is damage.
    for versions in [(3, 4), (4, 3)] {
        (bytes[64], bytes[192]) = versions;
        fs::write(&path, &bytes).expect("it writes");
        let error = Store::<Blog>::open(&path).expect_err("refused");
        assert!(matches!(error.kind(), ErrorKind::Corrupt { .. }), "{error}");
    }
    Ok(())
}

#[test]
fn a_missing_folder_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("no/blog.redb");
    let error = Store::<Blog>::open(&path).expect_err("refused");
    assert_eq!(*error.kind(), ErrorKind::Open { path: path.clone() });
    assert!(error.to_string().contains("No such file or directory"), "{error}");
}

/// Who may do everything is not held by permissions, so the test asks first whether they count.
#[cfg(unix)]
#[test]
fn a_file_that_may_only_be_read_is_told_apart() -> Result<()> {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("blog.redb");
    store(&path)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).expect("it is set");
    if fs::File::options().write(true).open(&path).is_err() {
        let error = Store::<Blog>::open(&path).expect_err("refused");
        assert_eq!(*error.kind(), ErrorKind::NotWritable { path: path.clone() });
        assert!(error.to_string().contains("may not be written: change its permissions, or open it with"));
    }
    let reader = Store::<Blog>::builder().path(&path).read_only(true).open()?;
    assert_eq!(reader.begin_read()?.len::<Author>()?, 500);
    Ok(())
}

// A reader cannot mend what a writer left behind, and says who can.
#[test]
fn an_unclean_file_is_mended_by_a_writer_only() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, copy) = (folder.path().join("blog.redb"), folder.path().join("copy.redb"));
    let store = Store::<Blog>::open(&path)?;
    store.write(|txn| txn.create(&author(1)))?;
    // The file as it would be found after a crash.
    fs::copy(&path, &copy).expect("it copies");
    let reader = || Store::<Blog>::builder().path(&copy).read_only(true).open();
    let error = reader().expect_err("refused");
    assert_eq!(*error.kind(), ErrorKind::NotClosed { path: copy.clone() });
    assert!(error.to_string().contains("was not closed cleanly: open it once for writing"), "{error}");
    drop(Store::<Blog>::open(&copy)?);
    assert_eq!(reader()?.begin_read()?.len::<Author>()?, 1);
    Ok(())
}

// A reader does not get in while somebody writes, nor a writer while somebody reads.
#[test]
fn readers_and_writers_of_a_file_lock_each_other_out() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("blog.redb");
    store(&path)?;
    let locked = ErrorKind::DatabaseLocked { path: path.clone() };
    let reader = || Store::<Blog>::builder().path(&path).read_only(true).open();
    let writing = Store::<Blog>::open(&path)?;
    assert_eq!(*reader().expect_err("locked").kind(), locked);
    drop(writing);
    let _reading = reader()?;
    assert_eq!(*Store::<Blog>::open(&path).expect_err("locked").kind(), locked);
    Ok(())
}

// What killed makers left, under the names this process would use, and a name as long as they may be.
#[test]
fn leftovers_and_long_names_do_not_keep_a_file_from_being_made() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    for number in 0..3000 {
        let left = folder.path().join(format!("netabase-{}-{number}.new", std::process::id()));
        fs::write(left, b"half").expect("it writes");
    }
    drop(Store::<Blog>::open(folder.path().join("blog.redb"))?);
    let long = folder.path().join("x".repeat(255));
    drop(Store::<Blog>::create(&long)?);
    assert!(Store::<Blog>::create(&long).is_err());
    let drafts = fs::read_dir(folder.path()).expect("it lists").flatten();
    let new = drafts.filter(|entry| fs::read(entry.path()).is_ok_and(|bytes| bytes.len() > 4));
    assert_eq!(new.count(), 2, "the drafts are gone");
    Ok(())
}

// Of makers at the same moment one is told so, and its file is the one that stays.
#[test]
fn one_of_several_makers_wins() {
    let folder = tempfile::tempdir().expect("a folder");
    for round in 0..40 {
        let path = folder.path().join(format!("{round}.redb"));
        let together = std::sync::Barrier::new(4);
        let stores: Vec<_> = std::thread::scope(|scope| {
            let make = || {
                together.wait();
                let store =
                    if round % 2 == 0 { Store::<Blog>::open(&path) } else { Store::<Blog>::create(&path) };
                store.and_then(|store| store.write(|txn| txn.create(&author(1))).map(|()| store))
            };
            let makers: Vec<_> = (0..4).map(|_| scope.spawn(make)).collect();
            makers.into_iter().map(|maker| maker.join().expect("no panic")).collect()
        });
        assert_eq!(stores.iter().filter(|store| store.is_ok()).count(), 1, "round {round}");
        for error in stores.iter().filter_map(|store| store.as_ref().err()) {
            assert!(
                matches!(error.kind(), ErrorKind::DatabaseLocked { .. } | ErrorKind::Open { .. }),
                "{error}"
            );
        }
        drop(stores);
        assert_eq!(Store::<Blog>::open(&path).and_then(|store| store.len::<Author>()).expect("it opens"), 1);
    }
}

#[cfg(unix)]
#[test]
fn a_link_is_followed_to_a_file_that_is_not_there_yet() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let (link, file) = (folder.path().join("link.redb"), folder.path().join("file.redb"));
    std::os::unix::fs::symlink("file.redb", &link).expect("it links");
    drop(Store::<Blog>::open(&link)?);
    assert!(file.is_file() && link.is_symlink());
    Store::<Blog>::open(&link).map(drop)
}
