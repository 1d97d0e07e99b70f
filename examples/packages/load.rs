//! Writing: a fresh file, and everything into it at once.

use std::path::{Path, PathBuf};
use std::{fs, io};

use netabase::Store;

use crate::Result;
use crate::model::Workspace;
use crate::read::Graph;

/// The path of a file in `folder` that is not there yet.
pub(crate) fn fresh_file(folder: &Path) -> Result<PathBuf> {
    let file = folder.join("packages.redb");
    let ready = fs::create_dir_all(folder).and_then(|()| match fs::remove_file(&file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    });
    ready.map_err(|error| format!("cannot make `{}`: {error}", file.display()))?;
    Ok(file)
}

/// Stores the graph and closes the file.
pub(crate) fn store(graph: &Graph, file: &Path) -> netabase::Result<()> {
    let store = Store::<Workspace>::create(file)?;
    store.write(|txn| {
        txn.create_batch(&graph.packages)?;
        txn.create_batch(&graph.dependencies)
    })
}
