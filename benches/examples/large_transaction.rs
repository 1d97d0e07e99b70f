//! One transaction of any size, in bounded memory: creates all records in one commit, and deletes nine of ten in another.
//!
//! `cargo run --release -p netabase-benches --example large_transaction -- --records 10000000`
//!
//! Each side runs in a process of its own, whose peak memory is that of everything up to then: staged changes and the
//! engine's cache of pages, which takes up to 1 GiB on both sides. Records have 100 bytes beside an index of plain numbers.

use std::fs;
use std::ops::Bound;
use std::process::Command;
use std::time::{Duration, Instant};

use netabase::Store;
use netabase_benches::scaling::model::{Single, SingleStore};
use netabase_benches::scaling::{ByHand, Data, Side, Writes};
use netabase_benches::{Options, Result};

const SIDES: [&str; 2] = ["netabase", "redb"];

fn main() -> Result<()> {
    let options = Options::parse(&["records", "side"])?;
    let records: u32 = options.get("records", 1_000_000)?;
    let side: String = options.get("side", String::new())?;
    if side.is_empty() {
        println!(
            "| {records} records of 100 bytes | create, each | peak | delete nine of ten, each | peak |"
        );
        println!("|---|---|---|---|---|");
        for side in SIDES {
            let arguments = ["--records", &records.to_string(), "--side", side];
            let done = Command::new(std::env::current_exe()?).args(arguments).status()?;
            if !done.success() {
                return Err(format!("{side} failed").into());
            }
        }
        return Ok(());
    }
    let data = Data::new(records, 100);
    let (create, delete) = if side == "redb" { by_hand(&data)? } else { by_netabase(&data)? };
    println!("| {side} | {} | {} |", create.text(records), delete.text(records / 10 * 9));
    Ok(())
}

/// What one step took.
struct Step {
    time: Duration,
    /// KiB
    peak: Option<u64>,
}

impl Step {
    fn of(work: impl FnOnce() -> Result<()>) -> Result<Self> {
        let start = Instant::now();
        work()?;
        Ok(Step { time: start.elapsed(), peak: peak() })
    }

    fn text(&self, records: u32) -> String {
        let peak = self.peak.map_or("unknown".to_owned(), |kib| format!("{} MiB", kib / 1024));
        format!("{:.2?} | {peak}", self.time / records.max(1))
    }
}

/// The most memory this process has had, where the system tells it.
fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn by_netabase(data: &Data) -> Result<(Step, Step)> {
    let folder = tempfile::tempdir()?;
    let store = Store::<SingleStore>::create(folder.path().join("large.redb"))?;
    let create = Step::of(|| {
        store.write(|txn| data.ids().try_for_each(|id| txn.create(&data.record::<Single>(id))))?;
        Ok(())
    })?;
    let first = u64::from(data.records / 10);
    let delete = Step::of(|| {
        let deleted = store
            .write(|txn| txn.delete_where(Single::ID.range((Bound::Included(first), Bound::Unbounded))))?;
        if deleted + first == u64::from(data.records) { Ok(()) } else { Err("some are missing".into()) }
    })?;
    Ok((create, delete))
}

fn by_hand(data: &Data) -> Result<(Step, Step)> {
    let folder = tempfile::tempdir()?;
    let store: ByHand<Single> = Side::create(&folder.path().join("large.redb"))?;
    let create =
        Step::of(|| store.write(|txn| data.ids().try_for_each(|id| txn.create(&data.record::<Single>(id)))))?;
    let first = data.records / 10;
    let delete = Step::of(|| {
        store.write(|txn| {
            for id in data.ids().skip(first as usize) {
                if !txn.delete(id)? {
                    return Err("one is missing".into());
                }
            }
            Ok(())
        })
    })?;
    Ok((create, delete))
}
