//! The rounds: starts a process for each engine, and compares what they read.

use std::collections::{BTreeMap, HashMap};
use std::process::{Command, Stdio};
use std::time::Instant;

use clap::ValueEnum;

use crate::args::{Args, Name};
use crate::child::median;
use crate::{Result, workload};

/// Values of all rounds, by workload and engine.
pub(crate) struct Results {
    /// in the order of the columns
    pub(crate) engines: Vec<Name>,
    values: HashMap<(String, String), Vec<f64>>,
}

/// A cell of the table.
pub(crate) struct Cell {
    pub(crate) median: f64,
    /// to redb by hand, if it ran too
    pub(crate) ratio: Option<f64>,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Results {
    /// The workloads that were run, in the order of the rows.
    pub(crate) fn workloads(&self) -> Vec<&'static str> {
        let ran = |name: &str| self.values.keys().any(|(workload, _)| workload == name);
        workload::ALL.iter().copied().filter(|name| ran(name)).collect()
    }

    /// `None` where an engine has no value, as for memory where the system does not tell it.
    pub(crate) fn cell(&self, workload: &str, engine: Name) -> Option<Cell> {
        let median = self.median(workload, engine)?;
        let values = self.of(workload, engine)?;
        let redb = self.median(workload, Name::Redb);
        Some(Cell {
            median,
            ratio: redb.filter(|redb| *redb > 0.0).map(|redb| median / redb),
            min: values.iter().copied().fold(f64::INFINITY, f64::min),
            max: values.iter().copied().fold(0.0, f64::max),
        })
    }

    fn of(&self, workload: &str, engine: Name) -> Option<&Vec<f64>> {
        self.values.get(&(workload.to_owned(), engine.to_string()))
    }

    fn median(&self, workload: &str, engine: Name) -> Option<f64> {
        Some(median(&mut self.of(workload, engine)?.clone()))
    }
}

/// Runs all rounds. Fails if an engine does, or if two do not read the same.
pub(crate) fn play(args: &Args) -> Result<Results> {
    if !workload::ALL.iter().any(|name| name.contains(&args.only)) {
        return Err(
            format!("no workload has {:?} in its name: {}", args.only, workload::ALL.join(" ")).into()
        );
    }
    let chosen = |name: &Name| args.engines.is_empty() || args.engines.contains(name);
    let engines: Vec<Name> = Name::value_variants().iter().copied().filter(chosen).collect();
    let mut results = Results { engines: engines.clone(), values: HashMap::new() };
    let mut checksums = BTreeMap::new();
    let mut random = 0x9E37_79B9_7F4A_7C15;
    for round in 1..=args.rounds {
        let mut order = engines.clone();
        shuffle(&mut order, &mut random);
        for engine in order {
            let start = Instant::now();
            let lines = run(engine, args)?;
            eprintln!("round {round} of {}: {engine}, {:.1?}", args.rounds, start.elapsed());
            for line in lines.lines() {
                let (workload, value, checksum) =
                    parse(line).ok_or_else(|| format!("{engine} printed {line:?}"))?;
                let (first, expected) = *checksums.entry(workload.to_owned()).or_insert((engine, checksum));
                if checksum != expected {
                    return Err(format!("{engine} and {first} do not read the same: {workload}").into());
                }
                results.values.entry((workload.to_owned(), engine.to_string())).or_default().push(value);
            }
        }
    }
    Ok(results)
}

/// What the engine's process prints.
fn run(engine: Name, args: &Args) -> Result<String> {
    let output = Command::new(std::env::current_exe()?)
        .args(["--child", &engine.to_string()])
        .args(["--records", &args.records.to_string()])
        .args(["--only", &args.only])
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(format!("{engine}: {}", output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn parse(line: &str) -> Option<(&str, f64, u64)> {
    let mut words = line.split(' ');
    let parsed = (words.next()?, words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    words.next().is_none().then_some(parsed)
}

/// The same orders in every run of the program: Marsaglia's xorshift.
fn shuffle(engines: &mut [Name], random: &mut u64) {
    for left in (1..engines.len()).rev() {
        *random ^= *random << 13;
        *random ^= *random >> 7;
        *random ^= *random << 17;
        let other = usize::try_from(*random >> 33).unwrap_or(0) % (left + 1);
        engines.swap(left, other);
    }
}
