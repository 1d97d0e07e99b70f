//! The owner's doors: verify, rebuild, compact, measure.

use super::Store;
use crate::engine::Stats;
use crate::error::Result;
use crate::maintenance::{Progress, Rebuilt, Report};
use crate::model::NetabaseDefinition;

/// Care of the whole store. These are for its owner: they read and mend every model.
impl<D: NetabaseDefinition> Store<D> {
    /// Reads everything and names what is not as it should be: index rows without their record, records without their
    /// rows, records that cannot be read, wrong counts, tables of no schema, and what the engine's own check says.
    ///
    /// It looks at one snapshot, while others read and write. Only the engine's check needs the store alone (it reads
    /// the file once): it waits for the running write transaction, transactions wait to begin while it runs, and if a
    /// snapshot or an iterator is alive it is left out and the report says so. If it fails, the store takes no more
    /// writes: drop it, and open it again. Takes two reads of every row; memory stays near the
    /// [staging limit](crate::Builder::staging_limit).
    ///
    /// ```
    /// # use netabase::{NetabaseDefinition, NetabaseModel, Store};
    /// # #[derive(NetabaseModel, serde::Serialize, serde::Deserialize)]
    /// # struct Author { #[primary_key] id: u64, #[secondary_key] name: String }
    /// # #[derive(NetabaseDefinition)]
    /// # enum Blog { Author(Author) }
    /// # fn main() -> netabase::Result<()> {
    /// # let store = Store::<Blog>::in_memory()?;
    /// # store.write(|txn| txn.create(&Author { id: 1, name: "Ada".into() }))?;
    /// let report = store.verify(|progress| println!("{} {}/{}", progress.table, progress.done, progress.total))?;
    /// assert!(report.is_clean(), "{report}");
    /// assert_eq!((report.records, report.rows), (1, 1));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What cannot be looked at for another reason than damage: `Io`, `Closed`. `Nested` in a thread that has begun a
    /// write transaction.
    pub fn verify(&self, mut progress: impl FnMut(Progress<'_>)) -> Result<Report> {
        self.shared.verify(&self.context.guard, &mut progress)
    }

    /// Empties every index, relation and topic and fills them from the records, in one transaction: for a file in
    /// which [`verify`](Self::verify) found rows that are missing or astray. O(n log n) in the records; memory stays
    /// near the [staging limit](crate::Builder::staging_limit).
    ///
    /// Records that cannot be read stay as they are, and have no rows.
    ///
    /// # Errors
    /// `NotUnique` if records have equal values of a unique key; nothing is changed then. Those of
    /// [`begin_write`](Self::begin_write) and [`commit`](crate::WriteTransaction::commit).
    pub fn rebuild_indexes(&self, mut progress: impl FnMut(Progress<'_>)) -> Result<Rebuilt> {
        self.shared.rebuild_indexes(&self.context.guard, &mut progress)
    }

    /// Makes every commit so far durable, for stores that write with
    /// [`Durability::Eventual`](crate::Durability::Eventual). One sync of the disk.
    pub fn sync(&self) -> Result<()> {
        self.context.admit()?;
        self.shared.sync()
    }

    /// Gives the file what the [write-ahead journal](crate::WriteAhead) has. The file still belongs together with its journal until the store
    /// is closed. It waits for the running write transaction, and others wait to begin.
    pub fn checkpoint(&self) -> Result<()> {
        self.context.admit()?;
        self.shared.checkpoint()
    }

    /// Moves pages together and gives the space behind them back to the system; `false` if there was none to give.
    /// For a file that shrank inside, as after deleting much. Rewrites up to the whole file and commits several
    /// times; it waits for the running write transaction, and transactions wait to begin until it is done.
    ///
    /// Damaged pages get new checksums as they are moved: check a file you do not trust before, with
    /// [`open_checked`](Self::open_checked).
    ///
    /// # Errors
    /// `Busy` while a snapshot, or an iterator over one, is alive; `ReadOnly`; `Nested` in a thread that has begun a
    /// write transaction.
    pub fn compact(&self) -> Result<bool> {
        self.shared.compact(&self.context.guard)
    }

    /// What the store takes on disk and in memory, and what each table holds. Reads the pages of all tables, and waits
    /// for the running write transaction.
    ///
    /// # Errors
    /// `Nested` in a thread that has begun a write transaction.
    pub fn stats(&self) -> Result<Stats> {
        self.shared.stats(&self.context.guard)
    }
}
