//! Ranges over keys, and over their bytes.

use std::ops::{Bound, RangeBounds, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive};

use super::{AsKey, Key};
use crate::error::Result;

/// A range of keys of type `K`: `1..=3`, `3..`, `..`, or a pair of [`Bound`]s.
///
/// `RangeBounds<Q>` would not do: `..` implements it for every `Q`, so `.range(..)` would need an annotation.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a range of keys of type `{K}`",
    label = "expected a range of `{K}`",
    note = "write `1..=3`, `3..`, `..` or a pair of bounds, with keys of that type"
)]
pub trait KeyRange<K: Key> {
    /// The same range over encoded keys.
    fn to_bytes(&self) -> Result<ByteRange>;
    /// The same range over the beginnings of longer keys, whose first element lies in it.
    fn to_leading_bytes(&self) -> Result<ByteRange>;
}

/// A range over encoded keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ByteRange {
    /// one key
    Point(Vec<u8>),
    /// from where to where
    Between(Bound<Vec<u8>>, Bound<Vec<u8>>),
}

impl ByteRange {
    /// Every key.
    pub(crate) fn all() -> Self {
        ByteRange::Between(Bound::Unbounded, Bound::Unbounded)
    }

    /// No key.
    pub(crate) fn nothing() -> Self {
        ByteRange::Between(Bound::Unbounded, Bound::Excluded(Vec::new()))
    }

    /// From one key to another; `1..=1` is one key.
    fn between(low: Bound<Vec<u8>>, high: Bound<Vec<u8>>) -> Self {
        match (low, high) {
            (Bound::Included(low), Bound::Included(high)) if low == high => ByteRange::Point(low),
            (low, high) => ByteRange::Between(low, high),
        }
    }

    /// All keys that begin with `prefix`.
    pub(crate) fn prefix(prefix: Vec<u8>) -> Self {
        let high = successor(&prefix).map_or(Bound::Unbounded, Bound::Excluded);
        ByteRange::Between(Bound::Included(prefix), high)
    }

    /// All keys behind those that begin with `prefix`.
    pub(crate) fn behind_prefix(prefix: Vec<u8>) -> Self {
        match successor(&prefix) {
            Some(low) => ByteRange::Between(Bound::Included(low), Bound::Unbounded),
            None => ByteRange::nothing(),
        }
    }

    /// All keys that begin with something between the two. A beginning is a whole element, so none begins another.
    fn leading(low: Bound<Vec<u8>>, high: Bound<Vec<u8>>) -> Self {
        let low = match low {
            Bound::Excluded(part) => match successor(&part) {
                Some(low) => Bound::Included(low),
                // Nothing comes behind: a range that crosses.
                None => return ByteRange::nothing(),
            },
            low => low,
        };
        let high = match high {
            Bound::Included(part) => successor(&part).map_or(Bound::Unbounded, Bound::Excluded),
            high => high,
        };
        ByteRange::Between(low, high)
    }

    /// The same range among the keys that begin with `prefix`.
    pub(crate) fn behind(self, prefix: &[u8]) -> Self {
        let with = |key: Vec<u8>| [prefix, &key].concat();
        let (low, high) = match self {
            ByteRange::Point(key) => return ByteRange::Point(with(key)),
            ByteRange::Between(low, high) => (low, high),
        };
        let low = match low {
            Bound::Unbounded => Bound::Included(prefix.to_vec()),
            bound => bound.map(with),
        };
        let high = match high {
            Bound::Unbounded => successor(prefix).map_or(Bound::Unbounded, Bound::Excluded),
            bound => bound.map(with),
        };
        ByteRange::Between(low, high)
    }

    /// The key, if there is only one.
    pub(crate) fn as_point(&self) -> Option<&[u8]> {
        match self {
            ByteRange::Point(key) => Some(key),
            ByteRange::Between(..) => None,
        }
    }

    pub(crate) fn is_all(&self) -> bool {
        matches!(self, ByteRange::Between(Bound::Unbounded, Bound::Unbounded))
    }

    pub(crate) fn contains(&self, key: &[u8]) -> bool {
        match self {
            ByteRange::Point(point) => point == key,
            ByteRange::Between(..) => RangeBounds::<[u8]>::contains::<[u8]>(&self.as_bounds(), key),
        }
    }

    /// Leaves out the keys up to this one, or from this one on.
    pub(crate) fn leave_out(&mut self, key: &[u8], from_low: bool) {
        if from_low {
            self.begin_behind(key);
            return;
        }
        match self {
            ByteRange::Point(point) if point.as_slice() >= key => *self = ByteRange::nothing(),
            ByteRange::Point(_) => {}
            ByteRange::Between(_, Bound::Included(high) | Bound::Excluded(high)) if key > high.as_slice() => {
            }
            ByteRange::Between(_, high) => *high = Bound::Excluded(key.to_vec()),
        }
    }

    /// Leaves out the keys up to this one.
    pub(crate) fn begin_behind(&mut self, done: &[u8]) {
        match self {
            ByteRange::Point(key) if key.as_slice() <= done => {
                *self = ByteRange::nothing();
            }
            ByteRange::Point(_) => {}
            ByteRange::Between(Bound::Included(low) | Bound::Excluded(low), _) if done < low.as_slice() => {}
            ByteRange::Between(low, _) => *low = Bound::Excluded(done.to_vec()),
        }
    }

    /// No key can lie in it.
    pub(crate) fn is_empty(&self) -> bool {
        use Bound::{Excluded, Included, Unbounded};
        match self {
            ByteRange::Between(Included(low), Included(high)) => low > high,
            ByteRange::Between(Included(low) | Excluded(low), Included(high) | Excluded(high)) => low >= high,
            ByteRange::Between(Unbounded, Excluded(high)) => high.is_empty(),
            ByteRange::Between(..) | ByteRange::Point(_) => false,
        }
    }

    pub(crate) fn as_bounds(&self) -> (Bound<&[u8]>, Bound<&[u8]>) {
        match self {
            ByteRange::Point(key) => (Bound::Included(key), Bound::Included(key)),
            ByteRange::Between(low, high) => {
                (low.as_ref().map(Vec::as_slice), high.as_ref().map(Vec::as_slice))
            }
        }
    }

    /// The keys that lie in both.
    fn meet(&self, other: &ByteRange) -> ByteRange {
        let (own, others) = match (self, other) {
            (ByteRange::Point(_), _) if other.contains_point_of(self) => return self.clone(),
            (_, ByteRange::Point(_)) if self.contains_point_of(other) => return other.clone(),
            (ByteRange::Between(low, high), ByteRange::Between(other_low, other_high)) => {
                ((low, high), (other_low, other_high))
            }
            // A point outside.
            _ => return ByteRange::nothing(),
        };
        let low = if starts_later(own.0, others.0) { own.0 } else { others.0 };
        let high = if ends_earlier(own.1, others.1) { own.1 } else { others.1 };
        ByteRange::between(low.clone(), high.clone())
    }

    fn contains_point_of(&self, point: &ByteRange) -> bool {
        point.as_point().is_some_and(|key| self.contains(key))
    }
}

fn starts_later(a: &Bound<Vec<u8>>, b: &Bound<Vec<u8>>) -> bool {
    match (a, b) {
        (_, Bound::Unbounded) => true,
        (Bound::Unbounded, _) => false,
        (Bound::Included(a), Bound::Excluded(b)) => a > b,
        (Bound::Included(a) | Bound::Excluded(a), Bound::Included(b) | Bound::Excluded(b)) => a >= b,
    }
}

fn ends_earlier(a: &Bound<Vec<u8>>, b: &Bound<Vec<u8>>) -> bool {
    match (a, b) {
        (_, Bound::Unbounded) => true,
        (Bound::Unbounded, _) => false,
        (Bound::Included(a), Bound::Excluded(b)) => a < b,
        (Bound::Included(a) | Bound::Excluded(a), Bound::Included(b) | Bound::Excluded(b)) => a <= b,
    }
}

/// What lies in a range of each of two lists, which are one range or sorted points. Without a common key it is empty.
pub(crate) fn common(a: &[ByteRange], b: &[ByteRange]) -> Vec<ByteRange> {
    let both: Vec<ByteRange> = match (a, b) {
        ([one], many) | (many, [one]) => many.iter().map(|range| range.meet(one)).collect(),
        (a, b) => {
            let is_in_b =
                |range: &&ByteRange| b.binary_search_by_key(&range.as_point(), ByteRange::as_point).is_ok();
            a.iter().filter(is_in_b).cloned().collect()
        }
    };
    both.into_iter().filter(|range| !range.is_empty()).collect()
}

/// The first byte string after all that begin with `prefix`.
pub(crate) fn successor(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut next = prefix.to_vec();
    while let Some(last) = next.pop() {
        if let Some(above) = last.checked_add(1) {
            next.push(above);
            return Some(next);
        }
    }
    None
}

fn encoded<Q>(bound: Bound<&Q>, encode: impl Fn(&Q) -> Result<Vec<u8>>) -> Result<Bound<Vec<u8>>> {
    Ok(match bound {
        Bound::Included(key) => Bound::Included(encode(key)?),
        Bound::Excluded(key) => Bound::Excluded(encode(key)?),
        Bound::Unbounded => Bound::Unbounded,
    })
}

fn tail<K: Key>(key: &impl AsKey<K>) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    key.write_tail(&mut out).map(|()| out)
}

fn part<K: Key>(key: &impl AsKey<K>) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    key.write_part(&mut out).map(|()| out)
}

macro_rules! ranges {
    ($($range:ty),*) => { $(
        impl<K: Key, Q: AsKey<K>> KeyRange<K> for $range {
            fn to_bytes(&self) -> Result<ByteRange> {
                let encode = |key: &Q| tail(key);
                Ok(ByteRange::between(encoded(self.start_bound(), encode)?, encoded(self.end_bound(), encode)?))
            }
            fn to_leading_bytes(&self) -> Result<ByteRange> {
                let encode = |key: &Q| part(key);
                let (low, high) = (encoded(self.start_bound(), encode)?, encoded(self.end_bound(), encode)?);
                Ok(ByteRange::leading(low, high))
            }
        }
    )* };
}
ranges!(
    std::ops::Range<Q>,
    RangeFrom<Q>,
    RangeInclusive<Q>,
    RangeTo<Q>,
    RangeToInclusive<Q>,
    (Bound<Q>, Bound<Q>)
);

impl<K: Key> KeyRange<K> for RangeFull {
    fn to_bytes(&self) -> Result<ByteRange> {
        Ok(ByteRange::all())
    }
    fn to_leading_bytes(&self) -> Result<ByteRange> {
        Ok(ByteRange::all())
    }
}
