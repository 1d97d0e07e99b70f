//! Which table stands where, and what it is called in the file.

use std::ops::Range;
use std::sync::Arc;

use super::covering;
use crate::engine::{TableForm, TableId, TableSpec, Tables};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Custom, Customs, Entries, NetabaseDefinition, RecordReader};
use crate::schema::{
    DefinitionSchema, ModelSchema, OnDelete, Part, Piece, References, RelationSchema, Section, Shape,
};

/// The table that says what the others are. It comes first.
pub(crate) const SCHEMA_TABLE: TableId = TableId(0);

/// The journal: number of a commit and of a piece of it -> what it changed.
pub(crate) const JOURNAL_TABLE: TableId = TableId(1);

/// How far the consumers of the journal and of topics are, and what they have on their hands.
pub(crate) const CONSUMERS_TABLE: TableId = TableId(2);

/// The messages of topics: topic and number -> message.
pub(crate) const OUTBOX_TABLE: TableId = TableId(3);

/// The tables that belong to no model.
fn own_tables() -> Vec<TableSpec> {
    let map = |name: &str, key_width| TableSpec {
        name: format!("netabase.{name}"),
        form: TableForm::Map,
        key_width,
        value_width: None,
    };
    vec![map("schema", None), map("journal", Some(12)), map("consumers", None), map("outbox", None)]
}

/// A definition, as a store is opened with it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member {
    pub(crate) schema: &'static DefinitionSchema,
    /// one for each model
    pub(crate) readers: &'static [&'static RecordReader],
}

impl Member {
    pub(crate) fn of<D: NetabaseDefinition>() -> Self {
        Member { schema: D::SCHEMA, readers: D::READERS }
    }
}

/// All tables of a store: those of one definition, or of several.
///
/// Models are numbered through all definitions, so what follows a link or deletes in cascades knows no definition.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) tables: Tables,
    pub(super) models: Vec<ModelTables>,
    /// the definitions
    pub(super) places: Vec<Place>,
}

/// A definition, and where its models begin and end.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) schema: &'static DefinitionSchema,
    pub(super) models: Range<usize>,
}

/// The tables of one model.
#[derive(Debug)]
pub(crate) struct ModelTables {
    /// its number among those of all definitions
    pub(crate) ordinal: usize,
    pub(crate) schema: &'static ModelSchema,
    pub(crate) reader: &'static RecordReader,
    /// main, indexes, relations, topics, sums: numbered as in the schema; then indexes that were registered
    parts: Vec<PartTable>,
    pub(crate) customs: Customs,
    /// the versions of the records, if they have any
    pub(crate) versions: Option<TableId>,
    /// relations that lead here
    pub(crate) incoming: Vec<Incoming>,
}

/// One table of a model.
#[derive(Debug)]
pub(crate) struct PartTable {
    pub(crate) id: TableId,
    /// the field, for error texts
    pub(crate) name: &'static str,
    /// a plain map from key to primary key
    pub(crate) unique: bool,
    /// values of fields stand behind the primary keys
    pub(crate) covering: bool,
    /// how many sums are kept for each key, in a table of sums
    pub(crate) sums: usize,
    /// where the links of a relation lead
    pub(crate) target: Option<Target>,
}

/// Where the links of a relation lead.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    /// number of the model
    pub(crate) ordinal: usize,
    /// its main table
    pub(crate) table: TableId,
    pub(crate) relation: &'static RelationSchema,
}

impl Target {
    /// Whether there is always a record at the other end.
    pub(crate) fn must_exist(&self) -> bool {
        self.relation.references != References::Unchecked && self.relation.on_delete != OnDelete::Keep
    }
}

/// A relation that leads to a model.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Incoming {
    /// number of the model whose records link
    pub(crate) ordinal: usize,
    /// number of the relation's table
    pub(crate) part: usize,
    /// its number among the relations
    pub(crate) number: usize,
    pub(crate) relation: &'static RelationSchema,
}

impl PartTable {
    /// Whether its rows are one for each key. `number`: its own.
    pub(crate) fn is_map(&self, number: usize) -> bool {
        number == 0 || self.unique || self.sums > 0
    }
}

impl Layout {
    pub(crate) fn new(members: &[Member], customs: &[Arc<Custom>]) -> Result<Self> {
        let mut tables = own_tables();
        let (mut models, mut places): (Vec<ModelTables>, Vec<Place>) = (Vec::new(), Vec::new());
        for Member { schema: definition, readers } in members {
            let listed = definition.models.iter().map(|model| model.name);
            if !listed.eq(readers.iter().map(|reader| reader.model())) {
                return Err(Error::internal("the readers of a definition are not those of its models"));
            }
            let first = models.len();
            for (model, reader) in definition.models.iter().zip(*readers) {
                let customs: Vec<_> = customs
                    .iter()
                    .filter(|custom| custom.is_of(definition.name, model.name))
                    .cloned()
                    .collect();
                let ordinal = models.len();
                models.push(model_tables(definition.name, (ordinal, model), reader, customs, &mut tables)?);
            }
            places.push(Place { schema: definition, models: first..models.len() });
        }
        connect(&places, &mut models)?;
        Ok(Layout { tables: tables.into(), models, places })
    }

    /// The tables of every model, in the order of the definitions.
    pub(crate) fn models(&self) -> &[ModelTables] {
        &self.models
    }

    /// The number of a definition's first model. `place`: its own number.
    pub(crate) fn base(&self, place: usize) -> usize {
        self.places.get(place).map_or(usize::MAX, |place| place.models.start)
    }

    /// The tables of a definition's models.
    pub(crate) fn models_of(&self, place: usize) -> &[ModelTables] {
        self.places.get(place).and_then(|place| self.models.get(place.models.clone())).unwrap_or_default()
    }

    #[inline]
    pub(crate) fn model(&self, ordinal: usize) -> Result<&ModelTables> {
        self.models.get(ordinal).ok_or_else(|| Error::internal("no model of that number"))
    }

    /// Name of a table in the file.
    pub(crate) fn name(&self, table: TableId) -> &str {
        self.tables.get(table.0).map_or("", |spec| &spec.name)
    }
}

/// The tables of a model, which are added to the list of all.
fn model_tables(
    definition: &str,
    (ordinal, model): (usize, &'static ModelSchema),
    reader: &'static RecordReader,
    list: Vec<Arc<Custom>>,
    tables: &mut Vec<TableSpec>,
) -> Result<ModelTables> {
    let mut parts = Vec::new();
    for (_, part) in model.parts() {
        parts.push(PartTable {
            id: TableId(tables.len()),
            name: part.name(),
            unique: part.is_unique(),
            covering: matches!(part, Part::Index(index) if !index.covering.is_empty()),
            sums: if let Part::Sums(index) = part { index.sums.len() } else { 0 },
            target: None,
        });
        tables.push(spec(definition, model, part));
    }
    let customs = Customs { first: parts.len(), list };
    for custom in &customs.list {
        check_custom(model, &parts, custom)?;
        parts.push(PartTable {
            id: TableId(tables.len()),
            name: custom.name,
            unique: false,
            covering: custom.has_value,
            sums: 0,
            target: None,
        });
        tables.push(TableSpec {
            name: format!("{}/index/{}", base(definition, model.name), custom.name),
            form: TableForm::Index,
            key_width: custom.key_width,
            value_width: model.key_width.filter(|_| !custom.has_value),
        });
    }
    let versions = model.versioned.then_some(TableId(tables.len()));
    tables.extend(model.versioned.then(|| TableSpec {
        name: format!("{}/versions", base(definition, model.name)),
        form: TableForm::Map,
        key_width: model.key_width,
        value_width: None,
    }));
    Ok(ModelTables { ordinal, schema: model, reader, parts, customs, versions, incoming: Vec::new() })
}

/// Finds the two ends of every relation.
fn connect(places: &[Place], models: &mut [ModelTables]) -> Result<()> {
    let all = places
        .iter()
        .flat_map(|place| place.models.clone().zip(place.schema.models).map(move |at| (place, at)));
    for (place, (ordinal, model)) in all {
        for (number, relation) in model.relations.iter().enumerate() {
            let part = model.relation_part(number);
            let into = |name: &str| places.iter().find(|place| place.schema.name == name);
            let place = relation.definition.map_or(Some(place), into);
            let target = place.and_then(|place| {
                let number = place.schema.models.iter().position(|other| other.name == relation.target)?;
                Some(place.models.start + number)
            });
            let target = target.ok_or_else(|| Error::internal("a relation to a model that is not listed"))?;
            let end = models.get_mut(target).ok_or_else(|| Error::internal("no model of that number"))?;
            end.incoming.push(Incoming { ordinal, part, number, relation });
            let table = end.main()?;
            let own = models.get_mut(ordinal).and_then(|model| model.parts.get_mut(part));
            if let Some(own) = own {
                own.target = Some(Target { ordinal: target, table, relation });
            }
        }
    }
    Ok(())
}

/// Refuses a registered index that the file or another program could not tell from something else.
fn check_custom(model: &ModelSchema, parts: &[PartTable], custom: &Custom) -> Result<()> {
    let (model_name, name) = (model.name, custom.name);
    let refuse =
        |reason: String| Err(Error::new(ErrorKind::InvalidIndex { model: model_name, name, reason }));
    if name.is_empty() || name.contains(['/', '.', '\0']) {
        return refuse("a name has at least one character and no `/` or `.`".to_owned());
    }
    let is_known = |known: &str| known == name;
    if model.fields.iter().any(|field| is_known(field.name)) || parts.iter().any(|part| is_known(part.name)) {
        return refuse("the model has a field or key of that name already".to_owned());
    }
    let has_field = |column: &&str| model.fields.iter().any(|field| field.name == *column);
    match custom.columns.iter().find(|column| !has_field(column)) {
        Some(column) => refuse(format!("the model has no field `{column}`")),
        None => Ok(()),
    }
}

/// Whether the table of this name in a file holds a part of a definition's schema.
pub(crate) fn belongs(definition: &str, piece: &Piece, table: &str) -> bool {
    let base = base(definition, &piece.model);
    match (&piece.part, table.strip_prefix(&base)) {
        (_, None) => false,
        (Section::Whole, Some(rest)) => rest.is_empty() || rest.starts_with('/'),
        (Section::Key(name), Some(rest)) => {
            let kinds = ["/index/", "/relation/", "/sums/"];
            kinds.iter().any(|kind| rest.strip_prefix(kind) == Some(name))
        }
        (Section::Topic(_), Some(rest)) => rest == "/topics",
        (Section::Versions, Some(rest)) => rest == "/versions",
    }
}

/// The key of the row in the schema table that holds the last number given to a record of the model.
pub(crate) fn sequence_row(definition: &str, model: &str) -> Vec<u8> {
    format!("sequence/{}", base(definition, model)).into_bytes()
}

fn base(definition: &str, model: &str) -> String {
    format!("{definition}/{model}")
}

/// The model does not know its definition, so full names are made here.
fn spec(definition: &str, model: &ModelSchema, part: Part) -> TableSpec {
    let base = base(definition, model.name);
    let (name, form, key_width, value_width) = match part {
        Part::Main => (base, TableForm::Map, model.key_width, None),
        Part::Index(index) => {
            let name = format!("{base}/index/{}", index.name);
            match (index.unique, index.shape) {
                // An absent key is told apart by the record's own, so its width is another.
                (true, Shape::Optional) => (name, TableForm::Map, None, None),
                (true, shape) => (name, TableForm::Map, width(shape, index.key_width), None),
                // What is covered has any width.
                (false, shape) => {
                    let value_width = model.key_width.filter(|_| index.covering.is_empty());
                    (name, TableForm::Index, width(shape, index.key_width), value_width)
                }
            }
        }
        Part::Sums(index) => {
            let name = format!("{base}/sums/{}", index.name);
            (name, TableForm::Map, width(index.shape, index.key_width), None)
        }
        Part::Relation(relation) => {
            let name = format!("{base}/relation/{}", relation.name);
            (name, TableForm::Index, width(relation.shape, relation.key_width), model.key_width)
        }
        Part::Topics => (format!("{base}/topics"), TableForm::Index, None, model.key_width),
    };
    TableSpec { name, form, key_width, value_width }
}

/// An optional key has a tag byte before it.
fn width(shape: Shape, key: Option<usize>) -> Option<usize> {
    match shape {
        Shape::Optional => key.map(|width| width + 1),
        Shape::One | Shape::Each => key,
    }
}

impl ModelTables {
    /// Reads a record's bytes: what its key is, and the entries it has beside the main table. `false` if they are no record,
    /// an error if it is one that no index takes.
    pub(crate) fn read(&self, bytes: &[u8], key: &mut Vec<u8>, entries: &mut Entries) -> Result<bool> {
        self.reader.read(bytes, key, entries, &self.customs)
    }

    #[inline]
    pub(crate) fn part(&self, number: usize) -> Result<&PartTable> {
        self.parts.get(number).ok_or_else(|| Error::internal("no table of that number"))
    }

    /// What stands in an index beside a key: the primary key, and behind it what the index covers.
    pub(crate) fn value<'b>(
        &self,
        part: &PartTable,
        primary: &'b [u8],
        payload: &[u8],
        buffer: &'b mut Vec<u8>,
    ) -> &'b [u8] {
        if part.covering { covering::write(self.schema, primary, payload, buffer) } else { primary }
    }

    /// The primary key in a value of an index, put into the buffer; returns what is covered beside it.
    pub(crate) fn primary<'v>(
        &self,
        part: &PartTable,
        value: &'v [u8],
        primary: &mut Vec<u8>,
    ) -> Result<&'v [u8]> {
        if part.covering {
            return covering::split(self.schema, value, primary);
        }
        primary.clear();
        primary.extend_from_slice(value);
        Ok(&[])
    }

    /// Every table but the main one, with its number.
    pub(crate) fn derived(&self) -> impl Iterator<Item = (usize, &PartTable)> {
        self.parts.iter().enumerate().skip(1)
    }

    #[inline]
    pub(crate) fn main(&self) -> Result<TableId> {
        self.part(0).map(|part| part.id)
    }
}
