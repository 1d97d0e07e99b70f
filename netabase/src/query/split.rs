//! A range of keys that several threads share: whoever has nothing left gets half of what another has.

use std::ops::Bound;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::key::ByteRange;

/// Ranges that nobody works on yet.
#[derive(Debug)]
pub(super) struct Pieces {
    state: Mutex<State>,
    came: Condvar,
    /// threads that would take a piece and find none, to be looked at without the lock
    wanted: AtomicUsize,
}

#[derive(Debug)]
struct State {
    ranges: Vec<ByteRange>,
    /// threads that have a piece, which they may divide
    working: usize,
    /// threads that have none, or have not come yet
    idle: usize,
}

impl Pieces {
    pub(super) fn new(range: ByteRange, threads: usize) -> Self {
        let state = State { ranges: vec![range], working: 0, idle: threads };
        Pieces { state: Mutex::new(state), came: Condvar::new(), wanted: AtomicUsize::new(0) }
    }

    /// The next piece, when there is one. `None` when nobody can give one any more. Whoever had one before has done it.
    pub(super) fn next(&self, had_one: bool) -> Option<ByteRange> {
        let mut state = self.state();
        if had_one {
            state.working -= 1;
            state.idle += 1;
        }
        loop {
            if let Some(range) = state.ranges.pop() {
                state.working += 1;
                state.idle = state.idle.saturating_sub(1);
                self.count_wanted(&state);
                return Some(range);
            }
            if state.working == 0 {
                self.came.notify_all();
                return None;
            }
            self.count_wanted(&state);
            state = self.came.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Gives up a piece that is not done.
    pub(super) fn abandon(&self) {
        let mut state = self.state();
        state.working -= 1;
        state.ranges.clear();
        self.came.notify_all();
    }

    #[inline]
    pub(super) fn are_wanted(&self) -> bool {
        self.wanted.load(Ordering::Relaxed) > 0
    }

    pub(super) fn give(&self, range: ByteRange) {
        let mut state = self.state();
        state.ranges.push(range);
        self.count_wanted(&state);
        self.came.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count_wanted(&self, state: &State) {
        self.wanted.store(state.idle.saturating_sub(state.ranges.len()), Ordering::Relaxed);
    }
}

/// A key about half-way between two. `None` if there is none in between.
pub(super) fn middle(low: &[u8], high: &[u8]) -> Option<Vec<u8>> {
    // One byte more than the keys have, so that neighbours have something between them.
    let width = low.len().max(high.len()) + 1;
    let at = |key: &[u8], place: usize| u16::from(key.get(place).copied().unwrap_or(0));
    let mut middle = vec![0; width];
    // The sum from the last byte on, then its half from the first byte on.
    let mut carry = 0;
    for (place, byte) in middle.iter_mut().enumerate().rev() {
        let sum = at(low, place) + at(high, place) + carry;
        (carry, *byte) = (sum >> 8, sum & 0xFF);
    }
    for byte in &mut middle {
        let whole = carry << 8 | *byte;
        (*byte, carry) = (whole >> 1, whole & 1);
    }
    let middle: Vec<u8> = middle.into_iter().filter_map(|byte| u8::try_from(byte).ok()).collect();
    (*low < *middle && *middle < *high).then_some(middle)
}

/// Divides what is left of a range behind a key: what comes first, and the rest. `last`: the last key there is.
pub(super) fn divide(done: &[u8], range: &ByteRange, last: &[u8]) -> Option<(ByteRange, ByteRange)> {
    let (_, high) = range.as_bounds();
    let end = match high {
        Bound::Included(high) | Bound::Excluded(high) => high.min(last),
        Bound::Unbounded => last,
    };
    let middle = middle(done, end)?;
    let first = ByteRange::Between(Bound::Excluded(done.to_vec()), Bound::Excluded(middle.clone()));
    let rest = ByteRange::Between(Bound::Included(middle), high.map(<[u8]>::to_vec));
    Some((first, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_middle_lies_in_between(a: Vec<u8>, b: Vec<u8>) {
            let (low, high) = (a.clone().min(b.clone()), a.max(b));
            match middle(&low, &high) {
                Some(middle) => prop_assert!(low < middle && middle < high),
                // Only zeros come right behind a key.
                None => prop_assert!(high.starts_with(&low) && high[low.len()..].iter().all(|byte| *byte == 0)),
            }
        }
    }

    #[test]
    fn what_is_left_is_divided_at_its_middle() {
        let range = ByteRange::Between(Bound::Included(vec![1]), Bound::Unbounded);
        let (first, rest) = divide(&[10], &range, &[20]).unwrap();
        assert_eq!(first, ByteRange::Between(Bound::Excluded(vec![10]), Bound::Excluded(vec![15, 0])));
        assert_eq!(rest, ByteRange::Between(Bound::Included(vec![15, 0]), Bound::Unbounded));
        assert_eq!(divide(&[20], &range, &[20]), None);
    }
}
