//! The cost of an operation by the number of records, the number of indexes, and the size of a record.
//!
//! - [`model`]: a model for each number of indexes, and [`data`]: records of it, made when they are needed.
//! - [`side`]: what both stores can do; [`by_netabase`] and [`by_hand`] do it for every model.
//! - [`work`]: the operations, timed; [`check`]: both stores hold what they should.
//! - [`point`]: all operations on both sides; [`sweep`]: the points of each question; [`table`]: their tables.
//!
//! The example `scaling` runs the sweeps.

pub mod by_hand;
pub mod by_netabase;
pub mod check;
pub mod data;
pub mod model;
pub mod point;
pub mod side;
pub mod sweep;
pub mod table;
pub mod work;

pub use by_hand::ByHand;
pub use by_netabase::ByNetabase;
pub use data::Data;
pub use model::Model;
pub use point::{Pair, Point};
pub use side::{Reads, Side, Writes};
pub use sweep::{Family, Sweep};
pub use work::Operation;
