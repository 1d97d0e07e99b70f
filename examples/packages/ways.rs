//! Ways through the graph: from one package to another, and round in a circle.

use std::collections::HashSet;
use std::io::Write;

use netabase::ReadTransaction;

use crate::Result;
use crate::model::{Dependency, Package, PackagePrimaryKey, Workspace};
use crate::who::versions;

type Snapshot = ReadTransaction<Workspace>;
type Way = Vec<PackagePrimaryKey>;

/// A way with the fewest steps from a package to one it depends on, over any version of both.
fn shortest(from: &str, to: &str, snapshot: &Snapshot) -> Result<Option<Way>> {
    let (starts, ends) = (versions(from, snapshot)?, versions(to, snapshot)?);
    let mut shortest: Option<Way> = None;
    for end in &ends {
        let mut walk = snapshot.walk(Dependency::FROM.inverse().then(Dependency::TO));
        for start in &starts {
            walk = walk.from(start);
        }
        if let Some(way) = walk.path_to(end)?
            && shortest.as_ref().is_none_or(|shortest| way.len() < shortest.len())
        {
            shortest = Some(way);
        }
    }
    Ok(shortest)
}

/// For each package that depends on itself the shortest circle through it, if none before goes through it.
fn circles(snapshot: &Snapshot) -> Result<Vec<Way>> {
    let (mut circles, mut seen) = (Vec::new(), HashSet::new());
    for key in snapshot.query::<Package>().keys()? {
        let key = key?;
        if seen.contains(&key) {
            continue;
        }
        let walk = snapshot.walk(Dependency::FROM.inverse().then(Dependency::TO)).from(&key).depth(1..);
        if let Some(circle) = walk.path_to(&key)? {
            seen.extend(circle.iter().cloned());
            circles.push(circle);
        }
    }
    Ok(circles)
}

/// Prints the packages on the shortest way, a line each.
pub(crate) fn print_path(from: &str, to: &str, snapshot: &Snapshot, out: &mut impl Write) -> Result<()> {
    match shortest(from, to, snapshot)? {
        None => writeln!(out, "{from} does not depend on {to}")?,
        Some(way) => print(&way, out)?,
    }
    Ok(())
}

/// Prints all circles.
pub(crate) fn print_cycles(snapshot: &Snapshot, out: &mut impl Write) -> Result<()> {
    let circles = circles(snapshot)?;
    if circles.is_empty() {
        writeln!(out, "no package depends on itself")?;
    }
    for (at, circle) in circles.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        print(circle, out)?;
    }
    Ok(())
}

fn print(way: &Way, out: &mut impl Write) -> Result<()> {
    for (at, package) in way.iter().enumerate() {
        writeln!(out, "{}{}", if at == 0 { "" } else { "  -> " }, package.0)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use netabase::{Link, Store};

    use super::*;

    /// app -> a -> b -> c -> b, and app -> c of an older version.
    fn told(print: impl FnOnce(&Snapshot, &mut Vec<u8>) -> Result<()>) -> Result<String> {
        let store = Store::<Workspace>::in_memory()?;
        let packages = [("app", "1.0.0"), ("a", "1.0.0"), ("b", "1.0.0"), ("c", "2.0.0"), ("c", "1.0.0")];
        let packages = packages.map(|(name, version)| Package::bare(name, version));
        let [app, a, b, c, old] = &packages;
        store.write(|txn| {
            txn.create_batch(&packages)?;
            for (from, to) in [(app, a), (a, b), (b, c), (c, b), (app, old)] {
                txn.create(&Dependency { from: Link::to(from), to: Link::to(to), kinds: vec![] })?;
            }
            Ok(())
        })?;
        let mut out = Vec::new();
        print(&store.begin_read()?, &mut out)?;
        Ok(String::from_utf8(out)?)
    }

    fn path(from: &str, to: &str) -> Result<String> {
        told(|snapshot, out| print_path(from, to, snapshot, out))
    }

    #[test]
    fn the_shortest_way_goes_to_the_nearest_version() -> Result<()> {
        assert_eq!(path("app", "c")?, "app 1.0.0\n  -> c 1.0.0\n");
        assert_eq!(path("a", "c")?, "a 1.0.0\n  -> b 1.0.0\n  -> c 2.0.0\n");
        assert_eq!(path("b", "app")?, "b does not depend on app\n");
        let error = path("b", "aop").expect_err("there is no such package").to_string();
        assert_eq!(error, "there is no package `aop`; there is app");
        Ok(())
    }

    #[test]
    fn a_circle_is_told_once() -> Result<()> {
        assert_eq!(told(print_cycles)?, "b 1.0.0\n  -> c 2.0.0\n  -> b 1.0.0\n");
        Ok(())
    }
}
