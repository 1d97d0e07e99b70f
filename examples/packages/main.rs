//! The dependency graph of a Cargo workspace as models: read, stored, reopened, reported.
//!
//! `cargo run --release --example packages [-- PATH]`
//!
//! PATH is a folder with a `Cargo.toml` or a `Cargo.lock`, or one of those files; without it, the workspace of the
//! current folder. `cargo metadata` is asked first, offline, and tells what is built on this platform. Where it
//! cannot answer, or PATH is a `Cargo.lock`, that file is read: every platform, but no licences, keywords or kinds.
//! Nothing is written but `packages.redb` in the target folder.

mod load;
mod lock;
mod metadata;
mod model;
mod read;
mod report;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::{env, io};

use netabase::Store;

/// The parts of this program fail in their own ways; all of them end as one line.
type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("packages: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let path = env::args_os().nth(1);
    let graph = read::graph(path.as_deref().map(Path::new))?;
    let file = load::fresh_file(&graph.target)?;
    load::store(&graph, &file)?;
    // Opened anew: what is reported comes from the file.
    let store = Store::open(&file)?;
    report::print(&graph.source, &file, &store.begin_read()?, &mut io::stdout().lock())
}
