//! The operations. Each times its work alone, and all but the load leave the store as they found it.
//!
//! Records are made a few at a time, and the time that takes is left out. What was read goes into a checksum: it must
//! be equal on both sides, and the compiler cannot leave the read out. Writes are timed from the beginning of the
//! transaction to the end of the commit.

use std::time::{Duration, Instant};

use super::data::Data;
use super::model::Model;
use super::side::{Reads, Side, Writes};
use crate::Result;
use crate::work::Run;

/// Most records that are read by a scan.
pub const SCANNED: u32 = 1_000_000;

/// Records of a write, unless that is more than a tenth of the store.
const WRITTEN: u32 = 1000;

/// Records of a get.
const GOTTEN: usize = 10_000;

/// Values of a lookup.
const LOOKED_UP: usize = 100;

/// Bytes of records that are made at a time; few enough to stay in the processor's cache.
const MADE: usize = 256 << 10;

/// What is measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operation {
    /// All records in one commit, into an empty store.
    Load,
    /// 1000 new records in one commit.
    Create,
    /// 10 000 random records in one read transaction.
    Get,
    /// The records behind 100 random values, by all indexes in turn.
    Lookup,
    /// All records, or the first million.
    Scan,
    /// 1000 random records in one commit, each with one field changed: an indexed one if there is any.
    Update,
    /// 1000 random records in one commit.
    Delete,
}

impl Operation {
    /// All of them, in the order of the tables.
    pub const ALL: [Operation; 7] = [
        Operation::Load,
        Operation::Create,
        Operation::Get,
        Operation::Lookup,
        Operation::Scan,
        Operation::Update,
        Operation::Delete,
    ];

    /// Those that the model has: without an index there is no lookup.
    pub fn of<M: Model>() -> impl Iterator<Item = Operation> {
        Self::ALL.into_iter().filter(|&operation| operation != Operation::Lookup || M::INDEXES > 0)
    }

    /// What tables and plots call it.
    pub fn name(self) -> &'static str {
        match self {
            Operation::Load => "load",
            Operation::Create => "create",
            Operation::Get => "get",
            Operation::Lookup => "lookup",
            Operation::Scan => "scan",
            Operation::Update => "update",
            Operation::Delete => "delete",
        }
    }

    /// Runs in a round. A load needs an empty store, and a round has one.
    pub fn runs(self) -> u64 {
        match self {
            Operation::Load => 1,
            Operation::Get | Operation::Lookup => 5,
            Operation::Create | Operation::Scan | Operation::Update | Operation::Delete => 3,
        }
    }

    /// Runs it once; `seed` decides which records are picked.
    pub fn run<M: Model, S: Side<M>>(self, store: &S, data: &Data, seed: u64) -> Result<Run> {
        let count = WRITTEN.min(data.records.div_ceil(10));
        match self {
            Operation::Load => create(store, data, data.ids()),
            Operation::Create => {
                let run = create(store, data, data.new_ids(count))?;
                delete(store, &data.new_ids(count).collect::<Vec<_>>())?;
                Ok(run)
            }
            Operation::Get => get(store, &data.any(seed, GOTTEN)),
            Operation::Lookup => lookup(store, &data.wanted::<M>(seed, LOOKED_UP)),
            Operation::Scan => scan(store),
            Operation::Update => {
                let ids = data.different(seed, count);
                let run = update(store, data, &ids, |id| data.changed(id))?;
                update(store, data, &ids, |id| data.record(id))?;
                Ok(run)
            }
            Operation::Delete => {
                let ids = data.different(seed, count);
                let run = delete(store, &ids)?;
                create(store, data, ids.into_iter())?;
                Ok(run)
            }
        }
    }
}

fn get<M: Model, S: Side<M>>(store: &S, ids: &[u64]) -> Result<Run> {
    timed(|sum| {
        let reader = store.begin_read()?;
        ids.iter().try_for_each(|&id| {
            sum.add(&reader.get(id)?.ok_or("a record is gone")?);
            Ok(())
        })
    })
}

fn lookup<M: Model, S: Side<M>>(store: &S, wanted: &[(usize, u32)]) -> Result<Run> {
    timed(|sum| {
        let reader = store.begin_read()?;
        wanted.iter().try_for_each(|&(place, value)| {
            reader.lookup(place, value)?.iter().for_each(|record| sum.add(record));
            Ok(())
        })
    })
}

fn scan<M: Model, S: Side<M>>(store: &S) -> Result<Run> {
    timed(|sum| store.begin_read()?.scan(SCANNED as usize, |record| sum.add(&record)))
}

fn create<M: Model, S: Side<M>>(store: &S, data: &Data, ids: impl Iterator<Item = u64>) -> Result<Run> {
    write(store, data, ids, |id| data.record(id), |txn, record| txn.create(record))
}

fn update<M: Model, S: Side<M>>(store: &S, data: &Data, ids: &[u64], make: impl Fn(u64) -> M) -> Result<Run> {
    write(store, data, ids.iter().copied(), make, |txn, record| txn.update(record))
}

/// Does `verb` with the record of each id, all in one transaction.
fn write<M: Model, S: Side<M>>(
    store: &S,
    data: &Data,
    mut ids: impl Iterator<Item = u64>,
    make: impl Fn(u64) -> M,
    verb: impl Fn(&mut S::Writer<'_>, &M) -> Result<()>,
) -> Result<Run> {
    let at_a_time = (MADE / data.bytes.max(1)).clamp(1, 1000);
    let mut records = Vec::with_capacity(at_a_time);
    let (mut count, mut making) = (0, Duration::ZERO);
    let start = Instant::now();
    store.write(|txn| {
        loop {
            let start = Instant::now();
            records.clear();
            records.extend(ids.by_ref().take(at_a_time).map(&make));
            making += start.elapsed();
            if records.is_empty() {
                return Ok(());
            }
            for record in &records {
                verb(txn, record)?;
                count += 1;
            }
        }
    })?;
    Ok(Run { time: start.elapsed().saturating_sub(making), count, checksum: 0 })
}

fn delete<M: Model, S: Side<M>>(store: &S, ids: &[u64]) -> Result<Run> {
    let start = Instant::now();
    store.write(|txn| {
        ids.iter().try_for_each(|&id| {
            if txn.delete(id)? { Ok(()) } else { Err("the record to delete is gone".into()) }
        })
    })?;
    Ok(Run { time: start.elapsed(), count: u32::try_from(ids.len())?, checksum: 0 })
}

fn timed(work: impl FnOnce(&mut Sum) -> Result<()>) -> Result<Run> {
    let mut sum = Sum { count: 0, checksum: 0 };
    let start = Instant::now();
    work(&mut sum)?;
    Ok(Run { time: start.elapsed(), count: sum.count, checksum: sum.checksum })
}

/// Over the records that were read.
struct Sum {
    count: u32,
    checksum: u64,
}

impl Sum {
    /// Cheap, because it is timed as well.
    fn add<M: Model>(&mut self, record: &M) {
        let keys: u64 = record.keys().as_ref().iter().copied().map(u64::from).sum();
        let next = record.id() + keys + u64::from(record.number()) + record.text().len() as u64;
        self.count += 1;
        self.checksum = self.checksum.rotate_left(5).wrapping_add(next);
    }
}
