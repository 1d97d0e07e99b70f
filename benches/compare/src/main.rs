//! One workload on netabase and on other embedded databases, in one table.
//!
//! `cargo run --release --manifest-path benches/compare/Cargo.toml -- --records 100000 --rounds 5`
//!
//! Each engine runs in a process of its own in each round, in an order that changes, so that no engine inherits the
//! memory or the threads of another. All of them must read the same: the checksums are compared.

mod args;
mod child;
mod engine;
mod engines;
mod rounds;
mod table;
mod work;
mod workload;

use clap::Parser;

use crate::args::Args;

/// Any engine's failure. It ends the process.
type Error = Box<dyn std::error::Error + Send + Sync>;

type Result<T> = std::result::Result<T, Error>;

fn main() -> Result<()> {
    let args = Args::parse();
    if let Some(engine) = args.child {
        return child::run(engine, &args);
    }
    let results = rounds::play(&args)?;
    if args.json {
        table::print_json(&results);
    } else {
        table::print(&args, &results);
    }
    Ok(())
}
