//! The owner's doors: verify, rebuild, compact, measure.

use super::building::Building;
use super::{ATTEMPTS, Store};
use crate::engine::{Check, Durability, Stats};
use crate::error::{Error, ErrorKind, Result};
use crate::maintenance::{Filling, Problem, Progress, Rebuilt, Report, verify};
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
        let shared = &*self.shared;
        let (engine, layout) = (&*shared.engine, &*shared.context.layout);
        let permit = shared.context.guard.owner()?;
        let mut report = Report::default();
        if !engine.is_read_only() {
            let _turn = shared.queue.wait()?;
            let _pause = shared.context.latest.pause();
            match engine.check() {
                Ok(check) => report.engine = Some(check),
                Err(error) if matches!(error.kind(), ErrorKind::Busy) => {}
                Err(error) => {
                    report.note("the file", error)?;
                    report.engine = Some(Check::Failed);
                }
            }
            if report.engine == Some(Check::Repaired) {
                let reason = "the engine's own check found and mended damage".to_owned();
                report.add(|| Problem::Damaged { place: "the file".to_owned(), reason });
            }
        }
        let snapshot = engine.begin_read(&layout.tables)?;
        verify(&permit, &*snapshot, layout, shared.context.staging, &mut progress, &mut report)?;
        // Read-only, a store may have tables that a newer program was building. They are dropped before the next write.
        let building = Building::read(layout, D::NAME, &*snapshot)?;
        let built = building.map_or_else(Vec::new, |building| building.tables);
        for table in engine.table_names()? {
            if !built.contains(&table) && !layout.tables.iter().any(|spec| spec.name == table) {
                report.add(|| Problem::Unknown { table });
            }
        }
        Ok(report)
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
        for _ in 0..ATTEMPTS {
            match self.rebuild(&mut progress) {
                Err(error) if error.is_conflict() => {}
                done => return done,
            }
        }
        Err(Error::new(ErrorKind::Conflict { attempts: ATTEMPTS }))
    }

    fn rebuild(&self, progress: &mut dyn FnMut(Progress<'_>)) -> Result<Rebuilt> {
        let shared = &*self.shared;
        let context = &*shared.context;
        let permit = context.guard.owner()?;
        if shared.engine.is_read_only() {
            return Err(Error::new(ErrorKind::ReadOnly));
        }
        let _turn = shared.queue.wait()?;
        let mut writer = shared.engine.begin_write(&context.layout.tables)?;
        let mut filling = Filling::new(&context.layout, context.limits, context.staging, progress).lenient();
        for tables in context.layout.models() {
            filling.fill(&permit, &mut *writer, tables, &|_, _| true)?;
        }
        let done = filling.finish()?;
        let _pause = context.latest.pause();
        writer.commit(Durability::Immediate)?.into_result()?;
        Ok(done)
    }

    /// Makes every commit so far durable, for stores that write with [`Durability::Eventual`]. One sync of the disk.
    pub fn sync(&self) -> Result<()> {
        let shared = &*self.shared;
        if shared.engine.is_read_only() {
            return Ok(());
        }
        let _turn = shared.queue.wait()?;
        let _pause = shared.context.latest.pause();
        let writer = shared.engine.begin_write(&shared.context.layout.tables)?;
        writer.commit(Durability::Immediate)?.into_result()
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
        let shared = &*self.shared;
        shared.context.guard.owner()?;
        let _turn = shared.queue.wait()?;
        let _pause = shared.context.latest.pause();
        shared.engine.compact()
    }

    /// What the store takes on disk and in memory, and what each table holds. Reads the pages of all tables, and waits
    /// for the running write transaction.
    ///
    /// # Errors
    /// `Nested` in a thread that has begun a write transaction.
    pub fn stats(&self) -> Result<Stats> {
        let shared = &*self.shared;
        shared.context.guard.owner()?;
        let _turn = shared.queue.wait()?;
        shared.engine.stats(&shared.context.layout.tables)
    }
}
