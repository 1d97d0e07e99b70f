//! Transactions: the typed doors to a store's records.
//!
//! Each door encodes its arguments, asks the guard, and calls the plain core below.

mod admit;
mod batch;
mod cascade;
mod changes;
mod commit;
mod context;
mod delete;
mod generate;
mod hooks;
mod latest;
mod own;
mod read;
mod rekey;
mod repository;
mod state;
mod turn;
mod versions;
mod write;

pub(crate) use context::{Context, Core, Policies};
pub(crate) use hooks::Hooks;
pub(crate) use latest::Latest;
pub use read::ReadTransaction;
pub use repository::{RepositoryRead, RepositoryWrite, Scope};
pub(crate) use state::{Open, State};
pub(crate) use turn::Queue;
pub use versions::Versioned;
pub use write::WriteTransaction;
