//! A commit in bytes: `[number][length] header, changes [checksum]`.
//!
//! A commit that is too large for one record is written in several, of which the last says so. The same bytes could stand in a
//! file of their own, one record behind the other: the length says where the next one begins, the checksum whether this one is
//! whole.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::clock::{nanos, time_of};
use crate::error::{Error, Result};

/// The form that this program writes.
const FORM: u8 = 1;

/// What is known of a commit beside its changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Commit {
    /// its number: 1, 2, ..
    pub(crate) seq: u64,
    /// when its transaction began
    pub(crate) time: SystemTime,
    /// who wrote it
    pub(crate) actor: Option<String>,
}

/// What stands before the changes.
#[derive(Serialize, Deserialize)]
struct Header<'h> {
    form: u8,
    /// whether no more records of this commit follow
    is_last: bool,
    /// nanoseconds since 1970, before it negative
    time: i64,
    #[serde(borrow)]
    actor: Option<&'h str>,
}

/// A record, read.
pub(super) struct Record<'r> {
    pub(super) commit: Commit,
    pub(super) is_last: bool,
    pub(super) items: &'r [u8],
}

/// Writes a record into the buffer, in place of what it holds. Returns where the pieces begin.
pub(super) fn write(
    commit: &Commit,
    is_last: bool,
    pieces: &[impl AsRef<[u8]>],
    out: &mut Vec<u8>,
) -> Result<usize> {
    out.clear();
    out.extend_from_slice(&commit.seq.to_be_bytes());
    out.extend_from_slice(&[0; 4]);
    let header = Header { form: FORM, is_last, time: nanos(commit.time), actor: commit.actor.as_deref() };
    let filled = postcard::to_extend(&header, std::mem::take(out));
    *out = filled.map_err(|_| Error::internal("a record of the journal does not encode"))?;
    let begin = out.len();
    for piece in pieces {
        out.extend_from_slice(piece.as_ref());
    }
    let length = out.len().checked_sub(PREFIX).and_then(|length| u32::try_from(length).ok());
    let length = length.ok_or_else(|| Error::internal("a record of the journal is too long"))?;
    if let Some(place) = out.get_mut(8..PREFIX) {
        place.copy_from_slice(&length.to_be_bytes());
    }
    let checksum = crc32fast::hash(out);
    out.extend_from_slice(&checksum.to_be_bytes());
    Ok(begin)
}

/// Bytes of the number and the length.
const PREFIX: usize = 12;

/// Reads a record; `None` if it is not what was written.
pub(super) fn read(bytes: &[u8]) -> Option<Record<'_>> {
    let (rest, checksum) = bytes.split_last_chunk::<4>()?;
    if crc32fast::hash(rest) != u32::from_be_bytes(*checksum) {
        return None;
    }
    let (seq, rest) = rest.split_first_chunk::<8>()?;
    let (length, body) = rest.split_first_chunk::<4>()?;
    if usize::try_from(u32::from_be_bytes(*length)) != Ok(body.len()) {
        return None;
    }
    let (header, items) = postcard::take_from_bytes::<Header<'_>>(body).ok()?;
    let Header { form: FORM, is_last, time, actor } = header else { return None };
    let (seq, time) = (u64::from_be_bytes(*seq), time_of(time)?);
    Some(Record { commit: Commit { seq, time, actor: actor.map(str::to_owned) }, is_last, items })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn commit(seq: u64, nanos: i64) -> Commit {
        Commit { seq, time: time_of(nanos).unwrap(), actor: Some("ada".into()) }
    }

    proptest! {
        // S4-12, S4-15.
        #[test]
        fn a_record_comes_back_and_no_changed_bit_passes(
            seq: u64, nanos in i64::MIN + 1..i64::MAX, is_last: bool, items: Vec<u8>, bit: usize,
        ) {
            let mut bytes = Vec::new();
            write(&commit(seq, nanos), is_last, &[&items[..]], &mut bytes).unwrap();
            let record = read(&bytes).unwrap();
            prop_assert_eq!((&record.commit, record.is_last, record.items), (&commit(seq, nanos), is_last, &items[..]));
            for cut in 0..bytes.len() {
                prop_assert!(read(&bytes[..cut]).is_none());
            }
            let bit = bit % (bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(read(&bytes).is_none());
        }
    }
}
