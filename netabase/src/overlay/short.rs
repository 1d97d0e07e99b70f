//! Bytes of a key, in place if they are few: a tree of them is copied and compared without following pointers.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::sync::Arc;

/// Most keys, and most pairs of an index, are no longer.
const INLINE: usize = 30;

/// Some bytes, cheap to clone. They sort as bytes do.
#[derive(Clone, Debug)]
pub(crate) struct Short(Place);

#[derive(Clone, Debug)]
enum Place {
    Inline { len: u8, bytes: [u8; INLINE] },
    Shared(Arc<[u8]>),
}

impl Short {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        Self::of_pair(bytes, &[])
    }

    /// One string of bytes after the other.
    pub(crate) fn of_pair(first: &[u8], second: &[u8]) -> Self {
        let len = first.len() + second.len();
        let mut bytes = [0; INLINE];
        match (u8::try_from(len), bytes.get_mut(..len)) {
            (Ok(len), Some(place)) => {
                place.iter_mut().zip(first.iter().chain(second)).for_each(|(to, from)| *to = *from);
                Short(Place::Inline { len, bytes })
            }
            _ => Short(Place::Shared([first, second].concat().into())),
        }
    }

    #[inline]
    pub(crate) fn as_slice(&self) -> &[u8] {
        match &self.0 {
            Place::Inline { len, bytes } => bytes.get(..usize::from(*len)).unwrap_or_default(),
            Place::Shared(bytes) => bytes,
        }
    }
}

impl Borrow<[u8]> for Short {
    fn borrow(&self) -> &[u8] {
        self.as_slice()
    }
}

impl PartialEq for Short {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Short {}

impl PartialOrd for Short {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Short {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_slice().cmp(other.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn short_bytes_are_the_bytes_in_their_order(
            a in prop::collection::vec(0..3_u8, 0..40), b in prop::collection::vec(0..3_u8, 0..40), split in 0..40_usize,
        ) {
            let (first, second) = a.split_at(split.min(a.len()));
            let short = Short::of_pair(first, second);
            prop_assert_eq!(short.as_slice(), &a[..]);
            prop_assert_eq!(short.cmp(&Short::new(&b)), a.cmp(&b));
        }
    }
}
