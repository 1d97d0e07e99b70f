//! Opening, and what lies on the disk.

use std::fs;
use std::path::Path;

use netabase_benches::Data;

use super::{Run, found, timed};
use crate::Result;
use crate::engine::Engine;

/// Opens the closed store and reads one user, because some engines open nothing before they are asked.
pub(crate) fn open<E: Engine>(folder: &Path, data: &Data) -> Result<(E, Run)> {
    let id = data.users.first().ok_or("there are no users")?.id;
    let mut opened = None;
    let run = timed(1, || {
        let store = E::open(folder)?;
        let checksum = found(store.get_alone(id)?)?;
        opened = Some(store);
        Ok(checksum)
    })?;
    Ok((opened.ok_or("the store did not open")?, run))
}

/// Bytes of all files below the folder, as the file system has allocated them: some engines make their files larger
/// than what they have written.
pub(crate) fn size(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let found = entry.metadata()?;
        bytes += if found.is_dir() { size(&entry.path())? } else { allocated(&found) };
    }
    Ok(bytes)
}

#[cfg(unix)]
fn allocated(found: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::blocks(found) * 512
}

#[cfg(not(unix))]
fn allocated(found: &fs::Metadata) -> u64 {
    found.len()
}
