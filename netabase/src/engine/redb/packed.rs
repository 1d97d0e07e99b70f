//! The values under one key of an index, packed into rows.
//!
//! A row holds ascending values one after the other: bare if their width is fixed, else each behind its length in two
//! bytes. The first row of a key begins with the number of all values of the key, as a varint; it is there as long as the
//! key has values, also if all of them stand in later rows. A row holds every value of its key from its own bound up to
//! that of the next row.

use std::cmp::Ordering;

use super::error::corrupt;
use crate::error::Result;

/// A row that would have more bytes of values than this is divided.
const FULL: usize = 2048;
/// About how many bytes each piece of a divided row gets. Three of them fill a page.
const PIECE: usize = 1280;

/// Where the length of a value of any width stands.
const LENGTH: usize = 2;

#[cold]
pub(super) fn malformed() -> crate::Error {
    corrupt("an index row that is not what was written".into())
}

/// Reads the number of values from the front of a first row.
#[inline]
pub(super) fn read_total(row: &[u8]) -> Result<(u64, &[u8])> {
    postcard::take_from_bytes(row).map_err(|_| malformed())
}

/// Writes the front of a first row.
pub(super) fn write_total(total: u64, out: &mut Vec<u8>) {
    // A number always encodes.
    if let Ok(filled) = postcard::to_extend(&total, std::mem::take(out)) {
        *out = filled;
    }
}

/// Takes the first value off packed values; `None` at their end.
#[inline]
pub(super) fn take<'b, const V: usize>(packed: &mut &'b [u8]) -> Result<Option<&'b [u8]>> {
    if packed.is_empty() {
        return Ok(None);
    }
    let (value, rest) = if V == 0 {
        let (length, rest) = packed.split_first_chunk::<LENGTH>().ok_or_else(malformed)?;
        rest.split_at_checked(u16::from_le_bytes(*length).into()).ok_or_else(malformed)?
    } else {
        packed.split_at_checked(V).ok_or_else(malformed)?
    };
    *packed = rest;
    Ok(Some(value))
}

/// How many packed values there are.
pub(super) fn len<const V: usize>(mut packed: &[u8]) -> Result<u64> {
    if let Some(len) = packed.len().checked_div(V) {
        return Ok(len as u64);
    }
    let mut len = 0;
    while take::<V>(&mut packed)?.is_some() {
        len += 1;
    }
    Ok(len)
}

fn push<const V: usize>(value: &[u8], out: &mut Vec<u8>) -> Result<()> {
    if V == 0 {
        let length = u16::try_from(value.len()).map_err(|_| super::width::too_long(value.len()))?;
        out.extend_from_slice(&length.to_le_bytes());
    } else {
        super::width::check::<V>(value)?;
    }
    out.extend_from_slice(value);
    Ok(())
}

/// A value that comes or goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Change<'c> {
    pub(super) value: &'c [u8],
    pub(super) comes: bool,
}

/// Merges ascending changes into packed values; returns by how many values there are more afterwards. Most rows get few
/// changes, so what lies between them is copied whole where the width allows.
pub(super) fn merge<const V: usize>(
    mut old: &[u8],
    changes: &[Change<'_>],
    out: &mut Vec<u8>,
) -> Result<i64> {
    let mut more = 0;
    for change in changes {
        let (before, is_there) = lower::<V>(&mut old, change.value)?;
        out.extend_from_slice(before);
        if is_there {
            take::<V>(&mut old)?;
        }
        if change.comes {
            push::<V>(change.value, out)?;
        }
        more += i64::from(change.comes) - i64::from(is_there);
    }
    out.extend_from_slice(old);
    Ok(more)
}

/// Takes off all values below `value`; says whether it is the next one.
fn lower<'b, const V: usize>(packed: &mut &'b [u8], value: &[u8]) -> Result<(&'b [u8], bool)> {
    let all = *packed;
    if V != 0 {
        let (rows, rest) = all.as_chunks::<V>();
        if !rest.is_empty() {
            return Err(malformed());
        }
        let found = rows.binary_search_by(|row| row.as_slice().cmp(value));
        let at = found.unwrap_or_else(|at| at);
        let (before, after) = all.split_at_checked(at * V).ok_or_else(malformed)?;
        *packed = after;
        return Ok((before, found.is_ok()));
    }
    loop {
        let here = *packed;
        let order = take::<V>(packed)?.map_or(Ordering::Greater, |next| next.cmp(value));
        if order != Ordering::Less {
            *packed = here;
            let before = all.get(..all.len() - here.len()).ok_or_else(malformed)?;
            return Ok((before, order == Ordering::Equal));
        }
    }
}

/// Divides packed values that are too many for one row. The pieces come in order; there is at least one.
pub(super) fn pieces<'b, const V: usize>(
    packed: &'b [u8],
    mut piece: impl FnMut(&'b [u8]) -> Result<()>,
) -> Result<()> {
    let mut rest = packed;
    while rest.len() > FULL {
        let mut end = rest;
        while rest.len() - end.len() < PIECE {
            take::<V>(&mut end)?;
        }
        piece(rest.get(..rest.len() - end.len()).ok_or_else(malformed)?)?;
        rest = end;
    }
    piece(rest)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn packed<const V: usize>(values: &BTreeSet<Vec<u8>>) -> Vec<u8> {
        let mut out = Vec::new();
        for value in values {
            push::<V>(value, &mut out).unwrap();
        }
        out
    }

    fn unpacked<const V: usize>(mut packed: &[u8]) -> BTreeSet<Vec<u8>> {
        let mut values = BTreeSet::new();
        while let Some(value) = take::<V>(&mut packed).unwrap() {
            assert!(values.last().is_none_or(|last: &Vec<u8>| last.as_slice() < value), "they ascend");
            values.insert(value.to_vec());
        }
        values
    }

    fn values(width: usize, most: usize) -> impl Strategy<Value = BTreeSet<Vec<u8>>> {
        let len = if width == 0 { 0..5 } else { width..width + 1 };
        prop::collection::btree_set(prop::collection::vec(0..4_u8, len), 0..most)
    }

    fn law<const V: usize>() {
        proptest!(|(old in values(V, 60), come in values(V, 20), go in values(V, 20))| {
            let mut expected = old.clone();
            let changes: std::collections::BTreeMap<_, _> =
                come.iter().map(|value| (value, true)).chain(go.iter().map(|value| (value, false))).collect();
            for (value, comes) in &changes {
                if *comes { expected.insert((*value).clone()); } else { expected.remove(*value); }
            }
            let changes: Vec<_> = changes.iter().map(|(value, comes)| Change { value, comes: *comes }).collect();
            let mut out = Vec::new();
            let more = merge::<V>(&packed::<V>(&old), &changes, &mut out).unwrap();
            prop_assert_eq!(old.len().saturating_add_signed(isize::try_from(more).unwrap()), expected.len());
            prop_assert_eq!(unpacked::<V>(&out), expected);
        });
    }

    #[test]
    fn a_merge_is_a_union_and_a_difference() {
        law::<0>();
        law::<4>();
    }

    #[test]
    fn pieces_put_together_are_the_whole() {
        let all: BTreeSet<Vec<u8>> = (0..2000_u32).map(|n| n.to_be_bytes().to_vec()).collect();
        let (fixed, free) = (packed::<4>(&all), packed::<0>(&all));
        let mut sizes = Vec::new();
        let mut whole = Vec::new();
        let keep = |piece: &[u8]| {
            sizes.push(piece.len());
            whole.extend_from_slice(piece);
            Ok(())
        };
        pieces::<4>(&fixed, keep).unwrap();
        assert_eq!(whole, fixed);
        assert!(sizes.len() > 3 && sizes.iter().all(|size| *size <= FULL), "{sizes:?}");
        let mut count = 0;
        pieces::<0>(&free, |piece| {
            count += unpacked::<0>(piece).len();
            Ok(())
        })
        .unwrap();
        assert_eq!(count, 2000);
        pieces::<4>(&[], |piece| {
            assert!(piece.is_empty());
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn damaged_values_are_an_error() {
        let change = [Change { value: &[1; 8], comes: true }];
        assert!(merge::<8>(&[0; 12], &change, &mut Vec::new()).is_err());
        assert!(merge::<0>(&[9, 0, 1], &change, &mut Vec::new()).is_err());
        assert!(take::<0>(&mut &[1][..]).is_err());
        assert!(read_total(&[0xFF; 20]).is_err());
    }
}
