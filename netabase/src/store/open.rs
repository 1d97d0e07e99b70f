//! Opening: the file's schemas are compared with the program's before anything else is read, and brought up to them
//! where that loses nothing.

use std::sync::Arc;
use std::time::Duration;

use super::grow::{grow, mismatch};
use super::record::{Discard, Record, Recorded, read_all, refuse_links_from_others};
use super::retry::retry;
use super::shared::Shared;
use crate::change::{Feed, Retention, changed_marks};
use crate::clock::Clock;
use crate::engine::{Commit, Durability, Engine, MapChange};
use crate::error::{Error, ErrorKind, Result};
use crate::maintenance::Progress;
use crate::model::Custom;
use crate::schema::{DefinitionSchema, RegisteredIndex, StoredDefinition};
use crate::table::{Layout, Member, SCHEMA_TABLE};
use crate::transaction::{Core, Hooks, Latest, Open, Policies, Queue};

/// What the builder was told.
pub(super) struct Settings {
    pub(super) clock: Clock,
    pub(super) staging: usize,
    pub(super) durability: Durability,
    /// how long a writer waits for its turn
    pub(super) patience: Option<Duration>,
    /// pieces of the file's schema that may go
    pub(super) discard: Vec<Discard>,
    pub(super) progress: Arc<dyn Fn(Progress<'_>) + Send + Sync>,
    pub(super) indexes: Vec<Arc<Custom>>,
    pub(super) policies: Policies,
    pub(super) hooks: Hooks,
    pub(super) retention: Retention,
}

/// Opens the definitions of a store, in the order of their places.
pub(super) fn open(engine: Arc<dyn Engine>, members: &[Member], settings: Settings) -> Result<Shared> {
    let layout = Layout::new(members, &settings.indexes)?;
    settings.policies.list.iter().try_for_each(|(_, policy)| policy.check())?;
    let record = |(place, member): (usize, &Member)| Record {
        layout: &layout,
        place,
        name: member.schema.name,
        own: schema_of(member.schema, &settings.indexes),
        is_named: members.len() > 1,
    };
    let records: Vec<_> = members.iter().enumerate().map(record).collect();
    if needs_growth(&*engine, &layout, &records, &settings)? {
        grow(&*engine, &records, &settings)?;
    }
    if !engine.is_read_only() {
        mark_journaled(&*engine, &layout)?;
    }
    let names = members.iter().map(|member| member.schema.name).collect();
    let Settings { clock, staging, durability, policies, hooks, retention, .. } = settings;
    let core = Core {
        limits: engine.limits(),
        clock,
        durability,
        latest: Latest::default(),
        staging,
        policies,
        feed: Feed::default(),
        hooks,
        journals: layout.models().iter().any(|tables| layout.is_journaled(tables.ordinal)),
        retention,
        layout: Arc::new(layout),
    };
    let core = Arc::new(core);
    let open = Arc::new(Open(core.clone()));
    Ok(Shared { engine, core, open, queue: Arc::new(Queue::new(settings.patience)), names })
}

/// Compares the schemas of all definitions with those in the file. Nothing is written before all are known to fit.
///
/// # Errors
/// Those that no growth cures.
fn needs_growth(
    engine: &dyn Engine,
    layout: &Layout,
    records: &[Record<'_>],
    settings: &Settings,
) -> Result<bool> {
    let snapshot = engine.begin_read(&layout.tables)?;
    let is_read_only = engine.is_read_only();
    if !is_read_only {
        refuse_links_from_others(records, &*snapshot)?;
    }
    let (mut grows, mut refused) = (false, Vec::new());
    for (record, found) in records.iter().zip(read_all(records, &*snapshot)?) {
        match found {
            Recorded::Nothing if is_read_only || !engine.table_names()?.is_empty() => {
                return Err(Error::new(ErrorKind::NotAStore));
            }
            Recorded::Absent if is_read_only => return Err(record.is_missing(&*snapshot)?),
            // Tables that another program left half-built would not see what this one writes.
            Recorded::Same => grows |= record.building(&*snapshot)?.is_some(),
            Recorded::Nothing | Recorded::Absent | Recorded::Respelled => grows = true,
            Recorded::Other(file) => {
                grows = true;
                refused.extend(if is_read_only {
                    record.texts(record.own.compare(&file))
                } else {
                    record.refused(&file, &settings.discard)
                });
            }
        }
    }
    if refused.is_empty() { Ok(grows && !is_read_only) } else { Err(mismatch(refused)) }
}

/// Notes since when models are journaled.
fn mark_journaled(engine: &dyn Engine, layout: &Layout) -> Result<()> {
    if changed_marks(&*engine.begin_read(&layout.tables)?, layout)?.is_empty() {
        return Ok(());
    }
    retry(|| {
        let mut writer = engine.begin_bulk(&layout.tables)?;
        let changed = changed_marks(&*writer, layout)?;
        let mut rows = changed.iter().map(|(row, mark)| match mark {
            Some(mark) => MapChange::Insert(row, mark),
            None => MapChange::Delete(row),
        });
        writer.apply(SCHEMA_TABLE, &mut rows)?;
        Ok(writer.commit(Durability::Immediate).and_then(Commit::into_result))
    })
}

/// The schema of the program, with the indexes that it registers.
fn schema_of(definition: &DefinitionSchema, indexes: &[Arc<Custom>]) -> StoredDefinition {
    let mut schema = StoredDefinition::from(definition);
    let mut sorted: Vec<_> = indexes.iter().filter(|index| index.definition == definition.name).collect();
    sorted.sort_by_key(|index| index.name);
    for index in sorted {
        let Custom { model, name, columns, key, version, has_value, .. } = &**index;
        let (version, has_value) = (*version, *has_value);
        schema.add_index(model, &RegisteredIndex { name, columns, key, version, has_value });
    }
    schema
}
