//! Opening: the file's schema is compared with the program's before anything else is read, and brought up to it
//! where that loses nothing.

use std::sync::Arc;
use std::time::Duration;

use super::grow::{grow, mismatch};
use super::record::{Record, Recorded};
use super::{Shared, Store};
use crate::clock::Clock;
use crate::engine::{Durability, Engine};
use crate::error::{Error, ErrorKind, Result};
use crate::maintenance::Progress;
use crate::model::{Custom, NetabaseDefinition};
use crate::schema::{DefinitionSchema, RegisteredIndex, StoredDefinition};
use crate::table::Layout;
use crate::transaction::{Context, Queue};

/// What the builder was told.
pub(super) struct Settings {
    pub(super) clock: Clock,
    pub(super) staging: usize,
    pub(super) durability: Durability,
    /// how long a writer waits for its turn
    pub(super) patience: Option<Duration>,
    /// pieces of the file's schema that may go, by name
    pub(super) discard: Vec<String>,
    pub(super) progress: Arc<dyn Fn(Progress<'_>) + Send + Sync>,
    pub(super) indexes: Vec<Arc<Custom>>,
}

pub(super) fn open<D: NetabaseDefinition>(engine: Arc<dyn Engine>, settings: Settings) -> Result<Store<D>> {
    let layout = Layout::new(D::SCHEMA, D::READERS, &settings.indexes)?;
    let own = schema_of(D::SCHEMA, &settings.indexes);
    let record = Record { layout: &layout, name: D::NAME, own: &own };
    let (recorded, building) = {
        let snapshot = engine.begin_read(&layout.tables)?;
        (record.read(&*snapshot)?, record.building(&*snapshot)?)
    };
    match recorded {
        Recorded::Same if engine.is_read_only() || building.is_none() => {}
        Recorded::Nothing if engine.is_read_only() || !engine.table_names()?.is_empty() => {
            return Err(Error::new(ErrorKind::NotAStore));
        }
        Recorded::Respelled if engine.is_read_only() => {}
        Recorded::Other(file) if engine.is_read_only() => return Err(mismatch(own.compare(&file))),
        // Tables that another program left half-built would not see what this one writes.
        Recorded::Same | Recorded::Nothing | Recorded::Respelled | Recorded::Other(_) => {
            grow(&*engine, &record, &settings)?;
        }
    }
    let Settings { clock, staging, durability, .. } = settings;
    let context = Context::new(layout, engine.limits(), clock, staging, durability);
    let queue = Arc::new(Queue::new(settings.patience));
    let shared = Shared { engine, context: Arc::new(context), queue };
    Ok(Store { shared: Arc::new(shared) })
}

/// The schema of the program, with the indexes that it registers.
fn schema_of(definition: &DefinitionSchema, indexes: &[Arc<Custom>]) -> StoredDefinition {
    let mut schema = StoredDefinition::from(definition);
    let mut sorted: Vec<_> = indexes.iter().collect();
    sorted.sort_by_key(|index| index.name);
    for index in sorted {
        let Custom { model, name, columns, key, version, has_value, .. } = &**index;
        let (version, has_value) = (*version, *has_value);
        schema.add_index(model, &RegisteredIndex { name, columns, key, version, has_value });
    }
    schema
}
