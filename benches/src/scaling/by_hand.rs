//! The same store written by hand on redb, as a careful user would.
//!
//! Tables are opened once in a transaction, records are encoded into one buffer, and an update touches only the
//! index that changes. Every check that netabase makes is made here too.

use std::marker::PhantomData;
use std::path::Path;

use redb::{
    Database, MultimapTable, MultimapTableDefinition, ReadOnlyMultimapTable, ReadOnlyTable, ReadableDatabase,
    ReadableTable, Table, TableDefinition, WriteTransaction,
};

use super::model::Model;
use super::side::{Reads, Side, Writes};
use crate::Result;

const RECORDS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("records");

/// Names of the index tables; a model uses as many as it has indexes.
const INDEXES: [&str; 16] =
    ["k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7", "k8", "k9", "k10", "k11", "k12", "k13", "k14", "k15"];

/// The definitions of the model's index tables.
fn indexes<M: Model>() -> impl Iterator<Item = MultimapTableDefinition<'static, u32, u64>> {
    INDEXES.into_iter().take(M::INDEXES).map(MultimapTableDefinition::new)
}

/// A redb database.
#[derive(Debug)]
pub struct ByHand<M>(Database, PhantomData<M>);

impl<M: Model> Side<M> for ByHand<M> {
    type Reader = Reader<M>;
    type Writer<'t> = Writer<'t, M>;

    fn create(path: &Path) -> Result<Self> {
        let database = Database::create(path)?;
        let transaction = database.begin_write()?;
        Writer::<M>::open(&transaction)?;
        transaction.commit()?;
        Ok(ByHand(database, PhantomData))
    }

    fn begin_read(&self) -> Result<Reader<M>> {
        let transaction = self.0.begin_read()?;
        Ok(Reader {
            records: transaction.open_table(RECORDS)?,
            indexes: indexes::<M>()
                .map(|index| Ok(transaction.open_multimap_table(index)?))
                .collect::<Result<_>>()?,
            model: PhantomData,
        })
    }

    fn write(&self, work: impl FnOnce(&mut Writer<'_, M>) -> Result<()>) -> Result<()> {
        let transaction = self.0.begin_write()?;
        let mut writer = Writer::open(&transaction)?;
        work(&mut writer)?;
        // The tables borrow the transaction.
        drop(writer);
        transaction.commit()?;
        Ok(())
    }
}

fn decode<M: Model>(bytes: &[u8]) -> Result<M> {
    Ok(postcard::from_bytes(bytes)?)
}

/// A read transaction's tables.
pub struct Reader<M> {
    records: ReadOnlyTable<u64, &'static [u8]>,
    indexes: Vec<ReadOnlyMultimapTable<u32, u64>>,
    model: PhantomData<M>,
}

impl<M: Model> Reads<M> for Reader<M> {
    fn get(&self, id: u64) -> Result<Option<M>> {
        let found = self.records.get(id)?;
        found.map(|bytes| decode(bytes.value())).transpose()
    }

    fn lookup(&self, place: usize, value: u32) -> Result<Vec<M>> {
        let index = self.indexes.get(place).ok_or("there is no such index")?;
        let ids = index.get(value)?;
        ids.map(|id| {
            let found = self.records.get(id?.value())?.ok_or("an index row leads nowhere")?;
            decode(found.value())
        })
        .collect()
    }

    fn scan(&self, limit: usize, mut visit: impl FnMut(M)) -> Result<()> {
        for row in self.records.range::<u64>(..)?.take(limit) {
            let (_, bytes) = row?;
            visit(decode(bytes.value())?);
        }
        Ok(())
    }
}

/// A write transaction's tables.
pub struct Writer<'t, M> {
    records: Table<'t, u64, &'static [u8]>,
    indexes: Vec<MultimapTable<'t, u32, u64>>,
    buffer: Vec<u8>,
    model: PhantomData<M>,
}

impl<'t, M: Model> Writer<'t, M> {
    fn open(transaction: &'t WriteTransaction) -> Result<Self> {
        Ok(Writer {
            records: transaction.open_table(RECORDS)?,
            indexes: indexes::<M>()
                .map(|index| Ok(transaction.open_multimap_table(index)?))
                .collect::<Result<_>>()?,
            buffer: Vec::new(),
            model: PhantomData,
        })
    }

    fn put(&mut self, record: &M) -> Result<()> {
        self.buffer.clear();
        self.buffer = postcard::to_extend(record, std::mem::take(&mut self.buffer))?;
        self.records.insert(record.id(), self.buffer.as_slice())?;
        Ok(())
    }
}

impl<M: Model> Writes<M> for Writer<'_, M> {
    fn create(&mut self, record: &M) -> Result<()> {
        let id = record.id();
        if self.records.get(id)?.is_some() {
            return Err("this id is taken".into());
        }
        self.put(record)?;
        for (index, &key) in self.indexes.iter_mut().zip(record.keys().as_ref()) {
            index.insert(key, id)?;
        }
        Ok(())
    }

    fn update(&mut self, record: &M) -> Result<()> {
        let id = record.id();
        let old: M = decode(self.records.get(id)?.ok_or("no record has this id")?.value())?;
        let (old, new) = (old.keys(), record.keys());
        for (index, (&old, &new)) in self.indexes.iter_mut().zip(old.as_ref().iter().zip(new.as_ref())) {
            if old != new {
                index.remove(old, id)?;
                index.insert(new, id)?;
            }
        }
        self.put(record)
    }

    fn delete(&mut self, id: u64) -> Result<bool> {
        let old: M = match self.records.remove(id)? {
            Some(bytes) => decode(bytes.value())?,
            None => return Ok(false),
        };
        for (index, &key) in self.indexes.iter_mut().zip(old.keys().as_ref()) {
            index.remove(key, id)?;
        }
        Ok(true)
    }
}
