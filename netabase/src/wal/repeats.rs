//! Values that stand in a record twice, as that of a row and in a row of the change journal: the second one says where the first is.

use std::hash::BuildHasher;
use std::ops::Range;

use foldhash::HashMap;
use foldhash::fast::FixedState;

/// Bytes that a value has at least for which it is worth it.
const LEAST: usize = 16;

/// The parts of values that may come again.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    /// where each one begins and how long it is, by its hash
    places: HashMap<u64, (usize, usize)>,
    /// bytes that were not written again
    saved: usize,
}

fn hash(value: &[u8]) -> u64 {
    FixedState::default().hash_one(value)
}

impl Repeats {
    /// Notes that these bytes of a body may come again.
    pub(super) fn note(&mut self, body: &[u8], part: Range<usize>) {
        if let Some(value) = body.get(part.clone())
            && value.len() >= LEAST
        {
            self.places.insert(hash(value), (part.start, part.len()));
        }
    }

    /// Where the body has this value already: its beginning, and its length.
    #[inline]
    pub(super) fn find(&mut self, body: &[u8], value: &[u8]) -> Option<(u64, u64)> {
        if self.places.is_empty() || value.len() < LEAST {
            return None;
        }
        let (at, len) = *self.places.get(&hash(value))?;
        // A body does not say more than it could say itself, so that a small one is never read as a huge one.
        let saved = self.saved.checked_add(len).filter(|saved| *saved <= body.len())?;
        if body.get(at..at.checked_add(len)?) != Some(value) {
            return None;
        }
        self.saved = saved;
        Some((at as u64, len as u64))
    }
}

/// Finds again in a body what was pointed to.
#[derive(Clone, Debug)]
pub(super) struct Pointed<'b> {
    body: &'b [u8],
    saved: usize,
}

impl<'b> Pointed<'b> {
    pub(super) fn of(body: &'b [u8]) -> Self {
        Pointed { body, saved: 0 }
    }

    /// The value; `None` if it does not lie in front of `until`, where it is pointed to, or if more is pointed to than the body is long.
    pub(super) fn get(&mut self, (at, len): (u64, u64), until: usize) -> Option<&'b [u8]> {
        let (at, len) = (usize::try_from(at).ok()?, usize::try_from(len).ok()?);
        self.saved = self.saved.checked_add(len).filter(|saved| *saved <= self.body.len())?;
        let end = at.checked_add(len).filter(|end| *end <= until)?;
        self.body.get(at..end)
    }
}
