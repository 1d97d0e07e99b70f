//! A write transaction: changes of a memtable of its own and, in the same order, the record of the commit.
//!
//! One that outgrows memory goes on with the engine itself, when the engine has all that was committed before it.

use std::ops;
use std::sync::Arc;

use super::Handle;
use super::filter::Hashed;
use super::log::{Appended, Turn};
use super::merged::Merged;
use super::record::{Change, Draft, Item};
use crate::engine::{
    Commit, Cursor, Direction, Durability, IndexChange, MapChange, Pending, Range, Read, Slice, Submitted,
    TableForm, TableId, TableSpec, Tables, Write,
};
use crate::error::{Error, Result};

/// A transaction over the log.
pub(super) struct Writer {
    way: Way,
    tables: Tables,
    /// Last, so that the turn passes on when nothing is done any more.
    turn: Turn,
}

#[allow(clippy::large_enum_variant, reason = "there is one of them")]
enum Way {
    /// with the log
    Logged(Logged),
    /// with the engine, and the table of the mark in its transaction
    Direct(Box<dyn Write>, Option<TableId>),
    /// gave up on its way from one to the other
    Lost,
}

struct Logged {
    merged: Merged,
    draft: Draft,
    named: Vec<bool>,
}

fn lost() -> Error {
    Error::internal("a transaction that has ended")
}

impl Writer {
    /// Begins with the log, in a turn that was waited for.
    pub(super) fn new(turn: Turn, tables: &Tables) -> Result<Self> {
        let core = &turn.0.core;
        let (mut state, base) = core.with_base(tables)?;
        let merged = Merged { layers: state.layers.clone(), base };
        let draft = Draft::begin(std::mem::take(&mut state.spare), state.durable)?;
        let logged = Logged { merged, draft, named: state.named.clone() };
        drop(state);
        Ok(Writer { way: Way::Logged(logged), tables: tables.clone(), turn })
    }

    /// Begins with the engine.
    pub(super) fn direct(turn: Turn, tables: &Tables) -> Result<Self> {
        turn.0.core.settle()?;
        let (writer, mark) = turn.0.core.begin_direct(tables)?;
        Ok(Writer { way: Way::Direct(writer, mark), tables: tables.clone(), turn })
    }

    fn read(&self) -> Result<&dyn Read> {
        match &self.way {
            Way::Logged(logged) => Ok(&logged.merged),
            Way::Direct(writer, _) => Ok(&**writer),
            Way::Lost => Err(lost()),
        }
    }

    /// Goes on with the engine, to which it gives what it has changed so far.
    fn leave_log(&mut self) -> Result<&mut dyn Write> {
        if let Way::Logged(_) = self.way {
            let Way::Logged(logged) = std::mem::replace(&mut self.way, Way::Lost) else { return Err(lost()) };
            let core = &self.turn.0.core;
            let Logged { merged, draft, .. } = logged;
            let slots = merged.base.slots.clone();
            drop(merged);
            core.settle()?;
            let (mut writer, mark) = core.begin_direct(&self.tables)?;
            replay(&draft, &slots, &self.tables, &mut *writer)?;
            self.way = Way::Direct(writer, mark);
        }
        match &mut self.way {
            Way::Direct(writer, _) => Ok(&mut **writer),
            _ => Err(lost()),
        }
    }

    /// Takes changes of a table into the record, up to its largest size; `false` if the rest is for the engine.
    fn log<C>(
        &mut self,
        (table, form): (TableId, TableForm),
        changes: &mut dyn Iterator<Item = C>,
        change: fn(&mut Logged, usize, &TableSpec, C) -> Result<()>,
    ) -> Result<bool> {
        let Way::Logged(logged) = &mut self.way else { return Ok(false) };
        let spec = self.tables.get(table.0).filter(|spec| spec.form == form);
        let spec = spec.ok_or_else(|| Error::internal("a table of another form"))?;
        let most = self.turn.0.core.options.checkpoint_size;
        let mut begun = None;
        while logged.draft.len() as u64 <= most {
            let Some(next) = changes.next() else { return Ok(true) };
            let slot = begun.map_or_else(|| logged.begin(table, spec), Ok)?;
            begun = Some(slot);
            change(logged, slot, spec, next)?;
        }
        Ok(false)
    }
}

/// A new row of a map, and the parts of its value.
struct Parted<'r> {
    key: &'r [u8],
    value: &'r [u8],
    parts: &'r [ops::Range<usize>],
}

/// Gives the changes of a record to the engine.
fn replay(draft: &Draft, slots: &[usize], tables: &Tables, writer: &mut dyn Write) -> Result<()> {
    let damaged = || Error::internal("a record that does not read back");
    let mut items = draft.items();
    let mut next = items.next();
    while let Some(item) = next {
        let slot = match item.map_err(|_| damaged())? {
            Item::Table(slot) => usize::try_from(slot).map_err(|_| damaged())?,
            Item::Name(..) => {
                next = items.next();
                continue;
            }
            _ => return Err(damaged()),
        };
        let table = slots.iter().position(|of| *of == slot).ok_or_else(damaged)?;
        let form = tables.get(table).ok_or_else(damaged)?.form;
        // What is behind the run is kept for the next round.
        let mut behind = None;
        let mut run = std::iter::from_fn(|| {
            let item = items.next()?;
            match item.as_ref().ok().and_then(|item| item.change(form)) {
                Some(change) => Some(change),
                None => {
                    behind = Some(item);
                    None
                }
            }
        })
        .fuse();
        match form {
            TableForm::Map => {
                let mut changes = run.by_ref().filter_map(|change| match change {
                    Change::Map(change) => Some(change),
                    Change::Index(_) => None,
                });
                writer.apply(TableId(table), &mut changes)?;
            }
            TableForm::Index => {
                let mut changes = run.by_ref().filter_map(|change| match change {
                    Change::Index(change) => Some(change),
                    Change::Map(_) => None,
                });
                writer.apply_index(TableId(table), &mut changes)?;
            }
        }
        drop(run);
        next = behind;
    }
    Ok(())
}

/// Whether bytes have the length that the table's rows have; the engine would find out too late.
fn check(width: Option<usize>, bytes: &[u8]) -> Result<()> {
    match width {
        Some(width) if width != bytes.len() => {
            Err(Error::invalid_key(format!("{} bytes in a table of {width}-byte keys", bytes.len())))
        }
        _ => Ok(()),
    }
}

impl Logged {
    /// Begins a run of changes of a table; returns the number that the log knows it by.
    fn begin(&mut self, table: TableId, spec: &TableSpec) -> Result<usize> {
        let slot = self.merged.slot(table)?;
        if self.named.get(slot) != Some(&true) {
            self.draft.push(&Item::Name(slot as u64, spec.into()))?;
            if self.named.len() <= slot {
                self.named.resize(slot + 1, false);
            }
            if let Some(named) = self.named.get_mut(slot) {
                *named = true;
            }
        }
        self.draft.push(&Item::Table(slot as u64))?;
        Ok(slot)
    }

    fn change_map(&mut self, slot: usize, spec: &TableSpec, change: MapChange<'_>) -> Result<()> {
        let (MapChange::Insert(key, _) | MapChange::Put(key, _) | MapChange::Delete(key)) = change;
        check(spec.key_width, key)?;
        self.draft.push_map(change)?;
        self.note_map(slot, key, change);
        Ok(())
    }

    fn insert_parts(&mut self, slot: usize, spec: &TableSpec, row: Parted<'_>) -> Result<()> {
        check(spec.key_width, row.key)?;
        self.draft.push_parts(row.key, row.value, row.parts)?;
        self.note_map(slot, row.key, MapChange::Insert(row.key, row.value));
        Ok(())
    }

    fn note_map(&mut self, slot: usize, key: &[u8], change: MapChange<'_>) {
        let active = &mut self.merged.layers.active;
        active.filter.add(Hashed::new(slot, key));
        Arc::make_mut(&mut active.rows).change_map(slot, change);
    }

    fn change_index(&mut self, slot: usize, spec: &TableSpec, change: IndexChange<'_>) -> Result<()> {
        let (IndexChange::Insert(key, value) | IndexChange::Remove(key, value)) = change;
        check(spec.key_width, key)?;
        check(spec.value_width, value)?;
        self.draft.push(&change.into())?;
        let active = &mut self.merged.layers.active;
        active.filter.add(Hashed::new(slot, key));
        Arc::make_mut(&mut active.rows).change_index(slot, change);
        Ok(())
    }
}

impl Read for Writer {
    fn get(&self, table: TableId, key: &[u8]) -> Result<Option<Slice<'_>>> {
        self.read()?.get(table, key)
    }

    fn cursor(&self, table: TableId, range: Range<'_>, way: Direction) -> Result<Box<dyn Cursor + '_>> {
        self.read()?.cursor(table, range, way)
    }

    fn index_cursor(&self, table: TableId, range: Range<'_>, way: Direction) -> Result<Box<dyn Cursor + '_>> {
        self.read()?.index_cursor(table, range, way)
    }

    fn values_from(
        &self,
        table: TableId,
        key: &[u8],
        value: &[u8],
        way: Direction,
    ) -> Result<Box<dyn Cursor + '_>> {
        self.read()?.values_from(table, key, value, way)
    }

    fn index_count(&self, table: TableId, key: &[u8]) -> Result<u64> {
        self.read()?.index_count(table, key)
    }

    fn len(&self, table: TableId) -> Result<u64> {
        self.read()?.len(table)
    }
}

impl Write for Writer {
    fn apply(&mut self, table: TableId, changes: &mut dyn Iterator<Item = MapChange<'_>>) -> Result<()> {
        if self.log((table, TableForm::Map), changes, Logged::change_map)? {
            return Ok(());
        }
        self.leave_log()?.apply(table, changes)
    }

    fn insert_parts(
        &mut self,
        table: TableId,
        (key, value): (&[u8], &[u8]),
        parts: &[ops::Range<usize>],
    ) -> Result<()> {
        let mut rows = std::iter::once(Parted { key, value, parts });
        if self.log((table, TableForm::Map), &mut rows, Logged::insert_parts)? {
            return Ok(());
        }
        let writer = self.leave_log()?;
        // If the log took it, the engine has it now.
        rows.next().map_or(Ok(()), |row| writer.insert_parts(table, (row.key, row.value), row.parts))
    }

    fn apply_index(
        &mut self,
        table: TableId,
        changes: &mut dyn Iterator<Item = IndexChange<'_>>,
    ) -> Result<()> {
        if self.log((table, TableForm::Index), changes, Logged::change_index)? {
            return Ok(());
        }
        self.leave_log()?.apply_index(table, changes)
    }

    fn announce(&mut self, bytes: usize) -> Result<()> {
        if bytes as u64 > self.turn.0.core.options.checkpoint_size {
            self.leave_log()?;
        }
        Ok(())
    }

    fn drop_table(&mut self, name: &str) -> Result<bool> {
        self.leave_log()?.drop_table(name)
    }

    fn commit(self: Box<Self>, durability: Durability) -> Result<Commit> {
        match self.submit(durability)? {
            Submitted::Done(commit) => Ok(commit),
            Submitted::Pending(pending) => pending.wait(),
        }
    }

    fn end(self: Box<Self>) -> Result<Submitted> {
        self.submit(Durability::Immediate)
    }

    fn submit(mut self: Box<Self>, durability: Durability) -> Result<Submitted> {
        let has_changes = matches!(&self.way, Way::Logged(logged) if !logged.draft.is_empty());
        // Many programs have one commit to make; only with another one is the log worth what it costs to begin and to end.
        if has_changes
            && (self.turn.0.core.state().goes_past_log() || !self.turn.0.core.begin_log(&self.turn.0)?)
        {
            self.leave_log()?;
        }
        let Writer { way, turn, .. } = *self;
        let (core, handle) = (&turn.0.core, &turn.0);
        match way {
            Way::Lost => Err(lost()),
            Way::Direct(writer, mark) => core.commit_direct(writer, mark).map(Submitted::Done),
            Way::Logged(Logged { merged, draft, named }) => {
                if draft.is_empty() {
                    let last = {
                        let mut state = core.state();
                        state.spare = draft.into_buffer();
                        state.appended
                    };
                    return Ok(match durability {
                        // What it has read is durable when it returns.
                        Durability::Immediate => pending(handle, last),
                        Durability::Eventual => Submitted::Done(Commit::Committed),
                    });
                }
                let (seq, salt) = core.next_record()?;
                let bytes = draft.finish(seq, salt)?;
                let active = merged.layers.active;
                let (seq, is_waiting) = core.append(Appended { bytes, active, named }, durability)?;
                Ok(if is_waiting { pending(handle, seq) } else { Submitted::Done(Commit::Committed) })
            }
        }
    }
}

fn pending(handle: &Arc<Handle>, seq: u64) -> Submitted {
    Submitted::Pending(Box::new(Waiting { handle: handle.clone(), seq }))
}

/// A commit that is in the log and not on disk yet.
struct Waiting {
    handle: Arc<Handle>,
    seq: u64,
}

impl Pending for Waiting {
    fn wait(self: Box<Self>) -> Result<Commit> {
        self.handle.core.wait(self.seq).map(|()| Commit::Committed)
    }
}
