//! Which keys a memtable may know: a Bloom filter, so that most reads of other keys pass it by.
//!
//! Bits are only set. What a transaction sets that is given up, or that a reader's version does not have yet, costs a look that
//! finds nothing. [Bloom 1970, "Space/time trade-offs in hash coding with allowable errors"]

use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};

use foldhash::fast::FixedState;

/// Bits, as a power of two: 128 KiB, of which two stand for each key. With 100 000 keys one look in thirty is in vain.
const BITS: u32 = 20;

/// The keys of all tables of a memtable.
#[derive(Debug)]
pub(super) struct Filter(Box<[AtomicU64]>);

impl Default for Filter {
    fn default() -> Self {
        Filter((0..1_usize << (BITS - 6)).map(|_| AtomicU64::new(0)).collect())
    }
}

/// A key of a table, hashed once for all filters.
#[derive(Clone, Copy)]
pub(super) struct Hashed(u64);

impl Hashed {
    #[inline]
    pub(super) fn new(slot: usize, key: &[u8]) -> Self {
        Hashed(FixedState::with_seed(slot as u64).hash_one(key))
    }

    /// Two places: the word, and the bit in it.
    #[inline]
    fn places(self) -> [(usize, u64); 2] {
        [self.0, self.0 >> 32].map(|hash| {
            let bit = hash & ((1 << BITS) - 1);
            ((bit >> 6) as usize, 1 << (bit & 63))
        })
    }
}

impl Filter {
    // The lock under which a version is published orders its bits before its readers.
    pub(super) fn add(&self, hashed: Hashed) {
        for (word, bit) in hashed.places() {
            if let Some(word) = self.0.get(word)
                && word.load(Ordering::Relaxed) & bit == 0
            {
                word.fetch_or(bit, Ordering::Relaxed);
            }
        }
    }

    #[inline]
    pub(super) fn may_have(&self, hashed: Hashed) -> bool {
        hashed
            .places()
            .into_iter()
            .all(|(word, bit)| self.0.get(word).is_some_and(|word| word.load(Ordering::Relaxed) & bit != 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_is_found_and_little_else() {
        let filter = Filter::default();
        let hashed = |number: u32| Hashed::new(3, &number.to_be_bytes());
        (0..10_000).for_each(|number| filter.add(hashed(number)));
        assert!((0..10_000).all(|number| filter.may_have(hashed(number))));
        let in_vain = (10_000..110_000).filter(|number| filter.may_have(hashed(*number))).count();
        assert!(in_vain < 200, "{in_vain}");
    }
}
