//! The file of the ledger.

use std::path::Path;

use netabase::Store;

use crate::Result;
use crate::model::Ledger;

/// Opens a file that is there. A question does not make one.
pub(crate) fn existing(path: &Path) -> Result<Store<Ledger>> {
    must_exist(path)?;
    Ok(Store::open(path)?)
}

/// Fails unless something is there.
pub(crate) fn must_exist(path: &Path) -> Result<()> {
    if path.exists() {
        return Ok(());
    }
    Err(format!(
        "`{}` is not there: import a statement first, or name another file with --db",
        path.display()
    )
    .into())
}
