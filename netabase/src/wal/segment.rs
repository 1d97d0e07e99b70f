//! A file of the log: a page that says which one it is, then records one behind the other.
//!
//! Files are used again, with what they held before behind the new records. A checksum begins with a salt of the segment, so that
//! an old record is none of the new segment's.

use super::record::{self, Record};

/// Which log, of all there ever were.
pub(super) type Id = [u8; 16];

/// Bytes before the first record, so that no sector has a piece of both.
pub(super) const HEADER: usize = 4096;
const MAGIC: &[u8; 8] = b"netabwal";
/// The form that this program writes.
pub(super) const FORM: u8 = 1;
const LEN: usize = 53;

/// What a segment says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) id: Id,
    /// 1, 2, .. in the order of time
    pub(super) number: u64,
    /// number of its first commit
    pub(super) first: u64,
    /// how many commits had gone past the log before
    pub(super) direct: u64,
}

impl Header {
    pub(super) fn write(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER);
        bytes.extend_from_slice(MAGIC);
        bytes.push(FORM);
        bytes.extend_from_slice(&self.id);
        bytes.extend_from_slice(&self.number.to_be_bytes());
        bytes.extend_from_slice(&self.first.to_be_bytes());
        bytes.extend_from_slice(&self.direct.to_be_bytes());
        let checksum = crc32fast::hash(&bytes);
        bytes.extend_from_slice(&checksum.to_be_bytes());
        bytes.resize(HEADER, 0);
        bytes
    }

    /// Reads it, behind its form, as another one is no damage. `None` if it is not what was written.
    pub(super) fn read(bytes: &[u8]) -> Option<(u8, Header)> {
        let (body, checksum) = bytes.get(..LEN)?.split_last_chunk::<4>()?;
        if crc32fast::hash(body) != u32::from_be_bytes(*checksum) {
            return None;
        }
        let (form, body) = body.strip_prefix(MAGIC)?.split_first()?;
        let (id, body) = body.split_first_chunk::<16>()?;
        let (number, body) = body.split_first_chunk::<8>()?;
        let (first, body) = body.split_first_chunk::<8>()?;
        let [number, first, direct] =
            [number, first, body.first_chunk()?].map(|bytes| u64::from_be_bytes(*bytes));
        Some((*form, Header { id: *id, number, first, direct }))
    }

    pub(super) fn salt(&self) -> u32 {
        salt(&self.id, self.number)
    }
}

pub(super) fn salt(id: &Id, number: u64) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(id);
    hasher.update(&number.to_be_bytes());
    hasher.finalize()
}

/// Walks over the records of a segment.
#[derive(Debug)]
pub(super) struct Scan<'s> {
    bytes: &'s [u8],
    /// place of the next record
    pub(super) at: usize,
    salt: u32,
    /// number of the next record
    pub(super) seq: u64,
}

impl<'s> Scan<'s> {
    pub(super) fn new(bytes: &'s [u8], salt: u32, first: u64) -> Self {
        Scan { bytes, at: HEADER, salt, seq: first }
    }

    /// The next record, if a whole one stands there.
    pub(super) fn next(&mut self) -> Option<Record<'s>> {
        let record = record::read(self.bytes.get(self.at..)?, self.salt)?;
        if record.seq != self.seq {
            return None;
        }
        self.at += record.len;
        self.seq = self.seq.saturating_add(1);
        Some(record)
    }

    /// Whether a record behind this place knows the next one to have been on disk. Where the last commits were cut off by a power
    /// failure none does, as whoever waited for them was not told that they are durable. Linear in the rest of the segment.
    pub(super) fn is_missed(&self) -> bool {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        (1..rest.len()).any(|at| {
            let rest = rest.get(at..).unwrap_or_default();
            // Few places look like a number of a near commit, so few are read whole.
            record::seq_at(rest)
                .is_some_and(|seq| seq > self.seq && seq - self.seq <= rest.len() as u64 + at as u64)
                && record::read(rest, self.salt).is_some_and(|record| record.durable >= self.seq)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::{Draft, Item};
    use super::*;

    fn segment(durable: &[u64]) -> (Header, Vec<u8>, Vec<usize>) {
        let header = Header { id: [7; 16], number: 3, first: 5, direct: 0 };
        let (mut bytes, mut places) = (header.write(), Vec::new());
        for (seq, durable) in (5..).zip(durable) {
            let mut draft = Draft::begin(Vec::new(), *durable).unwrap();
            draft.push(&Item::Table(seq)).unwrap();
            places.push(bytes.len());
            bytes.extend(draft.finish(seq, header.salt()).unwrap());
        }
        (header, bytes, places)
    }

    #[test]
    fn headers_come_back_and_no_changed_bit_passes() {
        let header = Header { id: [9; 16], number: 1 << 40, first: 77, direct: 3 };
        let mut bytes = header.write();
        assert_eq!((bytes.len(), Header::read(&bytes)), (HEADER, Some((FORM, header))));
        for bit in 0..LEN * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Header::read(&bytes), None);
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
    }

    // Three commits under one sync, of which the second was torn: nobody was told of them. One that was synced by itself is missed.
    #[test]
    fn what_was_never_durable_is_not_missed() {
        for (durable, is_missed) in [([4, 4, 4, 4], false), ([4, 4, 5, 5], false), ([4, 4, 5, 6], true)] {
            let (header, mut bytes, places) = segment(&durable);
            bytes[places[1] + 14] ^= 1;
            bytes.extend([0; 1000]);
            let mut scan = Scan::new(&bytes, header.salt(), header.first);
            assert_eq!(scan.next().map(|record| record.seq), Some(5));
            assert!(scan.next().is_none());
            assert_eq!((scan.at, scan.is_missed()), (places[1], is_missed));
        }
    }
}
