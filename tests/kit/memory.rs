//! An engine of `BTreeMap`s that answers `Conflict` and `Unknown` on demand, and `Conflict` where two writers meet. It keeps the traits honest: nothing
//! in netabase may need more of an engine than this.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::RangeBounds;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use netabase::engine::{
    Commit, Cursor, Direction, Durability, Engine, IndexChange, Limits, MapChange, Range, Read, Slice,
    Snapshot, TableId, Tables, Write,
};
use netabase::{Error, Result};

type Map = BTreeMap<Vec<u8>, Vec<u8>>;
type Index = BTreeMap<Vec<u8>, BTreeSet<Vec<u8>>>;

#[derive(Clone, Debug, Default)]
struct State {
    maps: BTreeMap<String, Map>,
    indexes: BTreeMap<String, Index>,
}

/// How the next commit ends.
#[derive(Clone, Copy, Debug)]
pub enum Answer {
    /// nothing happens
    Conflict,
    /// it is durable, and nobody is told
    UnknownDone,
    /// nothing happens, and nobody is told
    UnknownLost,
    /// the engine fails
    Fails,
}

/// The engine. A clone shares its state.
#[derive(Clone, Debug)]
pub struct Memory {
    state: Arc<Mutex<Arc<State>>>,
    answers: Arc<Mutex<VecDeque<Answer>>>,
    panics: Arc<AtomicBool>,
    lies: Arc<AtomicBool>,
    limits: Limits,
}

impl Default for Memory {
    fn default() -> Self {
        Self::with_limits(Limits { key: 1 << 16, value: 1 << 24 })
    }
}

impl Memory {
    /// An engine that takes no more than this.
    pub fn with_limits(limits: Limits) -> Self {
        Memory {
            state: Arc::default(),
            answers: Arc::default(),
            panics: Arc::default(),
            lies: Arc::default(),
            limits,
        }
    }

    /// Lets the next commits end like this, one after the other.
    pub fn answer(&self, answers: impl IntoIterator<Item = Answer>) {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).extend(answers);
    }

    /// Panics when an index is to be changed, once.
    pub fn panic_at_the_next_index(&self) {
        self.panics.store(true, Ordering::Relaxed);
    }

    /// Counts one row too many from now on.
    pub fn lie_about_counts(&self) {
        self.lies.store(true, Ordering::Relaxed);
    }

    fn view(&self, tables: &Tables) -> View {
        View {
            state: self.state(),
            tables: tables.clone(),
            lie: u64::from(self.lies.load(Ordering::Relaxed)),
        }
    }

    fn state(&self) -> Arc<State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Engine for Memory {
    fn begin_read(&self, tables: &Tables) -> Result<Arc<dyn Snapshot>> {
        Ok(Arc::new(self.view(tables)))
    }

    fn begin_write(&self, tables: &Tables) -> Result<Box<dyn Write>> {
        let view = self.view(tables);
        Ok(Box::new(Writer { begun: view.state.clone(), view, engine: self.clone() }))
    }

    fn table_names(&self) -> Result<Vec<String>> {
        let state = self.state();
        Ok(state.maps.keys().chain(state.indexes.keys()).cloned().collect())
    }

    fn limits(&self) -> Limits {
        self.limits
    }
}

struct View {
    state: Arc<State>,
    tables: Tables,
    /// what is added to every count
    lie: u64,
}

impl View {
    fn name(&self, table: TableId) -> &str {
        &self.tables[table.0].name
    }

    fn map_rows(&self, table: TableId, range: Range<'_>, direction: Direction) -> Rows {
        let within = |key: &Vec<u8>| range.contains(&key.as_slice());
        let map = self.state.maps.get(self.name(table)).into_iter().flatten();
        Rows::new(
            map.filter(|(key, _)| within(key)).map(|(key, value)| (key.clone(), value.clone())).collect(),
            direction,
        )
    }

    fn index_rows(&self, table: TableId, range: Range<'_>, direction: Direction) -> Rows {
        let within = |key: &Vec<u8>| range.contains(&key.as_slice());
        let index = self.state.indexes.get(self.name(table)).into_iter().flatten();
        let pairs = index
            .filter(|(key, _)| within(key))
            .flat_map(|(key, values)| values.iter().map(|value| (key.clone(), value.clone())));
        Rows::new(pairs.collect(), direction)
    }
}

impl Read for View {
    fn get(&self, table: TableId, key: &[u8]) -> Result<Option<Slice<'_>>> {
        let value = self.state.maps.get(self.name(table)).and_then(|map| map.get(key));
        Ok(value.map(|value| Slice::borrowed(value)))
    }

    fn cursor(&self, table: TableId, range: Range<'_>, direction: Direction) -> Result<Box<dyn Cursor + '_>> {
        Ok(Box::new(self.map_rows(table, range, direction)))
    }

    fn index_cursor(
        &self,
        table: TableId,
        range: Range<'_>,
        direction: Direction,
    ) -> Result<Box<dyn Cursor + '_>> {
        Ok(Box::new(self.index_rows(table, range, direction)))
    }

    fn index_count(&self, table: TableId, key: &[u8]) -> Result<u64> {
        let values = self.state.indexes.get(self.name(table)).and_then(|index| index.get(key));
        Ok(values.map_or(0, |values| values.len() as u64) + self.lie)
    }

    fn len(&self, table: TableId) -> Result<u64> {
        let name = self.name(table);
        let pairs = |index: &Index| index.values().map(BTreeSet::len).sum();
        let rows =
            self.state.maps.get(name).map(Map::len).or_else(|| self.state.indexes.get(name).map(pairs));
        Ok(rows.unwrap_or(0) as u64 + self.lie)
    }
}

impl Snapshot for View {
    fn owned_cursor(
        &self,
        table: TableId,
        range: Range<'_>,
        direction: Direction,
    ) -> Result<Box<dyn Cursor>> {
        Ok(Box::new(self.map_rows(table, range, direction)))
    }

    fn owned_index_cursor(
        &self,
        table: TableId,
        range: Range<'_>,
        direction: Direction,
    ) -> Result<Box<dyn Cursor>> {
        Ok(Box::new(self.index_rows(table, range, direction)))
    }
}

struct Rows {
    rows: std::vec::IntoIter<(Vec<u8>, Vec<u8>)>,
    row: (Vec<u8>, Vec<u8>),
}

impl Rows {
    fn new(mut rows: Vec<(Vec<u8>, Vec<u8>)>, direction: Direction) -> Self {
        if direction == Direction::Reverse {
            rows.reverse();
        }
        Rows { rows: rows.into_iter(), row: Default::default() }
    }
}

impl Cursor for Rows {
    fn advance(&mut self) -> Result<bool> {
        let next = self.rows.next();
        let more = next.is_some();
        self.row = next.unwrap_or_default();
        Ok(more)
    }

    fn key(&self) -> &[u8] {
        &self.row.0
    }

    fn value(&self) -> &[u8] {
        &self.row.1
    }
}

struct Writer {
    view: View,
    /// what there was when it began
    begun: Arc<State>,
    engine: Memory,
}

impl Read for Writer {
    fn get(&self, table: TableId, key: &[u8]) -> Result<Option<Slice<'_>>> {
        self.view.get(table, key)
    }

    fn cursor(&self, table: TableId, range: Range<'_>, direction: Direction) -> Result<Box<dyn Cursor + '_>> {
        self.view.cursor(table, range, direction)
    }

    fn index_cursor(
        &self,
        table: TableId,
        range: Range<'_>,
        direction: Direction,
    ) -> Result<Box<dyn Cursor + '_>> {
        self.view.index_cursor(table, range, direction)
    }

    fn index_count(&self, table: TableId, key: &[u8]) -> Result<u64> {
        self.view.index_count(table, key)
    }

    fn len(&self, table: TableId) -> Result<u64> {
        self.view.len(table)
    }
}

/// Holds the caller to the contract: keys ascend.
fn ascends<T: Ord + Clone>(last: &mut Option<T>, next: &T) {
    assert!(last.as_ref().is_none_or(|last| last < next), "changes out of order");
    *last = Some(next.clone());
}

impl Write for Writer {
    fn apply(&mut self, table: TableId, changes: &mut dyn Iterator<Item = MapChange<'_>>) -> Result<()> {
        let name = self.view.name(table).to_owned();
        let map = Arc::make_mut(&mut self.view.state).maps.entry(name).or_default();
        let mut last = None;
        for change in changes {
            let (MapChange::Insert(key, _) | MapChange::Put(key, _) | MapChange::Delete(key)) = change;
            ascends(&mut last, &key);
            match change {
                MapChange::Insert(key, value) => {
                    assert!(map.insert(key.into(), value.into()).is_none(), "an insert met its key");
                }
                MapChange::Put(key, value) => {
                    map.insert(key.into(), value.into());
                }
                MapChange::Delete(key) => {
                    map.remove(key);
                }
            }
        }
        Ok(())
    }

    fn apply_index(
        &mut self,
        table: TableId,
        changes: &mut dyn Iterator<Item = IndexChange<'_>>,
    ) -> Result<()> {
        if self.engine.panics.swap(false, Ordering::Relaxed) {
            std::panic::resume_unwind(Box::new("a panic of the engine"));
        }
        let name = self.view.name(table).to_owned();
        let index = Arc::make_mut(&mut self.view.state).indexes.entry(name).or_default();
        let mut last = None;
        for change in changes {
            let (IndexChange::Insert(key, value) | IndexChange::Remove(key, value)) = change;
            ascends(&mut last, &(key, value));
            match change {
                IndexChange::Insert(..) => {
                    assert!(index.entry(key.into()).or_default().insert(value.into()), "the pair was there");
                }
                IndexChange::Remove(..) => {
                    let values = index.get_mut(key);
                    assert!(values.is_some_and(|values| values.remove(value)), "the pair was not there");
                    index.retain(|_, values| !values.is_empty());
                }
            }
        }
        Ok(())
    }

    fn drop_table(&mut self, name: &str) -> Result<bool> {
        let state = Arc::make_mut(&mut self.view.state);
        Ok(state.maps.remove(name).is_some() | state.indexes.remove(name).is_some())
    }

    fn commit(self: Box<Self>, _: Durability) -> Result<Commit> {
        let answer = self.engine.answers.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let mut state = self.engine.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&state, &self.begun) {
            return Ok(Commit::Conflict);
        }
        let mut publish = || *state = self.view.state.clone();
        match answer {
            Some(Answer::Conflict) => Ok(Commit::Conflict),
            Some(Answer::UnknownLost) => Ok(Commit::Unknown),
            Some(Answer::Fails) => Err(Error::engine("the disk is full")),
            Some(Answer::UnknownDone) => {
                publish();
                Ok(Commit::Unknown)
            }
            None => {
                publish();
                Ok(Commit::Committed)
            }
        }
    }
}
