//! What watching and the journal cost a commit.
//!
//! `cargo run --release -p netabase-benches --example changes -- --rounds 7`
//!
//! Each row stores records, one in each commit, and prints microseconds per commit and the ratio to the first row of its part: once
//! in a file with durable commits, once in memory without a sync, where what is added is not hidden behind the disk. The first row
//! of each part is redb by hand with the same tables. Rows are measured in turns, and the best round of each counts.

use std::path::Path;
use std::time::Instant;

use netabase::watch::Watcher;
use netabase::{Durability, NetabaseDefinition, NetabaseModel, Store, WriteAhead};
use netabase_benches::{Options, Result};
use redb::TableDefinition;
use redb::backends::InMemoryBackend;
use serde::{Deserialize, Serialize};

/// A record without a journal.
#[derive(NetabaseModel, Serialize, Deserialize, Clone)]
struct Plain {
    #[primary_key]
    id: u64,
    #[secondary_key]
    group: u64,
    text: String,
}

/// The same with a journal.
#[derive(NetabaseModel, Serialize, Deserialize, Clone)]
#[netabase(journal)]
struct Kept {
    #[primary_key]
    id: u64,
    #[secondary_key]
    group: u64,
    text: String,
}

/// The same with versions.
#[derive(NetabaseModel, Serialize, Deserialize, Clone)]
#[netabase(versioned)]
struct Counted {
    #[primary_key]
    id: u64,
    #[secondary_key]
    group: u64,
    text: String,
}

#[derive(NetabaseDefinition)]
enum PlainStore {
    Record(Plain),
}

#[derive(NetabaseDefinition)]
enum KeptStore {
    Record(Kept),
}

#[derive(NetabaseDefinition)]
enum CountedStore {
    Record(Counted),
}

const TEXT: usize = 100;

/// Records that are there, and written again and again.
const RECORDS: u64 = 1_000;

struct Row {
    name: &'static str,
    run: fn(Option<&Path>, u64) -> Result<f64>,
}

const ROWS: &[Row] = &[
    Row { name: "redb by hand", run: by_hand },
    Row { name: "no watcher", run: |place, commits| plain(place, commits, |_| Ok(Vec::new())) },
    Row {
        name: "1 watcher of the model",
        run: |place, commits| plain(place, commits, |store| of_model(store, 1)),
    },
    Row {
        name: "100 watchers of the model",
        run: |place, commits| plain(place, commits, |store| of_model(store, 100)),
    },
    Row {
        name: "1000 watchers of the model",
        run: |place, commits| plain(place, commits, |store| of_model(store, 1000)),
    },
    Row {
        name: "1000 watchers, one for each key",
        run: |place, commits| plain(place, commits, |store| of_keys(store, 1000)),
    },
    Row {
        name: "1000 watchers, one for each group",
        run: |place, commits| plain(place, commits, |store| of_groups(store, 1000)),
    },
    Row { name: "journal", run: kept },
    Row { name: "journal by hand", run: by_hand_with_journal },
    Row { name: "versions", run: counted },
];

fn plain(
    place: Option<&Path>,
    commits: u64,
    watch: fn(&Store<PlainStore>) -> netabase::Result<Vec<Watcher<Plain>>>,
) -> Result<f64> {
    let store = open::<PlainStore>(place)?;
    let record = |id, text| Plain { id, group: id, text };
    store.write(|txn| (0..RECORDS).try_for_each(|id| txn.create(&record(id, "x".repeat(TEXT)))))?;
    let watchers = watch(&store)?;
    let time = timed(commits, |at| store.write(|txn| txn.update(&record(at % RECORDS, text(at)))))?;
    drop(watchers);
    Ok(time)
}

fn of_model(store: &Store<PlainStore>, count: u64) -> netabase::Result<Vec<Watcher<Plain>>> {
    (0..count).map(|_| store.watch().begin()).collect()
}

fn of_keys(store: &Store<PlainStore>, count: u64) -> netabase::Result<Vec<Watcher<Plain>>> {
    (0..count).map(|id| store.watch().filter(Plain::ID.eq(id)).begin()).collect()
}

fn of_groups(store: &Store<PlainStore>, count: u64) -> netabase::Result<Vec<Watcher<Plain>>> {
    (0..count).map(|group| store.watch().filter(Plain::GROUP.eq(group)).begin()).collect()
}

fn kept(place: Option<&Path>, commits: u64) -> Result<f64> {
    let store = open::<KeptStore>(place)?;
    let record = |id, text| Kept { id, group: id, text };
    store.write(|txn| (0..RECORDS).try_for_each(|id| txn.create(&record(id, "x".repeat(TEXT)))))?;
    timed(commits, |at| store.write(|txn| txn.update(&record(at % RECORDS, text(at)))))
}

fn counted(place: Option<&Path>, commits: u64) -> Result<f64> {
    let store = open::<CountedStore>(place)?;
    let record = |id, text| Counted { id, group: id, text };
    store.write(|txn| (0..RECORDS).try_for_each(|id| txn.create(&record(id, "x".repeat(TEXT)))))?;
    timed(commits, |at| store.write(|txn| txn.update(&record(at % RECORDS, text(at)))))
}

/// Another text for each commit.
fn text(at: u64) -> String {
    format!("{at:0>TEXT$}")
}

fn open<D: NetabaseDefinition>(place: Option<&Path>) -> netabase::Result<Store<D>> {
    match place {
        Some(folder) => Store::builder().path(folder.join(D::NAME)).write_ahead(WriteAhead::Off).open(),
        None => Store::builder().in_memory().durability(Durability::Eventual).open(),
    }
}

const MAIN: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("main");
const JOURNAL: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("journal");

fn by_hand(place: Option<&Path>, commits: u64) -> Result<f64> {
    hand(place, commits, false)
}

fn by_hand_with_journal(place: Option<&Path>, commits: u64) -> Result<f64> {
    hand(place, commits, true)
}

fn hand(place: Option<&Path>, commits: u64, has_journal: bool) -> Result<f64> {
    let database = match place {
        Some(folder) => redb::Database::create(folder.join(format!("hand-{has_journal}")))?,
        None => redb::Database::builder().create_with_backend(InMemoryBackend::new())?,
    };
    let bytes = |id: u64, text: String| postcard::to_stdvec(&(id, id, text));
    let txn = database.begin_write()?;
    {
        let mut main = txn.open_table(MAIN)?;
        for id in 0..RECORDS {
            main.insert(id, &*bytes(id, "x".repeat(TEXT))?)?;
        }
        txn.open_table(JOURNAL)?;
    }
    txn.commit()?;
    timed(commits, |at| -> Result<()> {
        let mut txn = database.begin_write()?;
        if place.is_none() {
            txn.set_durability(redb::Durability::None)?;
        }
        {
            let mut main = txn.open_table(MAIN)?;
            let (id, new) = (at % RECORDS, bytes(at % RECORDS, text(at))?);
            let old = main.insert(id, &*new)?.map(|old| old.value().to_vec());
            if has_journal {
                let record = postcard::to_stdvec(&(at, id, old, new))?;
                txn.open_table(JOURNAL)?.insert(at, &*record)?;
            }
        }
        txn.commit()?;
        Ok(())
    })
}

/// Microseconds per commit.
#[allow(clippy::cast_precision_loss, reason = "some thousands")]
fn timed<E: Into<netabase_benches::Error>>(
    commits: u64,
    mut commit: impl FnMut(u64) -> std::result::Result<(), E>,
) -> Result<f64> {
    let began = Instant::now();
    for at in 0..commits {
        commit(at).map_err(Into::into)?;
    }
    Ok(began.elapsed().as_secs_f64() * 1e6 / commits as f64)
}

fn main() -> Result<()> {
    let options = Options::parse(&["rounds", "commits", "only"])?;
    let (rounds, commits) = (options.get("rounds", 5)?, options.get("commits", 2_000_u64)?);
    let only = options.get("only", String::new())?;
    for in_file in [true, false] {
        println!("{}", if in_file { "in a file, durable" } else { "in memory, without a sync" });
        let mut best = vec![f64::INFINITY; ROWS.len()];
        for _ in 0..rounds {
            for (row, best) in ROWS.iter().zip(&mut best) {
                if only.is_empty() || row.name == only {
                    let folder = tempfile::tempdir()?;
                    let time = (row.run)(in_file.then(|| folder.path()), commits)?;
                    *best = best.min(time);
                }
            }
        }
        let first = best.iter().copied().find(|time| time.is_finite()).unwrap_or(1.0);
        for (row, time) in ROWS.iter().zip(&best).filter(|(_, time)| time.is_finite()) {
            println!("{:36}{time:9.2} us{:8.2}", row.name, time / first);
        }
    }
    Ok(())
}
