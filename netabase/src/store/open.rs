//! Opening: the file's schema is compared with the program's before anything else is read, and brought up to it
//! where that loses nothing.

use std::sync::Arc;
use std::time::Duration;

use super::record::{Record, Recorded};
use super::{ATTEMPTS, Shared, Store};
use crate::clock::Clock;
use crate::engine::{Durability, Engine, Write};
use crate::error::{Error, ErrorKind, Result};
use crate::maintenance::{Filling, Progress};
use crate::model::{Custom, NetabaseDefinition};
use crate::schema::{Cure, DefinitionSchema, Difference, Piece, RegisteredIndex, Section, StoredDefinition};
use crate::table::{Layout, belongs};
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
    let recorded = record.read(&*engine.begin_read(&layout.tables)?)?;
    match &recorded {
        Recorded::Same => {}
        Recorded::Nothing if engine.is_read_only() || !engine.table_names()?.is_empty() => {
            return Err(Error::new(ErrorKind::NotAStore));
        }
        Recorded::Respelled if engine.is_read_only() => {}
        Recorded::Other(file) if engine.is_read_only() => return Err(mismatch(own.compare(file))),
        Recorded::Nothing | Recorded::Respelled | Recorded::Other(_) => {
            until_done(&*engine, &record, &settings)?;
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

#[cold]
fn mismatch(differences: Vec<Difference>) -> Error {
    let differences = differences.into_iter().map(|difference| difference.text).collect();
    Error::new(ErrorKind::SchemaMismatch { differences })
}

/// Tries until the schema is recorded, by this opener or by another one.
fn until_done(engine: &dyn Engine, record: &Record<'_>, settings: &Settings) -> Result<()> {
    for _ in 0..ATTEMPTS {
        match bring_up(engine, record, settings) {
            Err(error) if error.is_conflict() => {}
            done => return done,
        }
    }
    Err(Error::new(ErrorKind::Conflict { attempts: ATTEMPTS }))
}

/// Brings the file up to the program's schema in one transaction: what the program asks to drop goes, what is new is
/// filled, and the record says so. An error leaves the file as it is.
fn bring_up(engine: &dyn Engine, record: &Record<'_>, settings: &Settings) -> Result<()> {
    let mut writer = engine.begin_write(&record.layout.tables)?;
    match record.read(&*writer)? {
        // Another opener was faster.
        Recorded::Same => return Ok(()),
        // Spellings count when a key becomes a plain field, so they are kept up to date.
        Recorded::Nothing | Recorded::Respelled => {}
        Recorded::Other(file) => {
            let plan = Plan::new(record.own.compare(&file), &settings.discard)?;
            plan.run(engine, &mut *writer, record, settings)?;
        }
    }
    record.write(&mut *writer)?;
    writer.commit(Durability::Immediate)?.into_result()
}

/// What opening does to a file of another schema.
struct Plan {
    discard: Vec<Piece>,
    fill: Vec<Piece>,
}

impl Plan {
    /// # Errors
    /// `SchemaMismatch` with all differences, if one of them cannot be cured.
    fn new(differences: Vec<Difference>, allowed: &[String]) -> Result<Plan> {
        let is_cured = |difference: &Difference| match &difference.cure {
            Cure::None => false,
            Cure::Fill(_) => true,
            Cure::Discard(piece) => allowed.contains(&piece.name()),
        };
        if !differences.iter().all(is_cured) {
            return Err(mismatch(differences));
        }
        let mut plan = Plan { discard: Vec::new(), fill: Vec::new() };
        for difference in differences {
            match difference.cure {
                Cure::None => {}
                Cure::Fill(piece) => plan.fill.push(piece),
                Cure::Discard(piece) => plan.discard.push(piece),
            }
        }
        Ok(plan)
    }

    fn run(
        &self,
        engine: &dyn Engine,
        writer: &mut dyn Write,
        record: &Record<'_>,
        settings: &Settings,
    ) -> Result<()> {
        let names = engine.table_names()?;
        // An index that is made anew may have had sums that it keeps no more.
        let is_key = |piece: &&Piece| matches!(piece.part, Section::Key(_));
        for piece in self.discard.iter().chain(self.fill.iter().filter(is_key)) {
            for table in names.iter().filter(|table| belongs(record.name, piece, table)) {
                writer.drop_table(table)?;
            }
        }
        let permit = crate::permission::Guard::default().owner()?;
        let mut progress = |progress: Progress<'_>| (settings.progress)(progress);
        let mut filling = Filling::new(record.layout, engine.limits(), settings.staging, &mut progress);
        for tables in record.layout.models() {
            let of_model = |pieces: &[Piece], part: &dyn Fn(&Section) -> bool| {
                pieces.iter().any(|piece| piece.model == tables.schema.name && part(&piece.part))
            };
            // The topics share a table, so a change of one fills it anew.
            let is_topic = |part: &Section| matches!(part, Section::Topic(_));
            let topics = of_model(&self.fill, &is_topic) || of_model(&self.discard, &is_topic);
            let wanted = |number: usize, name: &str| {
                if !tables.schema.topics.is_empty() && number == tables.schema.topics_part() {
                    return topics;
                }
                of_model(&self.fill, &|part| matches!(part, Section::Key(key) if key == name))
            };
            if tables.derived().any(|(number, part)| wanted(number, part.name)) {
                filling.fill(&permit, writer, tables, &|number, part| wanted(number, part.name))?;
            }
        }
        filling.finish().map(drop)
    }
}
