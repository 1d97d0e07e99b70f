//! What a write transaction has changed and not yet given to the engine.
//!
//! Changes are kept table by table, so that they can be applied in key order and merged with the engine's rows on the
//! way ([`Staged`]). Overlays lie on each other: a batch works on a layer of its own, which
//! [joins](Overlay::absorb) the one below when the whole batch succeeded and is dropped when it did not.

mod arena;
mod map_rows;
mod merge;
mod order;
mod pair_rows;
mod short;
mod view;

pub(crate) use merge::{MergeCursor, Rows, Staged, StagedRow, compare_pairs, pair_row};
pub(crate) use order::{InOrder, Place, in_order};
pub(crate) use pair_rows::{Pair, Presence, as_change, pair_bounds, value_bounds};
pub(crate) use short::Short;
pub(crate) use view::View;

use self::map_rows::MapRows;
use self::pair_rows::PairRows;
use crate::engine::{MapChange, TableId, Write};
use crate::error::Result;

/// Bytes that the layers of a transaction hold at most before something is staged.
pub(crate) const MOST: usize = 1 << 30;

/// Bytes that may then be staged at once, so that a place among all of them is a number of 32 bits.
pub(crate) const ROOM: usize = u32::MAX as usize - MOST;

/// One layer of staged changes, by the number of the table.
#[derive(Debug, Default)]
pub(crate) struct Overlay {
    maps: Vec<MapRows>,
    indexes: Vec<PairRows>,
}

/// The rows of a table, made when they are first needed.
fn rows_of<T: Default>(tables: &mut Vec<T>, table: TableId) -> Option<&mut T> {
    if tables.len() <= table.0 {
        tables.resize_with(table.0 + 1, T::default);
    }
    tables.get_mut(table.0)
}

impl Overlay {
    /// About how much memory the layer takes.
    pub(crate) fn bytes(&self) -> usize {
        let maps: usize = self.maps.iter().map(MapRows::size).sum();
        maps + self.indexes.iter().map(PairRows::size).sum::<usize>()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.maps.iter().all(MapRows::is_empty) && self.indexes.iter().all(PairRows::is_empty)
    }

    /// Whether it says anything of a map.
    pub(crate) fn touches(&self, table: TableId) -> bool {
        self.maps.get(table.0).is_some_and(|map| !map.is_empty())
    }

    /// What the layer makes of a map, in the order of its keys.
    pub(crate) fn changes(&self, table: TableId) -> impl Iterator<Item = MapChange<'_>> {
        self.maps.get(table.0).filter(|map| !map.is_empty()).into_iter().flat_map(MapRows::changes)
    }

    /// Sets a key of a map, or deletes it (`None`). `present`: whether the key is there now.
    pub(crate) fn put(
        &mut self,
        table: TableId,
        key: &[u8],
        value: Option<&[u8]>,
        present: bool,
    ) -> Result<()> {
        if let Some(map) = rows_of(&mut self.maps, table) {
            map.growth += i64::from(value.is_some()) - i64::from(present);
            map.set(key, value, present)?;
        }
        Ok(())
    }

    /// Inserts a pair that is not there now.
    pub(crate) fn insert_pair(&mut self, table: TableId, key: &[u8], value: &[u8]) -> Result<()> {
        self.pair(table, key, value, Presence::Inserted)
    }

    /// Removes a pair that is there now.
    pub(crate) fn remove_pair(&mut self, table: TableId, key: &[u8], value: &[u8]) -> Result<()> {
        self.pair(table, key, value, Presence::Removed)
    }

    fn pair(&mut self, table: TableId, key: &[u8], value: &[u8], presence: Presence) -> Result<()> {
        match rows_of(&mut self.indexes, table) {
            Some(pairs) => pairs.change(key, value, presence),
            None => Ok(()),
        }
    }

    /// Takes in the layer above.
    pub(crate) fn absorb(&mut self, above: Overlay) -> Result<()> {
        if self.is_empty() {
            *self = above;
            return Ok(());
        }
        for (table, above) in above.maps.iter().enumerate().filter(|(_, map)| !map.is_empty()) {
            if let Some(map) = rows_of(&mut self.maps, TableId(table)) {
                map.absorb(above)?;
            }
        }
        for (table, above) in above.indexes.iter().enumerate().filter(|(_, pairs)| !pairs.is_empty()) {
            if let Some(pairs) = rows_of(&mut self.indexes, TableId(table)) {
                pairs.absorb(above)?;
            }
        }
        Ok(())
    }

    /// Gives everything to the engine, table by table in key order, and empties the layer. Tables with rows keep their
    /// memory for those to come, up to `keep` bytes each; what lay unused since the last time goes.
    pub(crate) fn apply(&mut self, writer: &mut dyn Write, keep: usize) -> Result<()> {
        for (table, map) in self.maps.iter_mut().enumerate() {
            let size = map.size();
            if !map.is_empty() {
                writer.apply(TableId(table), &mut map.changes())?;
            } else if !map.has_memory() {
                continue;
            }
            if map.is_empty() || size > keep { *map = MapRows::default() } else { map.clear() }
        }
        for (table, pairs) in self.indexes.iter_mut().enumerate() {
            let size = pairs.size();
            if !pairs.is_empty() {
                writer.apply_index(TableId(table), &mut pairs.changes())?;
            }
            if pairs.is_empty() || size > keep { *pairs = PairRows::default() } else { pairs.clear() }
        }
        Ok(())
    }
}
