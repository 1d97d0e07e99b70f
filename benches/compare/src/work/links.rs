//! Records with those they are related to: 1000 writers with their ten books each, and the books with their writers.

use std::collections::BTreeMap;

use netabase_benches::links::{Book, Related, Writer};

use super::{Run, timed};
use crate::Result;

const WRITERS: u32 = 1000;
const EACH: u32 = 10;

/// The rows.
pub(crate) const ALL: [&str; 2] = ["include", "join"];

/// Writers and books, as they are stored.
pub(crate) fn shelf() -> (Vec<Writer>, Vec<Book>) {
    netabase_benches::links::shelf(WRITERS, EACH)
}

/// All writers, each with its books. For each book.
pub(crate) fn include(store: &(dyn Related + 'static)) -> Result<Run> {
    timed((WRITERS * EACH) as usize, || {
        let found = store.books()?;
        Ok(found.iter().map(|(writer, books)| writer.id.wrapping_mul(books.len() as u64)).sum())
    })
}

/// All books, each with its writer. For each book.
pub(crate) fn join(store: &(dyn Related + 'static)) -> Result<Run> {
    timed((WRITERS * EACH) as usize, || {
        let found = store.writers()?;
        Ok(found.iter().map(|(book, writer)| book.id ^ writer.id).sum())
    })
}

/// Fails unless the answers are those of a loop over all. Also fills the caches.
pub(crate) fn check(store: &(dyn Related + 'static), writers: &[Writer], books: &[Book]) -> Result<()> {
    let books: BTreeMap<u64, &Book> = books.iter().map(|book| (book.id, book)).collect();
    let mut expected: Vec<(Writer, Vec<Book>)> =
        writers.iter().map(|writer| (writer.clone(), Vec::new())).collect();
    for book in books.values() {
        let of = usize::try_from(book.writer.key().0).ok().and_then(|at| expected.get_mut(at));
        let (_, of) = of.ok_or("a book of no writer")?;
        of.push((*book).clone());
    }
    if store.books()? != expected {
        return Err("writers come with other books".into());
    }
    let expected = books.values().map(|book| {
        let writer = usize::try_from(book.writer.key().0).ok().and_then(|at| writers.get(at));
        ((*book).clone(), writer.cloned())
    });
    let found = store.writers()?.into_iter().map(|(book, writer)| (book, Some(writer)));
    if !found.eq(expected) {
        return Err("books come with other writers".into());
    }
    Ok(())
}
