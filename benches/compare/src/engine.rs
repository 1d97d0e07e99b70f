//! What every engine can do, so that each workload is written once.

use std::path::Path;

use netabase_benches::User;
use netabase_benches::links::{Book, Related, Writer};
use netabase_benches::sales::{Answers, Sales};

use crate::Result;

/// Bytes of pages that an engine may keep in memory. redb's default, given to all that let it be set.
pub(crate) const CACHE: u32 = 1 << 30;

/// A store of users with indexes on name, age and team, and unique e-mail addresses.
pub(crate) trait Engine: Sized + Sync {
    /// A read transaction.
    type Reader<'e>: Reads
    where
        Self: 'e;
    /// A write transaction.
    type Writer<'e>: Writes;

    /// Opens the store in this folder, or makes it.
    fn open(folder: &Path) -> Result<Self>;

    /// Begins a read transaction.
    fn begin_read(&self) -> Result<Self::Reader<'_>>;

    /// Runs `work` in a write transaction and commits it durably; after an error nothing of it stays.
    fn write(&self, work: impl FnOnce(&mut Self::Writer<'_>) -> Result<()>) -> Result<()>;

    /// Brings what was written to where it stays, if the engine writes it elsewhere first.
    fn settle(&self) -> Result<()> {
        Ok(())
    }

    /// One user, in a read transaction of its own.
    fn get_alone(&self, id: u64) -> Result<Option<User>>;

    /// Makes a store of sales in this folder for the rows of queries, and begins to read it. `None` where an engine takes
    /// no part in these rows: over plain keys and values they would say what the one on redb says.
    fn sales(_folder: &Path, _sales: &Sales) -> Result<Option<Box<dyn Answers>>> {
        Ok(None)
    }

    /// The same for writers and their books.
    fn links(_folder: &Path, _shelf: (&[Writer], &[Book])) -> Result<Option<Box<dyn Related>>> {
        Ok(None)
    }
}

/// Reads of one read transaction.
pub(crate) trait Reads {
    /// The user with this id.
    fn get(&self, id: u64) -> Result<Option<User>>;
    /// The users with this name.
    fn by_name(&self, name: &str) -> Result<Vec<User>>;
    /// The users of this age.
    fn by_age(&self, age: u32) -> Result<Vec<User>>;
    /// The users of this team.
    fn by_team(&self, team: u64) -> Result<Vec<User>>;
    /// The user with this e-mail address.
    fn by_email(&self, email: &str) -> Result<Option<User>>;
    /// The ids of the users of this age.
    fn ids_by_age(&self, age: u32) -> Result<Vec<u64>>;
    /// How many users have this age.
    fn count_by_age(&self, age: u32) -> Result<u64>;
    /// Visits all users, by id.
    fn for_each(&self, visit: impl FnMut(User)) -> Result<()>;
}

/// Writes of one write transaction.
pub(crate) trait Writes {
    /// Stores a new user. Refuses a known id and a known e-mail address.
    fn create(&mut self, user: &User) -> Result<()>;
    /// Replaces a stored user. Refuses an unknown id and another user's e-mail address.
    fn update(&mut self, user: &User) -> Result<()>;
    /// Deletes a user; `false` if there was none.
    fn delete(&mut self, id: u64) -> Result<bool>;
}
