//! Reading: what the file says, by its indexes, and how it is printed.

use std::cmp::Reverse;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use netabase::ReadTransaction;
use netabase::query::{Each, Index};

use crate::Result;
use crate::model::{Dependency, Kind, Package, Workspace};
use crate::names::names;
use crate::read::Source;
use crate::summary::Summary;
use crate::table::{self, Align};
use crate::version;

type Snapshot = ReadTransaction<Workspace>;

/// As many rows has a list of the most of something.
const TOP: usize = 10;

/// A line of a table.
type Row = (u64, String);

/// Prints everything.
pub(crate) fn print(
    source: &Source,
    file: &Path,
    summary: &Summary,
    snapshot: &Snapshot,
    out: &mut impl Write,
) -> Result<()> {
    let names = names(snapshot)?;
    writeln!(out, "source    {source}")?;
    writeln!(out, "file      {} ({} KiB)", file.display(), fs::metadata(file)?.len() / 1024)?;
    writeln!(out, "changes   {summary}")?;
    let several = several_versions(snapshot, &names)?;
    let total = snapshot.len::<Package>()?;
    writeln!(out, "packages  {total} ({} names, {} in several versions)", names.len(), several.len())?;
    writeln!(out, "edges     {}", edges(snapshot)?)?;
    if let Some(features) = features(snapshot)? {
        writeln!(out, "features  {features}")?;
    }
    writeln!(out)?;
    summary.list(out)?;
    section(out, "in several versions", [Align::Left; 2], &several)?;
    counts(out, "most depended on", TOP, most_depended_on(snapshot)?)?;
    if let Source::Lock { .. } = source {
        writeln!(out, "A Cargo.lock does not tell licences, authors, keywords and kinds of dependency.\n")?;
        return Ok(());
    }
    // All of them: the rare ones are those to look at.
    counts(out, "licences, as the packages write them", usize::MAX, licences(snapshot)?)?;
    let authors = each(snapshot, Package::AUTHORS)?;
    counts(out, "most frequent authors", TOP, authors)?;
    let keywords = each(snapshot, Package::KEYWORDS)?;
    counts(out, "most common keywords", TOP, keywords)
}

fn edges(snapshot: &Snapshot) -> netabase::Result<String> {
    let mut parts = Vec::new();
    for kind in Kind::ALL {
        let count = snapshot.query::<Dependency>().filter(Dependency::KINDS.eq(kind)).count()?;
        if count > 0 {
            parts.push(format!("{count} {}", kind.name()));
        }
    }
    let total = snapshot.len::<Dependency>()?;
    Ok(if parts.is_empty() { total.to_string() } else { format!("{total} ({})", parts.join(", ")) })
}

/// How many features there are, if any are known.
fn features(snapshot: &Snapshot) -> netabase::Result<Option<String>> {
    let (mut features, mut packages) = (0, 0);
    for package in snapshot.query::<Package>().iter()? {
        let package = package?;
        features += package.features.len();
        packages += usize::from(!package.features.is_empty());
    }
    Ok((packages > 0).then(|| format!("{features} declared by {packages} packages")))
}

/// Packages that are there more than once, with their versions.
fn several_versions(snapshot: &Snapshot, names: &[String]) -> netabase::Result<Vec<[String; 2]>> {
    let mut rows = Vec::new();
    for name in names {
        let of_name = || snapshot.query::<Package>().filter(Package::NAME.eq(name));
        if of_name().limit(2).count()? < 2 {
            continue;
        }
        let packages = of_name().collect()?;
        let mut versions: Vec<_> = packages.iter().map(|package| package.version.as_str()).collect();
        versions.sort_by_cached_key(|version| version::order(version));
        rows.push([name.clone(), versions.join(", ")]);
    }
    Ok(rows)
}

/// Packages by how many others depend on them, however they do.
fn most_depended_on(snapshot: &Snapshot) -> netabase::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for package in snapshot.query::<Package>().iter()? {
        let package = package?;
        let dependents = snapshot.query::<Dependency>().filter(Dependency::TO.eq(&package)).count()?;
        rows.push((dependents, format!("{} {}", package.name, package.version)));
    }
    Ok(rows)
}

fn licences(snapshot: &Snapshot) -> netabase::Result<Vec<Row>> {
    let counts = snapshot.query::<Package>().count_by(Package::LICENSE)?;
    let named = |license: Option<String>| license.unwrap_or_else(|| "(none given)".into());
    Ok(counts.into_iter().map(|(license, count)| (count, named(license))).collect())
}

/// How many packages have each key of an index over a list.
fn each(snapshot: &Snapshot, index: Index<Package, String, Each>) -> netabase::Result<Vec<Row>> {
    let counts = snapshot.query().count_by(index)?;
    Ok(counts.into_iter().map(|(key, count)| (count, key)).collect())
}

/// The largest first, equal ones by name.
fn counts(out: &mut impl Write, title: &str, most: usize, mut rows: Vec<Row>) -> Result<()> {
    rows.sort_by(|(a, one), (b, other)| (Reverse(a), one).cmp(&(Reverse(b), other)));
    let rows: Vec<_> = rows.into_iter().take(most).map(|(count, name)| [count.to_string(), name]).collect();
    Ok(section(out, title, [Align::Right, Align::Left], &rows)?)
}

/// A table under its title; nothing if it is empty.
fn section<const N: usize>(
    out: &mut impl Write,
    title: &str,
    align: [Align; N],
    rows: &[[String; N]],
) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(out, "{title}")?;
    table::print(out, align, rows)?;
    writeln!(out)
}
