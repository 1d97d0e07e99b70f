//! redb, written by hand: the other side of netabase's own benchmarks.

use std::path::Path;

use netabase_benches::by_hand::{Reader, Writer};
use netabase_benches::links::{self, LinksByHand, Related};
use netabase_benches::sales::{Answers, Sales, SalesByHand};
use netabase_benches::{ByHand, Side, User};

use crate::Result;
use crate::engine::{Engine, Reads, Writes};

/// A redb database. Its cache is `CACHE` by default, and every commit is synced by default.
pub(crate) struct Redb(ByHand);

impl Engine for Redb {
    type Reader<'e> = Reader;
    type Writer<'e> = Writer<'e>;

    fn open(folder: &Path) -> Result<Self> {
        let path = folder.join("users.redb");
        Ok(Redb(if path.exists() { ByHand::open(&path)? } else { ByHand::create(&path)? }))
    }

    fn begin_read(&self) -> Result<Reader> {
        self.0.begin_read()
    }

    fn write(&self, work: impl FnOnce(&mut Writer<'_>) -> Result<()>) -> Result<()> {
        self.0.write(work)
    }

    fn get_alone(&self, id: u64) -> Result<Option<User>> {
        self.0.get_alone(id)
    }

    fn sales(folder: &Path, sales: &Sales) -> Result<Option<Box<dyn Answers>>> {
        Ok(Some(Box::new(SalesByHand::filled(&folder.join("sales.redb"), &sales.all)?)))
    }

    fn links(
        folder: &Path,
        (writers, books): (&[links::Writer], &[links::Book]),
    ) -> Result<Option<Box<dyn Related>>> {
        Ok(Some(Box::new(LinksByHand::filled(&folder.join("links.redb"), writers, books)?)))
    }
}

impl Reads for Reader {
    fn get(&self, id: u64) -> Result<Option<User>> {
        netabase_benches::Reads::get(self, id)
    }

    fn by_name(&self, name: &str) -> Result<Vec<User>> {
        netabase_benches::Reads::by_name(self, name)
    }

    fn by_age(&self, age: u32) -> Result<Vec<User>> {
        netabase_benches::Reads::by_age(self, age)
    }

    fn by_team(&self, team: u64) -> Result<Vec<User>> {
        netabase_benches::Reads::by_team(self, team)
    }

    fn by_email(&self, email: &str) -> Result<Option<User>> {
        netabase_benches::Reads::by_email(self, email)
    }

    fn ids_by_age(&self, age: u32) -> Result<Vec<u64>> {
        netabase_benches::Reads::ids_by_age(self, age)
    }

    fn count_by_age(&self, age: u32) -> Result<u64> {
        netabase_benches::Reads::count_by_age(self, age)
    }

    fn for_each(&self, visit: impl FnMut(User)) -> Result<()> {
        netabase_benches::Reads::for_each(self, visit)
    }
}

impl Writes for Writer<'_> {
    fn create(&mut self, user: &User) -> Result<()> {
        netabase_benches::Writes::create(self, user)
    }

    fn update(&mut self, user: &User) -> Result<()> {
        netabase_benches::Writes::update(self, user)
    }

    fn delete(&mut self, id: u64) -> Result<bool> {
        netabase_benches::Writes::delete(self, id)
    }
}
