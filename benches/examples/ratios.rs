//! Runs every workload on both sides in turn and prints how they compare.
//!
//! `cargo run --release -p netabase-benches --example ratios -- --records 100000 --rounds 5`
//!
//! A round makes two new stores. Within it the sides alternate run by run, so that what the machine does besides
//! meets both. Times are medians over all runs, per record or look-up; the spread is that of the rounds' ratios.

use std::time::Duration;

use netabase_benches::work::{self, Run, Stored};
use netabase_benches::{ByHand, ByNetabase, Data, Options, Result};

/// A workload on both sides.
struct Row {
    name: &'static str,
    /// runs in a round
    runs: usize,
    redb: fn(&ByHand, &Data) -> Result<Run>,
    netabase: fn(&ByNetabase, &Data) -> Result<Run>,
}

macro_rules! rows {
    ($($name:literal, $runs:literal, $work:ident;)*) => {
        [$(Row { name: $name, runs: $runs, redb: work::$work, netabase: work::$work }),*]
    };
}

const ROWS: &[Row] = &rows![
    "get, 1000 in one transaction", 20, get;
    "get, a transaction each", 20, get_alone;
    "lookup by name, 10 records", 20, by_name;
    "lookup by age, 1000 records", 10, by_age;
    "lookup by team, 100 records", 20, by_team;
    "lookup by unique e-mail", 20, by_email;
    "range of ages, 3000 records", 10, by_ages;
    "keys by age, 1000 keys", 20, ids_by_age;
    "count by age", 20, count_by_age;
    "scan", 3, scan;
    "create, a commit each", 3, create_single;
    "create, 1000 in a commit", 3, create_batch;
    "update, indexed field", 3, update_indexed;
    "update, plain field", 3, update_plain;
    "delete, 1000 in a commit", 3, delete_batch;
    "create, all in one commit", 1, create_bulk;
];

/// Seconds per record or look-up.
#[derive(Default)]
struct Times {
    redb: Vec<f64>,
    netabase: Vec<f64>,
    /// netabase to redb, one for each round
    ratios: Vec<f64>,
}

fn main() -> Result<()> {
    let options = Options::parse(&["records", "rounds", "only"])?;
    let (records, rounds) = (options.get("records", 100_000)?, options.get("rounds", 5)?);
    let only = options.get("only", String::new())?;
    let data = Data::new(records);
    let rows: Vec<&Row> = ROWS.iter().filter(|row| row.name.contains(&only)).collect();
    let mut times: Vec<Times> = rows.iter().map(|_| Times::default()).collect();
    for round in 0..rounds {
        eprintln!("round {} of {rounds}", round + 1);
        play(&data, &rows, round % 2 == 0, &mut times)?;
    }
    print(&data, &rows, &mut times);
    Ok(())
}

/// One round on two new stores.
fn play(data: &Data, rows: &[&Row], redb_first: bool, times: &mut [Times]) -> Result<()> {
    let redb = Stored::<ByHand>::filled(data)?;
    let netabase = Stored::<ByNetabase>::filled(data)?;
    // Reads everything, so both caches are warm afterwards.
    work::agree(&netabase.store, &redb.store, data)?;
    for (row, times) in rows.iter().zip(times) {
        let mut round = Times::default();
        for run in 0..row.runs {
            let hand = || (row.redb)(&redb.store, data);
            let neta = || (row.netabase)(&netabase.store, data);
            let (hand, neta) = if (run % 2 == 0) == redb_first {
                let hand = hand()?;
                (hand, neta()?)
            } else {
                let neta = neta()?;
                (hand()?, neta)
            };
            if (hand.checksum, hand.count) != (neta.checksum, neta.count) {
                return Err(format!("the two stores disagree: {}", row.name).into());
            }
            round.redb.push(each(&hand));
            round.netabase.push(each(&neta));
        }
        times.ratios.push(median(&mut round.netabase) / median(&mut round.redb));
        times.redb.append(&mut round.redb);
        times.netabase.append(&mut round.netabase);
    }
    // The writes must have put everything back.
    work::agree(&netabase.store, &redb.store, data)
}

fn each(run: &Run) -> f64 {
    run.time.as_secs_f64() / f64::from(run.count.max(1))
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn print(data: &Data, rows: &[&Row], times: &mut [Times]) {
    println!("{} records; medians per record or look-up", data.users.len());
    println!("{:<30} {:>10} {:>10} {:>6}   spread", "workload", "redb", "netabase", "ratio");
    for (row, times) in rows.iter().zip(times) {
        let (redb, netabase) = (median(&mut times.redb), median(&mut times.netabase));
        let least = times.ratios.iter().copied().fold(f64::INFINITY, f64::min);
        let most = times.ratios.iter().copied().fold(0.0, f64::max);
        let ratio = netabase / redb;
        let (redb, netabase) = (show(redb), show(netabase));
        println!("{:<30} {redb:>10} {netabase:>10} {ratio:>6.2}   {least:.2}-{most:.2}", row.name);
    }
}

fn show(seconds: f64) -> String {
    format!("{:.2?}", Duration::from_secs_f64(seconds))
}
