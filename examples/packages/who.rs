//! Who depends on a package, by the index from the other end of each edge.

use std::io::Write;

use netabase::ReadTransaction;

use crate::Result;
use crate::model::{Dependency, Kind, Package, Workspace};
use crate::names::names;
use crate::near::near;
use crate::table::{self, Align, plain};
use crate::version;

type Snapshot = ReadTransaction<Workspace>;

/// Prints those who depend on each version of the package.
pub(crate) fn print(name: &str, snapshot: &Snapshot, out: &mut impl Write) -> Result<()> {
    let mut packages = snapshot.query::<Package>().filter(Package::NAME.eq(name)).collect()?;
    if packages.is_empty() {
        return Err(unknown(name, &names(snapshot)?).into());
    }
    packages.sort_by_cached_key(|package| version::order(&package.version));
    for (at, package) in packages.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        let rows = dependents(package, snapshot)?;
        writeln!(out, "{}", title(package))?;
        match rows.len() {
            0 => writeln!(out, "no package depends on it")?,
            1 => writeln!(out, "1 package depends on it")?,
            many => writeln!(out, "{many} packages depend on it")?,
        }
        table::print(out, [Align::Left; 3], &rows)?;
    }
    Ok(())
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
    let edges = snapshot.query::<Dependency>().filter(Dependency::TO.eq(package)).collect()?;
    let from = snapshot.get_many::<Package>(edges.iter().map(|edge| &edge.from))?;
    // Both ends of an edge are written together, so none is left out here.
    let mut rows: Vec<_> = from
        .into_iter()
        .zip(edges)
        .filter_map(|(from, edge)| from.map(|from| [from.name, from.version, kinds(&edge.kinds)]))
        .collect();
    rows.sort_by_cached_key(|[name, version, _]| (name.clone(), version::order(version)));
    Ok(rows)
}

fn kinds(kinds: &[Kind]) -> String {
    kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use netabase::{Link, Store};

    use super::*;

    fn answer(name: &str) -> Result<String> {
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
        print(name, &store.begin_read()?, &mut out)?;
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
        assert_eq!(answer("lib")?, expected);
        assert_eq!(answer("app")?, "app 0.1.0\nno package depends on it\n");
        Ok(())
    }

    #[test]
    fn near_names_are_offered() {
        let said = |name| answer(name).map_err(|error| error.to_string());
        assert_eq!(said("lip"), Err("there is no package `lip`; there is lib".into()));
        assert_eq!(said("tokio"), Err("there is no package `tokio`".into()));
    }
}
