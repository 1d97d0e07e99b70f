//! Care of a whole store: verification, filling of new tables, rebuilding.
//!
//! Everything here streams over tables in bounded memory, tells a callback how far it is, and asks for the owner's
//! [`Permit`](crate::permission::Permit).

mod fill;
mod report;
mod sums;
mod verify;
mod versions;

pub(crate) use fill::{Filling, Reached};
pub use report::{Problem, Progress, Rebuilt, Report};
pub(crate) use verify::verify;
