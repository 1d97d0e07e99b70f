//! netabase measured against the same store written by hand on redb.
//!
//! - [`model`]: the records, and [`data`]: a reproducible set of them.
//! - [`side`]: what both stores can do; [`by_netabase`] and [`by_hand`] do it.
//! - [`work`]: the workloads, each timed without its set-up; [`options`]: the command line of the examples.
//! - [`sales`]: queries of more than one key, with a store of their own.
//! - [`links`]: records with those they are related to.
//! - [`tree`]: records that go with one that is deleted.
//! - [`scaling`]: the cost of an operation by the number of records, of indexes, and by the size of a record.
//!
//! `cargo bench -p netabase-benches` measures each with criterion; `cargo run --release -p netabase-benches
//! --example ratios` runs all of them, the two sides in turn, and prints one table. The examples `scaling` and `allocations` print theirs.

pub mod by_hand;
pub mod by_netabase;
pub mod data;
pub mod links;
pub mod model;
pub mod options;
pub mod sales;
pub mod scaling;
pub mod side;
pub mod tree;
pub mod work;

pub use by_hand::ByHand;
pub use by_netabase::ByNetabase;
pub use data::Data;
pub use model::{Club, Team, User};
pub use options::Options;
pub use side::{Reads, Side, Writes};

/// A new store without a write-ahead journal: a commit costs what one by hand does, and what netabase adds to it.
pub fn new_store<D: netabase::NetabaseDefinition>(
    path: &std::path::Path,
) -> netabase::Result<netabase::Store<D>> {
    let store = netabase::Store::builder().path(path).create_new(true);
    store.write_ahead(netabase::WriteAhead::Off).open()
}

/// Either store's failure. Benches only pass it on.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// What both sides return.
pub type Result<T> = std::result::Result<T, Error>;
