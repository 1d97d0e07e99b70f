//! A process under write load is killed at random moments: every commit it acknowledged is there, no half of one is,
//! and a file that was never finished opens too. S3-9, C29.
//!
//! The process is this test binary, which runs the test `child` below with the work in its environment.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Child;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use kit::load::{person, run, step};
use kit::models::World;
use kit::process::{self, random, say};
use kit::rows::{Rows, stored};
use netabase::engine::{Redb, RedbOptions};
use netabase::{NetabaseDefinition, NetabaseModel, Result, Store};
use serde::{Deserialize, Serialize};

const WORK: &str = "NETABASE_TEST_CHILD";
const FILE: &str = "NETABASE_TEST_FILE";

/// Not a test of its own: what the killed process runs. Without work it has nothing to do.
#[test]
fn child() -> Result<()> {
    let (Ok(work), Ok(file)) = (env::var(WORK), env::var(FILE)) else { return Ok(()) };
    match work.as_str() {
        "commit" => commit(Path::new(&file)),
        "create" => Store::<World>::open(&file).map(drop),
        "fill" => {
            let told = |at: netabase::Progress<'_>| say(&format!("filled {}", at.done));
            Store::<grown::App>::builder().path(&file).staging_limit(4096).on_progress(told).open().map(drop)
        }
        other => panic!("no such work: {other}"),
    }
}

/// Commits for as long as it lives, and says each time how many commits there are.
fn commit(file: &Path) -> Result<()> {
    let store = Store::<World>::open(file)?;
    // Two persons for each commit, and what is deleted does not count.
    let places = store.begin_read()?.len::<kit::models::Place>()?;
    run(&store, places, u64::MAX, |done| say(&format!("done {done}")));
    Ok(())
}

fn spawn(work: &str, file: &Path) -> Child {
    process::spawn("kills::child", &[(WORK, work.as_ref()), (FILE, file.as_ref())])
}

fn read(file: &Path) -> Result<Rows> {
    stored(&Redb::open(file, &RedbOptions { read_only: true, ..RedbOptions::default() })?)
}

#[test]
fn fifty_kills_lose_no_acknowledged_commit() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("world.redb");
    // A second store goes through the same commits and is never killed.
    let twin = Store::<World>::in_memory()?;
    let (mut committed, mut twin_at) = (0, 0);
    for round in 0..55 {
        let mut child = spawn("commit", &file);
        let lines = BufReader::new(child.stdout.take().expect("its output"));
        let (tell, told) = mpsc::channel();
        let reader = thread::spawn(move || {
            let done = |line: String| line.strip_prefix("done ").and_then(|done| done.parse::<u64>().ok());
            for done in lines.lines().map_while(std::io::Result::ok).filter_map(done) {
                tell.send(done).expect("the parent listens");
            }
        });
        // At work, and then at any moment.
        let first = told.recv().expect("it commits");
        thread::sleep(Duration::from_micros(random(40_000)));
        child.kill().expect("it dies");
        child.wait().expect("it is dead");
        reader.join().expect("it reads");
        let acknowledged = told.try_iter().last().unwrap_or(first);
        assert!(acknowledged > committed, "round {round}");

        let store = Store::<World>::open(&file).map_err(|error| error.context(format!("round {round}")))?;
        let report = store.verify(|_| {})?;
        assert!(report.is_clean(), "round {round}: {report}");
        let there = store.begin_read()?.len::<kit::models::Place>()?;
        drop(store);
        assert!(
            there == acknowledged || there == acknowledged + 1,
            "round {round}: {there} commits are there, {acknowledged} were acknowledged"
        );
        committed = there;
        // Everything a commit did is there, in every table: compared with the twin.
        while twin_at < committed {
            twin.write(|txn| step(txn, twin_at))?;
            twin_at += 1;
        }
        let (killed, twin) = (records(&Store::<World>::open(&file)?)?, records(&twin)?);
        assert!(killed == twin, "round {round}: the records differ after {committed} commits");
    }
    // And the tables themselves, once.
    assert!(!read(&file)?.is_empty());
    Ok(())
}

type Records = (Vec<kit::models::Person>, Vec<kit::models::Place>, Vec<kit::models::Visit>);

fn records(store: &Store<World>) -> Result<Records> {
    let snapshot = store.begin_read()?;
    Ok((snapshot.query().collect()?, snapshot.query().collect()?, snapshot.query().collect()?))
}

#[test]
fn a_file_whose_making_was_killed_opens() -> Result<()> {
    let (mut unmade, mut made) = (0, 0);
    for round in 0..30 {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("world.redb");
        let mut child = spawn("create", &file);
        // Around the moment at which the file appears.
        let is_empty = || fs::read_dir(folder.path()).expect("it lists").next().is_none();
        while is_empty() && child.try_wait().expect("it waits").is_none() {
            std::hint::spin_loop();
        }
        thread::sleep(Duration::from_micros(random(2000)));
        child.kill().expect("it dies");
        child.wait().expect("it is dead");
        if file.exists() {
            made += 1;
        } else {
            unmade += 1;
        }
        let store = Store::<World>::open(&file).map_err(|error| error.context(format!("round {round}")))?;
        store.write(|txn| txn.create(&person(1, 1)))?;
    }
    // How many of each there are is a matter of luck; with the sleep above some are mostly cut off.
    println!("{made} files were made, {unmade} were not");
    Ok(())
}

/// A model before and after it got an index, with enough records for the filling to take a while.
mod plain {
    use super::*;

    #[derive(NetabaseModel, Serialize, Deserialize)]
    pub(super) struct Item {
        #[primary_key]
        pub(super) id: u64,
        pub(super) name: String,
    }

    #[derive(NetabaseDefinition)]
    #[netabase(rename = "App")]
    pub(super) enum App {
        Item(Item),
    }
}

mod grown {
    use super::*;

    #[derive(NetabaseModel, Serialize, Deserialize, Debug)]
    pub(super) struct Item {
        #[primary_key]
        pub(super) id: u64,
        #[secondary_key]
        pub(super) name: String,
    }

    #[derive(NetabaseDefinition)]
    #[netabase(rename = "App")]
    pub(super) enum App {
        Item(Item),
    }
}

// C29: an index whose filling was killed is not there at all, and the next opening goes on with it. An old program that
// comes in between throws away what there is of it.
#[test]
fn an_index_whose_filling_was_killed_is_absent_or_whole() -> Result<()> {
    const ITEMS: u64 = 4000;
    let folder = tempfile::tempdir().expect("a folder");
    let (mut absent, mut whole, mut resumed) = (0, 0, 0);
    let origin = folder.path().join("origin.redb");
    let store = Store::<plain::App>::open(&origin)?;
    let items: Vec<_> = (0..ITEMS).map(|id| plain::Item { id, name: format!("name {}", id % 50) }).collect();
    store.write(|txn| txn.create_batch(&items))?;
    drop(store);
    for round in 0..16 {
        let file = folder.path().join("app.redb");
        fs::copy(&origin, &file).expect("it copies");
        let mut child = spawn("fill", &file);
        // It is killed when it has told of so many steps; there are less than 60, so sometimes it ends by itself.
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let told = lines.map_while(std::io::Result::ok).filter(|line| line.starts_with("filled"));
        let _ = told.take(1 + round % 4 * 20).last();
        child.kill().expect("it dies");
        child.wait().expect("it is dead");
        if round % 8 < 4 {
            match Store::<plain::App>::open(&file) {
                Ok(store) => {
                    absent += 1;
                    let report = store.verify(|_| {})?;
                    assert!(report.is_clean(), "round {round}: {report}");
                }
                Err(error) => {
                    whole += 1;
                    assert!(error.to_string().contains("the key Item.name is only in the file"), "{error}");
                }
            }
        }
        let first = Arc::new(AtomicU64::new(u64::MAX));
        let tell = first.clone();
        let store = Store::<grown::App>::builder()
            .path(&file)
            .on_progress(move |at| {
                tell.fetch_min(at.done, Ordering::Relaxed);
            })
            .open()?;
        // With room for all of it, one that begins tells first of this many.
        let begins = [1024, u64::MAX].contains(&first.load(Ordering::Relaxed));
        assert!(begins || round % 8 >= 4, "round {round}: {first:?}");
        resumed += u32::from(!begins);
        let report = store.verify(|_| {})?;
        assert!(report.is_clean() && report.rows == ITEMS, "round {round}: {report}");
        let found =
            store.begin_read()?.query::<grown::Item>().filter(grown::Item::NAME.eq("name 7")).count()?;
        assert_eq!(found, ITEMS / 50);
    }
    let counts = format!("{absent} absent, {whole} whole, {resumed} resumed");
    println!("{counts}");
    assert!(absent > 0 && whole > 0 && resumed > 0, "{counts}");
    Ok(())
}
