//! The command line.

use std::io::Write;
use std::path::PathBuf;

use clap::Parser;

use crate::Result;

const MORE: &str = "\
The first run stores the graph; a later one updates it and tells what has changed since.
`cargo metadata` is asked offline; where it cannot answer, the Cargo.lock is read.";

/// Keeps the dependency graph of a Cargo workspace in a file, and reports on it
#[derive(Debug, PartialEq, Parser)]
#[command(name = "packages", after_help = MORE)]
pub(crate) struct Args {
    /// A Cargo.toml, a Cargo.lock, or a folder with one [default: found here or above]
    #[arg(value_name = "PATH")]
    pub(crate) workspace: Option<PathBuf>,

    /// Tell who depends on the package NAME, instead of the report
    #[arg(long, value_name = "NAME")]
    pub(crate) who: Option<String>,

    /// With --who: also those who depend on them, and so on
    #[arg(long, requires = "who")]
    pub(crate) deep: bool,

    /// Tell a shortest way by which FROM depends on TO, instead of the report
    #[arg(long, num_args = 2, value_names = ["FROM", "TO"], conflicts_with = "who")]
    pub(crate) path: Option<Vec<String>>,

    /// Tell which packages depend on themselves, instead of the report
    #[arg(long, conflicts_with_all = ["who", "path"])]
    pub(crate) cycles: bool,

    /// Where the graph is kept [default: packages.redb in the target folder]
    #[arg(long, value_name = "FILE")]
    pub(crate) db: Option<PathBuf>,

    /// Begin the file anew; the old one is deleted only if this program made it
    #[arg(long)]
    pub(crate) fresh: bool,
}

/// What was asked for; `None` if it was help, which is printed then.
pub(crate) fn parse(out: &mut impl Write) -> Result<Option<Args>> {
    match Args::try_parse() {
        Ok(args) => Ok(Some(args)),
        Err(error) if error.use_stderr() => Err(first_line(&error.to_string()).into()),
        Err(help) => {
            write!(out, "{help}")?;
            Ok(None)
        }
    }
}

/// The first line says what is wrong; the usage after it is what `--help` is for.
fn first_line(error: &str) -> String {
    let line = error.lines().next().unwrap_or_default();
    format!("{} (--help tells more)", line.trim_start_matches("error: "))
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
    fn an_error_is_one_line() {
        let error = Args::try_parse_from(["packages", "--what"]).expect_err("there is no such option");
        let line = first_line(&error.to_string());
        assert_eq!(line, "unexpected argument '--what' found (--help tells more)");
    }
}
