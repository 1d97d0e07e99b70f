//! What was committed, kept: the journal of models with `#[netabase(journal)]`, the messages of topics, and those who work
//! through them.
//!
//! - [`Store::journal`](crate::Store::journal) reads: [`Journal`].
//! - [`Store::consumer`](crate::Store::consumer) works through the journal in order, each commit once: [`Consumer`].
//! - [`Store::group`](crate::Store::group) shares it among workers, who claim, acknowledge, and time out: [`Group`].
//! - [`Store::topic`](crate::Store::topic) has both for the messages that
//!   [`publish`](crate::WriteTransaction::publish) writes: [`Topic`].

mod consumer;
mod cursor;
mod group;
mod read;
mod source;
mod topic;

pub use consumer::Consumer;
pub use group::{Claim, Group};
pub use read::{ChangeSets, Journal};
pub use topic::{Message, Topic};
