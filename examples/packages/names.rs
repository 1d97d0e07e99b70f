//! The names of packages.

use netabase::ReadTransaction;

use crate::model::{Package, Workspace};

/// Every name once, in order. Packages of several versions share one.
pub(crate) fn names(snapshot: &ReadTransaction<Workspace>) -> netabase::Result<Vec<String>> {
    let counts = snapshot.query::<Package>().count_by(Package::NAME)?;
    Ok(counts.into_iter().map(|(name, _)| name).collect())
}
