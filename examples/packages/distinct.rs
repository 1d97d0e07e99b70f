//! The keys that an index holds.

use std::ops::Bound;

use netabase::ReadTransaction;
use netabase::model::KeyShape;
use netabase::query::Index;

use crate::model::{Package, Workspace};

/// The distinct keys of an index, in order: each is the first one after the one before, so records of equal keys
/// are stepped over and not read.
pub(crate) fn distinct<S: KeyShape>(
    snapshot: &ReadTransaction<Workspace>,
    index: Index<Package, String, S>,
    key: fn(Package) -> Option<String>,
) -> netabase::Result<Vec<String>> {
    let mut keys = Vec::new();
    let mut next = snapshot.query().filter(index.range(..)).first()?.and_then(key);
    while let Some(last) = next {
        let after = (Bound::Excluded(last.as_str()), Bound::Unbounded);
        next = snapshot.query().filter(index.range(after)).first()?.and_then(key);
        keys.push(last);
    }
    Ok(keys)
}

/// The names of all packages.
pub(crate) fn names(snapshot: &ReadTransaction<Workspace>) -> netabase::Result<Vec<String>> {
    distinct(snapshot, Package::NAME, |package| Some(package.name))
}
