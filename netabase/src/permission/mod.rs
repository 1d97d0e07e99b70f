//! Who may do what. The [`Guard`] is asked by every door and answers with a [`Permit`].
//!
//! It stands below the table floor, whose functions demand a permit as an argument. A permit's fields are private to
//! `permit.rs`, and the guard alone asks for one to be made, so a door that skips the guard does not compile. A permit to read says which records its
//! holder may see, and the table floor shows no others.
//!
//! - `door.rs` lists the doors; `guard.rs` decides, and `permit.rs` is what it gives; `decision.rs` tells who asks what it decided.
//! - `ticket.rs` is a principal; `policy.rs` says what roles may do; `rights.rs` puts together what that is for one ticket and one
//!   model; `rows.rs` tests and hides parts of single records by it.

mod decision;
mod door;
mod guard;
mod permit;
mod policy;
mod rights;
mod rows;
mod ticket;

pub use decision::Decision;
pub(crate) use decision::Hook;
pub use door::Door;
pub(crate) use guard::Guard;
pub(crate) use permit::{FeedAccess, OwnerAccess, Permit, ReadAccess, WriteAccess};
pub(crate) use policy::AnyPolicy;
pub use policy::{DataClass, Policy};
pub(crate) use rights::ModelRights;
pub use rights::Rights;
pub use ticket::{Role, Ticket};
