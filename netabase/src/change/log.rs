//! What a transaction changed, collected as its staged changes are given to the engine.
//!
//! Until then the engine has the records as they were, so nothing is noted while the transaction runs.

use std::ops::Range;
use std::sync::Arc;

use super::items::{Bytes, Item};
use crate::engine::{MapChange, Write};
use crate::error::Result;
use crate::overlay::Overlay;
use crate::table::{Layout, ModelTables};

/// Bytes after which a new piece is begun.
const PIECE: usize = 1 << 20;

/// The models whose changes somebody asks for, by number.
pub(crate) type Wanted = Arc<[bool]>;

/// Changes of one model, as [`Items`](super::Items) reads them.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    /// number of the model
    pub(crate) ordinal: usize,
    pub(crate) items: Arc<[u8]>,
}

/// Where in a piece the records stand as they are after the commit.
pub(crate) type Images = Vec<Range<usize>>;

/// Takes pieces as they are collected, and may write them at once.
pub(crate) type Sink<'s> = &'s mut dyn FnMut(Piece, Images, &mut dyn Write) -> Result<()>;

/// Collects what a layer makes of the records of these models, before the engine has it. `most`: bytes that a piece is to have,
/// but for its last change.
pub(crate) fn collect(
    layer: &Overlay,
    writer: &mut dyn Write,
    layout: &Layout,
    (wanted, most): (&Wanted, usize),
    sink: Sink<'_>,
) -> Result<()> {
    let models = layout.models().iter().zip(wanted.iter());
    for (tables, _) in models.filter(|(_, is_wanted)| **is_wanted) {
        let name = Item::Model(layout.definition_of(tables.ordinal), tables.schema.name);
        collect_model(layer, writer, (tables, &name), most.min(PIECE), sink)?;
    }
    Ok(())
}

fn collect_model(
    layer: &Overlay,
    writer: &mut dyn Write,
    (tables, name): (&ModelTables, &Item<'_>),
    most: usize,
    sink: Sink<'_>,
) -> Result<()> {
    let (main, ordinal) = (tables.main()?, tables.ordinal);
    let (mut items, mut header, mut images) = (Vec::new(), Vec::new(), Images::new());
    name.write(&mut header)?;
    for change in layer.changes(main) {
        let (key, after) = match change {
            MapChange::Insert(key, value) | MapChange::Put(key, value) => (key, Some(value)),
            MapChange::Delete(key) => (key, None),
        };
        let is_new = matches!(change, MapChange::Insert(..));
        let old = if is_new { None } else { writer.get(main, key)? };
        if old.as_deref() == after {
            continue;
        }
        let (before, after) = (old.as_deref().map(Bytes), after.map(Bytes));
        let size =
            key.len() + before.map_or(0, |bytes| bytes.0.len()) + after.map_or(0, |bytes| bytes.0.len());
        let is_full = items.len() > header.len() && items.len() + size > most;
        if items.is_empty() {
            items.extend_from_slice(&header);
        }
        let item = Item::Change { key: Bytes(key), before, after };
        if is_full {
            let mut next = header.clone();
            item.write(&mut next)?;
            drop(old);
            let (items, images) = (std::mem::replace(&mut items, next), std::mem::take(&mut images));
            sink(Piece { ordinal, items: items.into() }, images, writer)?;
        } else {
            item.write(&mut items)?;
        }
        // What it is after the commit is what an item ends with.
        images.extend(after.map(|after| items.len() - after.0.len()..items.len()));
    }
    if items.is_empty() { Ok(()) } else { sink(Piece { ordinal, items: items.into() }, images, writer) }
}
