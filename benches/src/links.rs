//! Records with those they are related to: writers with their books, and books with their writers.

use crate::new_store;
use std::collections::BTreeMap;
use std::path::Path;

use netabase::{Link, NetabaseDefinition, NetabaseModel, ReadTransaction, Store};
use redb::{
    Database, MultimapTableDefinition, ReadOnlyMultimapTable, ReadOnlyTable, ReadableDatabase, ReadableTable,
    TableDefinition,
};
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::data::Random;

/// About 40 bytes.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Writer {
    /// the number of the writer
    #[primary_key]
    pub id: u64,
    /// 32 bytes
    pub name: String,
}

/// About 130 bytes.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Book {
    /// the number of the book
    #[primary_key]
    pub id: u64,
    /// who wrote it
    #[relation]
    pub writer: Link<Writer>,
    /// 120 bytes
    pub text: String,
}

/// The store's models.
#[derive(NetabaseDefinition)]
pub enum Shelf {
    /// writers
    Writer(Writer),
    /// books
    Book(Book),
}

/// Writers, and so many books of each in random order.
pub fn shelf(writers: u32, each: u32) -> (Vec<Writer>, Vec<Book>) {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let ids = random.shuffled(0..writers * each);
    let book = |(at, id): (u32, u32)| Book {
        id: id.into(),
        writer: Link::new(u64::from(at % writers)),
        text: format!("{id:0120}"),
    };
    let writer = |id: u32| Writer { id: id.into(), name: format!("{id:032}") };
    ((0..writers).map(writer).collect(), (0..).zip(ids).map(book).collect())
}

/// Both questions, to a store in a file.
pub trait Related {
    /// Makes the file.
    fn filled(path: &Path, writers: &[Writer], books: &[Book]) -> Result<Self>
    where
        Self: Sized;
    /// All writers, each with its books.
    fn books(&self) -> Result<Vec<(Writer, Vec<Book>)>>;
    /// All books, each with its writer.
    fn writers(&self) -> Result<Vec<(Book, Writer)>>;
}

/// With netabase.
#[derive(Debug)]
pub struct LinksByNetabase {
    reader: ReadTransaction<Shelf>,
    _store: Store<Shelf>,
}

impl Related for LinksByNetabase {
    fn filled(path: &Path, writers: &[Writer], books: &[Book]) -> Result<Self> {
        let store = new_store::<Shelf>(path)?;
        store.write(|txn| txn.create_batch(writers))?;
        books.chunks(1000).try_for_each(|books| store.write(|txn| txn.create_batch(books)))?;
        Ok(LinksByNetabase { reader: store.begin_read()?, _store: store })
    }

    fn books(&self) -> Result<Vec<(Writer, Vec<Book>)>> {
        Ok(self.reader.query().include(Book::WRITER.inverse()).collect()?)
    }

    fn writers(&self) -> Result<Vec<(Book, Writer)>> {
        Ok(self.reader.query().include(Book::WRITER.required()).collect()?)
    }
}

const WRITERS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("writers");
const BOOKS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("books");
const BOOKS_OF: MultimapTableDefinition<'_, u64, u64> = MultimapTableDefinition::new("books_of");

/// Written by hand on redb, as a careful user would: one walk over the index, then the records in the order of their keys;
/// every writer is decoded once, and cloned.
pub struct LinksByHand {
    writers: ReadOnlyTable<u64, &'static [u8]>,
    books: ReadOnlyTable<u64, &'static [u8]>,
    books_of: ReadOnlyMultimapTable<u64, u64>,
    _database: Database,
}

impl LinksByHand {
    fn all<T: for<'de> Deserialize<'de>>(table: &ReadOnlyTable<u64, &'static [u8]>) -> Result<Vec<T>> {
        table.iter()?.map(|row| Ok(postcard::from_bytes(row?.1.value())?)).collect()
    }
}

impl Related for LinksByHand {
    fn filled(path: &Path, writers: &[Writer], books: &[Book]) -> Result<Self> {
        let database = Database::create(path)?;
        let transaction = database.begin_write()?;
        let mut table = transaction.open_table(WRITERS)?;
        for writer in writers {
            table.insert(writer.id, postcard::to_stdvec(writer)?.as_slice())?;
        }
        drop(table);
        transaction.commit()?;
        for books in books.chunks(1000) {
            let transaction = database.begin_write()?;
            let (mut table, mut of) =
                (transaction.open_table(BOOKS)?, transaction.open_multimap_table(BOOKS_OF)?);
            for book in books {
                table.insert(book.id, postcard::to_stdvec(book)?.as_slice())?;
                of.insert(book.writer.key().0, book.id)?;
            }
            drop((table, of));
            transaction.commit()?;
        }
        let reader = database.begin_read()?;
        Ok(LinksByHand {
            writers: reader.open_table(WRITERS)?,
            books: reader.open_table(BOOKS)?,
            books_of: reader.open_multimap_table(BOOKS_OF)?,
            _database: database,
        })
    }

    fn books(&self) -> Result<Vec<(Writer, Vec<Book>)>> {
        let mut found: Vec<(Writer, Vec<Book>)> =
            Self::all(&self.writers)?.into_iter().map(|writer| (writer, Vec::new())).collect();
        let places: BTreeMap<u64, usize> =
            found.iter().zip(0..).map(|((writer, _), at)| (writer.id, at)).collect();
        let mut ids = Vec::new();
        for row in self.books_of.range::<u64>(..)? {
            let (writer, books) = row?;
            let Some(place) = places.get(&writer.value()) else { continue };
            for book in books {
                ids.push((book?.value(), *place));
            }
        }
        // In the order of the table; those of each writer stay in order as well.
        ids.sort_unstable();
        for (id, place) in ids {
            let book = self.books.get(id)?.ok_or("an index row leads nowhere")?;
            found[place].1.push(postcard::from_bytes(book.value())?);
        }
        Ok(found)
    }

    fn writers(&self) -> Result<Vec<(Book, Writer)>> {
        let books: Vec<Book> = Self::all(&self.books)?;
        let mut writers: BTreeMap<u64, Option<Writer>> =
            books.iter().map(|book| (book.writer.key().0, None)).collect();
        for (id, slot) in &mut writers {
            let writer = self.writers.get(id)?.ok_or("a link leads nowhere")?;
            *slot = Some(postcard::from_bytes(writer.value())?);
        }
        let with_writer = |book: Book| {
            let writer =
                writers.get(&book.writer.key().0).cloned().flatten().ok_or("a link leads nowhere")?;
            Ok((book, writer))
        };
        books.into_iter().map(with_writer).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // A comparison of two stores that do different things would say nothing.
    #[test]
    fn both_sides_find_the_same() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let (writers, books) = shelf(30, 4);
        let a = LinksByNetabase::filled(&folder.path().join("netabase"), &writers, &books)?;
        let b = LinksByHand::filled(&folder.path().join("redb"), &writers, &books)?;
        let (of_a, of_b) = (a.books()?, b.books()?);
        assert_eq!(of_a, of_b);
        assert!(of_a.len() == 30 && of_a.iter().all(|(_, books)| books.len() == 4));
        assert_eq!(a.writers()?, b.writers()?);
        Ok(())
    }
}
