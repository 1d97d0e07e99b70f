//! Times the care of a store: opening, verification, rebuilding, a new index, compaction.
//!
//! `cargo run --release -p netabase-benches --example care -- --records 100000 --rounds 5`
//!
//! Times are medians over the rounds, beside the creation of all records in one commit, as a ratio to it.

use std::fs;
use std::time::{Duration, Instant};

use netabase::{NetabaseDefinition, NetabaseModel, Store, WriteAhead};
use netabase_benches::model::{Club, Team, User};
use netabase_benches::{Data, Options, Result};
use serde::{Deserialize, Serialize};

/// The club before its users had indexes.
mod before {
    use super::{Deserialize, NetabaseDefinition, NetabaseModel, Serialize, Team};
    use netabase::Link;

    #[derive(NetabaseModel, Serialize, Deserialize)]
    pub(super) struct User {
        #[primary_key]
        pub(super) id: u64,
        pub(super) name: String,
        pub(super) age: u32,
        pub(super) team: Link<Team>,
        pub(super) email: String,
        pub(super) bio: String,
    }

    #[derive(NetabaseDefinition)]
    #[netabase(rename = "Club")]
    pub(super) enum Club {
        User(User),
        Team(Team),
    }
}

fn main() -> Result<()> {
    let options = Options::parse(&["records", "rounds"])?;
    let (records, rounds) = (options.get("records", 100_000)?, options.get("rounds", 5)?);
    let data = Data::new(records);
    let mut rows: Vec<(&str, Vec<Duration>)> = Vec::new();
    let mut sizes = String::new();
    for _ in 0..rounds {
        let mut note = |name, time| match rows.iter_mut().find(|row| row.0 == name) {
            Some(row) => row.1.push(time),
            None => rows.push((name, vec![time])),
        };
        sizes = round(&data, &mut note)?;
    }
    println!("{} records; {sizes}; medians of {rounds} rounds", data.users.len());
    let base = rows.first().map_or(Duration::ZERO, |row| median(&row.1));
    for (name, times) in &rows {
        let time = median(times);
        println!("{name:<44}{:>12}{:>8.3}", format!("{time:.2?}"), time.as_secs_f64() / base.as_secs_f64());
    }
    Ok(())
}

fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn timed<T>(note: &mut dyn FnMut(&'static str, Duration), name: &'static str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let done = work();
    note(name, start.elapsed());
    done
}

fn round(data: &Data, note: &mut dyn FnMut(&'static str, Duration)) -> Result<String> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("club.redb");
    let store = Store::<Club>::builder().path(&path).write_ahead(WriteAhead::Off).open()?;
    timed(note, "create all in one commit", || store.write(|txn| txn.create_batch(&data.users)))?;
    // As a crash would leave it.
    let crashed = folder.path().join("crashed.redb");
    fs::copy(&path, &crashed)?;
    drop(store);

    drop(timed(note, "open after a clean close", || {
        Store::<Club>::builder().path(&path).write_ahead(WriteAhead::Off).open()
    })?);
    drop(timed(note, "open after a crash", || {
        Store::<Club>::builder().path(&crashed).write_ahead(WriteAhead::Off).open()
    })?);
    drop(timed(note, "open_checked", || {
        Store::<Club>::builder().path(&path).write_ahead(WriteAhead::Off).open_checked()
    })?);
    let store = Store::<Club>::builder().path(&path).write_ahead(WriteAhead::Off).open()?;
    let report = timed(note, "verify", || store.verify(|_| {}))?;
    assert!(report.is_clean(), "{report}");
    let snapshot = store.begin_read()?;
    timed(note, "verify, without the engine's own check", || store.verify(|_| {}))?;
    drop(snapshot);
    timed(note, "stats", || store.stats())?;
    timed(note, "rebuild_indexes", || store.rebuild_indexes(|_| {}))?;
    store.write(|txn| {
        txn.delete_batch::<User>(data.users.iter().skip(data.users.len() / 10).map(|user| user.id))
    })?;
    let before = fs::metadata(&path)?.len();
    timed(note, "compact, after deleting nine of ten", || store.compact())?;
    let after = fs::metadata(&path)?.len();
    drop(store);

    let path = folder.path().join("grown.redb");
    let store = Store::<before::Club>::builder().path(&path).write_ahead(WriteAhead::Off).open()?;
    let plain = |user: &User| before::User {
        id: user.id,
        name: user.name.clone(),
        age: user.age,
        team: user.team.clone(),
        email: user.email.clone(),
        bio: user.bio.clone(),
    };
    let plain: Vec<_> = data.users.iter().map(plain).collect();
    timed(note, "create all, without indexes", || store.write(|txn| txn.create_batch(&plain)))?;
    drop(store);
    drop(timed(note, "open with four new indexes", || {
        Store::<Club>::builder().path(&path).write_ahead(WriteAhead::Off).open()
    })?);
    Ok(format!("compact: {} MB to {} MB", before / 1_000_000, after / 1_000_000))
}
