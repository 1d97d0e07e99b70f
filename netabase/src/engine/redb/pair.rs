//! The keys of an index's rows: a key of the index, then the lower bound of the values in the row.
//!
//! Rows sort by key and then by that bound. Where the key's width is fixed the bytes sort so by themselves. Where it is
//! not, the comparison must know where the key ends: before a value of fixed width, or where the last two bytes say.

use std::borrow::Cow;
use std::cmp::Ordering;

use redb::{TypeName, Value};
use smallvec::SmallVec;

use super::width::{Bytes, Raw, as_numbers, check, shortest};
use crate::error::Result;

/// A row's key; most stand on the stack.
pub(super) type RowKey = SmallVec<[u8; 64]>;

/// `K` and `V` are widths, 0 means any.
#[derive(Debug)]
pub(super) struct PairKey<const K: usize, const V: usize>;

/// Bytes that tell the length of a key of any width before a value of any width.
const LENGTH: usize = 2;

/// A bound below every value of a fixed width.
const ZEROS: [u8; 16] = [0; 16];

impl<const K: usize, const V: usize> PairKey<K, V> {
    /// The bound of the first row of a key, which is below all values.
    pub(super) fn lowest() -> &'static [u8] {
        ZEROS.get(..V).unwrap_or_default()
    }

    /// Puts a row's key together.
    pub(super) fn write(key: &[u8], low: &[u8], out: &mut RowKey) -> Result<()> {
        check::<K>(key)?;
        check::<V>(low)?;
        out.clear();
        out.extend_from_slice(key);
        out.extend_from_slice(low);
        if K == 0 && V == 0 {
            let length = u16::try_from(key.len()).map_err(|_| super::width::too_long(key.len()))?;
            out.extend_from_slice(&length.to_be_bytes());
        }
        Ok(())
    }

    /// Takes a row's key apart. Bytes that are no such key give some answer, as damage must not be a panic.
    #[inline]
    pub(super) fn split(row: &[u8]) -> (&[u8], &[u8]) {
        let at = |at: usize| row.split_at_checked(at).unwrap_or((row, &[]));
        match (K, V) {
            (0, 0) => match row.split_last_chunk::<LENGTH>() {
                Some((pair, length)) => {
                    pair.split_at_checked(u16::from_be_bytes(*length).into()).unwrap_or((pair, &[]))
                }
                None => (row, &[]),
            },
            (0, _) => at(row.len().saturating_sub(V)),
            (_, _) => at(K),
        }
    }

    /// Whether a row is the first of its key.
    #[inline]
    pub(super) fn is_first(low: &[u8]) -> bool {
        low == Self::lowest()
    }

    /// The least bytes that are not below any row of a key from `bound` on, or after it. `None`: there are none.
    /// A bound need not have the keys' width, as a prefix has not.
    pub(super) fn edge(bound: &[u8], after: bool) -> Option<RowKey> {
        let mut edge = RowKey::new();
        if K == 0 {
            let mut key = bound.to_vec();
            if after {
                key.push(0);
            }
            // A bound from outside may be longer than any key; then it need only sort behind those that begin it.
            key.truncate(u16::MAX.into());
            Self::write(&key, Self::lowest(), &mut edge).ok()?;
            return Some(edge);
        }
        edge.extend(bound.iter().copied().take(K));
        if bound.len() > K || (bound.len() == K && after) {
            return next(edge);
        }
        Some(edge)
    }
}

/// The bytes of the same width that come next.
fn next(mut bytes: RowKey) -> Option<RowKey> {
    for byte in bytes.iter_mut().rev() {
        match byte.checked_add(1) {
            Some(more) => {
                *byte = more;
                return Some(bytes);
            }
            None => *byte = 0,
        }
    }
    None
}

impl<const K: usize, const V: usize> Value for PairKey<K, V> {
    type SelfType<'a> = &'a [u8];
    type AsBytes<'a> = &'a [u8];

    fn fixed_width() -> Option<usize> {
        (K != 0 && V != 0).then_some(K + V)
    }

    fn from_bytes<'a>(data: &'a [u8]) -> &'a [u8]
    where
        Self: 'a,
    {
        data
    }

    fn as_bytes<'a, 'b: 'a>(value: &'a &'b [u8]) -> &'a [u8] {
        value
    }

    fn type_name() -> TypeName {
        // Those in use most are not put together each time.
        match (K, V) {
            (0, 8) => TypeName::new("netabase::Pair0x8"),
            (4, 8) => TypeName::new("netabase::Pair4x8"),
            (8, 8) => TypeName::new("netabase::Pair8x8"),
            _ => TypeName::new(&format!("netabase::Pair{K}x{V}")),
        }
    }
}

impl<const K: usize, const V: usize> redb::Key for PairKey<K, V> {
    #[inline]
    fn compare(a: &[u8], b: &[u8]) -> Ordering {
        match (K, V) {
            (8, 8) => as_numbers(a, b, u128::from_be_bytes),
            (0, _) => Self::split(a).cmp(&Self::split(b)),
            _ => a.cmp(b),
        }
    }

    fn separator<'a>(left: &'a [u8], right: &'a [u8]) -> Cow<'a, [u8]> {
        // Only bytes that sort by themselves can be cut short, and only where the width is not fixed.
        if K != 0 && V == 0 { shortest(left, right) } else { Cow::Borrowed(left) }
    }
}

impl<const K: usize, const V: usize> Raw for PairKey<K, V> {
    fn check(_: &[u8]) -> Result<()> {
        // `write` has seen to it.
        Ok(())
    }
}

/// The rows of an index.
pub(super) type PairTable<'t, const K: usize, const V: usize> = redb::Table<'t, PairKey<K, V>, Bytes>;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use redb::Key;

    use super::*;

    fn row<const K: usize, const V: usize>(pair: &(Vec<u8>, Vec<u8>)) -> RowKey {
        let mut row = RowKey::new();
        PairKey::<K, V>::write(&pair.0, &pair.1, &mut row).unwrap();
        row
    }

    fn bytes(width: usize) -> BoxedStrategy<Vec<u8>> {
        let byte = prop::sample::select(vec![0, 1, 0xFE, 0xFF]);
        let len = if width == 0 { 0..4 } else { width..width + 1 };
        prop::collection::vec(byte, len).boxed()
    }

    /// Rows sort as pairs do, come apart again, and edges lie where they should.
    fn law<const K: usize, const V: usize>() {
        let any = (bytes(K), bytes(V));
        proptest!(|(a in any.clone(), b in any.clone(), bound in bytes(0), after: bool)| {
            let (x, y) = (row::<K, V>(&a), row::<K, V>(&b));
            prop_assert_eq!(PairKey::<K, V>::compare(&x, &y), a.cmp(&b));
            prop_assert_eq!(PairKey::<K, V>::split(&x), (&*a.0, &*a.1));
            if x < y && a < b {
                let separator = PairKey::<K, V>::separator(&x, &y);
                prop_assert!(PairKey::<K, V>::compare(&x, &separator).is_le());
                prop_assert!(PairKey::<K, V>::compare(&separator, &y).is_lt());
            }
            for bound in [&bound, &b.0] {
                let reaches = if after { a.0 > *bound } else { a.0 >= *bound };
                let edge = PairKey::<K, V>::edge(bound, after);
                let found = edge.is_some_and(|edge| PairKey::<K, V>::compare(&edge, &x).is_le());
                prop_assert_eq!(found, reaches, "{:?} {:?}", bound, a);
            }
        });
    }

    #[test]
    fn rows_sort_by_key_and_then_by_value() {
        law::<0, 0>();
        law::<0, 8>();
        law::<4, 0>();
        law::<4, 8>();
        law::<8, 8>();
    }

    #[test]
    fn bytes_that_are_no_row_are_taken_apart_somehow() {
        proptest!(|(a: Vec<u8>, b: Vec<u8>)| {
            let _ = PairKey::<0, 0>::compare(&a, &b);
            let _ = PairKey::<0, 8>::compare(&a, &b);
            let _ = PairKey::<8, 8>::split(&a);
        });
    }
}
