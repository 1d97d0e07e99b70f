//! Which table stands where, and what it is called in the file.

use crate::engine::{TableForm, TableId, TableSpec, Tables};
use crate::error::{Error, Result};
use crate::model::RecordReader;
use crate::schema::{DefinitionSchema, ModelSchema, Part, Piece, Section, Shape};

/// The table that says what the others are. It comes first.
pub(crate) const SCHEMA_TABLE: TableId = TableId(0);

/// All tables of a definition.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) tables: Tables,
    models: Vec<ModelTables>,
}

/// The tables of one model.
#[derive(Debug)]
pub(crate) struct ModelTables {
    pub(crate) schema: &'static ModelSchema,
    pub(crate) reader: &'static RecordReader,
    /// main, indexes, relations, topics: numbered as in the schema
    parts: Vec<PartTable>,
}

/// One table of a model.
#[derive(Debug)]
pub(crate) struct PartTable {
    pub(crate) id: TableId,
    /// the field, for error texts
    pub(crate) name: &'static str,
    /// a plain map from key to primary key
    pub(crate) unique: bool,
}

impl Layout {
    pub(crate) fn new(
        definition: &'static DefinitionSchema,
        readers: &'static [&'static RecordReader],
    ) -> Result<Self> {
        let listed = definition.models.iter().map(|model| model.name);
        if !listed.eq(readers.iter().map(|reader| reader.model())) {
            return Err(Error::internal("the readers of a definition are not those of its models"));
        }
        let mut tables = vec![TableSpec {
            name: "netabase.schema".into(),
            form: TableForm::Map,
            key_width: None,
            value_width: None,
        }];
        let mut models = Vec::new();
        for (model, reader) in definition.models.iter().zip(readers) {
            let mut parts = Vec::new();
            for (_, part) in model.parts() {
                parts.push(PartTable {
                    id: TableId(tables.len()),
                    name: part.name(),
                    unique: part.is_unique(),
                });
                tables.push(spec(definition.name, model, part));
            }
            models.push(ModelTables { schema: model, reader, parts });
        }
        Ok(Layout { tables: tables.into(), models })
    }

    /// The tables of every model, in the order of the definition.
    pub(crate) fn models(&self) -> &[ModelTables] {
        &self.models
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

/// Whether the table of this name in a file holds a part of a definition's schema.
pub(crate) fn belongs(definition: &str, piece: &Piece, table: &str) -> bool {
    let base = base(definition, &piece.model);
    match (&piece.part, table.strip_prefix(&base)) {
        (_, None) => false,
        (Section::Whole, Some(rest)) => rest.is_empty() || rest.starts_with('/'),
        (Section::Key(name), Some(rest)) => {
            let key = rest.strip_prefix("/index/").or_else(|| rest.strip_prefix("/relation/"));
            key == Some(name)
        }
        (Section::Topic(_), Some(rest)) => rest == "/topics",
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
                (false, shape) => (name, TableForm::Index, width(shape, index.key_width), model.key_width),
            }
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
    #[inline]
    pub(crate) fn part(&self, number: usize) -> Result<&PartTable> {
        self.parts.get(number).ok_or_else(|| Error::internal("no table of that number"))
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
