//! The file: where it is, how it is opened, and what is said when it is not.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use netabase::{ErrorKind, Store};

use crate::Result;
use crate::model::Workspace;

const NAME: &str = "packages.redb";

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
    if fresh && file.exists() {
        remove(file)?;
    }
    Ok(Store::open(file)?)
}

/// Deletes the file if this program made it, in whatever schema or state, and only then.
fn remove(file: &Path) -> Result<()> {
    match Store::<Workspace>::open(file) {
        Ok(store) => drop(store),
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::SchemaMismatch { .. } | ErrorKind::OlderFormat { .. } | ErrorKind::Corrupt { .. }
            ) => {}
        Err(error) => return Err(error.into()),
    }
    fs::remove_file(file).map_err(|error| format!("cannot delete `{}`: {error}", file.display()))?;
    Ok(())
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
        ErrorKind::SchemaMismatch { differences } => {
            format!("`{path}` was written for another schema ({}): {FRESH}", short(differences))
        }
        ErrorKind::OlderFormat { .. } => format!("`{path}` was written by an older program: {FRESH}"),
        ErrorKind::OtherDefinition { .. } | ErrorKind::NotAStore | ErrorKind::NotAFile { .. } => {
            format!("`{path}` is not a file of this program: {OTHER}")
        }
        ErrorKind::Corrupt { .. } | ErrorKind::Inconsistent { .. } => format!("`{path}` is damaged: {FRESH}"),
        ErrorKind::EmptyFile { .. } | ErrorKind::Truncated { .. } | ErrorKind::NewerFormat { .. } => {
            format!("{error}: {UNKNOWN}")
        }
        ErrorKind::Open { .. } | ErrorKind::NotWritable { .. } => error.to_string(),
        _ => format!("`{path}`: {error}"),
    }
    .into()
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
    fn what_another_program_made_stays_as_it_is() {
        let (usual, fresh, _) = said(|file| drop(Store::<Other>::create(file)));
        assert_eq!(usual, "`../it.redb` is not a file of this program: name another file with --db");
        assert_eq!(fresh, usual);
        let (usual, fresh, same) = said(|file| fs::write(file, "dear diary").expect("it writes"));
        assert_eq!(usual, "`../it.redb` is not a file of this program: name another file with --db");
        assert!(fresh == usual && same);
    }

    #[test]
    fn an_empty_file_may_be_precious() {
        let (usual, fresh, same) = said(|file| fs::write(file, "").expect("it writes"));
        assert!(usual.contains("is empty") && usual.ends_with(UNKNOWN), "{usual}");
        assert!(fresh == usual && same);
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
}
