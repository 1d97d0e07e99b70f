//! Queries of more than one key, over a store of sales.

use netabase_benches::sales::work::{self, Work};
use netabase_benches::sales::{Answers, Sales};

use super::Run;
use crate::Result;

/// The rows, each with its questions.
pub(crate) const ALL: [(&str, Work<dyn Answers>); 5] = [
    ("compound", work::compound),
    ("or", work::or),
    ("top_k", work::top_k),
    ("page", work::page),
    ("group_count", work::group_count),
];

/// Whether the row is one of these.
pub(crate) fn is_one(name: &str) -> bool {
    ALL.iter().any(|(query, _)| *query == name)
}

/// Asks once.
pub(crate) fn ask(work: Work<dyn Answers>, store: &(dyn Answers + 'static), sales: &Sales) -> Result<Run> {
    let netabase_benches::work::Run { time, count, checksum } = work(store, sales)?;
    Ok(Run { time, count, checksum })
}

/// Fails unless the answers are those of a loop over all sales. Also fills the caches.
pub(crate) fn check(store: &(dyn Answers + 'static), sales: &Sales) -> Result<()> {
    work::check(store, sales)
}
