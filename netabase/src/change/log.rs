//! What a transaction changed, collected as its staged changes are given to the engine.
//!
//! Until then the engine has the records as they were, so nothing is noted while the transaction runs.

use std::sync::Arc;

use super::items::{Bytes, Item};
use crate::engine::{MapChange, Read};
use crate::error::Result;
use crate::overlay::Overlay;
use crate::table::Layout;

/// Bytes after which a new piece is begun.
const PIECE: usize = 1 << 20;

/// The models whose changes somebody asks for, by number.
pub(crate) type Wanted = Arc<[bool]>;

/// Changes of one model, as [`Items`](super::Items) reads them.
#[derive(Debug)]
pub(crate) struct Piece {
    /// number of the model
    pub(crate) ordinal: usize,
    pub(crate) items: Vec<u8>,
}

impl AsRef<[u8]> for &Piece {
    fn as_ref(&self) -> &[u8] {
        &self.items
    }
}

/// The changes of a transaction so far.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pieces: Vec<Piece>,
    /// how many of them were there at the mark
    mark: usize,
}

impl Log {
    /// What was collected since the mark.
    pub(crate) fn since_mark(&self) -> impl Iterator<Item = &Piece> {
        self.pieces.iter().skip(self.mark)
    }

    /// Sets the mark behind what there is.
    pub(crate) fn mark(&mut self) {
        self.mark = self.pieces.len();
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        *self = Log::default();
    }

    pub(crate) fn into_pieces(self) -> Vec<Piece> {
        self.pieces
    }

    /// Bytes of all pieces.
    pub(crate) fn bytes(&self) -> usize {
        self.pieces.iter().map(|piece| piece.items.len()).sum()
    }

    /// Notes what a layer makes of the records of these models. The engine has them as they are without it.
    pub(crate) fn collect(
        &mut self,
        layer: &Overlay,
        stored: &dyn Read,
        layout: &Layout,
        wanted: &Wanted,
    ) -> Result<()> {
        let models = layout.models().iter().zip(wanted.iter());
        for (tables, _) in models.filter(|(_, is_wanted)| **is_wanted) {
            let name = Item::Model(layout.definition_of(tables.ordinal), tables.schema.name);
            let mut piece: Option<Piece> = None;
            for change in layer.changes(tables.main()?) {
                let (key, after) = match change {
                    MapChange::Insert(key, value) | MapChange::Put(key, value) => (key, Some(value)),
                    MapChange::Delete(key) => (key, None),
                };
                let is_new = matches!(change, MapChange::Insert(..));
                let old = if is_new { None } else { stored.get(tables.main()?, key)? };
                if old.as_deref() == after {
                    continue;
                }
                self.pieces.extend(piece.take_if(|piece| piece.items.len() >= PIECE));
                let piece = match &mut piece {
                    Some(piece) => piece,
                    None => {
                        let mut items = Vec::new();
                        name.write(&mut items)?;
                        piece.insert(Piece { ordinal: tables.ordinal, items })
                    }
                };
                let (before, after) = (old.as_deref().map(Bytes), after.map(Bytes));
                Item::Change { key: Bytes(key), before, after }.write(&mut piece.items)?;
            }
            self.pieces.extend(piece);
        }
        Ok(())
    }
}
