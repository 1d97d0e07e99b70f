//! The last line of the report: whether records and indexes agree.

use netabase::Store;

use crate::model::Workspace;
use crate::{Result, progress};

/// Checks the whole file and says what was found, in one line.
pub(crate) fn check(store: &Store<Workspace>) -> Result<String> {
    let report = progress::long("checking", |bar| {
        store.verify(|progress| bar.at(progress.table, progress.done, progress.total))
    })?;
    if report.is_clean() { Ok(report.to_string()) } else { Err(report.to_string().into()) }
}
