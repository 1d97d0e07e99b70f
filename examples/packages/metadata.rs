//! What `cargo metadata` tells of a workspace.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use cargo_metadata::{DependencyKind, Error, Metadata, MetadataCommand, NodeDep, PackageId};
use netabase::Link;

use crate::Result;
use crate::model::{Dependency, Kind, Package};
use crate::read::{Graph, Source};

pub(crate) const NAME: &str = "Cargo.toml";

/// Offline and locked, so that reading changes nothing; this platform only, because the packages of others are
/// often not on the disk.
const OPTIONS: [&str; 4] = ["--offline", "--locked", "--filter-platform", "host-tuple"];

/// The names of packages in this program, by cargo's.
type Ids<'m> = HashMap<&'m PackageId, String>;

/// Reads the workspace around `folder`.
pub(crate) fn read(folder: &Path) -> Result<Graph> {
    let mut command = MetadataCommand::new();
    // In the folder, as its own cargo configuration counts.
    command.current_dir(folder).other_options(OPTIONS.map(String::from));
    let metadata = command.exec().map_err(first_line)?;
    let ids = ids(&metadata);
    Ok(Graph {
        dependencies: dependencies(&metadata, &ids)?,
        packages: metadata.packages.iter().map(package).collect(),
        source: Source::Metadata { workspace: metadata.workspace_root.into() },
        target: metadata.target_directory.into(),
    })
}

/// Cargo tells a story; its first line says what is wrong.
fn first_line(error: Error) -> String {
    match error {
        Error::CargoMetadata { stderr } => {
            let line = stderr.lines().find_map(|line| line.strip_prefix("error: "));
            line.unwrap_or("it failed").to_owned()
        }
        other => other.to_string(),
    }
}

fn ids(metadata: &Metadata) -> Ids<'_> {
    metadata.packages.iter().map(|package| (&package.id, id(package))).collect()
}

fn id(package: &cargo_metadata::Package) -> String {
    let source = package.source.as_ref().map(|source| source.repr.as_str());
    Package::id(&package.name, &package.version.to_string(), source)
}

fn package(package: &cargo_metadata::Package) -> Package {
    Package {
        id: id(package),
        name: package.name.to_string(),
        version: package.version.to_string(),
        description: package.description.clone(),
        license: package.license.clone(),
        authors: package.authors.clone(),
        keywords: package.keywords.clone(),
        features: package.features.keys().cloned().collect(),
    }
}

fn dependencies(metadata: &Metadata, ids: &Ids<'_>) -> Result<Vec<Dependency>> {
    let resolve = metadata.resolve.as_ref().ok_or("it resolved nothing")?;
    let mut edges = BTreeMap::<_, BTreeSet<Kind>>::new();
    for node in &resolve.nodes {
        for dep in &node.deps {
            // A package under two names is two entries here and one edge.
            edges.entry((find(ids, &node.id)?, find(ids, &dep.pkg)?)).or_default().extend(kinds(dep));
        }
    }
    let edge = |((from, to), kinds): ((&str, &str), BTreeSet<Kind>)| Dependency {
        from: Link::new(from.to_owned()),
        to: Link::new(to.to_owned()),
        kinds: kinds.into_iter().collect(),
    };
    Ok(edges.into_iter().map(edge).collect())
}

fn find<'i>(ids: &'i Ids<'_>, package: &PackageId) -> Result<&'i str> {
    Ok(ids.get(package).ok_or_else(|| format!("it does not describe `{package}`"))?)
}

fn kinds(dep: &NodeDep) -> impl Iterator<Item = Kind> {
    dep.dep_kinds.iter().filter_map(|info| match info.kind {
        DependencyKind::Normal => Some(Kind::Normal),
        DependencyKind::Build => Some(Kind::Build),
        DependencyKind::Development => Some(Kind::Dev),
        DependencyKind::Unknown => None,
    })
}
