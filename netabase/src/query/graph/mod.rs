//! Graphs: records of one model that lead to each other, walked breadth first.
//!
//! - `hop.rs` (here) is one step along a relation; `walk.rs` goes level by level; `path.rs` finds a way.

mod hop;
mod path;
mod walk;

pub use hop::{Chain, Edges, Hop};
pub(crate) use walk::over;
pub use walk::{Traversal, Visited, VisitedKeys};
