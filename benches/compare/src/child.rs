//! One engine's round, in a process of its own: prints a line for each workload.
//!
//! The lines are `name value checksum`. The first workloads come in the order that keeps the measure of memory clean:
//! loading and reading, before anything else is done.

use std::path::Path;

use netabase_benches::Data;
use netabase_benches::sales::Sales;

use crate::args::{Args, Name};
use crate::engine::Engine;
use crate::engines::{Fjall, Lmdb, NativeDb, Netabase, Redb, SqliteFull, SqliteNormal};
use crate::work::{Run, check, disk, links, memory, query, read, threads, write};
use crate::{Result, workload};

/// What is printed for the check of everything stored; not a row.
pub(crate) const CONTENTS: &str = "contents";

/// Runs of a read, of a write, of threads that read, and of opening in one process. Their median counts.
const READS: usize = 5;
const WRITES: usize = 3;
const THREADS: usize = 3;
const OPENINGS: usize = 5;

/// Runs the engine once.
pub(crate) fn run(engine: Name, args: &Args) -> Result<()> {
    let round = Round { data: Data::new(args.records), records: args.records, only: &args.only };
    match engine {
        Name::Redb => round.play::<Redb>(),
        Name::Netabase => round.play::<Netabase<false>>(),
        Name::NetabaseJournal => round.play::<Netabase<true>>(),
        Name::NativeDb => round.play::<NativeDb>(),
        Name::SqliteFull => round.play::<SqliteFull>(),
        Name::SqliteNormal => round.play::<SqliteNormal>(),
        Name::Fjall => round.play::<Fjall>(),
        Name::Lmdb => round.play::<Lmdb>(),
    }
}

struct Round<'a> {
    data: Data,
    records: u32,
    only: &'a str,
}

impl Round<'_> {
    fn wants(&self, name: &str) -> bool {
        name.contains(self.only)
    }

    fn play<E: Engine>(&self) -> Result<()> {
        self.users::<E>()?;
        self.queries::<E>()?;
        self.links::<E>()
    }

    fn users<E: Engine>(&self) -> Result<()> {
        let input = memory::now();
        if self.wants("bulk") || self.wants("memory") {
            let folder = tempfile::tempdir()?;
            let run = write::bulk(&E::open(folder.path())?, &self.data)?;
            self.report("bulk", run.each(), run.checksum);
        }
        if workload::ALL.iter().all(|name| {
            *name == "bulk" || query::is_one(name) || links::ALL.contains(name) || !self.wants(name)
        }) {
            return Ok(());
        }
        let folder = tempfile::tempdir()?;
        write::fill(&E::open(folder.path())?, &self.data)?;
        self.report("size_load", disk::size(folder.path())?, 0);
        let store = self.openings::<E>(folder.path())?;
        println!("{CONTENTS} 0 {}", check::contents(&store, &self.data)?);
        self.reads(&store)?;
        if let (Some(input), Some(peak)) = (input, memory::peak()) {
            self.report("memory", peak.saturating_sub(input), 0);
        }
        self.writes(&store)?;
        check::refusals(&store, &self.data)?;
        if self.wants("size_churn") {
            write::churn(&store, &self.data)?;
            println!("{CONTENTS}_churned 0 {}", check::contents(&store, &self.data)?);
            drop(store);
            self.report("size_churn", disk::size(folder.path())?, 0);
        }
        Ok(())
    }

    fn openings<E: Engine>(&self, folder: &Path) -> Result<E> {
        let (mut store, mut run) = disk::open::<E>(folder, &self.data)?;
        if self.wants("open") {
            let mut times = vec![run.each()];
            while times.len() < OPENINGS {
                drop(store);
                (store, run) = disk::open(folder, &self.data)?;
                times.push(run.each());
            }
            self.report("open", median(&mut times), run.checksum);
        }
        Ok(store)
    }

    fn reads<E: Engine>(&self, store: &E) -> Result<()> {
        let data = &self.data;
        self.repeat("get", READS, || read::get(store, data))?;
        self.repeat("get_one", READS, || read::get_one(store, data))?;
        self.repeat("lookup", READS, || read::lookup(store, data))?;
        self.repeat("lookup_wide", READS, || read::lookup_wide(store, data))?;
        self.repeat("keys", READS, || read::keys(store, data))?;
        self.repeat("count", READS, || read::count(store, data))?;
        self.repeat("scan", READS, || read::scan(store, data))?;
        self.repeat("reads_1", THREADS, || threads::reads(store, data, 1))?;
        self.repeat("reads_2", THREADS, || threads::reads(store, data, 2))
    }

    fn writes<E: Engine>(&self, store: &E) -> Result<()> {
        let data = &self.data;
        self.repeat("batch", WRITES, || write::batch(store, data))?;
        self.repeat("update_indexed", WRITES, || write::update_indexed(store, data))?;
        self.repeat("update_plain", WRITES, || write::update_plain(store, data))?;
        self.repeat("delete", WRITES, || write::delete(store, data))?;
        self.repeat("single", WRITES, || threads::singles(store, data, 1))?;
        self.repeat("single_4", WRITES, || threads::singles(store, data, 4))?;
        self.repeat("single_16", WRITES, || threads::singles(store, data, 16))?;
        self.repeat("batches_settled", WRITES, || write::batches_settled(store, data))?;
        self.repeat("updates_settled", WRITES, || write::updates_settled(store, data))?;
        self.repeat("deletes_settled", WRITES, || write::deletes_settled(store, data))?;
        self.repeat("singles_settled", WRITES, || write::singles_settled(store, data))?;
        let fresh = |read: &dyn Fn() -> Result<Run>| write::after_10k(store, data, read);
        self.repeat("get_after_10k", READS, || fresh(&|| read::get(store, data)))?;
        self.repeat("lookup_after_10k", READS, || fresh(&|| read::lookup(store, data)))?;
        self.repeat("scan_after_10k", READS, || fresh(&|| read::scan(store, data)))?;
        self.repeat("reads_1_busy", THREADS, || threads::busy_reads(store, data, 1))?;
        self.repeat("reads_2_busy", THREADS, || threads::busy_reads(store, data, 2))
    }

    /// Behind the users, whose memory is measured.
    fn queries<E: Engine>(&self) -> Result<()> {
        if !query::ALL.iter().any(|(name, _)| self.wants(name)) {
            return Ok(());
        }
        let (folder, sales) = (tempfile::tempdir()?, Sales::new(self.records));
        let Some(store) = E::sales(folder.path(), &sales)? else { return Ok(()) };
        query::check(&*store, &sales)?;
        for (name, work) in query::ALL {
            self.repeat(name, READS, || query::ask(work, &*store, &sales))?;
        }
        Ok(())
    }

    fn links<E: Engine>(&self) -> Result<()> {
        if !links::ALL.iter().any(|name| self.wants(name)) {
            return Ok(());
        }
        let (folder, (writers, books)) = (tempfile::tempdir()?, links::shelf());
        let Some(store) = E::links(folder.path(), (&writers, &books))? else { return Ok(()) };
        links::check(&*store, &writers, &books)?;
        self.repeat("include", READS, || links::include(&*store))?;
        self.repeat("join", READS, || links::join(&*store))
    }

    fn repeat(&self, name: &str, times: usize, work: impl Fn() -> Result<Run>) -> Result<()> {
        if !self.wants(name) {
            return Ok(());
        }
        let runs = (0..times).map(|_| work()).collect::<Result<Vec<_>>>()?;
        let checksum = runs.first().map_or(0, |run| run.checksum);
        if runs.iter().any(|run| run.checksum != checksum) {
            return Err(format!("{name} does not read the same twice").into());
        }
        self.report(name, median(&mut runs.iter().map(Run::each).collect::<Vec<_>>()), checksum);
        Ok(())
    }

    fn report(&self, name: &str, value: impl std::fmt::Display, checksum: u64) {
        if self.wants(name) {
            println!("{name} {value} {checksum}");
        }
    }
}

/// The middle one; 0 of none.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
