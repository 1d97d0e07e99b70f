//! Many changes at once, as a log is read: noted, sorted, and made a memtable of in one go, which costs a third of one by one.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread;

use super::memtable::{MapRows, Memtable, PairRows, Row, table};
use super::record::Change;
use crate::engine::{IndexChange, MapChange};
use crate::error::{Error, ErrorKind, Result};
use crate::overlay::{Pair, Place, Presence, Short, in_order};

/// Changes in the order in which they came, by table.
#[derive(Debug, Default)]
pub(super) struct Changes {
    maps: Vec<Vec<(Short, MapNote)>>,
    indexes: Vec<Vec<(Pair, Presence)>>,
}

/// What becomes of a key.
#[derive(Debug)]
struct MapNote {
    value: Option<Arc<[u8]>>,
    /// whether it was there before
    present: bool,
}

impl Changes {
    pub(super) fn push(&mut self, slot: usize, change: Change<'_>) {
        match change {
            Change::Map(change) => {
                let (key, value, present) = match change {
                    MapChange::Insert(key, value) => (key, Some(value), false),
                    MapChange::Put(key, value) => (key, Some(value), true),
                    MapChange::Delete(key) => (key, None, true),
                };
                let Some(notes) = table(&mut self.maps, slot) else { return };
                notes.push((Short::new(key), MapNote { value: value.map(Arc::from), present }));
            }
            Change::Index(change) => {
                let (key, value, presence) = match change {
                    IndexChange::Insert(key, value) => (key, value, Presence::Inserted),
                    IndexChange::Remove(key, value) => (key, value, Presence::Removed),
                };
                let Some(notes) = table(&mut self.indexes, slot) else { return };
                notes.push((Pair::new(key, value), presence));
            }
        }
    }

    /// What they make, one after the other.
    ///
    /// # Errors
    /// `Io` if the system gives no thread.
    pub(super) fn into_memtable(self) -> Result<Memtable> {
        let Changes { maps, indexes } = self;
        thread::scope(|scope| {
            // Tables do not depend on each other.
            let maps = thread::Builder::new()
                .spawn_scoped(scope, || maps.into_iter().map(map_rows).collect())
                .map_err(|error| Error::caused(ErrorKind::Io { kind: error.kind() }, error))?;
            let indexes = indexes.into_iter().map(pair_rows).collect();
            Ok(Memtable::of(maps.join().unwrap_or_else(|panic| resume_unwind(panic)), indexes))
        })
    }
}

fn map_rows(mut notes: Vec<(Short, MapNote)>) -> MapRows {
    let place = |row: usize| {
        let bytes = notes.get(row).map_or(&[][..], |(key, _)| key.as_slice());
        Place { bytes, split: bytes.len() }
    };
    let order = in_order(notes.len(), place);
    let (mut rows, mut growth) = (Vec::with_capacity(notes.len()), 0);
    let taken = |row: usize| {
        let (key, note) = notes.get_mut(row)?;
        Some((key.clone(), MapNote { value: note.value.take(), present: note.present }))
    };
    let mut notes = order.filter_map(taken).peekable();
    while let Some((key, mut note)) = notes.next() {
        // What lies below is what the first of them says.
        let below = note.present;
        growth += i64::from(note.value.is_some()) - i64::from(note.present);
        while let Some((_, next)) = notes.next_if(|(next, _)| *next == key) {
            growth += i64::from(next.value.is_some()) - i64::from(next.present);
            note = next;
        }
        if below || note.value.is_some() {
            rows.push((key, Row { value: note.value, below }));
        }
    }
    MapRows::of(rows, growth)
}

fn pair_rows(notes: Vec<(Pair, Presence)>) -> PairRows {
    let place = |row: usize| notes.get(row).map_or(Place { bytes: &[], split: 0 }, |(pair, _)| pair.place());
    let order = in_order(notes.len(), place);
    let (mut pairs, mut growth) = (Vec::with_capacity(notes.len()), Vec::<(Short, i64)>::new());
    let mut notes = order.filter_map(|row| notes.get(row).cloned()).peekable();
    while let Some((pair, presence)) = notes.next() {
        // Each undoes the one before it.
        let mut stays = true;
        while notes.next_if(|(next, _)| *next == pair).is_some() {
            stays = !stays;
        }
        if !stays {
            continue;
        }
        let (key, _) = pair.parts();
        let more = if presence == Presence::Inserted { 1 } else { -1 };
        match growth.last_mut() {
            Some((last, growth)) if last.as_slice() == key => *growth += more,
            _ => growth.push((Short::new(key), more)),
        }
        pairs.push((pair, presence));
    }
    growth.retain(|(_, growth)| *growth != 0);
    PairRows::of(pairs, growth)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        // S4-12.
        #[test]
        fn sorted_changes_make_the_same_as_one_after_the_other(
            below in prop::collection::btree_set(0..12_u8, 0..12),
            changes in prop::collection::vec((0..12_u8, 0..4_u8, any::<bool>()), 0..80),
        ) {
            let mut map = below.clone();
            let mut pairs: BTreeSet<_> = below.iter().map(|key| (key / 4, *key)).collect();
            let (mut one_by_one, mut sorted) = (Memtable::default(), Changes::default());
            for (key, value, is_map) in changes {
                let (bytes, value) = ([key / 4, key], [value]);
                if is_map {
                    let change = match (map.contains(&key), value[0] == 0) {
                        (true, true) => MapChange::Delete(&bytes),
                        (true, false) => MapChange::Put(&bytes, &value),
                        (false, true) => continue,
                        (false, false) => MapChange::Insert(&bytes, &value),
                    };
                    if value[0] == 0 { map.remove(&key); } else { map.insert(key); }
                    one_by_one.change_map(1, change);
                    sorted.push(1, Change::Map(change));
                } else {
                    let (first, second) = bytes.split_at(1);
                    let change = if pairs.remove(&(key / 4, key)) {
                        IndexChange::Remove(first, second)
                    } else {
                        pairs.insert((key / 4, key));
                        IndexChange::Insert(first, second)
                    };
                    one_by_one.change_index(0, change);
                    sorted.push(0, Change::Index(change));
                }
            }
            let sorted = sorted.into_memtable().unwrap();
            let shown = |memtable: &Memtable| {
                let map = memtable.map(1).map(|map| format!("{map:?}"));
                (map, memtable.index(0).map(|index| format!("{index:?}")))
            };
            prop_assert_eq!(shown(&sorted), shown(&one_by_one));
        }
    }
}
