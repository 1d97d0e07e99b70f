//! Brings a file up to the program's schemas, in transactions of bounded size.
//!
//! Each step is one transaction and begins with what the file says: the schema it has, and how far the tables are that
//! it is to get. So going on after a crash is a step like any other, and so is what follows a conflict.

use super::building::Building;
use super::open::Settings;
use super::record::{Discard, Record, Recorded, read_all};
use super::retry::retry;
use crate::engine::{Durability, Engine, Write, set_row};
use crate::error::{Error, ErrorKind, Result};
use crate::maintenance::{Filling, Progress};
use crate::permission::{Door, Guard};
use crate::schema::{Cure, Piece, Section, StoredDefinition};
use crate::table::{ModelTables, PartTable, SCHEMA_TABLE, belongs, sequence_row};

/// How a step ended.
enum Step {
    /// its rows are there, and more are to come
    Filled,
    /// the file has the program's schema
    Done,
}

/// Takes steps until the schemas are recorded, by this opener or by another one. What the records do not allow is taken
/// back: the file is as it was then, but for definitions that had all they were to get.
pub(super) fn grow(engine: &dyn Engine, records: &[Record<'_>], settings: &Settings) -> Result<()> {
    loop {
        match retry(|| Ok(step(engine, records, settings))) {
            Ok(Step::Done) => return Ok(()),
            Ok(Step::Filled) => {}
            Err(error) => {
                if is_refusal(&error) {
                    // Where that fails it is for whoever opens the file next, as after a crash.
                    let _ = take_back(engine, records);
                }
                return Err(error);
            }
        }
    }
}

/// Whether the next opening would end in the same way.
fn is_refusal(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::NotUnique { .. }
            | ErrorKind::LimitExceeded { .. }
            | ErrorKind::InvalidKey { .. }
            | ErrorKind::Corrupt { .. }
    )
}

/// Takes the first or next step, with as many definitions as fit into it.
fn step(engine: &dyn Engine, records: &[Record<'_>], settings: &Settings) -> Result<Step> {
    let Some(first) = records.first() else { return Ok(Step::Done) };
    let mut writer = engine.begin_bulk(&first.layout.tables)?;
    let mut changed = false;
    for (record, found) in records.iter().zip(read_all(records, &*writer)?) {
        let building = record.building(&*writer)?;
        match found {
            // Another opener was faster.
            Recorded::Same if building.is_none() => continue,
            // Spellings count when a key becomes a plain field, so they are kept up to date.
            Recorded::Nothing | Recorded::Absent | Recorded::Respelled | Recorded::Same => {
                if let Some(building) = building {
                    building.discard(record.name, &mut *writer)?;
                }
            }
            Recorded::Other(file) => {
                let growth = Growth::new(record, file, &settings.discard)?;
                let names = engine.table_names()?;
                let mut progress = |progress: Progress<'_>| (settings.progress)(progress);
                let filling = Filling::new(record.layout, engine.limits(), settings.staging, &mut progress);
                if let Some(building) = growth.run(&mut *writer, filling, building, &names)? {
                    building.write(record.name, &mut *writer)?;
                    writer.commit(Durability::Immediate)?.into_result()?;
                    return Ok(Step::Filled);
                }
            }
        }
        record.write(&mut *writer)?;
        changed = true;
    }
    if changed {
        writer.commit(Durability::Immediate)?.into_result()?;
    }
    Ok(Step::Done)
}

/// Drops what was built for this program's schema.
fn take_back(engine: &dyn Engine, records: &[Record<'_>]) -> Result<()> {
    let Some(first) = records.first() else { return Ok(()) };
    retry(|| {
        let mut writer = engine.begin_bulk(&first.layout.tables)?;
        let mut changed = false;
        for record in records {
            let building = record.building(&*writer)?;
            if let Some(building) = building.filter(|building| building.leads_to(&record.own)) {
                building.discard(record.name, &mut *writer)?;
                changed = true;
            }
        }
        if !changed {
            return Ok(Ok(()));
        }
        Ok(writer.commit(Durability::Immediate)?.into_result())
    })
}

#[cold]
pub(super) fn mismatch(differences: Vec<String>) -> Error {
    Error::new(ErrorKind::SchemaMismatch { differences })
}

/// The way from a file's schema to the program's.
struct Growth<'g> {
    record: &'g Record<'g>,
    file: StoredDefinition,
    discard: Vec<Piece>,
    fill: Vec<Piece>,
}

impl Growth<'_> {
    /// # Errors
    /// `SchemaMismatch` with all differences, if one of them cannot be cured.
    fn new<'g>(record: &'g Record<'g>, file: StoredDefinition, allowed: &[Discard]) -> Result<Growth<'g>> {
        let refused = record.refused(&file, allowed);
        if !refused.is_empty() {
            return Err(mismatch(refused));
        }
        let differences = record.own.compare(&file);
        let mut growth = Growth { record, file, discard: Vec::new(), fill: Vec::new() };
        for difference in differences {
            match difference.cure {
                Cure::None => {}
                Cure::Fill(piece) => growth.fill.push(piece),
                Cure::Discard(piece) => growth.discard.push(piece),
            }
        }
        Ok(growth)
    }

    /// Does all there is to do, or as much as fits into a step: then it tells what is to be noted in the file.
    ///
    /// A table that the file's schema lists, and that is to be filled otherwise, cannot be built beside itself. It
    /// stays as it is up to the last step, and so does what is discarded: whoever has the file's schema may need them.
    fn run(
        &self,
        writer: &mut dyn Write,
        mut filling: Filling<'_>,
        building: Option<Building>,
        names: &[String],
    ) -> Result<Option<Building>> {
        let permit = Guard::owner().all(Door::Rebuild)?;
        let mut models: Vec<_> = self.record.tables().iter().collect();
        // Their order in the enum may be another one when this goes on.
        models.sort_by_key(|tables| tables.schema.name);
        let mut begun = self.resume(writer, building)?;

        for tables in models.iter().filter(|tables| self.any(tables, false)) {
            let name = tables.schema.name;
            let mut from = match &begun {
                Some(begun) if *begun.model > *name => continue,
                Some(begun) if *begun.model == *name => Some(begun.reached.clone()),
                _ => None,
            };
            begun = None;
            let wanted = |number: usize, part: &PartTable| self.wants(tables, number, part, false);
            loop {
                from = filling.advance(&permit, writer, tables, &wanted, from)?;
                match from {
                    None => break,
                    // A place behind a clash would hide it from whoever goes on, so nothing more is noted.
                    Some(_) if filling.has_clashes() => {}
                    Some(reached) => {
                        let ways = (&self.file, &self.record.own);
                        return Ok(Some(Building::new(ways, self.new_tables(), name, reached)));
                    }
                }
            }
        }

        // An index that the file lists and that is made anew may have had sums that it keeps no more.
        let is_listed = |piece: &&Piece| match &piece.part {
            Section::Key(name) => self.file.has(&piece.model, Some(name)),
            Section::Whole | Section::Topic(_) | Section::Versions => false,
        };
        for piece in self.discard.iter().chain(self.fill.iter().filter(is_listed)) {
            for table in names.iter().filter(|table| belongs(self.record.name, piece, table)) {
                writer.drop_table(table)?;
            }
            if piece.part == Section::Whole {
                let row = sequence_row(self.record.name, &piece.model);
                set_row(writer, SCHEMA_TABLE, &row, None)?;
            }
        }
        for tables in models.iter().filter(|tables| self.any(tables, true)) {
            let wanted = |number: usize, part: &PartTable| self.wants(tables, number, part, true);
            filling.fill(&permit, writer, tables, &wanted)?;
        }
        filling.finish()?;
        Ok(None)
    }

    /// Where an opening of this program stopped; or nowhere, with all new tables empty.
    fn resume(&self, writer: &mut dyn Write, building: Option<Building>) -> Result<Option<Building>> {
        if let Some(building) = building {
            if building.leads(&self.file, &self.record.own) {
                return Ok(Some(building));
            }
            building.discard(self.record.name, writer)?;
        }
        for table in self.new_tables() {
            writer.drop_table(&table)?;
        }
        Ok(None)
    }

    /// Whether a table is to be filled, of those that the file's schema lists or of the others.
    fn wants(&self, tables: &ModelTables, number: usize, part: &PartTable, listed: bool) -> bool {
        let model = tables.schema.name;
        let of_model = |piece: &&Piece| piece.model == model;
        // Topics share a table, so a change of one of them fills it anew.
        if !tables.schema.topics.is_empty() && number == tables.schema.topics_part() {
            let mut pieces = self.fill.iter().chain(&self.discard).filter(of_model);
            return pieces.any(|piece| matches!(piece.part, Section::Topic(_)))
                && self.file.has(model, None) == listed;
        }
        let mut pieces = self.fill.iter().filter(of_model);
        pieces.any(|piece| matches!(&piece.part, Section::Key(key) if key == part.name))
            && self.file.has(model, Some(part.name)) == listed
    }

    fn any(&self, tables: &ModelTables, listed: bool) -> bool {
        tables.derived().any(|(number, part)| self.wants(tables, number, part, listed))
    }

    /// Names of the tables that are to be filled and that the file's schema does not list.
    fn new_tables(&self) -> Vec<String> {
        let models = self.record.tables().iter();
        let parts =
            models.flat_map(|tables| tables.derived().map(move |(number, part)| (tables, number, part)));
        parts
            .filter(|(tables, number, part)| self.wants(tables, *number, part, false))
            .map(|(_, _, part)| self.record.layout.name(part.id).to_owned())
            .collect()
    }
}
