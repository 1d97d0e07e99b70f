//! Reading: what the file says, by its indexes, and how it is printed.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::ops::Bound;
use std::path::Path;

use netabase::ReadTransaction;
use netabase::model::KeyShape;
use netabase::query::Index;

use crate::Result;
use crate::model::{Dependency, Kind, Package, Workspace};
use crate::read::Source;

type Snapshot = ReadTransaction<Workspace>;

/// A line of a table.
type Row = (u64, String);

/// Prints everything.
pub(crate) fn print(source: &Source, file: &Path, snapshot: &Snapshot, out: &mut impl Write) -> Result<()> {
    writeln!(out, "source    {source}")?;
    writeln!(out, "file      {} ({} KiB)", file.display(), fs::metadata(file)?.len() / 1024)?;
    writeln!(out, "packages  {}", packages(snapshot)?)?;
    writeln!(out, "edges     {}", edges(snapshot)?)?;
    table(out, "most depended on", first(10, most_depended_on(snapshot)?))?;
    if let Source::Lock { .. } = source {
        writeln!(out, "\nA Cargo.lock does not tell licences, keywords and kinds of dependency.")?;
        return Ok(());
    }
    table(out, "licences, as the packages write them", licences(snapshot)?)?;
    table(out, "most common keywords", first(5, keywords(snapshot)?))
}

fn packages(snapshot: &Snapshot) -> netabase::Result<String> {
    let names = distinct(snapshot, Package::NAME, |package| Some(package.name))?;
    let mut several = Vec::new();
    for name in &names {
        if snapshot.query::<Package>().filter(Package::NAME.eq(name)).limit(2).count()? > 1 {
            several.push(name.as_str());
        }
    }
    let total = snapshot.len::<Package>()?;
    Ok(match several.as_slice() {
        [] => format!("{total}, each in one version"),
        several => format!("{total}; in more than one version: {}", several.join(", ")),
    })
}

fn edges(snapshot: &Snapshot) -> netabase::Result<String> {
    let mut parts = Vec::new();
    for (kind, name) in [(Kind::Normal, "normal"), (Kind::Build, "build"), (Kind::Dev, "dev")] {
        let count = snapshot.query::<Dependency>().filter(Dependency::KINDS.eq(kind)).count()?;
        if count > 0 {
            parts.push(format!("{count} {name}"));
        }
    }
    let total = snapshot.len::<Dependency>()?;
    Ok(if parts.is_empty() { total.to_string() } else { format!("{total} ({})", parts.join(", ")) })
}

/// Packages by how many others depend on them, however they do.
fn most_depended_on(snapshot: &Snapshot) -> netabase::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for package in snapshot.query::<Package>().iter()? {
        let package = package?;
        let dependents = snapshot.query::<Dependency>().filter(Dependency::TO.eq(&package)).count()?;
        rows.push((dependents, format!("{} {}", package.name, package.version)));
    }
    Ok(sorted(rows))
}

fn licences(snapshot: &Snapshot) -> netabase::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for license in distinct(snapshot, Package::LICENSE, |package| package.license)? {
        let count = snapshot.query::<Package>().filter(Package::LICENSE.eq(&license)).count()?;
        rows.push((count, license));
    }
    let without = snapshot.query::<Package>().filter(Package::LICENSE.is_none()).count()?;
    if without > 0 {
        rows.push((without, "(none given)".into()));
    }
    Ok(sorted(rows))
}

fn keywords(snapshot: &Snapshot) -> netabase::Result<Vec<Row>> {
    let mut known = BTreeSet::new();
    for package in snapshot.query::<Package>().iter()? {
        known.extend(package?.keywords);
    }
    let mut rows = Vec::new();
    for keyword in known {
        rows.push((snapshot.query::<Package>().filter(Package::KEYWORDS.eq(&keyword)).count()?, keyword));
    }
    Ok(sorted(rows))
}

/// The distinct keys of an index, in order: each is the first one after the one before, so records of equal keys
/// are stepped over and not read.
fn distinct<S: KeyShape>(
    snapshot: &Snapshot,
    index: Index<Package, String, S>,
    key: fn(Package) -> Option<String>,
) -> netabase::Result<Vec<String>> {
    let mut keys = Vec::new();
    let mut next = snapshot.query().filter(index.range(..)).first()?.and_then(key);
    while let Some(last) = next {
        let after = (Bound::Excluded(last.as_str()), Bound::Unbounded);
        next = snapshot.query().filter(index.range(after)).first()?.and_then(key);
        keys.push(last);
    }
    Ok(keys)
}

/// The largest first, equal ones by name.
fn sorted(mut rows: Vec<Row>) -> Vec<Row> {
    rows.sort_by(|(a, one), (b, other)| (Reverse(a), one).cmp(&(Reverse(b), other)));
    rows
}

fn first(count: usize, mut rows: Vec<Row>) -> Vec<Row> {
    rows.truncate(count);
    rows
}

fn table(out: &mut impl Write, title: &str, rows: Vec<Row>) -> Result<()> {
    writeln!(out, "\n{title}")?;
    for (count, name) in rows {
        writeln!(out, "{count:>6}  {name}")?;
    }
    Ok(())
}
