//! fjall, a log-structured tree, with its single-writer transactions.
//!
//! It has no multimap: an index is a keyspace whose keys are the indexed value and the id, without values, and a
//! look-up is a scan of a prefix. It stores no counts, so counting scans too. It checks no keys on insert, so the
//! transaction reads first. A keyspace keeps up to 64 MiB in memory before it writes a table: stores of some hundred
//! thousand records are read from there, and opening replays the journal into it.

use std::path::Path;

use fjall::{
    KeyspaceCreateOptions, PersistMode, Readable, SingleWriterTxDatabase, SingleWriterTxKeyspace,
    SingleWriterWriteTx, Snapshot,
};
use netabase_benches::User;

use super::{decode, encode, taken};
use crate::Result;
use crate::engine::{CACHE, Engine, Reads, Writes};

/// A fjall database.
pub(crate) struct Fjall {
    database: SingleWriterTxDatabase,
    tables: Tables,
}

struct Tables {
    users: SingleWriterTxKeyspace,
    names: SingleWriterTxKeyspace,
    ages: SingleWriterTxKeyspace,
    teams: SingleWriterTxKeyspace,
    emails: SingleWriterTxKeyspace,
}

impl Engine for Fjall {
    type Reader<'e> = Reader<'e>;
    type Writer<'e> = Writer<'e>;

    fn open(folder: &Path) -> Result<Self> {
        let database =
            SingleWriterTxDatabase::builder(folder.join("users.fjall")).cache_size(CACHE.into()).open()?;
        let keyspace = |name| database.keyspace(name, KeyspaceCreateOptions::default);
        let tables = Tables {
            users: keyspace("users")?,
            names: keyspace("names")?,
            ages: keyspace("ages")?,
            teams: keyspace("teams")?,
            emails: keyspace("emails")?,
        };
        Ok(Fjall { database, tables })
    }

    fn begin_read(&self) -> Result<Reader<'_>> {
        Ok(Reader { snapshot: self.database.read_tx(), tables: &self.tables })
    }

    fn write(&self, work: impl FnOnce(&mut Writer<'_>) -> Result<()>) -> Result<()> {
        // A commit is not synced by default. `SyncData` is fdatasync, the call that redb and LMDB make.
        let transaction = self.database.write_tx().durability(Some(PersistMode::SyncData));
        let mut writer = Writer { transaction, tables: &self.tables, buffer: Vec::new() };
        work(&mut writer)?;
        Ok(writer.transaction.commit()?)
    }

    fn get_alone(&self, id: u64) -> Result<Option<User>> {
        // A get of a keyspace takes a snapshot by itself.
        self.tables.users.get(id.to_be_bytes())?.map(|bytes| decode(&bytes)).transpose()
    }
}

// Keys of an index: numbers with a fixed width sort by themselves; a text ends with a zero byte, which no name holds.

fn name_prefix(name: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(name.len() + 9);
    key.extend_from_slice(name.as_bytes());
    key.push(0);
    key
}

fn name_key(name: &str, id: u64) -> Vec<u8> {
    let mut key = name_prefix(name);
    key.extend_from_slice(&id.to_be_bytes());
    key
}

fn age_key(age: u32, id: u64) -> [u8; 12] {
    let mut key = [0; 12];
    key[..4].copy_from_slice(&age.to_be_bytes());
    key[4..].copy_from_slice(&id.to_be_bytes());
    key
}

fn team_key(team: u64, id: u64) -> [u8; 16] {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&team.to_be_bytes());
    key[8..].copy_from_slice(&id.to_be_bytes());
    key
}

/// The id at the end of an index key, or in a row of an e-mail address.
fn id_in(bytes: &[u8]) -> Result<u64> {
    let id = bytes.last_chunk().ok_or("an index row without an id")?;
    Ok(u64::from_be_bytes(*id))
}

/// A snapshot.
pub(crate) struct Reader<'e> {
    snapshot: Snapshot,
    tables: &'e Tables,
}

impl Reader<'_> {
    fn ids(&self, index: &SingleWriterTxKeyspace, prefix: &[u8]) -> impl Iterator<Item = Result<u64>> {
        self.snapshot.prefix(index, prefix).map(|row| id_in(&row.key()?))
    }

    fn follow(&self, id: u64) -> Result<User> {
        Ok(self.get(id)?.ok_or("an index row leads nowhere")?)
    }

    fn users(&self, index: &SingleWriterTxKeyspace, prefix: &[u8]) -> Result<Vec<User>> {
        self.ids(index, prefix).map(|id| self.follow(id?)).collect()
    }
}

impl Reads for Reader<'_> {
    fn get(&self, id: u64) -> Result<Option<User>> {
        let found = self.snapshot.get(&self.tables.users, id.to_be_bytes())?;
        found.map(|bytes| decode(&bytes)).transpose()
    }

    fn by_name(&self, name: &str) -> Result<Vec<User>> {
        self.users(&self.tables.names, &name_prefix(name))
    }

    fn by_age(&self, age: u32) -> Result<Vec<User>> {
        self.users(&self.tables.ages, &age.to_be_bytes())
    }

    fn by_team(&self, team: u64) -> Result<Vec<User>> {
        self.users(&self.tables.teams, &team.to_be_bytes())
    }

    fn by_email(&self, email: &str) -> Result<Option<User>> {
        let found = self.snapshot.get(&self.tables.emails, email)?;
        found.map(|id| self.follow(id_in(&id)?)).transpose()
    }

    fn ids_by_age(&self, age: u32) -> Result<Vec<u64>> {
        self.ids(&self.tables.ages, &age.to_be_bytes()).collect()
    }

    fn count_by_age(&self, age: u32) -> Result<u64> {
        self.ids(&self.tables.ages, &age.to_be_bytes()).try_fold(0, |count, id| {
            id?;
            Ok(count + 1)
        })
    }

    fn for_each(&self, mut visit: impl FnMut(User)) -> Result<()> {
        for row in self.snapshot.iter(&self.tables.users) {
            visit(decode(&row.value()?)?);
        }
        Ok(())
    }
}

/// A write transaction.
pub(crate) struct Writer<'e> {
    transaction: SingleWriterWriteTx<'e>,
    tables: &'e Tables,
    buffer: Vec<u8>,
}

impl Writer<'_> {
    fn put(&mut self, user: &User) -> Result<()> {
        encode(user, &mut self.buffer)?;
        self.transaction.insert(&self.tables.users, user.id.to_be_bytes(), self.buffer.as_slice());
        Ok(())
    }

    fn take_email(&mut self, user: &User) -> Result<()> {
        if self.transaction.contains_key(&self.tables.emails, &user.email)? {
            return Err(taken("e-mail address"));
        }
        self.transaction.insert(&self.tables.emails, user.email.as_str(), user.id.to_be_bytes());
        Ok(())
    }

    fn stored(&self, id: u64) -> Result<Option<User>> {
        let found = self.transaction.get(&self.tables.users, id.to_be_bytes())?;
        found.map(|bytes| decode(&bytes)).transpose()
    }
}

impl Writes for Writer<'_> {
    fn create(&mut self, user: &User) -> Result<()> {
        let (tables, id) = (self.tables, user.id);
        if self.transaction.contains_key(&tables.users, id.to_be_bytes())? {
            return Err(taken("id"));
        }
        self.take_email(user)?;
        self.put(user)?;
        self.transaction.insert(&tables.names, name_key(&user.name, id), []);
        self.transaction.insert(&tables.ages, age_key(user.age, id), []);
        self.transaction.insert(&tables.teams, team_key(user.team.key().0, id), []);
        Ok(())
    }

    fn update(&mut self, user: &User) -> Result<()> {
        let (tables, id) = (self.tables, user.id);
        let old = self.stored(id)?.ok_or("no user has this id")?;
        if old.email != user.email {
            self.take_email(user)?;
            self.transaction.remove(&tables.emails, old.email.as_str());
        }
        if old.name != user.name {
            self.transaction.remove(&tables.names, name_key(&old.name, id));
            self.transaction.insert(&tables.names, name_key(&user.name, id), []);
        }
        if old.age != user.age {
            self.transaction.remove(&tables.ages, age_key(old.age, id));
            self.transaction.insert(&tables.ages, age_key(user.age, id), []);
        }
        if old.team != user.team {
            self.transaction.remove(&tables.teams, team_key(old.team.key().0, id));
            self.transaction.insert(&tables.teams, team_key(user.team.key().0, id), []);
        }
        self.put(user)
    }

    fn delete(&mut self, id: u64) -> Result<bool> {
        let tables = self.tables;
        let Some(old) = self.stored(id)? else { return Ok(false) };
        self.transaction.remove(&tables.users, id.to_be_bytes());
        self.transaction.remove(&tables.names, name_key(&old.name, id));
        self.transaction.remove(&tables.ages, age_key(old.age, id));
        self.transaction.remove(&tables.teams, team_key(old.team.key().0, id));
        self.transaction.remove(&tables.emails, old.email.as_str());
        Ok(true)
    }
}
