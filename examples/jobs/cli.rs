//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::model::Status;

/// Keeps a queue of commands in a file
#[derive(Debug, Parser)]
#[command(name = "jobs")]
pub(crate) struct Args {
    /// Where the jobs are kept
    #[arg(long, value_name = "FILE", default_value = "jobs.redb", global = true)]
    pub(crate) db: PathBuf,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Add a command to a queue
    Add {
        /// The queue it waits in
        #[arg(long, default_value = "default")]
        queue: String,
        /// Only if no pending job of the queue has this key
        #[arg(long, value_name = "KEY")]
        once: Option<String>,
        /// The program and its arguments
        #[arg(required = true, last = true)]
        command: Vec<String>,
    },
    /// Run the jobs that wait, the oldest first
    Work {
        /// Those of one queue
        #[arg(long)]
        queue: Option<String>,
        /// So many at most
        #[arg(long, default_value_t = usize::MAX, hide_default_value = true)]
        limit: usize,
    },
    /// Show jobs, the newest first
    List {
        /// Those with this status
        #[arg(long)]
        status: Option<Status>,
        /// Those of one queue
        #[arg(long)]
        queue: Option<String>,
        /// So many at most
        #[arg(long, default_value_t = 20)]
        limit: usize,
        /// Tell how they were found
        #[arg(long)]
        explain: bool,
    },
    /// Forget the jobs that ended some time ago
    Clean {
        /// Seconds since they were added
        #[arg(long, value_name = "SECONDS", default_value_t = 86_400)]
        older_than: u64,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Args::command().debug_assert();
    }
}
