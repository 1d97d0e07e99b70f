//! Rows in the order of their keys.

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
}
