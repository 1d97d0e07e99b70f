//! The dependency graph of a Cargo workspace as models: read, stored, compared with the last run, reported.
//!
//! `cargo run --release --example packages -- [PATH] [--who NAME [--deep]] [--path FROM TO] [--cycles] [--db FILE] [--fresh]`
//!
//! PATH is a folder with a `Cargo.toml` or a `Cargo.lock`, or one of those files; without it, the workspace of the
//! current folder. `cargo metadata` is asked first, offline, and tells what is built on this platform. Where it
//! cannot answer, or PATH is a `Cargo.lock`, that file is read: every platform, but names, versions and edges only.
//!
//! The graph is kept in FILE, `packages.redb` in the target folder unless given. A later run brings that file up to
//! date in one transaction and tells what has changed. Then comes the report, or with `--who` those who depend on the
//! package NAME (`--deep`: in any number of steps), with `--path` a shortest way from one package to another, with `--cycles`
//! what depends on itself. `--fresh` begins the file anew. Nothing else is written.

mod changes;
mod check;
mod cli;
mod diff;
mod file;
mod lock;
mod metadata;
mod model;
mod names;
mod near;
mod progress;
mod read;
mod report;
mod summary;
mod table;
mod update;
mod version;
mod ways;
mod who;

use std::error::Error;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use netabase::ReadTransaction;

use crate::cli::Args;
use crate::model::Workspace;
use crate::read::Graph;

/// The parts of this program fail in their own ways; all of them end as one line.
type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

fn main() -> ExitCode {
    let mut out = BufWriter::new(io::stdout().lock());
    let done = run(&mut out);
    // Also before an error: what was found until then comes first.
    let flushed = out.flush();
    match done.and(flushed.map_err(Into::into)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_closed_pipe(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            let line = error.to_string().lines().map(str::trim).collect::<Vec<_>>().join(" ");
            // Nobody is left to be told if this fails.
            let _ = writeln!(io::stderr(), "packages: {line}");
            ExitCode::FAILURE
        }
    }
}

/// Whoever read the output has seen enough of it, as `head` has.
fn is_closed_pipe(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn run(out: &mut impl Write) -> Result<()> {
    let Some(args) = cli::parse(out)? else { return Ok(()) };
    let graph = progress::long("reading the workspace", |_| read::graph(args.workspace.as_deref()))?;
    let file = file::place(args.db.as_deref(), &graph.target)?;
    keep_and_tell(&args, &graph, &file, out).map_err(|error| file::explain(&file, error))
}

fn keep_and_tell(args: &Args, graph: &Graph, file: &Path, out: &mut impl Write) -> Result<()> {
    let store = file::open(file, args.fresh)?;
    let summary = update::update(&store, graph)?;
    // All that is told is read from the file.
    let snapshot = store.begin_read()?;
    if args.who.is_some() || args.path.is_some() || args.cycles {
        if summary.is_news() {
            writeln!(out, "changes   {summary}\n")?;
            summary.list(out)?;
        }
        return tell(args, &snapshot, out);
    }
    report::print(&graph.source, file, &summary, &snapshot, out)?;
    // The engine's own check wants the file alone.
    drop(snapshot);
    // To be read while the check goes on.
    out.flush()?;
    writeln!(out, "check     {}", check::check(&store)?)?;
    Ok(())
}

/// What was asked for instead of the report.
fn tell(args: &Args, snapshot: &ReadTransaction<Workspace>, out: &mut impl Write) -> Result<()> {
    match (&args.who, args.path.as_deref()) {
        (Some(name), _) => who::print(name, args.deep, snapshot, out),
        (None, Some([from, to])) => ways::print_path(from, to, snapshot, out),
        (None, _) => ways::print_cycles(snapshot, out),
    }
}
