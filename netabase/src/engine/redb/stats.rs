//! What a database takes: read from its pages, which is why it takes a while.

use std::fs;
use std::path::Path;

use redb::{
    ReadTransaction, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition, TableHandle,
    TableStats as TreeStats,
};

use super::error::{opening_table, storage, transaction};
use super::packed;
use super::pair::PairKey;
use super::width::{Bytes, by_spec, by_width};
use super::{Access, shared};
use crate::engine::{CacheStats, Stats, TableForm, TableSpec, TableStats};
use crate::error::Result;

pub(super) fn measure(access: &Access, path: Option<&Path>, specs: &[TableSpec]) -> Result<Stats> {
    let (reader, cache, space) = match access {
        Access::Write(database) => {
            let database = shared(database);
            let database = database.get()?;
            // Only a write transaction knows the free pages. This one changes nothing.
            let writer = database.begin_write().map_err(transaction)?;
            let stats = writer.stats().map_err(storage)?;
            writer.abort().map_err(storage)?;
            let reader = database.begin_read().map_err(transaction)?;
            (reader, database.cache_stats(), Some(stats))
        }
        Access::Read(database) => {
            let database = database.get()?;
            (database.begin_read().map_err(transaction)?, database.cache_stats(), None)
        }
    };
    let tables = tables(&reader, specs)?;
    let used: u64 = space.as_ref().map_or(0, |stats| stats.stored_bytes() + stats.metadata_bytes());
    let file = match path {
        Some(path) => fs::metadata(path).map_err(|error| super::error::refused(path, error))?.len(),
        None => space.as_ref().map_or(0, |stats| used + stats.fragmented_bytes()),
    };
    // A file opened for reading only does not tell its free pages; what no table holds is close to them.
    let free = match &space {
        Some(stats) => stats.fragmented_bytes().min(file),
        None => file.saturating_sub(tables.iter().map(|table| table.bytes).sum()),
    };
    let cache = cfg!(feature = "cache_metrics").then(|| CacheStats {
        bytes: cache.used_bytes() as u64,
        hits: cache.read_hits(),
        misses: cache.read_misses(),
    });
    Ok(Stats { file, free, tables, cache })
}

fn tables(reader: &ReadTransaction, specs: &[TableSpec]) -> Result<Vec<TableStats>> {
    let mut tables = Vec::new();
    for handle in reader.list_tables().map_err(storage)? {
        let name = handle.name().to_owned();
        let table = reader.open_untyped_table(handle).map_err(|error| opening_table(&name, error))?;
        let stats = table.stats().map_err(storage)?;
        let index = specs.iter().find(|spec| spec.name == name && spec.form == TableForm::Index);
        let rows = match index {
            Some(spec) => pairs(reader, spec)?,
            None => table.len().map_err(storage)?,
        };
        tables.push(table_stats(name, rows, &stats));
    }
    tables.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(tables)
}

/// The pairs of an index: what the first rows of its keys say.
fn pairs(reader: &ReadTransaction, spec: &TableSpec) -> Result<u64> {
    let failed = |error| opening_table(&spec.name, error);
    by_spec!(spec,
        _K => Ok(0),
        K V => {
            let definition = TableDefinition::<PairKey<K, V>, Bytes>::new(&spec.name);
            let table = reader.open_table(definition).map_err(failed)?;
            let mut pairs = 0_u64;
            for row in ReadableTable::iter(&table).map_err(storage)? {
                let (row, values) = row.map_err(storage)?;
                if PairKey::<K, V>::is_first(PairKey::<K, V>::split(row.value()).1) {
                    pairs = packed::read_total(values.value())?.0.saturating_add(pairs);
                }
            }
            Ok(pairs)
        }
    )
}

fn table_stats(name: String, rows: u64, stats: &TreeStats) -> TableStats {
    let bytes = stats.stored_bytes();
    TableStats { name, rows, bytes, pages: bytes + stats.metadata_bytes() + stats.fragmented_bytes() }
}
