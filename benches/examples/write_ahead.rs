//! What a write-ahead journal does to single commits, to their slowest ones, and to opening after a kill.
//!
//! `cargo run --release -p netabase-benches --example write_ahead -- --commits 100000`
//!
//! Each commit creates one user with four indexes and is durable. The pauses are those of one writer while checkpoints run behind him,
//! in a store without a journal, and in stores with one that is given to the file at different sizes. Then stores whose journal holds
//! about so many bytes are opened as a kill would have left them, three times each, from the system's cache; the median counts.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use netabase::{Store, WriteAhead};
use netabase_benches::{Club, Data, Options, Result, User};

fn main() -> Result<()> {
    let options = Options::parse(&["commits"])?;
    let commits: u32 = options.get("commits", 100_000)?;
    let data = Data::new(commits);
    println!("{commits} commits of one user each, microseconds");
    println!("{:<24}{:>8}{:>8}{:>8}{:>8}{:>10}", "journal", "mean", "p50", "p99", "p99.9", "slowest");
    // The file alone is slower by far, and as even after fewer.
    let few = data.users.get(..data.users.len().min(5000)).unwrap_or_default();
    pauses("none", few, WriteAhead::Off, 0)?;
    for mib in [1, 4, 16] {
        pauses(&format!("{mib} MiB"), &data.users, WriteAhead::On, mib << 20)?;
    }
    println!("\nopening as after a kill, milliseconds");
    for mib in [0, 1, 4, 16] {
        opening(&data.users, mib << 20)?;
    }
    Ok(())
}

fn open(path: &Path, write_ahead: WriteAhead, size: u64) -> Result<Store<Club>> {
    let store = Store::builder().path(path).write_ahead(write_ahead);
    let store = if size > 0 { store.checkpoint_size(size) } else { store };
    Ok(store.open()?)
}

fn pauses(name: &str, users: &[User], write_ahead: WriteAhead, size: u64) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let store = open(&folder.path().join("club.redb"), write_ahead, size)?;
    let mut times = Vec::with_capacity(users.len());
    for user in users {
        let began = Instant::now();
        store.write(|txn| txn.create(user))?;
        times.push(began.elapsed());
    }
    let mean = times.iter().sum::<Duration>() / u32::try_from(times.len().max(1))?;
    times.sort_unstable();
    let at = |share: f64| -> Duration {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let place = (times.len() as f64 * share) as usize;
        times.get(place.min(times.len().saturating_sub(1))).copied().unwrap_or_default()
    };
    let columns = [mean, at(0.5), at(0.99), at(0.999), at(1.0)].map(|time| time.as_micros());
    let [mean, p50, p99, p999, slowest] = columns;
    println!("{name:<24}{mean:>8}{p50:>8}{p99:>8}{p999:>8}{slowest:>10}");
    Ok(())
}

/// The journal's folder.
fn journal(path: &Path) -> PathBuf {
    path.with_file_name("club.redb-journal")
}

fn opening(users: &[User], bytes: u64) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("club.redb");
    // Records in the file, as after a checkpoint, and then so many bytes in the journal alone.
    let store = Store::<Club>::builder().path(&path).checkpoint_size(64 << 20);
    let store = store.checkpoint_after(Duration::from_hours(1)).open()?;
    let (before, after) = users.split_at(users.len() / 4);
    store.write(|txn| txn.create_batch(before))?;
    if let [first, ..] = after {
        store.write(|txn| txn.create(first))?;
    }
    store.checkpoint()?;
    let start = written(&path)?;
    for users in after.get(1..).unwrap_or_default().chunks(100) {
        if written(&path)? >= start + bytes {
            break;
        }
        store.write(|txn| txn.create_batch(users))?;
    }
    let held = written(&path)?.saturating_sub(start);
    let mut times = Vec::new();
    for _ in 0..3 {
        let copy = tempfile::tempdir()?;
        let at = copy.path().join("club.redb");
        fs::copy(&path, &at)?;
        fs::create_dir(journal(&at))?;
        for entry in fs::read_dir(journal(&path))? {
            let entry = entry?;
            fs::copy(entry.path(), journal(&at).join(entry.file_name()))?;
        }
        let began = Instant::now();
        let opened = open(&at, WriteAhead::On, 64 << 20)?;
        times.push(began.elapsed());
        assert_eq!(opened.len::<User>()?, store.len::<User>()?);
    }
    times.sort_unstable();
    let median = times.get(1).copied().unwrap_or_default();
    println!("{:>6} KiB in the journal{:>10.1}", held >> 10, median.as_secs_f64() * 1e3);
    Ok(())
}

/// Bytes of the newest segment up to its last commit: behind that there are zeros.
fn written(path: &Path) -> Result<u64> {
    let mut most = 0;
    for entry in fs::read_dir(journal(path))? {
        let bytes = fs::read(entry?.path())?;
        most = most.max(bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last as u64 + 1));
    }
    Ok(most)
}
