//! The same store written by hand on redb, as a careful user would.
//!
//! Tables are opened once in a transaction, records are encoded into one buffer, and a write touches only the
//! index rows that change. Every check that netabase makes is made here too.

use std::ops::RangeInclusive;
use std::path::Path;

use redb::{
    Database, MultimapTable, MultimapTableDefinition, MultimapValue, ReadOnlyMultimapTable, ReadOnlyTable,
    ReadableDatabase, ReadableTable, Table, TableDefinition, WriteTransaction,
};

use crate::model::User;
use crate::side::{Reads, Side, Writes};
use crate::{Error, Result};

const USERS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("users");
const NAMES: MultimapTableDefinition<'_, &str, u64> = MultimapTableDefinition::new("names");
const AGES: MultimapTableDefinition<'_, u32, u64> = MultimapTableDefinition::new("ages");
const TEAMS: MultimapTableDefinition<'_, u64, u64> = MultimapTableDefinition::new("teams");
const EMAILS: TableDefinition<'_, &str, u64> = TableDefinition::new("emails");

/// A redb database.
#[derive(Debug)]
pub struct ByHand(Database);

impl ByHand {
    /// Opens a file that [`Side::create`] made.
    pub fn open(path: &Path) -> Result<Self> {
        Ok(ByHand(Database::open(path)?))
    }
}

impl Side for ByHand {
    const NAME: &'static str = "redb";
    type Reader = Reader;
    type Writer<'t> = Writer<'t>;

    fn create(path: &Path) -> Result<Self> {
        let database = Database::create(path)?;
        let transaction = database.begin_write()?;
        Writer::open(&transaction)?;
        transaction.commit()?;
        Ok(ByHand(database))
    }

    fn begin_read(&self) -> Result<Reader> {
        let transaction = self.0.begin_read()?;
        Ok(Reader {
            users: transaction.open_table(USERS)?,
            names: transaction.open_multimap_table(NAMES)?,
            ages: transaction.open_multimap_table(AGES)?,
            teams: transaction.open_multimap_table(TEAMS)?,
            emails: transaction.open_table(EMAILS)?,
        })
    }

    fn write(&self, work: impl FnOnce(&mut Writer<'_>) -> Result<()>) -> Result<()> {
        let transaction = self.0.begin_write()?;
        let mut writer = Writer::open(&transaction)?;
        work(&mut writer)?;
        // The tables borrow the transaction.
        drop(writer);
        transaction.commit()?;
        Ok(())
    }

    fn get_alone(&self, id: u64) -> Result<Option<User>> {
        // One table is enough here.
        let users = self.0.begin_read()?.open_table(USERS)?;
        let found = users.get(id)?;
        found.map(|bytes| decode(bytes.value())).transpose()
    }
}

fn decode(bytes: &[u8]) -> Result<User> {
    Ok(postcard::from_bytes(bytes)?)
}

/// A read transaction's tables.
pub struct Reader {
    users: ReadOnlyTable<u64, &'static [u8]>,
    names: ReadOnlyMultimapTable<&'static str, u64>,
    ages: ReadOnlyMultimapTable<u32, u64>,
    teams: ReadOnlyMultimapTable<u64, u64>,
    emails: ReadOnlyTable<&'static str, u64>,
}

impl Reader {
    /// The user that an index row names.
    fn follow(&self, id: u64) -> Result<User> {
        let found = self.users.get(id)?.ok_or("an index row leads nowhere")?;
        decode(found.value())
    }

    fn follow_all(&self, ids: MultimapValue<'_, u64>) -> Result<Vec<User>> {
        ids.map(|id| self.follow(id?.value())).collect()
    }
}

impl Reads for Reader {
    fn get(&self, id: u64) -> Result<Option<User>> {
        let found = self.users.get(id)?;
        found.map(|bytes| decode(bytes.value())).transpose()
    }

    fn by_name(&self, name: &str) -> Result<Vec<User>> {
        self.follow_all(self.names.get(name)?)
    }

    fn by_age(&self, age: u32) -> Result<Vec<User>> {
        self.follow_all(self.ages.get(age)?)
    }

    fn by_ages(&self, ages: RangeInclusive<u32>) -> Result<Vec<User>> {
        let mut users = Vec::new();
        for row in self.ages.range(ages)? {
            let (_, ids) = row?;
            for id in ids {
                users.push(self.follow(id?.value())?);
            }
        }
        Ok(users)
    }

    fn by_team(&self, team: u64) -> Result<Vec<User>> {
        self.follow_all(self.teams.get(team)?)
    }

    fn by_email(&self, email: &str) -> Result<Option<User>> {
        let found = self.emails.get(email)?;
        found.map(|id| self.follow(id.value())).transpose()
    }

    fn ids_by_age(&self, age: u32) -> Result<Vec<u64>> {
        self.ages.get(age)?.map(|id| Ok(id?.value())).collect()
    }

    fn count_by_age(&self, age: u32) -> Result<u64> {
        Ok(self.ages.get(age)?.len())
    }

    fn for_each(&self, mut visit: impl FnMut(User)) -> Result<()> {
        for row in self.users.range::<u64>(..)? {
            let (_, bytes) = row?;
            visit(decode(bytes.value())?);
        }
        Ok(())
    }
}

/// A write transaction's tables.
pub struct Writer<'t> {
    users: Table<'t, u64, &'static [u8]>,
    names: MultimapTable<'t, &'static str, u64>,
    ages: MultimapTable<'t, u32, u64>,
    teams: MultimapTable<'t, u64, u64>,
    emails: Table<'t, &'static str, u64>,
    buffer: Vec<u8>,
}

impl<'t> Writer<'t> {
    fn open(transaction: &'t WriteTransaction) -> Result<Self> {
        Ok(Writer {
            users: transaction.open_table(USERS)?,
            names: transaction.open_multimap_table(NAMES)?,
            ages: transaction.open_multimap_table(AGES)?,
            teams: transaction.open_multimap_table(TEAMS)?,
            emails: transaction.open_table(EMAILS)?,
            buffer: Vec::new(),
        })
    }

    fn put(&mut self, user: &User) -> Result<()> {
        self.buffer.clear();
        self.buffer = postcard::to_extend(user, std::mem::take(&mut self.buffer))?;
        self.users.insert(user.id, self.buffer.as_slice())?;
        Ok(())
    }

    fn refuse_taken(&self, email: &str) -> Result<()> {
        if self.emails.get(email)?.is_some() { Err(taken("e-mail address")) } else { Ok(()) }
    }
}

#[cold]
fn taken(what: &str) -> Error {
    format!("this {what} is taken").into()
}

impl Writes for Writer<'_> {
    fn create(&mut self, user: &User) -> Result<()> {
        if self.users.get(user.id)?.is_some() {
            return Err(taken("id"));
        }
        self.refuse_taken(&user.email)?;
        self.put(user)?;
        self.names.insert(user.name.as_str(), user.id)?;
        self.ages.insert(user.age, user.id)?;
        self.teams.insert(user.team.key().0, user.id)?;
        self.emails.insert(user.email.as_str(), user.id)?;
        Ok(())
    }

    fn update(&mut self, user: &User) -> Result<()> {
        let old = decode(self.users.get(user.id)?.ok_or("no user has this id")?.value())?;
        if old.email != user.email {
            self.refuse_taken(&user.email)?;
            self.emails.remove(old.email.as_str())?;
            self.emails.insert(user.email.as_str(), user.id)?;
        }
        if old.name != user.name {
            self.names.remove(old.name.as_str(), user.id)?;
            self.names.insert(user.name.as_str(), user.id)?;
        }
        if old.age != user.age {
            self.ages.remove(old.age, user.id)?;
            self.ages.insert(user.age, user.id)?;
        }
        if old.team != user.team {
            self.teams.remove(old.team.key().0, user.id)?;
            self.teams.insert(user.team.key().0, user.id)?;
        }
        self.put(user)
    }

    fn delete(&mut self, id: u64) -> Result<bool> {
        let old = match self.users.remove(id)? {
            Some(bytes) => decode(bytes.value())?,
            None => return Ok(false),
        };
        self.names.remove(old.name.as_str(), id)?;
        self.ages.remove(old.age, id)?;
        self.teams.remove(old.team.key().0, id)?;
        self.emails.remove(old.email.as_str())?;
        Ok(true)
    }
}
