//! netabase. The page cache is the engine's default, which is `CACHE`, and every commit is synced.

use std::path::Path;

use netabase::{ReadTransaction, Store, WriteAhead, WriteTransaction};
use netabase_benches::links::{self, LinksByNetabase, Related};
use netabase_benches::sales::{Answers, Sales, SalesByNetabase};
use netabase_benches::{Club, User};

use crate::Result;
use crate::engine::{Engine, Reads, Writes};

/// A netabase store, with a write-ahead journal or without.
pub(crate) struct Netabase<const JOURNAL: bool>(Store<Club>);

impl<const JOURNAL: bool> Engine for Netabase<JOURNAL> {
    type Reader<'e> = ReadTransaction<Club>;
    type Writer<'e> = WriteTransaction<Club>;

    fn open(folder: &Path) -> Result<Self> {
        let write_ahead = if JOURNAL { WriteAhead::On } else { WriteAhead::Off };
        let store = Store::builder().path(folder.join("users.redb")).write_ahead(write_ahead);
        Ok(Netabase(store.open()?))
    }

    fn begin_read(&self) -> Result<ReadTransaction<Club>> {
        Ok(self.0.begin_read()?)
    }

    fn write(&self, work: impl FnOnce(&mut WriteTransaction<Club>) -> Result<()>) -> Result<()> {
        let mut transaction = self.0.begin_write()?;
        work(&mut transaction)?;
        Ok(transaction.commit()?)
    }

    fn settle(&self) -> Result<()> {
        Ok(self.0.checkpoint()?)
    }

    fn get_alone(&self, id: u64) -> Result<Option<User>> {
        Ok(self.0.get::<User>(id)?)
    }

    fn sales(folder: &Path, sales: &Sales) -> Result<Option<Box<dyn Answers>>> {
        // What lies in the file is read the same.
        if JOURNAL {
            return Ok(None);
        }
        Ok(Some(Box::new(SalesByNetabase::filled(&folder.join("sales.redb"), &sales.all)?)))
    }

    fn links(
        folder: &Path,
        (writers, books): (&[links::Writer], &[links::Book]),
    ) -> Result<Option<Box<dyn Related>>> {
        if JOURNAL {
            return Ok(None);
        }
        Ok(Some(Box::new(LinksByNetabase::filled(&folder.join("links.redb"), writers, books)?)))
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
