//! All operations on both sides, for one model and one size.

use std::path::Path;

use super::by_hand::ByHand;
use super::by_netabase::ByNetabase;
use super::check;
use super::data::Data;
use super::model::Model;
use super::side::Side;
use super::work::Operation;
use crate::work::Run;
use crate::{Error, Result};

/// Seconds per record on both sides.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    /// with netabase
    pub netabase: f64,
    /// with redb alone
    pub by_hand: f64,
}

impl Pair {
    /// How much longer netabase takes.
    pub fn ratio(&self) -> f64 {
        self.netabase / self.by_hand
    }
}

/// What was measured at a place of an axis.
#[derive(Clone, Debug)]
pub struct Point {
    /// the place
    pub label: String,
    /// medians, for the operations that were measured
    pub results: Vec<(Operation, Pair)>,
}

impl Point {
    /// What was measured of an operation, if it was.
    pub fn of(&self, operation: Operation) -> Option<Pair> {
        self.results.iter().find(|(of, _)| *of == operation).map(|(_, pair)| *pair)
    }
}

/// Measures the operations, in so many rounds. A round makes two new stores; within it the sides alternate run by run,
/// so that what the machine does besides meets both.
pub fn measure<M: Model>(
    data: &Data,
    operations: &[Operation],
    rounds: u64,
) -> Result<Vec<(Operation, Pair)>> {
    let mut times: Vec<Times> = operations.iter().map(|&operation| Times::of(operation)).collect();
    for round in 0..rounds {
        play::<M>(data, round, &mut times).map_err(|error| {
            format!("{} indexes, {} records of {} bytes: {error}", M::INDEXES, data.records, data.bytes)
        })?;
    }
    Ok(times.iter_mut().map(|times| (times.operation, times.medians())).collect())
}

/// Seconds per record, one for each run.
struct Times {
    operation: Operation,
    netabase: Vec<f64>,
    by_hand: Vec<f64>,
}

impl Times {
    fn of(operation: Operation) -> Self {
        Times { operation, netabase: Vec::new(), by_hand: Vec::new() }
    }

    fn medians(&mut self) -> Pair {
        Pair { netabase: median(&mut self.netabase), by_hand: median(&mut self.by_hand) }
    }

    fn note(&mut self, netabase: Run, by_hand: Run) -> Result<()> {
        if (netabase.count, netabase.checksum) != (by_hand.count, by_hand.checksum) {
            return Err(format!("the two stores disagree: {}", self.operation.name()).into());
        }
        self.netabase.push(each(&netabase));
        self.by_hand.push(each(&by_hand));
        Ok(())
    }
}

/// One round on two new stores, which are gone afterwards.
fn play<M: Model>(data: &Data, round: u64, times: &mut [Times]) -> Result<()> {
    // Declared first, so that it goes last.
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name);
    let (netabase, by_hand) =
        (new::<M, ByNetabase<M>>(&at("netabase"))?, new::<M, ByHand<M>>(&at("by_hand"))?);
    let alternate = |operation: Operation, run: u64| {
        // The same picks on both sides, and others in each run.
        let seed = round << 32 | run;
        let netabase = || operation.run::<M, _>(&netabase, data, seed);
        let by_hand = || operation.run::<M, _>(&by_hand, data, seed);
        if (round + run).is_multiple_of(2) {
            let by_hand = by_hand()?;
            Ok::<_, Error>((netabase()?, by_hand))
        } else {
            Ok((netabase()?, by_hand()?))
        }
    };
    let (loaded, loaded_by_hand) = alternate(Operation::Load, 0)?;
    // Reads everything, so both caches are warm afterwards.
    check::holds(&netabase, data, "netabase")?;
    check::holds(&by_hand, data, "by hand")?;
    for times in times {
        if times.operation == Operation::Load {
            times.note(loaded, loaded_by_hand)?;
            continue;
        }
        for run in 0..times.operation.runs() {
            let (netabase, by_hand) = alternate(times.operation, run)?;
            times.note(netabase, by_hand)?;
        }
    }
    // The writes must have put everything back.
    check::holds(&netabase, data, "netabase")?;
    check::holds(&by_hand, data, "by hand")
}

fn new<M: Model, S: Side<M>>(path: &Path) -> Result<S> {
    S::create(&path.with_extension("redb"))
}

fn each(run: &Run) -> f64 {
    run.time.as_secs_f64() / f64::from(run.count.max(1))
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::super::model::{Four, Plain, Single, Sixteen};
    use super::*;

    // Every operation with every model; `measure` compares what the sides read, and checks what they hold.
    #[test]
    fn both_sides_do_the_same() -> Result<()> {
        fn try_out<M: Model>() -> Result<()> {
            let operations: Vec<Operation> = Operation::of::<M>().collect();
            let results = measure::<M>(&Data::new(400, 100), &operations, 1)?;
            assert_eq!(results.len(), operations.len());
            assert!(results.iter().all(|(_, pair)| pair.ratio().is_finite()));
            Ok(())
        }
        try_out::<Plain>()?;
        try_out::<Single>()?;
        try_out::<Four>()?;
        try_out::<Sixteen>()
    }
}
