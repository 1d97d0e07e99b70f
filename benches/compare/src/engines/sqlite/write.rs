//! Writes: statements on the one connection that writes.

use netabase_benches::User;
use rusqlite::{Connection, ToSql, params};

use super::integer;
use super::read::user;
use crate::Result;
use crate::engine::Writes;

/// The connection that has the write transaction.
pub(crate) struct Writer<'e>(&'e Connection);

impl<'e> Writer<'e> {
    pub(super) fn new(connection: &'e Connection) -> Self {
        Writer(connection)
    }

    fn stored(&self, id: i64) -> Result<User> {
        let mut statement =
            self.0.prepare_cached("SELECT id, name, age, team, email, bio FROM users WHERE id = ?")?;
        let mut rows = statement.query([id])?;
        user(rows.next()?.ok_or("no user has this id")?)
    }
}

impl Writes for Writer<'_> {
    fn create(&mut self, user: &User) -> Result<()> {
        let (id, team) = (integer(user.id)?, integer(user.team.key().0)?);
        self.0
            .prepare_cached("INSERT INTO users (id, name, age, team, email, bio) VALUES (?, ?, ?, ?, ?, ?)")?
            .execute(params![id, user.name, user.age, team, user.email, user.bio])?;
        Ok(())
    }

    fn update(&mut self, user: &User) -> Result<()> {
        let (id, team) = (integer(user.id)?, integer(user.team.key().0)?);
        let old = self.stored(id)?;
        // An UPDATE writes the indexes of all columns it names, changed or not, so it names those that change.
        let mut changes: Vec<(&str, &dyn ToSql)> = Vec::new();
        let mut note = |column, value, changed: bool| {
            if changed {
                changes.push((column, value));
            }
        };
        note("name = ?", &user.name as &dyn ToSql, old.name != user.name);
        note("age = ?", &user.age, old.age != user.age);
        note("team = ?", &team, old.team != user.team);
        note("email = ?", &user.email, old.email != user.email);
        note("bio = ?", &user.bio, old.bio != user.bio);
        if changes.is_empty() {
            return Ok(());
        }
        let (columns, mut values): (Vec<&str>, Vec<&dyn ToSql>) = changes.into_iter().unzip();
        values.push(&id);
        let statement = format!("UPDATE users SET {} WHERE id = ?", columns.join(", "));
        self.0.prepare_cached(&statement)?.execute(values.as_slice())?;
        Ok(())
    }

    fn delete(&mut self, id: u64) -> Result<bool> {
        let gone = self.0.prepare_cached("DELETE FROM users WHERE id = ?")?.execute([integer(id)?])?;
        Ok(gone == 1)
    }
}
