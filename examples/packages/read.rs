//! The input: finds the workspace and picks who is asked about it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::model::{Dependency, Package};
use crate::{Result, lock, metadata};

/// What was read, and where.
pub(crate) struct Graph {
    pub(crate) source: Source,
    /// the target folder of the workspace
    pub(crate) target: PathBuf,
    pub(crate) packages: Vec<Package>,
    pub(crate) dependencies: Vec<Dependency>,
}

/// Who told.
pub(crate) enum Source {
    Metadata {
        workspace: PathBuf,
    },
    Lock {
        file: PathBuf,
        /// why cargo could not tell, if it was asked
        why: Option<String>,
    },
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Metadata { workspace } => {
                write!(f, "cargo metadata of {}, for this platform", workspace.display())
            }
            Source::Lock { file, why: None } => write!(f, "{}", file.display()),
            Source::Lock { file, why: Some(why) } => write!(f, "{} (cargo metadata: {why})", file.display()),
        }
    }
}

impl Source {
    /// The same for every run that reads the same in the same way.
    pub(crate) fn origin(&self) -> String {
        match self {
            Source::Lock { file, .. } => file.display().to_string(),
            Source::Metadata { .. } => self.to_string(),
        }
    }
}

enum Place {
    /// a folder with a manifest
    Folder(PathBuf),
    /// a lock file to be read as it is
    Lock(PathBuf),
}

/// Reads the graph of the workspace at `path`, or of the one around the current folder.
pub(crate) fn graph(path: Option<&Path>) -> Result<Graph> {
    match path.map_or_else(here, named)? {
        Place::Lock(file) => lock::read(&file, None),
        Place::Folder(folder) => {
            metadata::read(&folder).or_else(|why| from_lock_above(&folder, &why.to_string()))
        }
    }
}

fn here() -> Result<Place> {
    let current = env::current_dir()?;
    let found = current.ancestors().find_map(in_folder);
    found.ok_or_else(|| "no Cargo.toml or Cargo.lock here or above: name the folder of a workspace".into())
}

fn named(path: &Path) -> Result<Place> {
    let kind = fs::metadata(path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
    let full = std::path::absolute(path)?;
    let place = if kind.is_dir() {
        in_folder(&full)
    } else if full.ends_with(lock::NAME) {
        Some(Place::Lock(full))
    } else {
        full.parent().filter(|_| full.ends_with(metadata::NAME)).and_then(in_folder)
    };
    place.ok_or_else(|| {
        format!("`{}` is no Cargo.toml or Cargo.lock, nor a folder with one", path.display()).into()
    })
}

fn in_folder(folder: &Path) -> Option<Place> {
    if folder.join(metadata::NAME).is_file() {
        return Some(Place::Folder(folder.to_path_buf()));
    }
    let lock = folder.join(lock::NAME);
    lock.is_file().then_some(Place::Lock(lock))
}

/// A member of a workspace has its lock file above it.
fn from_lock_above(folder: &Path, why: &str) -> Result<Graph> {
    let lock = folder.ancestors().map(|folder| folder.join(lock::NAME)).find(|lock| lock.is_file());
    let lock =
        lock.ok_or_else(|| format!("cargo metadata: {why}; and `{}` has no Cargo.lock", folder.display()))?;
    lock::read(&lock, Some(why.to_owned()))
}
