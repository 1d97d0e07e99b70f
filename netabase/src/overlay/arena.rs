//! Bytes of staged rows in one buffer.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arena_gives_back_what_it_took() -> Result<()> {
        let mut arena = Arena::default();
        let (one, none, two) = (arena.push(b"one")?, arena.push(b"")?, arena.push_pair(b"t", b"wo")?);
        assert_eq!([one, none, two].map(|piece| arena.get(piece)), [&b"one"[..], b"", b"two"]);
        Ok(())
    }
}
