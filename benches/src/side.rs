//! What both stores can do, so that each workload is written once.

use std::ops::RangeInclusive;
use std::path::Path;

use crate::Result;
use crate::model::User;

/// A store of users.
pub trait Side: Sized {
    /// What the tables of results call it.
    const NAME: &'static str;
    /// A read transaction.
    type Reader: Reads;
    /// A write transaction.
    type Writer<'t>: Writes;

    /// Makes the file with its tables.
    fn create(path: &Path) -> Result<Self>;

    /// Begins a read transaction.
    fn begin_read(&self) -> Result<Self::Reader>;

    /// Runs `work` in a write transaction and commits it durably.
    fn write(&self, work: impl FnOnce(&mut Self::Writer<'_>) -> Result<()>) -> Result<()>;

    /// One user, in a read transaction of its own.
    fn get_alone(&self, id: u64) -> Result<Option<User>>;
}

/// Reads of one read transaction.
pub trait Reads {
    /// The user with this id.
    fn get(&self, id: u64) -> Result<Option<User>>;
    /// The users with this name.
    fn by_name(&self, name: &str) -> Result<Vec<User>>;
    /// The users of this age.
    fn by_age(&self, age: u32) -> Result<Vec<User>>;
    /// The users of these ages.
    fn by_ages(&self, ages: RangeInclusive<u32>) -> Result<Vec<User>>;
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
pub trait Writes {
    /// Stores a new user. Refuses a known id and a known e-mail address.
    fn create(&mut self, user: &User) -> Result<()>;
    /// Replaces a stored user. Refuses an unknown id and another user's e-mail address.
    fn update(&mut self, user: &User) -> Result<()>;
    /// Deletes a user; `false` if there was none.
    fn delete(&mut self, id: u64) -> Result<bool>;
}
