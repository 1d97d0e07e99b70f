//! Opening: the file's schema is compared with the program's before anything else is read.

use std::sync::Arc;

use super::{ATTEMPTS, Shared, Store};
use crate::clock::Clock;
use crate::engine::{Commit, Engine, MapChange, Read};
use crate::error::{Error, ErrorKind, Result};
use crate::model::NetabaseDefinition;
use crate::schema::StoredDefinition;
use crate::table::{Layout, SCHEMA_TABLE};
use crate::transaction::{Context, Queue};

/// The version of docs/format.md that this program writes.
const FORMAT: u8 = 1;
const FORMAT_KEY: &[u8] = b"format";
const DEFINITION_KEY: &str = "definition/";

pub(super) fn open<D: NetabaseDefinition>(
    engine: Arc<dyn Engine>,
    clock: Clock,
    staging: usize,
) -> Result<Store<D>> {
    let layout = Layout::new(D::SCHEMA);
    let own = StoredDefinition::from(D::SCHEMA);
    let stored = match stored(&*engine.begin_read(&layout.tables)?, &layout, D::NAME)? {
        None if engine.is_read_only() || !engine.table_names()?.is_empty() => {
            return Err(Error::new(ErrorKind::NotAStore));
        }
        None => record_once(&*engine, &layout, D::NAME, &own)?,
        stored => stored,
    };
    if let Some(file) = stored {
        let differences = own.differences(&file);
        if !differences.is_empty() {
            return Err(mismatch(differences));
        }
    }
    let context = Arc::new(Context::new(layout, engine.limits(), clock, staging));
    Ok(Store { shared: Arc::new(Shared { engine, context, queue: Arc::new(Queue::default()) }) })
}

#[cold]
fn mismatch(differences: Vec<String>) -> Error {
    Error::new(ErrorKind::SchemaMismatch { differences })
}

fn definition_key(name: &str) -> Vec<u8> {
    [DEFINITION_KEY, name].concat().into_bytes()
}

/// The file's schema of the definition; `None` if the file has no schema record at all.
fn stored(read: &dyn Read, layout: &Layout, name: &str) -> Result<Option<StoredDefinition>> {
    match read.get(SCHEMA_TABLE, FORMAT_KEY)?.as_deref() {
        None => return Ok(None),
        Some([FORMAT]) => {}
        Some(found) => {
            return Err(mismatch(vec![format!(
                "the file has format {found:?}, this program reads [{FORMAT}]"
            )]));
        }
    }
    let Some(stored) = read.get(SCHEMA_TABLE, &definition_key(name))? else {
        return Err(mismatch(vec![format!("the file holds another definition than {name}")]));
    };
    match postcard::take_from_bytes(&stored) {
        Ok((definition, [])) => Ok(Some(definition)),
        _ => Err(Error::new(ErrorKind::Corrupt { table: layout.name(SCHEMA_TABLE).into() })),
    }
}

/// Tries until the schema is recorded, by this opener or by another one.
fn record_once(
    engine: &dyn Engine,
    layout: &Layout,
    name: &str,
    own: &StoredDefinition,
) -> Result<Option<StoredDefinition>> {
    for _ in 0..ATTEMPTS {
        match record(engine, layout, name, own) {
            Err(error) if error.is_conflict() => {}
            done => return done,
        }
    }
    Err(Error::new(ErrorKind::Conflict { attempts: ATTEMPTS }))
}

/// Records the schema in a new file. Returns what another opener recorded first, if one did.
fn record(
    engine: &dyn Engine,
    layout: &Layout,
    name: &str,
    own: &StoredDefinition,
) -> Result<Option<StoredDefinition>> {
    let bytes = postcard::to_stdvec(own).map_err(|_| Error::internal("the schema does not encode"))?;
    let key = definition_key(name);
    let mut writer = engine.begin_write(&layout.tables)?;
    if let Some(first) = stored(&*writer, layout, name)? {
        return Ok(Some(first));
    }
    let rows = [MapChange::Put(&key, &bytes), MapChange::Put(FORMAT_KEY, &[FORMAT])];
    writer.apply(SCHEMA_TABLE, &mut rows.into_iter())?;
    match writer.commit()? {
        Commit::Committed => Ok(None),
        Commit::Conflict => Err(Error::new(ErrorKind::Conflict { attempts: 1 })),
        Commit::Unknown => Err(Error::new(ErrorKind::CommitUnknown)),
    }
}
