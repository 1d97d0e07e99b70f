//! Reads: a connection for each reader, lent by the pool.

use std::sync::Mutex;

use netabase::Link;
use netabase_benches::User;
use rusqlite::{Connection, Params, Row};

use super::{integer, lock, run};
use crate::Result;
use crate::engine::Reads;

/// A connection with a read transaction.
pub(crate) struct Reader<'e> {
    /// taken out when the reader is dropped
    connection: Option<Connection>,
    begun: bool,
    idle: &'e Mutex<Vec<Connection>>,
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        // A connection whose transaction does not end is closed.
        if let Some(connection) = self.connection.take()
            && (!self.begun || run(&connection, "COMMIT").is_ok())
        {
            lock(self.idle).push(connection);
        }
    }
}

impl<'e> Reader<'e> {
    pub(super) fn new(connection: Connection, idle: &'e Mutex<Vec<Connection>>) -> Self {
        Reader { connection: Some(connection), begun: false, idle }
    }

    pub(super) fn begin(&mut self) -> Result<()> {
        run(self.connection()?, "BEGIN")?;
        self.begun = true;
        Ok(())
    }

    fn connection(&self) -> Result<&Connection> {
        self.connection.as_ref().ok_or_else(|| "the reader has ended".into())
    }

    fn one(&self, statement: &str, key: impl Params) -> Result<Option<User>> {
        let mut statement = self.connection()?.prepare_cached(statement)?;
        let mut rows = statement.query(key)?;
        rows.next()?.map(user).transpose()
    }

    fn all<T>(&self, statement: &str, key: impl Params, each: fn(&Row<'_>) -> Result<T>) -> Result<Vec<T>> {
        let mut statement = self.connection()?.prepare_cached(statement)?;
        let mut rows = statement.query(key)?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(each(row)?);
        }
        Ok(all)
    }
}

impl Reads for Reader<'_> {
    fn get(&self, id: u64) -> Result<Option<User>> {
        self.one("SELECT id, name, age, team, email, bio FROM users WHERE id = ?", [integer(id)?])
    }

    fn by_name(&self, name: &str) -> Result<Vec<User>> {
        self.all("SELECT id, name, age, team, email, bio FROM users WHERE name = ?", [name], user)
    }

    fn by_age(&self, age: u32) -> Result<Vec<User>> {
        self.all("SELECT id, name, age, team, email, bio FROM users WHERE age = ?", [age], user)
    }

    fn by_team(&self, team: u64) -> Result<Vec<User>> {
        self.all("SELECT id, name, age, team, email, bio FROM users WHERE team = ?", [integer(team)?], user)
    }

    fn by_email(&self, email: &str) -> Result<Option<User>> {
        self.one("SELECT id, name, age, team, email, bio FROM users WHERE email = ?", [email])
    }

    fn ids_by_age(&self, age: u32) -> Result<Vec<u64>> {
        self.all("SELECT id FROM users WHERE age = ?", [age], |row| Ok(u64::try_from(row.get::<_, i64>(0)?)?))
    }

    fn count_by_age(&self, age: u32) -> Result<u64> {
        let mut statement = self.connection()?.prepare_cached("SELECT count(*) FROM users WHERE age = ?")?;
        Ok(u64::try_from(statement.query_row([age], |row| row.get::<_, i64>(0))?)?)
    }

    fn for_each(&self, mut visit: impl FnMut(User)) -> Result<()> {
        let mut statement = self
            .connection()?
            .prepare_cached("SELECT id, name, age, team, email, bio FROM users ORDER BY id")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            visit(user(row)?);
        }
        Ok(())
    }
}

/// A row of all columns, in the order of the table.
pub(super) fn user(row: &Row<'_>) -> Result<User> {
    Ok(User {
        id: u64::try_from(row.get::<_, i64>(0)?)?,
        name: row.get(1)?,
        age: row.get(2)?,
        team: Link::new(u64::try_from(row.get::<_, i64>(3)?)?),
        email: row.get(4)?,
        bio: row.get(5)?,
    })
}
