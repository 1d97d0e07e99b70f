//! Work on many items, committed piece by piece.

use std::fmt;

use super::Store;
use crate::error::{Error, ErrorKind, Result};
use crate::model::NetabaseDefinition;
use crate::transaction::WriteTransaction;

/// Work that is committed after every so many items: see [`Store::chunked`].
#[must_use = "it does nothing until `run` is called"]
pub struct Chunked<'s, D> {
    store: &'s Store<D>,
    items: usize,
    on_commit: Box<dyn FnMut(u64) + 's>,
}

impl<D: NetabaseDefinition> fmt::Debug for Chunked<'_, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Chunked<{}>({} items in a commit)", D::NAME, self.items)
    }
}

impl<D: NetabaseDefinition> Store<D> {
    /// Splits work on many items into commits of `items` items each. **Not atomic**: what was committed stays when a
    /// later item fails. Others can read and write between the commits.
    ///
    /// For imports whose beginning is of use without their end. At least one item is in a commit. What belongs together wants one [`write`](Self::write),
    /// which takes a transaction of any size in bounded memory.
    ///
    /// ```
    /// # use netabase::{ErrorKind, NetabaseDefinition, NetabaseModel, Store};
    /// # #[derive(NetabaseModel, serde::Serialize, serde::Deserialize)]
    /// # struct Author { #[primary_key] id: u64 }
    /// # #[derive(NetabaseDefinition)]
    /// # enum Blog { Author(Author) }
    /// # fn main() -> netabase::Result<()> {
    /// # let store = Store::<Blog>::in_memory()?;
    /// let ids = [1, 2, 3, 4, 3, 5];
    /// let stopped = store.chunked(2).run(ids, |txn, id| txn.create(&Author { id: *id })).unwrap_err();
    /// assert_eq!(stopped.kind(), &ErrorKind::Stopped { done: 4 });
    /// assert_eq!(store.len::<Author>()?, 4);
    /// // The rest, when what was wrong with it is mended:
    /// let done = store.chunked(2).run(&ids[5..], |txn, id| txn.create(&Author { id: **id }))?;
    /// assert_eq!(done, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn chunked(&self, items: usize) -> Chunked<'_, D> {
        Chunked { store: self, items: items.max(1), on_commit: Box::new(|_| {}) }
    }
}

impl<'s, D: NetabaseDefinition> Chunked<'s, D> {
    /// Calls this after each commit with the number of items that are done.
    pub fn on_commit(mut self, progress: impl FnMut(u64) + 's) -> Self {
        self.on_commit = Box::new(progress);
        self
    }

    /// Runs `work` for each item, and commits after every so many of them; returns how many items there were. As in
    /// [`Store::write`], work of a commit runs again if the engine reports a conflict.
    ///
    /// # Errors
    /// `Stopped` with the number of items that are committed; its source is the error of the item or of the commit that
    /// came after them. With `CommitUnknown` as the source, the items of that commit may be there or not.
    pub fn run<T>(
        mut self,
        items: impl IntoIterator<Item = T>,
        mut work: impl FnMut(&mut WriteTransaction<D>, &T) -> Result<()>,
    ) -> Result<u64> {
        let mut items = items.into_iter();
        let mut chunk = Vec::new();
        let mut done = 0;
        loop {
            chunk.clear();
            chunk.extend(items.by_ref().take(self.items));
            if chunk.is_empty() {
                return Ok(done);
            }
            let written = self.store.write(|txn| chunk.iter().try_for_each(|item| work(txn, item)));
            written.map_err(|error| Error::caused(ErrorKind::Stopped { done }, error))?;
            done += chunk.len() as u64;
            (self.on_commit)(done);
        }
    }
}
