//! The command line.

use std::fmt;

use clap::{Parser, ValueEnum};

/// Runs one workload on netabase and on other embedded databases and prints how they compare.
///
/// Stores lie in the system's temporary folder, or where TMPDIR says. It must be on a disk: in memory a sync costs
/// nothing, and the rows that commit say little.
#[derive(Parser, Clone, Debug)]
#[command(
    after_help = "Engines: redb netabase netabase_journal native_db sqlite_full sqlite_normal fjall lmdb. All commits are synced, \
                        except those of sqlite_normal."
)]
pub(crate) struct Args {
    /// Users in the store, rounded up to whole thousands
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    pub(crate) records: u32,

    /// How often each engine runs, in a process of its own
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,

    /// Only the workloads with this in their names
    #[arg(long, value_name = "PART", default_value = "")]
    pub(crate) only: String,

    /// Only these engines
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub(crate) engines: Vec<Name>,

    /// One JSON object for each workload and engine, a line each
    #[arg(long)]
    pub(crate) json: bool,

    /// Runs this engine once; what the other processes are started with
    #[arg(long, hide = true)]
    pub(crate) child: Option<Name>,
}

/// The engines, in the order of the columns.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
#[value(rename_all = "snake_case")]
pub(crate) enum Name {
    Redb,
    Netabase,
    NetabaseJournal,
    NativeDb,
    SqliteFull,
    SqliteNormal,
    Fjall,
    Lmdb,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Name::Redb => "redb",
            Name::Netabase => "netabase",
            Name::NetabaseJournal => "netabase_journal",
            Name::NativeDb => "native_db",
            Name::SqliteFull => "sqlite_full",
            Name::SqliteNormal => "sqlite_normal",
            Name::Fjall => "fjall",
            Name::Lmdb => "lmdb",
        })
    }
}
