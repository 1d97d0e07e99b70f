//! The bytes of one value, wherever they stand.

use super::redb::Page;

/// Bytes read from a store: a piece of an engine's page, of memory, or owned.
pub struct Slice<'a>(Place<'a>);

enum Place<'a> {
    Page(Page<'a>),
    Borrowed(&'a [u8]),
    Owned(Vec<u8>),
}

impl<'a> Slice<'a> {
    pub(super) fn page(page: Page<'a>) -> Self {
        Slice(Place::Page(page))
    }

    /// Bytes that live elsewhere.
    #[inline]
    pub fn borrowed(bytes: &'a [u8]) -> Self {
        Slice(Place::Borrowed(bytes))
    }

    /// Bytes of its own, as from a remote engine.
    pub fn owned(bytes: Vec<u8>) -> Self {
        Slice(Place::Owned(bytes))
    }
}

impl std::ops::Deref for Slice<'_> {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match &self.0 {
            Place::Page(page) => page.bytes(),
            Place::Borrowed(bytes) => bytes,
            Place::Owned(bytes) => bytes,
        }
    }
}

impl std::fmt::Debug for Slice<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Slice({} bytes)", self.len())
    }
}
