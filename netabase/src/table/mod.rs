//! The physical tables of models: where they stand, what a record puts in them, and their upkeep.
//!
//! Nothing here is generic over a model except decoding; upkeep is a loop over the schema. Every function that
//! touches rows takes a [`Permit`](crate::permission::Permit), which the guard alone makes.

mod covering;
mod definitions;
mod feed;
mod key_list;
mod layout;
mod limits;
mod links;
mod read;
mod record;
mod seek;
mod sequence;
mod shown;
mod sums;
mod versions;
mod write;

pub(crate) use covering::Covering;
pub(crate) use feed::{feed_row, feed_rows, put_feed_row};
pub(crate) use key_list::KeyList;
pub(crate) use layout::{
    CONSUMERS_TABLE, Incoming, JOURNAL_TABLE, Layout, Member, ModelTables, OUTBOX_TABLE, PartTable,
    SCHEMA_TABLE, Target, belongs, sequence_row,
};
pub(crate) use limits::{check_key, check_value};
pub(crate) use links::{Deferred, Links, check_deferred, count_referrers, link_key, referrers, target_key};
pub(crate) use read::{count, covering_rows, find, get, len, lookup, rows, rows_from};
pub(crate) use record::{decode, decode_whole, get_record, view};
pub(crate) use seek::{Seeker, Sought, each};
pub(crate) use sequence::{last_number, note_number};
pub(crate) use sums::Sums;
pub(crate) use versions::{Stamp, stamp, stamp_of, version};
pub(crate) use write::{Change, check, stage};
