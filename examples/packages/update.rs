//! Writing: brings the file to what was read, in one transaction, and writes only what differs.

use netabase::model::ModelOf;
use netabase::{Store, WriteTransaction};

use crate::diff::Difference;
use crate::model::{Dependency, Origin, Package, Workspace};
use crate::progress::{self, Bar};
use crate::read::Graph;
use crate::summary::Summary;

/// Stores the graph and says what it changes.
pub(crate) fn update(store: &Store<Workspace>, graph: &Graph) -> netabase::Result<Summary> {
    let mut txn = store.begin_write()?;
    let (origin, packages, dependencies) = progress::long("reading the file", |_| {
        Ok::<_, netabase::Error>((
            txn.get::<Origin>(Origin::KEY)?,
            txn.query::<Package>().collect()?,
            txn.query::<Dependency>().collect()?,
        ))
    })?;
    let packages = Difference::between(&packages, &graph.packages);
    let dependencies = Difference::between(&dependencies, &graph.dependencies);
    let here = Origin::new(graph.source.origin());
    let summary = Summary::new(origin.as_ref(), &here, &packages, &dependencies);
    // Dropped, the transaction leaves the file as it is.
    if origin.as_ref() == Some(&here) && packages.len() + dependencies.len() == 0 {
        return Ok(summary);
    }
    progress::long("writing", |bar| {
        txn.upsert(&here)?;
        write(&mut txn, "writing packages", &packages, bar)?;
        write(&mut txn, "writing dependencies", &dependencies, bar)
    })?;
    progress::long("committing", |_| txn.commit())?;
    Ok(summary)
}

fn write<M: ModelOf<Workspace> + PartialEq>(
    txn: &mut WriteTransaction<Workspace>,
    what: &str,
    difference: &Difference<'_, M>,
    bar: &mut Bar,
) -> netabase::Result<()> {
    let total = difference.len() as u64;
    let mut done = 0;
    let mut step = || {
        done += 1;
        bar.at(what, done, total);
    };
    for record in &difference.removed {
        txn.delete::<M>(record.primary_key())?;
        step();
    }
    for record in &difference.changed {
        txn.update(*record)?;
        step();
    }
    for record in &difference.added {
        txn.create(*record)?;
        step();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use netabase::Link;

    use super::*;
    use crate::model::Kind;
    use crate::read::Source;

    fn graph(versions: &[(&str, &str)], edges: &[(usize, usize)]) -> Graph {
        let packages: Vec<_> = versions.iter().map(|(name, version)| Package::bare(name, version)).collect();
        let edge = |&(from, to): &(usize, usize)| Dependency {
            from: Link::to(&packages[from]),
            to: Link::to(&packages[to]),
            kinds: vec![Kind::Normal],
        };
        Graph {
            source: Source::Lock { file: "Cargo.lock".into(), why: None },
            target: PathBuf::new(),
            dependencies: edges.iter().map(edge).collect(),
            packages,
        }
    }

    #[test]
    fn the_file_follows_the_graph() -> netabase::Result<()> {
        let store = Store::in_memory()?;
        let first = graph(&[("a", "1.0.0"), ("b", "1.0.0"), ("c", "1.0.0")], &[(0, 1), (0, 2)]);
        let second = graph(&[("a", "1.0.0"), ("b", "1.1.0"), ("d", "1.0.0")], &[(0, 1)]);
        let news =
            "1 package in another version, 1 package added, 1 package removed, 1 edge added, 2 edges removed";
        for (graph, news) in [
            (&first, "the file is new"),
            (&first, "nothing since the last run"),
            (&second, news),
            (&second, "nothing since the last run"),
        ] {
            assert_eq!(update(&store, graph)?.to_string(), news);
            let snapshot = store.begin_read()?;
            assert_eq!(snapshot.query::<Package>().collect()?, graph.packages);
            assert_eq!(snapshot.query::<Dependency>().collect()?, graph.dependencies);
        }
        Ok(())
    }
}
