//! Measures what an operation costs by the number of records, of indexes, and by the size of a record.
//!
//! `cargo run --release -p netabase-benches --example scaling -- --max-records 1000000 --rounds 3 --svg scaling.svg`
//!
//! `--only records`, `indexes` or `size` leaves the others out. The points with ten million records need `--max-records
//! 10000000`. Times are medians over all runs, per record; in parentheses the ratio to the same by hand on redb.

mod plot;

use std::path::Path;

use netabase_benches::scaling::sweep::{self, Effort, Sweep};
use netabase_benches::{Options, Result};

/// Measures a sweep.
type Measure = fn(&Effort) -> Result<Sweep>;

/// What `--only` takes, and what it leaves.
const SWEEPS: [(&str, Measure); 3] =
    [("records", sweep::by_records), ("indexes", sweep::by_indexes), ("size", sweep::by_size)];

fn main() -> Result<()> {
    let options = Options::parse(&["max-records", "rounds", "only", "svg"])?;
    let effort =
        Effort { max_records: options.get("max-records", 1_000_000)?, rounds: options.get("rounds", 3)? };
    if effort.max_records == 0 || effort.rounds == 0 {
        return Err("--max-records and --rounds cannot be 0".into());
    }
    let (only, svg) = (options.get("only", String::new())?, options.get("svg", String::new())?);
    let chosen: Vec<_> = SWEEPS.iter().filter(|(name, _)| only.is_empty() || *name == only).collect();
    if chosen.is_empty() {
        return Err(format!("--only cannot be `{only}`").into());
    }
    let mut sweeps = Vec::new();
    for (_, measure) in chosen {
        let sweep = measure(&effort)?;
        // At once, so that an interrupted run leaves what it has.
        println!("{sweep}");
        sweeps.push(sweep);
    }
    if svg.is_empty() { Ok(()) } else { plot::draw(&sweeps, Path::new(&svg)) }
}
