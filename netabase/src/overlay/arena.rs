//! Bytes of staged rows in one buffer, and the order in which an engine wants them.

use crate::error::{Error, Result};

/// Where some bytes lie in an arena. Half as large as a range of `usize`, as every staged row has one or two.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    start: u32,
    len: u32,
}

/// A length or a place in 32 bits. A change for which there is no room is refused before it is staged.
pub(super) fn number(at: usize) -> Result<u32> {
    u32::try_from(at).map_err(|_| Error::internal("more was staged than there is room"))
}

/// A buffer that only grows.
#[derive(Debug, Default)]
pub(super) struct Arena(Vec<u8>);

impl Arena {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Adds bytes behind the others.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Piece> {
        self.push_pair(bytes, &[])
    }

    /// Adds two strings of bytes as one piece.
    pub(super) fn push_pair(&mut self, first: &[u8], second: &[u8]) -> Result<Piece> {
        let (start, len) = (self.0.len(), first.len() + second.len());
        number(start + len)?;
        let piece = Piece { start: number(start)?, len: number(len)? };
        self.0.extend_from_slice(first);
        self.0.extend_from_slice(second);
        Ok(piece)
    }

    #[inline]
    pub(super) fn get(&self, piece: Piece) -> &[u8] {
        let start = piece.start as usize;
        self.0.get(start..start + piece.len as usize).unwrap_or_default()
    }
}

/// What a row sorts by: its key, and in an index the value behind it.
#[derive(Clone, Copy)]
pub(crate) struct Place<'b> {
    /// key and value
    pub(crate) bytes: &'b [u8],
    /// length of the key
    pub(crate) split: usize,
}

impl<'b> Place<'b> {
    pub(super) fn parts(self) -> (&'b [u8], &'b [u8]) {
        self.bytes.split_at_checked(self.split).unwrap_or((self.bytes, &[]))
    }
}

/// The rows `0..count` in the order of their places; equal ones in their own order.
///
/// Most comparisons are of numbers that stand in the list itself. What all keys begin with says nothing about their
/// order, so the number is made of what comes behind it.
pub(crate) fn in_order<'b>(count: usize, place: impl Fn(usize) -> Place<'b>) -> InOrder {
    let first = if count == 0 { &[] } else { place(0).parts().0 };
    let (mut shared, mut one_width) = (first.len(), true);
    for row in 1..count {
        let (key, _) = place(row).parts();
        one_width &= key.len() == first.len();
        shared = first.iter().zip(key).take(shared).take_while(|(a, b)| a == b).count();
    }
    let with_head = |row| {
        let Place { bytes, split } = place(row);
        // Behind keys of one width the value may follow at once.
        let bytes = if one_width { bytes } else { bytes.get(..split).unwrap_or(bytes) };
        (head(bytes.get(shared..).unwrap_or_default()), row)
    };
    let mut order: Vec<([u64; 2], usize)> = (0..count).map(with_head).collect();
    order.sort_unstable_by(|(a, x), (b, y)| {
        a.cmp(b).then_with(|| (place(*x).parts(), x).cmp(&(place(*y).parts(), y)))
    });
    InOrder(order.into_iter())
}

/// Rows in order.
pub(crate) struct InOrder(std::vec::IntoIter<([u64; 2], usize)>);

impl Iterator for InOrder {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        self.0.next().map(|(_, row)| row)
    }
}

/// Sixteen bytes as two numbers, zeros where there are fewer. If the numbers of two strings of bytes differ, the strings
/// differ in the same way; if they are equal, nothing is known.
#[inline]
fn head(bytes: &[u8]) -> [u64; 2] {
    let mut head = [0; 16];
    match bytes.first_chunk() {
        Some(all) => head = *all,
        None => head.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from),
    }
    let [high, low] = [head.first_chunk(), head.last_chunk()];
    [high, low].map(|half| half.copied().map_or(0, u64::from_be_bytes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn places_sort_by_key_then_by_value_then_as_they_came(
            shared in prop::collection::vec(prop::sample::select(vec![0, 1, 0xFF]), 0..20),
            rows in prop::collection::vec(
                (prop::collection::vec(prop::sample::select(vec![0, 1, 0xFF]), 0..20), 0..22_usize), 0..30,
            ),
            one_width: bool,
        ) {
            let rows: Vec<(Vec<u8>, usize)> = rows
                .into_iter()
                .map(|(end, split)| {
                    let bytes = [&*shared, &*end].concat();
                    let split = if one_width { shared.len() } else { split };
                    (bytes.clone(), split.min(bytes.len()))
                })
                .collect();
            let place = |row: usize| Place { bytes: &rows[row].0, split: rows[row].1 };
            let mut expected: Vec<usize> = (0..rows.len()).collect();
            expected.sort_by_key(|row| place(*row).parts());
            prop_assert_eq!(in_order(rows.len(), place).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn an_arena_gives_back_what_it_took() -> Result<()> {
        let mut arena = Arena::default();
        let (one, none, two) = (arena.push(b"one")?, arena.push(b"")?, arena.push_pair(b"t", b"wo")?);
        assert_eq!([one, none, two].map(|piece| arena.get(piece)), [&b"one"[..], b"", b"two"]);
        Ok(())
    }
}
