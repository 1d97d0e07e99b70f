//! The three questions, and the points at which each is measured.

use super::data::Data;
use super::model::{Four, Model, Plain, Single, Sixteen};
use super::point::{Point, measure};
use super::work::Operation;
use crate::Result;

/// Bytes of a record where its size is not the question.
const BYTES: usize = 100;

/// Records where their number is not the question.
const RECORDS: u32 = 100_000;

/// The most records that all operations are measured with.
const FULLY_MEASURED: u32 = 1_000_000;

/// How much to measure.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// no store has more records
    pub max_records: u32,
    /// rounds of each point
    pub rounds: u64,
}

/// What was measured along an axis.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// what the tables and the plot call it
    pub title: &'static str,
    /// what its places are
    pub axis: &'static str,
    /// the models it was measured with; the first has the most operations, the last the most points
    pub families: Vec<Family>,
}

/// The points of a model, or of one model each.
#[derive(Clone, Debug)]
pub struct Family {
    /// what distinguishes it from the sweep's other ones
    pub name: &'static str,
    /// in the order of the axis
    pub points: Vec<Point>,
}

/// By number of records, with four indexes and with none.
pub fn by_records(effort: &Effort) -> Result<Sweep> {
    let mut sizes =
        [10_000, 100_000, FULLY_MEASURED, 10_000_000].map(|size| effort.max_records.min(size)).to_vec();
    sizes.dedup();
    let (mut four, mut plain) = (Vec::new(), Vec::new());
    for records in sizes {
        let (data, label) = (Data::new(records, BYTES), count(records));
        if records <= FULLY_MEASURED {
            four.push(point::<Four>(label.clone(), &data, effort)?);
            plain.push(point::<Plain>(label, &data, effort)?);
        } else {
            plain.push(some::<Plain>(label, &data, effort, &[Operation::Create, Operation::Get])?);
        }
    }
    let families =
        vec![Family { name: "4 indexes", points: four }, Family { name: "no indexes", points: plain }];
    Ok(Sweep { title: "by number of records", axis: "records", families })
}

/// By number of indexes.
pub fn by_indexes(effort: &Effort) -> Result<Sweep> {
    let data = Data::new(RECORDS.min(effort.max_records), BYTES);
    let points = vec![
        point::<Plain>(Plain::INDEXES.to_string(), &data, effort)?,
        point::<Single>(Single::INDEXES.to_string(), &data, effort)?,
        point::<Four>(Four::INDEXES.to_string(), &data, effort)?,
        point::<Sixteen>(Sixteen::INDEXES.to_string(), &data, effort)?,
    ];
    let families = vec![Family { name: "100 B beside the indexed fields", points }];
    Ok(Sweep { title: "by number of indexes", axis: "indexes", families })
}

/// By size of a record, with one index.
pub fn by_size(effort: &Effort) -> Result<Sweep> {
    let many = RECORDS.min(effort.max_records);
    // A gigabyte on either side is enough.
    let few = (RECORDS / 10).min(effort.max_records / 10).max(1);
    let sizes = [("100 B", 100, many), ("1 kB", 1000, many), ("100 kB", 100_000, few)];
    let points = sizes
        .into_iter()
        .map(|(label, bytes, records)| point::<Single>(label.to_owned(), &Data::new(records, bytes), effort))
        .collect::<Result<_>>()?;
    Ok(Sweep {
        title: "by size of a record",
        axis: "text of a record",
        families: vec![Family { name: "1 index", points }],
    })
}

/// All that the model has.
fn point<M: Model>(label: String, data: &Data, effort: &Effort) -> Result<Point> {
    some::<M>(label, data, effort, &Operation::of::<M>().collect::<Vec<_>>())
}

fn some<M: Model>(label: String, data: &Data, effort: &Effort, operations: &[Operation]) -> Result<Point> {
    eprintln!("{} indexes, {} records of {} bytes", M::INDEXES, data.records, data.bytes);
    Ok(Point { label, results: measure::<M>(data, operations, effort.rounds)? })
}

/// `10k`, `1M`.
fn count(records: u32) -> String {
    match records {
        0 => "0".to_owned(),
        _ if records.is_multiple_of(1_000_000) => format!("{}M", records / 1_000_000),
        _ if records.is_multiple_of(1000) => format!("{}k", records / 1000),
        _ => records.to_string(),
    }
}
