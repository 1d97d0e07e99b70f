//! `native_db`, which is over redb too (2.6, through its own types), and keeps its indexes by itself.
//!
//! It has no view of an index without the records: keys and counts read all of them. A record is removed or replaced
//! by giving its stored value, so a delete by id and an update read it first.

use std::path::Path;
use std::sync::LazyLock;

use native_db::transaction::{RTransaction, RwTransaction};
use native_db::{Builder, Database, Models, ToKey, native_db};
use native_model::{Model, native_model};
use netabase::Link;
use netabase_benches::User;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::engine::{CACHE, Engine, Reads, Writes};

// Its derive claims the same attributes as netabase's, so it has a struct of its own. Moving the fields over costs a
// few nanoseconds in a read; a write copies them, some hundred nanoseconds of many microseconds.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[native_model(id = 1, version = 1)]
#[native_db]
struct Person {
    #[primary_key]
    id: u64,
    #[secondary_key]
    name: String,
    #[secondary_key]
    age: u32,
    #[secondary_key]
    team: u64,
    #[secondary_key(unique)]
    email: String,
    bio: String,
}

impl From<&User> for Person {
    fn from(user: &User) -> Self {
        let User { id, name, age, team, email, bio } = user.clone();
        Person { id, name, age, team: team.key().0, email, bio }
    }
}

impl From<Person> for User {
    fn from(person: Person) -> Self {
        let Person { id, name, age, team, email, bio } = person;
        User { id, name, age, team: Link::new(team), email, bio }
    }
}

static MODELS: LazyLock<std::result::Result<Models, String>> = LazyLock::new(|| {
    let mut models = Models::new();
    models.define::<Person>().map_err(|error| error.to_string())?;
    Ok(models)
});

/// A `native_db` database. Commits are synced by default.
pub(crate) struct NativeDb(Database<'static>);

impl Engine for NativeDb {
    type Reader<'e> = RTransaction<'e>;
    type Writer<'e> = RwTransaction<'e>;

    fn open(folder: &Path) -> Result<Self> {
        let models = MODELS.as_ref().map_err(String::as_str)?;
        let path = folder.join("users.native_db");
        let mut builder = Builder::new();
        builder.set_cache_size(CACHE as usize);
        Ok(NativeDb(if path.exists() {
            builder.open(models, path)?
        } else {
            builder.create(models, path)?
        }))
    }

    fn begin_read(&self) -> Result<RTransaction<'_>> {
        Ok(self.0.r_transaction()?)
    }

    fn write(&self, work: impl FnOnce(&mut RwTransaction<'_>) -> Result<()>) -> Result<()> {
        let mut transaction = self.0.rw_transaction()?;
        work(&mut transaction)?;
        Ok(transaction.commit()?)
    }

    fn get_alone(&self, id: u64) -> Result<Option<User>> {
        Reads::get(&self.begin_read()?, id)
    }
}

/// The users whose index row is exactly this key.
fn equal<K: ToKey + Clone, T>(
    transaction: &RTransaction<'_>,
    index: PersonKey,
    key: K,
    each: impl Fn(Person) -> T,
) -> Result<Vec<T>> {
    let scan = transaction.scan().secondary::<Person>(index)?;
    scan.range(key.clone()..=key)?.map(|person| Ok(each(person?))).collect()
}

impl Reads for RTransaction<'_> {
    fn get(&self, id: u64) -> Result<Option<User>> {
        Ok(self.get().primary::<Person>(id)?.map(User::from))
    }

    fn by_name(&self, name: &str) -> Result<Vec<User>> {
        equal(self, PersonKey::name, name, User::from)
    }

    fn by_age(&self, age: u32) -> Result<Vec<User>> {
        equal(self, PersonKey::age, age, User::from)
    }

    fn by_team(&self, team: u64) -> Result<Vec<User>> {
        equal(self, PersonKey::team, team, User::from)
    }

    fn by_email(&self, email: &str) -> Result<Option<User>> {
        Ok(self.get().secondary::<Person>(PersonKey::email, email)?.map(User::from))
    }

    fn ids_by_age(&self, age: u32) -> Result<Vec<u64>> {
        equal(self, PersonKey::age, age, |person| person.id)
    }

    fn count_by_age(&self, age: u32) -> Result<u64> {
        let scan = self.scan().secondary::<Person>(PersonKey::age)?;
        scan.range(age..=age)?.try_fold(0, |count, person| {
            person?;
            Ok(count + 1)
        })
    }

    fn for_each(&self, mut visit: impl FnMut(User)) -> Result<()> {
        for person in self.scan().primary::<Person>()?.all()? {
            visit(person?.into());
        }
        Ok(())
    }
}

impl Writes for RwTransaction<'_> {
    fn create(&mut self, user: &User) -> Result<()> {
        Ok(self.insert(Person::from(user))?)
    }

    fn update(&mut self, user: &User) -> Result<()> {
        let old = self.get().primary::<Person>(user.id)?.ok_or("no user has this id")?;
        Ok(RwTransaction::update(self, old, Person::from(user))?)
    }

    fn delete(&mut self, id: u64) -> Result<bool> {
        let Some(old) = self.get().primary::<Person>(id)? else { return Ok(false) };
        self.remove(old)?;
        Ok(true)
    }
}
