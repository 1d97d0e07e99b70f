//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

use crate::amount::Amount;
use crate::date::Date;

/// Keeps bank statements in a file, and answers questions about them
#[derive(Debug, Parser)]
#[command(name = "ledger")]
pub(crate) struct Args {
    /// Where the transactions are kept
    #[arg(long, value_name = "FILE", default_value = "ledger.redb", global = true)]
    pub(crate) db: PathBuf,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Add the transactions of statements that are not there yet
    ///
    /// A statement is a CSV file with a header. It has the columns `date` (2025-01-31), `merchant` and `amount` (-12.50), and
    /// may have `account`, `category` and `note`. If one line of one file cannot be read, nothing is imported.
    Import {
        /// The statements
        #[arg(required = true, value_name = "FILE.csv")]
        files: Vec<PathBuf>,
    },
    /// Show transactions, the latest first
    List {
        #[command(flatten)]
        which: Which,
        /// So many at most
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: usize,
        /// Tell how they were found
        #[arg(long)]
        explain: bool,
    },
    /// Count transactions and add them up
    Sums {
        /// What belongs together
        #[arg(long)]
        by: By,
        #[command(flatten)]
        which: Which,
    },
    /// Drop the index on merchants, rebuild it, and see that the answers are the same
    Rebuild {
        /// Ask for merchants whose names begin so, instead of all
        #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
        merchant: String,
    },
}

/// What transactions belong together.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    Merchant,
    Month,
    Account,
}

/// Which transactions are asked for: those for which all of it holds.
#[derive(clap::Args, Clone, Debug, Default)]
pub(crate) struct Which {
    /// Of this day or later
    #[arg(long, value_name = "DATE")]
    pub(crate) from: Option<Date>,
    /// Of this day or earlier
    #[arg(long, value_name = "DATE")]
    pub(crate) to: Option<Date>,
    /// Of merchants whose names begin so, capitals and all
    #[arg(long, value_name = "NAME")]
    pub(crate) merchant: Option<String>,
    /// Of this amount or more; what was spent is negative
    #[arg(long, value_name = "AMOUNT", allow_negative_numbers = true)]
    pub(crate) min: Option<Amount>,
    /// Of this amount or less
    #[arg(long, value_name = "AMOUNT", allow_negative_numbers = true)]
    pub(crate) max: Option<Amount>,
    /// Of this account
    #[arg(long, value_name = "NAME")]
    pub(crate) account: Option<String>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Args::command().debug_assert();
    }

    #[test]
    fn amounts_may_be_negative() {
        let args = Args::try_parse_from(["ledger", "list", "--min", "-50", "--max=-0.5"]).unwrap();
        let Command::List { which, .. } = args.command else { panic!("{args:?}") };
        assert_eq!((which.min, which.max), (Some(Amount(-5000)), Some(Amount(-50))));
    }
}
