//! A place for a store and its journal, of which a copy is what a kill would leave.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

/// A place for a store, in a folder that goes with it.
pub struct Place {
    folder: TempDir,
}

impl Default for Place {
    fn default() -> Place {
        Place { folder: tempfile::tempdir().expect("a folder") }
    }
}

impl Place {
    /// Where the store is.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("bank.redb")
    }

    /// Where its journal is, while it has one.
    pub fn journal(&self) -> PathBuf {
        self.folder.path().join("bank.redb-journal")
    }

    /// What is there, by name.
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).expect("it lists").flatten();
        let mut names: Vec<_> =
            entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// The files of the journal, in no order.
    pub fn segments(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.journal()).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect()
    }

    /// What a kill at this moment leaves, elsewhere. For a moment at which nobody writes.
    #[must_use]
    pub fn killed(&self) -> Place {
        let copy = Place::default();
        fs::copy(self.file(), copy.file()).expect("it copies");
        if self.journal().is_dir() {
            fs::create_dir(copy.journal()).expect("a folder");
            for segment in self.segments() {
                let name = segment.file_name().expect("a name");
                fs::copy(&segment, copy.journal().join(name)).expect("it copies");
            }
        }
        copy
    }
}
