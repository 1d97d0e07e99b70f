//! The store with netabase.

use crate::new_store;
use std::ops::RangeInclusive;
use std::path::Path;

use netabase::{ReadTransaction, Store, WriteTransaction};

use crate::Result;
use crate::model::{Club, User};
use crate::side::{Reads, Side, Writes};

/// A netabase store.
#[derive(Debug)]
pub struct ByNetabase(Store<Club>);

impl Side for ByNetabase {
    const NAME: &'static str = "netabase";
    type Reader = ReadTransaction<Club>;
    type Writer<'t> = WriteTransaction<Club>;

    fn create(path: &Path) -> Result<Self> {
        Ok(ByNetabase(new_store(path)?))
    }

    fn begin_read(&self) -> Result<Self::Reader> {
        Ok(self.0.begin_read()?)
    }

    fn write(&self, work: impl FnOnce(&mut WriteTransaction<Club>) -> Result<()>) -> Result<()> {
        let mut transaction = self.0.begin_write()?;
        work(&mut transaction)?;
        Ok(transaction.commit()?)
    }

    fn get_alone(&self, id: u64) -> Result<Option<User>> {
        Ok(self.0.get::<User>(id)?)
    }
}

impl Reads for ReadTransaction<Club> {
    fn get(&self, id: u64) -> Result<Option<User>> {
        Ok(self.get::<User>(id)?)
    }

    fn by_name(&self, name: &str) -> Result<Vec<User>> {
        Ok(self.query::<User>().filter(User::NAME.eq(name)).collect()?)
    }

    fn by_age(&self, age: u32) -> Result<Vec<User>> {
        Ok(self.query::<User>().filter(User::AGE.eq(age)).collect()?)
    }

    fn by_ages(&self, ages: RangeInclusive<u32>) -> Result<Vec<User>> {
        Ok(self.query::<User>().filter(User::AGE.range(ages)).collect()?)
    }

    fn by_team(&self, team: u64) -> Result<Vec<User>> {
        Ok(self.query::<User>().filter(User::TEAM.eq(team)).collect()?)
    }

    fn by_email(&self, email: &str) -> Result<Option<User>> {
        Ok(self.query::<User>().filter(User::EMAIL.eq(email)).first()?)
    }

    fn ids_by_age(&self, age: u32) -> Result<Vec<u64>> {
        let keys = self.query::<User>().filter(User::AGE.eq(age)).keys()?;
        keys.map(|key| Ok(key?.0)).collect()
    }

    fn count_by_age(&self, age: u32) -> Result<u64> {
        Ok(self.query::<User>().filter(User::AGE.eq(age)).count()?)
    }

    fn for_each(&self, mut visit: impl FnMut(User)) -> Result<()> {
        for user in self.query::<User>().iter()? {
            visit(user?);
        }
        Ok(())
    }
}

impl Writes for WriteTransaction<Club> {
    fn create(&mut self, user: &User) -> Result<()> {
        Ok(self.create(user)?)
    }

    fn update(&mut self, user: &User) -> Result<()> {
        Ok(self.update(user)?)
    }

    fn delete(&mut self, id: u64) -> Result<bool> {
        Ok(self.delete::<User>(id)?)
    }
}
