//! What a `Cargo.lock` tells: packages and edges, for every platform, and nothing more.

use std::env;
use std::path::{Path, PathBuf};

use cargo_lock::Lockfile;
use netabase::Link;

use crate::Result;
use crate::model::{Dependency, Package};
use crate::read::{Graph, Source};

pub(crate) const NAME: &str = "Cargo.lock";

/// Reads the file; `why` says why cargo was not enough.
pub(crate) fn read(file: &Path, why: Option<String>) -> Result<Graph> {
    let mut lock = Lockfile::load(file).map_err(|error| refusal(file, &error))?;
    // The oldest lock files keep the root apart.
    lock.packages.extend(lock.root.take());
    Ok(Graph {
        source: Source::Lock { file: file.to_path_buf(), why },
        target: target(file),
        packages: lock.packages.iter().map(package).collect(),
        dependencies: dependencies(&lock)?,
    })
}

/// The parser adds a picture of the place to its first line.
fn refusal(file: &Path, error: &cargo_lock::Error) -> String {
    let error = error.to_string();
    format!("cannot read `{}`: {}", file.display(), error.lines().next().unwrap_or("no reason given"))
}

/// Where cargo would build what the file locks.
fn target(file: &Path) -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    file.with_file_name(target)
}

fn package(package: &cargo_lock::Package) -> Package {
    Package {
        id: id(package),
        name: package.name.to_string(),
        version: package.version.to_string(),
        ..Package::default()
    }
}

fn id(package: &cargo_lock::Package) -> String {
    let source = package.source.as_ref().map(ToString::to_string);
    Package::id(package.name.as_str(), &package.version.to_string(), source.as_deref())
}

fn dependencies(lock: &Lockfile) -> Result<Vec<Dependency>> {
    let mut edges = Vec::new();
    for from in &lock.packages {
        for dependency in &from.dependencies {
            let to = lock.packages.iter().find(|package| dependency.matches(package));
            let to = to.ok_or_else(|| {
                format!("the lock file has no `{}`, which `{}` needs", dependency.name, from.name)
            })?;
            edges.push(Dependency { from: Link::new(id(from)), to: Link::new(id(to)), kinds: Vec::new() });
        }
    }
    Ok(edges)
}
