//! A queue of commands, kept in a file: add them from anywhere, run them later, see what became of them.
//!
//! ```sh
//! cargo run --example jobs -- add --queue backup --once nightly -- echo "the whole disk"
//! cargo run --example jobs -- work
//! cargo run --example jobs -- list --status done --explain
//! cargo run --example jobs -- clean --older-than 86400
//! ```
//!
//! The file is `jobs.redb` in the current folder unless `--db FILE` says otherwise. Each job belongs to a queue, by name. With
//! `--once KEY` a job is added only if no pending one of its queue has that key: an index over pending jobs alone sees to it.
//! `--explain` prints how a list was found.

mod cli;
mod model;
mod queue;
mod report;

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use netabase::Store;

use crate::cli::{Args, Command};
use crate::model::Work;

/// The parts of this program fail in their own ways; all of them end as one line.
type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

fn main() -> ExitCode {
    match run(&Args::parse(), &mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to be told if this fails.
            let _ = writeln!(io::stderr(), "jobs: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args, out: &mut impl Write) -> Result<()> {
    let store = Store::<Work>::open(&args.db)?;
    match &args.command {
        Command::Add { queue, once, command } => {
            let id = queue::add(&store, queue, once.as_deref(), command)?;
            match id {
                Some(id) => writeln!(out, "job {id} waits in {queue}")?,
                None => writeln!(out, "a pending job of {queue} is that one already")?,
            }
        }
        Command::Work { queue, limit } => {
            for _ in 0..*limit {
                let Some(job) = queue::take(&store, queue.as_deref())? else { break };
                let status = queue::finish(&store, job.id, queue::execute(&job.command))?;
                writeln!(out, "job {} is {status}: {}", job.id, job.command.join(" "))?;
            }
        }
        Command::List { status, queue, limit, explain } => {
            report::list(&store, *status, queue.as_deref(), *limit, *explain, out)?;
        }
        Command::Clean { older_than } => {
            let deleted = queue::clean(&store, *older_than)?;
            writeln!(out, "{deleted} jobs were forgotten")?;
        }
    }
    Ok(())
}
