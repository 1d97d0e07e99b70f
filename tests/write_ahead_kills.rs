//! A process with four writers on one journal is killed at random moments: what each of them was told is committed is there, of what was
//! under way each commit is there as a whole or not at all, and records, indexes and the changes that are kept agree. S2-56, S3-9.
//!
//! Forty kills, or as many as `NETABASE_KILLS` says. The process is this test binary, which runs the test `child` below.

use std::env;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use kit::bank::{Account, Bank, Payment};
use kit::process::{random, say, spawn};
use netabase::{Link, Result, Store, WriteAhead};

const FILE: &str = "NETABASE_TEST_JOURNAL";
const WRITERS: u64 = 4;
/// Room for the ids of one writer.
const SPAN: u64 = 1_000_000;

fn open(file: &Path) -> Result<Store<Bank>> {
    // Checkpoints every few dozen commits, so that kills meet them.
    Store::builder().path(file).write_ahead(WriteAhead::On).checkpoint_size(30_000).open()
}

/// Long enough for the record to be pointed to where it comes again.
fn owner(writer: u64) -> String {
    format!("writer number {writer} of them")
}

/// Not a test of its own: what the killed process runs. Without a file it has nothing to do.
#[test]
fn child() -> Result<()> {
    let Ok(file) = env::var(FILE) else { return Ok(()) };
    let store = open(Path::new(&file))?;
    thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                scope.spawn({
                    let store = &store;
                    move || work(store, writer)
                })
            })
            .collect();
        writers.into_iter().try_for_each(|writer| writer.join().expect("it writes for ever"))
    })
}

/// How many commits of a writer there are.
fn done(store: &Store<Bank>, writer: u64) -> Result<u64> {
    let ids = store.query::<Account>().filter(Account::ID.range(writer * SPAN..(writer + 1) * SPAN));
    ids.count()
}

/// Commits for as long as it lives: an account, a payment from it, and a change of the account before. Says each time how many there are.
fn work(store: &Store<Bank>, writer: u64) -> Result<()> {
    let mut next = done(store, writer)?;
    loop {
        let id = writer * SPAN + next;
        store.write(|txn| {
            txn.create(&Account { id, owner: owner(writer), cents: 0 })?;
            txn.create(&Payment { id, account: Link::new(id), cents: 5 })?;
            if next > 0 {
                txn.update_with(id - 1, |account: &mut Account| account.cents += 1)?;
            }
            Ok(())
        })?;
        next += 1;
        say(&format!("done {writer} {next}"));
    }
}

#[test]
fn forty_kills_lose_no_acknowledged_commit() -> Result<()> {
    let kills = env::var("NETABASE_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(40);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("bank.redb");
    let mut before = [0; WRITERS as usize];
    let mut with_journal = 0;
    for round in 0..kills {
        let mut child = spawn("write_ahead_kills::child", &[(FILE, file.as_ref())]);
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let (tell, told) = mpsc::channel();
        let reader = thread::spawn(move || {
            for line in lines.map_while(std::io::Result::ok) {
                let mut words = line.strip_prefix("done ").unwrap_or_default().split(' ');
                let mut number = || words.next()?.parse::<u64>().ok();
                if let (Some(writer), Some(done)) = (number(), number()) {
                    tell.send((writer as usize, done)).expect("the parent listens");
                }
            }
        });
        let mut acknowledged = before;
        let (writer, done_first) = told.recv().expect("it commits");
        acknowledged[writer] = done_first;
        thread::sleep(Duration::from_micros(random(60_000)));
        child.kill().expect("it dies");
        child.wait().expect("it is dead");
        reader.join().expect("it reads");
        for (writer, done) in told.try_iter() {
            acknowledged[writer] = acknowledged[writer].max(done);
        }

        with_journal += u32::from(file.with_file_name("bank.redb-journal").is_dir());
        let store = open(&file).map_err(|error| error.context(format!("round {round}")))?;
        let report = store.verify(|_| {})?;
        assert!(report.is_clean(), "round {round}: {report}");
        for writer in 0..WRITERS {
            let (at, told) = (writer as usize, acknowledged[writer as usize]);
            let there = done(&store, writer)?;
            assert!(
                there == told || there == told + 1,
                "round {round}: {there} of {told} commits of writer {writer}"
            );
            // Each commit as a whole: its payment, and the change that it made to the account before.
            let payments =
                store.query::<Payment>().filter(Payment::ID.range(writer * SPAN..(writer + 1) * SPAN));
            assert_eq!(payments.count()?, there, "round {round}");
            for next in before[at]..there {
                let account = store.get::<Account>(writer * SPAN + next)?.expect("no gap");
                assert_eq!(
                    account.cents,
                    i64::from(next + 1 < there),
                    "round {round}: account {next} of {writer}"
                );
            }
            let owned = store.query::<Account>().filter(Account::OWNER.eq(owner(writer)));
            assert_eq!(owned.count()?, there, "round {round}");
            before[at] = there;
        }
        // The kept changes tell the same: one commit after the other, none twice.
        let commits: u64 = before.iter().sum();
        assert_eq!(store.journal()?.last()?, commits, "round {round}");
    }
    assert!(before.iter().all(|commits| *commits > 40), "{before:?}");
    assert!(with_journal > kills / 2, "{with_journal}");
    Ok(())
}
