//! LMDB, through heed.
//!
//! Its indexes are databases with sorted duplicates, as multimaps are called there. heed has no way to the count of a
//! key's duplicates, so counting walks over them. There is no page cache of its own: the file is mapped.

use std::fs;
use std::path::Path;

use heed::byteorder::NativeEndian;
use heed::types::{Bytes, Str, U32, U64};
use heed::{
    CommitOrAbort, Database, DatabaseFlags, DefaultComparator, Env, EnvOpenOptions, IntegerComparator,
    MdbError, PutFlags, RoTxn, RwTxn, WithTls,
};
use netabase_benches::User;

use super::{decode, encode, taken};
use crate::Result;
use crate::engine::{Engine, Reads, Writes};

/// The file cannot grow beyond this. Address space, not memory.
const MAP: usize = 16 << 30;

type Id = U64<NativeEndian>;

/// An LMDB environment.
pub(crate) struct Lmdb {
    env: Env<WithTls>,
    tables: Tables,
}

/// Numbers of the machine, which compare faster than bytes and sort as numbers.
type Numbers<D, O = DefaultComparator> = Database<'static, Id, D, IntegerComparator, O>;

#[derive(Clone, Copy)]
struct Tables {
    users: Numbers<Bytes>,
    names: Database<'static, Str, Id, DefaultComparator, IntegerComparator>,
    ages: Database<'static, U32<NativeEndian>, Id, IntegerComparator, IntegerComparator>,
    teams: Numbers<Id, IntegerComparator>,
    emails: Database<'static, Str, Id>,
}

impl Engine for Lmdb {
    type Reader<'e> = Reader<'e>;
    type Writer<'e> = Writer<'e>;

    #[expect(unsafe_code, reason = "heed has no other way to open an environment")]
    fn open(folder: &Path) -> Result<Self> {
        let folder = folder.join("users.lmdb");
        fs::create_dir_all(&folder)?;
        let mut options = EnvOpenOptions::new();
        options.map_size(MAP).max_dbs(5);
        // SAFETY: the folder is this process's alone, and nothing else touches the file while it is mapped.
        let env = unsafe { options.open(folder)? };
        let ids = DatabaseFlags::DUP_SORT | DatabaseFlags::DUP_FIXED;
        // Writes nothing if all of them are there.
        let opened = env.create_databases_and_commit(env.write_txn()?, |opener, txn| {
            let new = || opener.database_options();
            Ok::<_, heed::Error>(CommitOrAbort::<_, ()>::Commit((
                new().types().key_comparator().name("users").create(txn)?,
                new().types().dup_sort_comparator().name("names").flags(ids).create(txn)?,
                new().types().key_comparator().dup_sort_comparator().name("ages").flags(ids).create(txn)?,
                new().types().key_comparator().dup_sort_comparator().name("teams").flags(ids).create(txn)?,
                new().types().name("emails").create(txn)?,
            )))
        })?;
        let (users, names, ages, teams, emails) = opened.commit().ok_or("the tables did not open")?;
        let tables = Tables { users, names, ages, teams, emails };
        Ok(Lmdb { env, tables })
    }

    fn begin_read(&self) -> Result<Reader<'_>> {
        Ok(Reader { txn: self.env.read_txn()?, tables: self.tables })
    }

    fn write(&self, work: impl FnOnce(&mut Writer<'_>) -> Result<()>) -> Result<()> {
        let mut writer = Writer { txn: self.env.write_txn()?, tables: self.tables, buffer: Vec::new() };
        work(&mut writer)?;
        // Synced, as no flag says otherwise.
        Ok(writer.txn.commit()?)
    }

    fn get_alone(&self, id: u64) -> Result<Option<User>> {
        self.begin_read()?.get(id)
    }
}

/// A read transaction.
pub(crate) struct Reader<'e> {
    txn: RoTxn<'e, WithTls>,
    tables: Tables,
}

impl Reader<'_> {
    fn follow(&self, id: u64) -> Result<User> {
        Ok(self.get(id)?.ok_or("an index row leads nowhere")?)
    }
}

/// The ids of the rows with this key.
macro_rules! ids {
    ($reader:expr, $index:ident, $key:expr) => {
        $reader.tables.$index.get_duplicates(&$reader.txn, $key)?.into_iter().flatten().map(|row| Ok(row?.1))
    };
}

impl Reads for Reader<'_> {
    fn get(&self, id: u64) -> Result<Option<User>> {
        self.tables.users.get(&self.txn, &id)?.map(decode).transpose()
    }

    fn by_name(&self, name: &str) -> Result<Vec<User>> {
        ids!(self, names, name).map(|id: Result<u64>| self.follow(id?)).collect()
    }

    fn by_age(&self, age: u32) -> Result<Vec<User>> {
        ids!(self, ages, &age).map(|id: Result<u64>| self.follow(id?)).collect()
    }

    fn by_team(&self, team: u64) -> Result<Vec<User>> {
        ids!(self, teams, &team).map(|id: Result<u64>| self.follow(id?)).collect()
    }

    fn by_email(&self, email: &str) -> Result<Option<User>> {
        self.tables.emails.get(&self.txn, email)?.map(|id| self.follow(id)).transpose()
    }

    fn ids_by_age(&self, age: u32) -> Result<Vec<u64>> {
        ids!(self, ages, &age).collect()
    }

    fn count_by_age(&self, age: u32) -> Result<u64> {
        ids!(self, ages, &age).try_fold(0, |count, id: Result<u64>| {
            id?;
            Ok(count + 1)
        })
    }

    fn for_each(&self, mut visit: impl FnMut(User)) -> Result<()> {
        for row in self.tables.users.iter(&self.txn)? {
            visit(decode(row?.1)?);
        }
        Ok(())
    }
}

/// A write transaction.
pub(crate) struct Writer<'e> {
    txn: RwTxn<'e>,
    tables: Tables,
    buffer: Vec<u8>,
}

impl Writer<'_> {
    fn stored(&self, id: u64) -> Result<Option<User>> {
        self.tables.users.get(&self.txn, &id)?.map(decode).transpose()
    }

    /// The check of a unique key comes with its insertion.
    fn take_email(&mut self, user: &User) -> Result<()> {
        let put =
            self.tables.emails.put_with_flags(&mut self.txn, PutFlags::NO_OVERWRITE, &user.email, &user.id);
        known(put, "e-mail address")
    }
}

fn known(put: heed::Result<()>, what: &str) -> Result<()> {
    match put {
        Err(heed::Error::Mdb(MdbError::KeyExist)) => Err(taken(what)),
        put => Ok(put?),
    }
}

impl Writes for Writer<'_> {
    fn create(&mut self, user: &User) -> Result<()> {
        let (tables, txn) = (self.tables, &mut self.txn);
        encode(user, &mut self.buffer)?;
        known(tables.users.put_with_flags(txn, PutFlags::NO_OVERWRITE, &user.id, &self.buffer), "id")?;
        tables.names.put(txn, &user.name, &user.id)?;
        tables.ages.put(txn, &user.age, &user.id)?;
        tables.teams.put(txn, &user.team.key().0, &user.id)?;
        self.take_email(user)
    }

    fn update(&mut self, user: &User) -> Result<()> {
        let old = self.stored(user.id)?.ok_or("no user has this id")?;
        if old.email != user.email {
            self.take_email(user)?;
            self.tables.emails.delete(&mut self.txn, &old.email)?;
        }
        let (tables, txn) = (self.tables, &mut self.txn);
        if old.name != user.name {
            tables.names.delete_one_duplicate(txn, &old.name, &user.id)?;
            tables.names.put(txn, &user.name, &user.id)?;
        }
        if old.age != user.age {
            tables.ages.delete_one_duplicate(txn, &old.age, &user.id)?;
            tables.ages.put(txn, &user.age, &user.id)?;
        }
        if old.team != user.team {
            tables.teams.delete_one_duplicate(txn, &old.team.key().0, &user.id)?;
            tables.teams.put(txn, &user.team.key().0, &user.id)?;
        }
        encode(user, &mut self.buffer)?;
        Ok(tables.users.put(txn, &user.id, &self.buffer)?)
    }

    fn delete(&mut self, id: u64) -> Result<bool> {
        let Some(old) = self.stored(id)? else { return Ok(false) };
        let (tables, txn) = (self.tables, &mut self.txn);
        tables.users.delete(txn, &id)?;
        tables.names.delete_one_duplicate(txn, &old.name, &id)?;
        tables.ages.delete_one_duplicate(txn, &old.age, &id)?;
        tables.teams.delete_one_duplicate(txn, &old.team.key().0, &id)?;
        tables.emails.delete(txn, &old.email)?;
        Ok(true)
    }
}
