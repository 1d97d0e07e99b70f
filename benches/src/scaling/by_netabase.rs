//! The store with netabase.

use crate::new_store;
use std::path::Path;

use netabase::{ReadTransaction, Store, WriteTransaction};

use super::model::Model;
use super::side::{Reads, Side, Writes};
use crate::Result;

/// A netabase store.
#[derive(Debug)]
pub struct ByNetabase<M: Model>(Store<M::Store>);

impl<M: Model> Side<M> for ByNetabase<M> {
    type Reader = ReadTransaction<M::Store>;
    type Writer<'t> = WriteTransaction<M::Store>;

    fn create(path: &Path) -> Result<Self> {
        Ok(ByNetabase(new_store(path)?))
    }

    fn begin_read(&self) -> Result<Self::Reader> {
        Ok(self.0.begin_read()?)
    }

    fn write(&self, work: impl FnOnce(&mut Self::Writer<'_>) -> Result<()>) -> Result<()> {
        let mut transaction = self.0.begin_write()?;
        work(&mut transaction)?;
        Ok(transaction.commit()?)
    }
}

impl<M: Model> Reads<M> for ReadTransaction<M::Store> {
    fn get(&self, id: u64) -> Result<Option<M>> {
        Ok(self.get::<M>(M::PrimaryKey::from(id))?)
    }

    fn lookup(&self, place: usize, value: u32) -> Result<Vec<M>> {
        let filter = M::filter(place, value).ok_or("there is no such index")?;
        Ok(self.query::<M>().filter(filter).collect()?)
    }

    fn scan(&self, limit: usize, mut visit: impl FnMut(M)) -> Result<()> {
        for record in self.query::<M>().limit(limit).iter()? {
            visit(record?);
        }
        Ok(())
    }
}

impl<M: Model> Writes<M> for WriteTransaction<M::Store> {
    fn create(&mut self, record: &M) -> Result<()> {
        Ok(self.create(record)?)
    }

    fn update(&mut self, record: &M) -> Result<()> {
        Ok(self.update(record)?)
    }

    fn delete(&mut self, id: u64) -> Result<bool> {
        Ok(self.delete::<M>(M::PrimaryKey::from(id))?)
    }
}
