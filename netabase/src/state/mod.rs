//! A store of small values under hierarchical keys, with versions: configuration, desired state, leases.
//!
//! It is a netabase definition with one model, so it has what every store has: transactions, snapshots, one file, and a watch.
//!
//! ```
//! use netabase::state::{EventKind, StateStore};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize, Debug, PartialEq)]
//! struct Workload {
//!     name: String,
//!     replicas: u32,
//!     image: String,
//! }
//!
//! # fn main() -> netabase::Result<()> {
//! let state = StateStore::in_memory()?; // or `StateStore::open("state.redb")`
//! let mut watcher = state.watch("/workloads/*")?;
//!
//! let web = Workload { name: "web".into(), replicas: 3, image: "web:1".into() };
//! let version = state.set_json("/workloads/web", &web)?;
//! assert_eq!(version, 1);
//! assert_eq!(state.get_json("/workloads/web")?, Some(web));
//! assert_eq!(state.list("/workloads/")?, ["/workloads/web"]);
//!
//! let event = watcher.next().expect("the store is open")?;
//! assert_eq!((event.kind, &*event.key), (EventKind::Created, "/workloads/web"));
//!
//! // Whoever read version 1 may write version 2; who comes later is told.
//! state.compare_and_set("/workloads/web", 1, b"{}")?;
//! assert!(state.compare_and_set("/workloads/web", 1, b"[]").is_err());
//! # Ok(())
//! # }
//! ```
//!
//! # Keys
//!
//! A key is a path: it begins with `/`, its segments are not empty, and it has 1024 bytes at most. `*` and control characters are not
//! allowed in it. All other text is, and means itself: `%`, `_` and `?` are no wildcards.

#[cfg(feature = "tokio")]
mod asynchronous;
mod key;
mod op;
mod store;
mod watch;

#[cfg(feature = "tokio")]
pub use asynchronous::AsyncStateStore;
pub use op::Op;
pub use store::{Entry, Record, RecordPrimaryKey, State, StateChange, StateKeys, StateKind, StateStore};
pub use watch::{EventKind, StateEvent, StateWatcher};
