//! Who depends on a package: at once, by the index from the other end of each edge; or in any number of steps, by a walk.

use std::io::Write;

use netabase::ReadTransaction;

use crate::Result;
use crate::model::{Dependency, Kind, Package, Workspace};
use crate::names::names;
use crate::near::near;
use crate::table::{self, Align, plain};
use crate::version;

type Snapshot = ReadTransaction<Workspace>;

/// Prints those who depend on each version of the package; `deep` also those who depend on them, and so on.
pub(crate) fn print(name: &str, deep: bool, snapshot: &Snapshot, out: &mut impl Write) -> Result<()> {
    for (at, package) in versions(name, snapshot)?.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        let rows = if deep { all_dependents(package, snapshot)? } else { dependents(package, snapshot)? };
        writeln!(out, "{}", title(package))?;
        let how = if deep { ", with the steps from each" } else { "" };
        match rows.len() {
            0 => writeln!(out, "no package depends on it")?,
            1 => writeln!(out, "1 package depends on it{how}")?,
            many => writeln!(out, "{many} packages depend on it{how}")?,
        }
        table::print(out, [Align::Left; 3], &rows)?;
    }
    Ok(())
}

/// The packages of this name, by version; there is one at least.
pub(crate) fn versions(name: &str, snapshot: &Snapshot) -> Result<Vec<Package>> {
    let mut packages = snapshot.query::<Package>().filter(Package::NAME.eq(name)).collect()?;
    if packages.is_empty() {
        return Err(unknown(name, &names(snapshot)?).into());
    }
    packages.sort_by_cached_key(|package| version::order(&package.version));
    Ok(packages)
}

fn unknown(name: &str, names: &[String]) -> String {
    let near = near(name, names.iter().map(String::as_str));
    match near.as_slice() {
        [] => format!("there is no package `{name}`"),
        near => format!("there is no package `{name}`; there is {}", near.join(", ")),
    }
}

fn title(package: &Package) -> String {
    let Package { name, version, description, .. } = package;
    match description {
        Some(description) => format!("{name} {version}: {}", plain(description.trim())),
        None => format!("{name} {version}"),
    }
}

/// Name, version and kind of each, by name and version.
fn dependents(package: &Package, snapshot: &Snapshot) -> Result<Vec<[String; 3]>> {
    let edges = snapshot.query::<Dependency>().filter(Dependency::TO.eq(package));
    // Both ends of an edge are written together.
    let edges = edges.include(Dependency::FROM.required()).collect()?;
    let rows = edges.into_iter().map(|(edge, from)| [from.name, from.version, kinds(&edge.kinds)]).collect();
    Ok(sorted(rows))
}

/// Name, version and number of steps of each, the nearest first.
fn all_dependents(package: &Package, snapshot: &Snapshot) -> Result<Vec<[String; 3]>> {
    let against = Dependency::TO.inverse().then(Dependency::FROM);
    let visits = snapshot.walk(against).from(package).depth(1..).iter()?;
    let mut rows = visits
        .map(|visit| visit.map(|(steps, from)| (steps, [from.name, from.version, steps.to_string()])))
        .collect::<netabase::Result<Vec<_>>>()?;
    rows.sort_by_cached_key(|(steps, [name, version, _])| (*steps, name.clone(), version::order(version)));
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

fn sorted(mut rows: Vec<[String; 3]>) -> Vec<[String; 3]> {
    rows.sort_by_cached_key(|[name, version, _]| (name.clone(), version::order(version)));
    rows
}

fn kinds(kinds: &[Kind]) -> String {
    kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use netabase::{Link, Store};

    use super::*;

    fn answer(name: &str, deep: bool) -> Result<String> {
        let store = Store::<Workspace>::in_memory()?;
        let packages = [("app", "0.1.0"), ("lib", "0.10.0"), ("lib", "0.9.0")];
        let packages = packages.map(|(name, version)| Package::bare(name, version));
        let [app, new, old] = &packages;
        let edge = |from, to, kinds| Dependency { from: Link::to(from), to: Link::to(to), kinds };
        store.write(|txn| {
            txn.create_batch(&packages)?;
            txn.create(&edge(app, new, vec![Kind::Normal, Kind::Dev]))?;
            txn.create(&edge(app, old, vec![]))?;
            txn.create(&edge(new, old, vec![Kind::Build]))
        })?;
        let mut out = Vec::new();
        print(name, deep, &store.begin_read()?, &mut out)?;
        Ok(String::from_utf8(out)?)
    }

    #[test]
    fn each_version_has_its_own_answer() -> Result<()> {
        let expected = "\
lib 0.9.0
2 packages depend on it
  app  0.1.0
  lib  0.10.0  build

lib 0.10.0
1 package depends on it
  app  0.1.0  normal, dev
";
        assert_eq!(answer("lib", false)?, expected);
        assert_eq!(answer("app", false)?, "app 0.1.0\nno package depends on it\n");
        Ok(())
    }

    #[test]
    fn those_who_depend_on_them_count_too() -> Result<()> {
        let expected = "\
lib 0.9.0
2 packages depend on it, with the steps from each
  app  0.1.0   1
  lib  0.10.0  1

lib 0.10.0
1 package depends on it, with the steps from each
  app  0.1.0  1
";
        assert_eq!(answer("lib", true)?, expected);
        Ok(())
    }

    #[test]
    fn near_names_are_offered() {
        let said = |name| answer(name, false).map_err(|error| error.to_string());
        assert_eq!(said("lip"), Err("there is no package `lip`; there is lib".into()));
        assert_eq!(said("tokio"), Err("there is no package `tokio`".into()));
    }
}
