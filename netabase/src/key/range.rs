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

    /// Leaves out the keys up to this one. A point stays as it is.
    pub(crate) fn begin_behind(&mut self, done: &[u8]) {
        if let ByteRange::Between(low, _) = self
            && !matches!(low, Bound::Included(low) | Bound::Excluded(low) if done < low.as_slice())
        {
            *low = Bound::Excluded(done.to_vec());
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

    /// Puts `tag` before both ends, so that the range stays within the keys that have it.
    pub(crate) fn tagged(self, tag: u8) -> Self {
        let with = |mut key: Vec<u8>| {
            key.insert(0, tag);
            key
        };
        let (low, high) = match self {
            ByteRange::Point(key) => return ByteRange::Point(with(key)),
            ByteRange::Between(low, high) => (low, high),
        };
        let low = match low {
            Bound::Unbounded => Bound::Included(vec![tag]),
            bound => bound.map(with),
        };
        let high = match high {
            Bound::Unbounded => {
                tag.checked_add(1).map_or(Bound::Unbounded, |next| Bound::Excluded(vec![next]))
            }
            bound => bound.map(with),
        };
        ByteRange::Between(low, high)
    }
}

/// The first byte string after all that begin with `prefix`.
fn successor(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut next = prefix.to_vec();
    while let Some(last) = next.pop() {
        if let Some(above) = last.checked_add(1) {
            next.push(above);
            return Some(next);
        }
    }
    None
}

fn encoded<K: Key>(bound: Bound<&impl AsKey<K>>) -> Result<Bound<Vec<u8>>> {
    let encode = |key: &dyn Fn(&mut Vec<u8>) -> Result<()>| {
        let mut out = Vec::new();
        key(&mut out).map(|()| out)
    };
    Ok(match bound {
        Bound::Included(key) => Bound::Included(encode(&|out| key.write_tail(out))?),
        Bound::Excluded(key) => Bound::Excluded(encode(&|out| key.write_tail(out))?),
        Bound::Unbounded => Bound::Unbounded,
    })
}

macro_rules! ranges {
    ($($range:ty),*) => { $(
        impl<K: Key, Q: AsKey<K>> KeyRange<K> for $range {
            fn to_bytes(&self) -> Result<ByteRange> {
                Ok(ByteRange::between(encoded(self.start_bound())?, encoded(self.end_bound())?))
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
}
