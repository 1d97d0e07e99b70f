//! Records that follow from their ids, so that none has to be kept, and ids picked at random.

use std::collections::HashSet;

use super::model::Model;
use crate::data::Random;

/// Records that share a value of an indexed field, on average.
const SHARING: u32 = 100;

/// What a store holds.
#[derive(Clone, Copy, Debug)]
pub struct Data {
    /// how many records are stored; their ids are the numbers below it
    pub records: u32,
    /// bytes of a record's text
    pub bytes: usize,
    /// different values of each indexed field
    pub values: u32,
}

impl Data {
    /// So many records of about so many bytes beside their indexed fields.
    pub fn new(records: u32, bytes: usize) -> Self {
        // With one value alone an update would change nothing.
        Data { records, bytes, values: (records / SHARING).max(2) }
    }

    /// The ids of the stored records, in order.
    pub fn ids(&self) -> impl Iterator<Item = u64> + use<> {
        (0..self.records).map(u64::from)
    }

    /// The ids of `count` records that are not stored, in order.
    pub fn new_ids(&self, count: u32) -> impl Iterator<Item = u64> + use<> {
        let first = u64::from(self.records);
        first..first + u64::from(count)
    }

    /// The record with this id.
    pub fn record<M: Model>(&self, id: u64) -> M {
        self.make(id, 0)
    }

    /// The same with another value in the first indexed field, or another number if there is none.
    pub fn changed<M: Model>(&self, id: u64) -> M {
        self.make(id, 1)
    }

    fn make<M: Model>(&self, id: u64, change: u32) -> M {
        let key = |place| {
            let value = self.key(id, place);
            if place == 0 { (value + change) % self.values } else { value }
        };
        let number = half(scramble(id)).wrapping_add(if M::INDEXES == 0 { change } else { 0 });
        M::new(id, number, key, self.text(id))
    }

    /// The value of a stored record's indexed field at `place`. Neighbours in an index are not neighbours in
    /// another one, or among the records.
    pub fn key(&self, id: u64, place: usize) -> u32 {
        half(scramble(id ^ (place as u64 + 1) << 48)) % self.values
    }

    fn text(&self, id: u64) -> String {
        let mut text = format!("{:016x}", scramble(!id)).repeat(self.bytes.div_ceil(16));
        text.truncate(self.bytes);
        text
    }

    /// `count` ids of stored records, where some may come again.
    pub fn any(&self, seed: u64, count: usize) -> Vec<u64> {
        let mut random = random(seed);
        (0..count).map(|_| random.next() % u64::from(self.records)).collect()
    }

    /// `count` different ids of stored records, or all.
    pub fn different(&self, seed: u64, count: u32) -> Vec<u64> {
        let mut random = random(seed);
        let count = count.min(self.records) as usize;
        let (mut picked, mut ids) = (HashSet::new(), Vec::with_capacity(count));
        while ids.len() < count {
            let id = random.next() % u64::from(self.records);
            if picked.insert(id) {
                ids.push(id);
            }
        }
        ids
    }

    /// `count` values to look up, each with the place of its field, all fields in turn.
    pub fn wanted<M: Model>(&self, seed: u64, count: usize) -> Vec<(usize, u32)> {
        let mut random = random(seed);
        let places = (0..M::INDEXES).cycle();
        places.take(count).map(|place| (place, half(random.next()) % self.values)).collect()
    }
}

fn random(seed: u64) -> Random {
    // Never zero, of which the generator would make only zeros.
    Random(scramble(seed) | 1)
}

/// The upper half, which is the better one.
#[allow(clippy::cast_possible_truncation)]
fn half(bits: u64) -> u32 {
    (bits >> 32) as u32
}

/// Spreads neighbours over all numbers: the finish of `SplitMix64`.
fn scramble(id: u64) -> u64 {
    let mut bits = id.wrapping_add(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}
