//! The schema record: what a file says it holds.

use std::ops::Bound;

use super::building::{self, Building};
use crate::engine::{Direction, Read, Write, set_row};
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{Cure, Difference, Piece, StoredDefinition};
use crate::table::{Layout, ModelTables, SCHEMA_TABLE};

/// The version of docs/format.md that this program writes.
const FORMAT: u8 = 2;
const FORMAT_KEY: &[u8] = b"format";
const DEFINITION: &str = "definition";
const FINGERPRINT: &str = "fingerprint";

/// What a file says of a definition.
pub(super) enum Recorded {
    /// The file has no schema record at all.
    Nothing,
    /// it has those of other definitions
    Absent,
    /// the program's own schema
    Same,
    /// The same, with types that are written otherwise and decide nothing.
    Respelled,
    /// another one
    Other(StoredDefinition),
}

/// A definition's schema, with the rows that record it.
pub(super) struct Record<'r> {
    pub(super) layout: &'r Layout,
    /// number of the definition
    pub(super) place: usize,
    pub(super) name: &'static str,
    pub(super) own: StoredDefinition,
    /// whether others are opened with it, so that texts have to name it
    pub(super) is_named: bool,
}

/// A piece of the file's schema that may go.
#[derive(Clone, Debug)]
pub(super) struct Discard {
    /// recorded name of the definition
    pub(super) definition: &'static str,
    /// `Author` or `Author.email`
    pub(super) piece: String,
}

impl<'r> Record<'r> {
    /// The tables of the definition's models.
    pub(super) fn tables(&self) -> &'r [ModelTables] {
        self.layout.models_of(self.place)
    }

    /// All differences from the file's schema, in words, if one of them cannot be cured or may not.
    pub(super) fn refused(&self, file: &StoredDefinition, allowed: &[Discard]) -> Vec<String> {
        let is_allowed = |piece: &Piece| {
            let name = piece.name();
            allowed.iter().any(|discard| discard.definition == self.name && discard.piece == name)
        };
        let is_cured = |difference: &Difference| match &difference.cure {
            Cure::None => false,
            Cure::Fill(_) => true,
            Cure::Discard(piece) => is_allowed(piece),
        };
        let differences = self.own.compare(file);
        if differences.iter().all(is_cured) { Vec::new() } else { self.texts(differences) }
    }

    /// Differences in words.
    pub(super) fn texts(&self, differences: Vec<Difference>) -> Vec<String> {
        let place = if self.is_named { format!("in {}: ", self.name) } else { String::new() };
        differences.into_iter().map(|difference| format!("{place}{}", difference.text)).collect()
    }

    fn row(&self, kind: &str) -> Vec<u8> {
        [kind, "/", self.name].concat().into_bytes()
    }

    /// Compares the file's record with the program's schema.
    pub(super) fn read(&self, read: &dyn Read) -> Result<Recorded> {
        match read.get(SCHEMA_TABLE, FORMAT_KEY)?.as_deref() {
            None => return Ok(Recorded::Nothing),
            Some([FORMAT]) => {}
            Some(&[found]) if found > FORMAT => {
                return Err(Error::new(ErrorKind::NewerFormat { of: "netabase", found, supported: FORMAT }));
            }
            Some(&[found]) if found > 0 => {
                return Err(Error::new(ErrorKind::OlderFormat { found, supported: FORMAT }));
            }
            Some(_) => return Err(self.corrupt()),
        }
        let Some(stored) = read.get(SCHEMA_TABLE, &self.row(DEFINITION))? else {
            return Ok(Recorded::Absent);
        };
        let fingerprint = read.get(SCHEMA_TABLE, &self.row(FINGERPRINT))?;
        let file = match postcard::take_from_bytes::<StoredDefinition>(&stored) {
            // A fingerprint that is not that of the schema beside it: one of them is damaged.
            Ok((file, [])) if fingerprint.as_deref() == Some(&file.fingerprint().0.to_be_bytes()) => file,
            _ => return Err(self.corrupt()),
        };
        if file.fingerprint() != self.own.fingerprint() {
            return Ok(Recorded::Other(file));
        }
        Ok(if file == self.own { Recorded::Same } else { Recorded::Respelled })
    }

    /// The tables that an opening left half-built, if there are any.
    pub(super) fn building(&self, read: &dyn Read) -> Result<Option<Building>> {
        Building::read(self.layout, self.name, read)
    }

    /// Records the program's schema: what was being built is part of it from now on.
    pub(super) fn write(&self, writer: &mut dyn Write) -> Result<()> {
        let schema =
            postcard::to_stdvec(&self.own).map_err(|_| Error::internal("the schema does not encode"))?;
        let fingerprint = self.own.fingerprint().0.to_be_bytes();
        let (definition_row, fingerprint_row) = (self.row(DEFINITION), self.row(FINGERPRINT));
        let building_row = building::row(self.name);
        let rows: [(&[u8], Option<&[u8]>); 4] = [
            (&building_row, None),
            (&definition_row, Some(&schema)),
            (&fingerprint_row, Some(&fingerprint)),
            (FORMAT_KEY, Some(&[FORMAT])),
        ];
        rows.into_iter().try_for_each(|(row, value)| set_row(writer, SCHEMA_TABLE, row, value))
    }

    /// The error for a file that has other definitions only.
    pub(super) fn is_missing(&self, read: &dyn Read) -> Result<Error> {
        let (expected, found) = (self.name, recorded(read)?);
        Ok(Error::new(ErrorKind::OtherDefinition { expected, found }))
    }

    /// A definition in the file whose records link into this one.
    fn linked_from(&self, others: &[StoredDefinition]) -> Option<Error> {
        let definition = self.name;
        others.iter().find_map(|other| {
            let link = other.link_into(definition)?;
            Some(Error::new(ErrorKind::LinkedFrom { definition, by: other.name().to_owned(), link }))
        })
    }

    #[cold]
    fn corrupt(&self) -> Error {
        Error::new(ErrorKind::Corrupt { place: self.layout.name(SCHEMA_TABLE).into() })
    }
}

/// What a file says of all these definitions.
///
/// # Errors
/// `OtherDefinition` for a file that has none of them, as it is another program's.
pub(super) fn read_all(records: &[Record<'_>], read: &dyn Read) -> Result<Vec<Recorded>> {
    let found: Vec<_> = records.iter().map(|record| record.read(read)).collect::<Result<_>>()?;
    match records.first() {
        Some(first) if found.iter().all(|found| matches!(found, Recorded::Absent)) => {
            Err(first.is_missing(read)?)
        }
        _ => Ok(found),
    }
}

/// Refuses to write definitions without another one in the file whose records link into them: they would be left behind.
pub(super) fn refuse_links_from_others(records: &[Record<'_>], read: &dyn Read) -> Result<()> {
    let mut others = Vec::new();
    for name in recorded(read)? {
        if records.iter().any(|record| record.name == name) {
            continue;
        }
        let stored = read.get(SCHEMA_TABLE, &[DEFINITION, "/", &name].concat().into_bytes())?;
        let other = stored.and_then(|bytes| postcard::from_bytes::<StoredDefinition>(&bytes).ok());
        let corrupt = || records.first().map_or_else(|| Error::internal("no definition"), Record::corrupt);
        others.push(other.ok_or_else(corrupt)?);
    }
    records.iter().find_map(|record| record.linked_from(&others)).map_or(Ok(()), Err)
}

/// Recorded names of the definitions in a file.
pub(super) fn recorded(read: &dyn Read) -> Result<Vec<String>> {
    // `0` comes behind `/`.
    let (first, end) = (format!("{DEFINITION}/"), format!("{DEFINITION}0"));
    let range = (Bound::Included(first.as_bytes()), Bound::Excluded(end.as_bytes()));
    let mut rows = read.cursor(SCHEMA_TABLE, range, Direction::Forward)?;
    let mut names = Vec::new();
    while rows.advance()? {
        let name = rows.key().strip_prefix(first.as_bytes());
        names.extend(name.map(|name| String::from_utf8_lossy(name).into_owned()));
    }
    Ok(names)
}
