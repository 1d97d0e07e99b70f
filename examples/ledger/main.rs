//! Bank statements in a file: CSV is imported, asked by date, merchant, account and amount, and added up.
//!
//! ```sh
//! cargo run --example ledger -- import examples/ledger/sample.csv
//! cargo run --example ledger -- list --from 2025-02-01 --to 2025-02-28 --max=-50 --explain
//! cargo run --example ledger -- sums --by merchant --account checking
//! cargo run --example ledger -- rebuild --merchant "City Tram"
//! ```
//!
//! The file is `ledger.redb` in the current folder unless `--db FILE` says otherwise. A statement has a header that names the
//! columns, in any order: `date`, `merchant` and `amount`, and if it likes `account`, `category` and `note`. Importing is one
//! transaction, so a line that cannot be read imports nothing.
//!
//! A transaction has no number of its own: its key is a hash of what its line says, and of how many equal lines stand before
//! it in the statement. So a statement that is imported again adds nothing, and of two statements that share some days each
//! transaction is kept once, as long as both have those days as a whole. A line that was edited is another transaction.
//!
//! `rebuild` drops the index on merchants, asks without it, opens the file as usual, which fills the index, and asks again.

mod amount;
mod ask;
mod cli;
mod date;
mod file;
mod import;
mod list;
mod model;
mod rebuild;
mod statement;
mod sums;
mod text;

use std::error::Error;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Args, Command};

/// The parts of this program fail in their own ways; all of them end as one line.
type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

fn main() -> ExitCode {
    let mut out = BufWriter::new(io::stdout().lock());
    let done = run(&Args::parse(), &mut out);
    let flushed = out.flush();
    match done.and(flushed.map_err(Into::into)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_closed_pipe(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to be told if this fails.
            let _ = writeln!(io::stderr(), "ledger: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whoever read the output has seen enough of it, as `head` has.
fn is_closed_pipe(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn run(args: &Args, out: &mut impl Write) -> Result<()> {
    match &args.command {
        Command::Import { files } => import::import(&args.db, files, out),
        Command::List { which, limit, explain } => {
            list::list(&file::existing(&args.db)?, which, *limit, *explain, out)
        }
        Command::Sums { by, which } => sums::sums(&file::existing(&args.db)?, *by, which, out),
        Command::Rebuild { merchant } => rebuild::rebuild(&args.db, merchant, out),
    }
}
