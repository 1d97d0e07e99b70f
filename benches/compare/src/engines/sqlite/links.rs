//! Related records: one statement that joins both tables.

use std::path::Path;

use netabase::Link;
use netabase_benches::links::{Book, Related, Writer};
use rusqlite::{Connection, params};

use super::{Sqlite, integer, run};
use crate::Result;

const SCHEMA: &str = "
    CREATE TABLE writers (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;
    CREATE TABLE books (id INTEGER PRIMARY KEY, writer INTEGER NOT NULL REFERENCES writers (id), text TEXT NOT NULL) STRICT;
    CREATE INDEX books_of ON books (writer);
";

/// A connection with a read transaction.
pub(super) struct LinksBySqlite<const FULL: bool>(Connection);

impl<const FULL: bool> LinksBySqlite<FULL> {
    /// Both records of each row that the statement gives: id and name of the writer; id and text of the book.
    fn pairs(&self, statement: &str) -> Result<Vec<(Writer, Book)>> {
        let mut statement = self.0.prepare_cached(statement)?;
        let mut rows = statement.query([])?;
        let mut pairs = Vec::new();
        while let Some(row) = rows.next()? {
            let writer = Writer { id: u64::try_from(row.get::<_, i64>(0)?)?, name: row.get(1)? };
            let id = u64::try_from(row.get::<_, i64>(2)?)?;
            let book = Book { id, writer: Link::to(&writer), text: row.get(3)? };
            pairs.push((writer, book));
        }
        Ok(pairs)
    }
}

impl<const FULL: bool> Related for LinksBySqlite<FULL> {
    fn filled(path: &Path, writers: &[Writer], books: &[Book]) -> Result<Self> {
        let connection = Sqlite::<FULL>::connect(path)?;
        connection.execute_batch(SCHEMA)?;
        run(&connection, "BEGIN IMMEDIATE")?;
        {
            let mut insert = connection.prepare_cached("INSERT INTO writers (id, name) VALUES (?, ?)")?;
            for Writer { id, name } in writers {
                insert.execute(params![integer(*id)?, name])?;
            }
            let mut insert =
                connection.prepare_cached("INSERT INTO books (id, writer, text) VALUES (?, ?, ?)")?;
            for Book { id, writer, text } in books {
                insert.execute(params![integer(*id)?, integer(writer.key().0)?, text])?;
            }
        }
        run(&connection, "COMMIT")?;
        run(&connection, "BEGIN")?;
        Ok(LinksBySqlite(connection))
    }

    fn books(&self) -> Result<Vec<(Writer, Vec<Book>)>> {
        let pairs = self.pairs(
            "SELECT writers.id, name, books.id, text FROM writers JOIN books ON books.writer = writers.id \
             ORDER BY writers.id, books.id",
        )?;
        let mut found: Vec<(Writer, Vec<Book>)> = Vec::new();
        for (writer, book) in pairs {
            match found.last_mut() {
                Some((last, books)) if last.id == writer.id => books.push(book),
                _ => found.push((writer, vec![book])),
            }
        }
        Ok(found)
    }

    fn writers(&self) -> Result<Vec<(Book, Writer)>> {
        let pairs = self.pairs(
            "SELECT writers.id, name, books.id, text FROM books JOIN writers ON books.writer = writers.id \
             ORDER BY books.id",
        )?;
        Ok(pairs.into_iter().map(|(writer, book)| (book, writer)).collect())
    }
}
