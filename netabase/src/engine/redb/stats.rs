//! What a database takes: read from its pages, which is why it takes a while.

use std::fs;
use std::path::Path;

use redb::{
    MultimapTableHandle, ReadTransaction, ReadableDatabase, ReadableTableMetadata, TableHandle,
    TableStats as TreeStats,
};

use super::error::{opening_table, storage, transaction};
use super::{Access, shared};
use crate::engine::{CacheStats, Stats, TableStats};
use crate::error::Result;

pub(super) fn measure(access: &Access, path: Option<&Path>) -> Result<Stats> {
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
    let tables = tables(&reader)?;
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

fn tables(reader: &ReadTransaction) -> Result<Vec<TableStats>> {
    let mut tables = Vec::new();
    for handle in reader.list_tables().map_err(storage)? {
        let name = handle.name().to_owned();
        let table = reader.open_untyped_table(handle).map_err(|error| opening_table(&name, error))?;
        tables.push(table_stats(name, table.len().map_err(storage)?, &table.stats().map_err(storage)?));
    }
    for handle in reader.list_multimap_tables().map_err(storage)? {
        let name = handle.name().to_owned();
        let table =
            reader.open_untyped_multimap_table(handle).map_err(|error| opening_table(&name, error))?;
        tables.push(table_stats(name, table.len().map_err(storage)?, &table.stats().map_err(storage)?));
    }
    tables.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(tables)
}

fn table_stats(name: String, rows: u64, stats: &TreeStats) -> TableStats {
    let bytes = stats.stored_bytes();
    TableStats { name, rows, bytes, pages: bytes + stats.metadata_bytes() + stats.fragmented_bytes() }
}
