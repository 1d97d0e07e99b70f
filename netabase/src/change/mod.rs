//! The change set of a commit: collected once, kept in the journal, and handed to whoever waits for it.
//!
//! - `log.rs` collects what a transaction changed, when it is given to the engine; nothing is collected that nobody asks for.
//! - `items.rs` is how changes are written, `record.rs` how a commit is framed, `journal.rs` where the records stand.
//! - `set.rs` shows a commit with types.
//! - `feed.rs` knows who waits, and `mailbox.rs` is where a commit waits for him.

mod feed;
mod items;
mod journal;
mod log;
mod mailbox;
mod record;
mod set;

pub(crate) use feed::{Anchor, Feed, Gate, Interest, Sees, wake};
pub(crate) use items::Items;
pub use journal::Retention;
pub(crate) use journal::{
    Journal, Sets, changed_marks, check, check_feeds, first_seq, last_seq, records, since, slowest,
};
pub(crate) use log::{Piece, Wanted, collect};
pub(crate) use mailbox::{Lag, Mail, Mailbox};
pub(crate) use record::Commit;
pub(crate) use set::Batch;
pub use set::ChangeSet;

pub use crate::model::{Change, ChangeKind, RawChange};
