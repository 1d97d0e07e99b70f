//! The file: where it is, how it is opened, and what is said when it is not.

use std::error::Error;
use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};

use netabase::engine::{Engine, Redb, RedbOptions, TableForm, TableId, TableSpec, Tables};
use netabase::{ErrorKind, NetabaseDefinition, Store};

use crate::Result;
use crate::model::Workspace;

const NAME: &str = "packages.redb";

/// The table in which a store records its definition.
const SCHEMA: &str = "netabase.schema";

const FRESH: &str = "--fresh begins it anew";
const OTHER: &str = "name another file with --db";
/// It may be precious, and it may be what is left of a file of this program.
const UNKNOWN: &str = "name another file with --db, or delete this one yourself if it is of no use";

/// The file that was named, or the one in the target folder, which is made if it is not there.
pub(crate) fn place(named: Option<&Path>, target: &Path) -> Result<PathBuf> {
    if let Some(file) = named {
        return Ok(file.to_path_buf());
    }
    fs::create_dir_all(target).map_err(|error| format!("cannot make `{}`: {error}", target.display()))?;
    Ok(target.join(NAME))
}

/// Opens the file or makes it; `fresh` makes it in any case.
pub(crate) fn open(file: &Path, fresh: bool) -> Result<Store<Workspace>> {
    // An empty file has nothing to lose, and nothing by which it could be known.
    if fresh && fs::metadata(file).is_ok_and(|file| file.len() > 0) {
        remove(file)?;
    }
    Ok(Store::open(file)?)
}

/// Deletes the file if this program made it, and only then.
fn remove(file: &Path) -> Result<()> {
    let path = file.display();
    match is_own(file) {
        Ok(true) => {
            fs::remove_file(file).map_err(|error| format!("cannot delete `{path}`: {error}"))?;
            Ok(())
        }
        Ok(false) => Err(format!("`{path}` is of another program, so it is not deleted: {OTHER}").into()),
        Err(error) if matches!(error.kind(), ErrorKind::Open { .. }) => {
            Err(format!("{error}: whose it is cannot be told, so it is not deleted: {UNKNOWN}").into())
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether the file is a store of this definition, in whatever schema: that is recorded, and there is nothing else.
fn is_own(file: &Path) -> netabase::Result<bool> {
    let engine = Redb::open(file, &RedbOptions::default())?;
    let name = SCHEMA.to_owned();
    let schema = TableSpec { name, form: TableForm::Map, key_width: None, value_width: None };
    let recorded = format!("definition/{}", Workspace::NAME);
    let recorded =
        engine.begin_read(&Tables::from([schema]))?.get(TableId(0), recorded.as_bytes())?.is_some();
    let models = format!("{}/", Workspace::NAME);
    let tables = engine.table_names()?;
    Ok(recorded && tables.iter().all(|table| table == SCHEMA || table.starts_with(&models)))
}

/// What is wrong with the file, and what to do about it. Errors of other kinds stay as they are.
pub(crate) fn explain(file: &Path, error: Box<dyn Error>) -> Box<dyn Error> {
    let error = match error.downcast::<netabase::Error>() {
        Ok(error) => error,
        Err(other) => return other,
    };
    let path = file.display();
    match error.kind() {
        ErrorKind::DatabaseLocked { .. } => format!("`{path}` is in use by another process"),
        ErrorKind::SchemaMismatch { differences } if is_own(file).unwrap_or(false) => {
            format!("`{path}` was written for another schema ({}): {FRESH}", short(differences))
        }
        ErrorKind::SchemaMismatch { .. } => format!("`{path}` is the store of another program: {OTHER}"),
        ErrorKind::NotAStore => format!("`{path}` is a redb file, but no netabase store: {OTHER}"),
        ErrorKind::Open { .. } if file.is_file() => format!("{error}: {UNKNOWN}"),
        ErrorKind::Open { .. } => error.to_string(),
        ErrorKind::Corrupt { table } => format!("`{path}` is damaged in the table `{table}`: {FRESH}"),
        _ => format!("`{path}`: {error}"),
    }
    .into()
}

/// Does the work on the file. redb panics on some damaged files, which becomes an error here.
pub(crate) fn guarded<T>(file: &Path, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let hook = panic::take_hook();
    // The error says it, in one line.
    panic::set_hook(Box::new(|_| {}));
    let done = panic::catch_unwind(AssertUnwindSafe(work));
    panic::set_hook(hook);
    done.unwrap_or_else(|panic| {
        let what = panic.downcast_ref::<String>().map(String::as_str);
        let what = what.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
        Err(format!("`{}` seems to be damaged (the engine panicked: {what}): {FRESH}", file.display()).into())
    })
}

/// The first of them, and how many more there are.
fn short(differences: &[String]) -> String {
    match differences {
        [] => "it does not say which".to_owned(),
        [one] => one.clone(),
        [first, more @ ..] => format!("{first}; and {} more differences", more.len()),
    }
}

#[cfg(test)]
mod tests {
    use netabase::{NetabaseDefinition, NetabaseModel};
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(NetabaseModel, Serialize, Deserialize)]
    struct Package {
        #[primary_key]
        name: String,
    }

    /// What an earlier version of this program might have kept.
    #[derive(NetabaseDefinition)]
    #[netabase(rename = "Workspace")]
    enum Earlier {
        Package(Package),
    }

    /// The store of another program.
    #[derive(NetabaseDefinition)]
    enum Other {
        Package(Package),
    }

    /// What is said of a file that `make` made, without and with `fresh`, and whether it is the same afterwards.
    fn said(make: impl FnOnce(&Path)) -> (String, String, bool) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("it.redb");
        make(&file);
        let before = fs::read(&file).expect("it reads");
        let said = |fresh| match open(&file, fresh) {
            Ok(_) => "opened".to_owned(),
            Err(error) => explain(&file, error).to_string().replace(&*folder.path().to_string_lossy(), ".."),
        };
        let (usual, fresh) = (said(false), said(true));
        (usual, fresh, fs::read(&file).expect("it reads") == before)
    }

    #[test]
    fn a_file_of_another_schema_goes_when_asked() {
        let (usual, fresh, _) = said(|file| drop(Store::<Earlier>::create(file)));
        assert!(usual.starts_with("`../it.redb` was written for another schema (") && usual.ends_with(FRESH));
        assert_eq!(fresh, "opened");
    }

    #[test]
    fn a_store_of_another_program_stays() {
        let (usual, fresh, _) = said(|file| drop(Store::<Other>::create(file)));
        assert_eq!(usual, "`../it.redb` is the store of another program: name another file with --db");
        assert_eq!(
            fresh,
            "`../it.redb` is of another program, so it is not deleted: name another file with --db"
        );
    }

    #[test]
    fn what_is_no_store_stays_as_it_is() {
        let (usual, fresh, same) = said(|file| fs::write(file, "dear diary").expect("it writes"));
        assert!(usual.starts_with("cannot open `../it.redb`: ") && usual.ends_with(UNKNOWN), "{usual}");
        assert!(fresh.contains("not deleted"), "{fresh}");
        assert!(same);
    }

    #[test]
    fn a_file_in_use_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("it.redb");
        let _open = open(&file, false).expect("a new file");
        for fresh in [false, true] {
            let error = explain(&file, open(&file, fresh).expect_err("it is open"));
            assert!(error.to_string().ends_with("is in use by another process"), "{error}");
        }
    }

    #[test]
    fn a_panic_of_the_engine_is_one_line() {
        let error = guarded::<()>(Path::new("it.redb"), || panic!("page {}", 7)).expect_err("it panicked");
        let line = "`it.redb` seems to be damaged (the engine panicked: page 7): --fresh begins it anew";
        assert_eq!(error.to_string(), line);
    }
}
