//! The models: packages, the edges between them, and where they were read.

use netabase::{Link, NetabaseDefinition, NetabaseKey, NetabaseModel};
use serde::{Deserialize, Serialize};

#[derive(NetabaseDefinition)]
pub(crate) enum Workspace {
    Package(Package),
    Dependency(Dependency),
    Origin(Origin),
}

#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
pub(crate) struct Package {
    /// name, version and source in one text, because a workspace may use one version from two sources
    #[primary_key]
    pub(crate) id: String,
    #[secondary_key]
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) description: Option<String>,
    #[secondary_key]
    pub(crate) license: Option<String>,
    #[secondary_key]
    pub(crate) authors: Vec<String>,
    #[secondary_key]
    pub(crate) keywords: Vec<String>,
    /// names of those it declares, in use or not
    pub(crate) features: Vec<String>,
}

/// `from` depends on `to`. A join model: its key is the pair, and each end is a relation.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub(crate) struct Dependency {
    #[primary_key]
    #[relation(on_delete = "cascade")]
    pub(crate) from: Link<Package>,
    #[primary_key]
    #[relation(on_delete = "cascade")]
    pub(crate) to: Link<Package>,
    /// a package may be needed in several ways; none if they are unknown
    #[secondary_key]
    pub(crate) kinds: Vec<Kind>,
}

/// What a dependency is needed for. The numbers are in the file: they stay.
#[derive(NetabaseKey, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Normal = 0,
    Build = 1,
    Dev = 2,
}

/// Where the graph in the file was read. There is one, so that runs of two workspaces on one file are told apart.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub(crate) struct Origin {
    #[primary_key]
    pub(crate) number: u8,
    pub(crate) text: String,
}

impl Package {
    pub(crate) fn id(name: &str, version: &str, source: Option<&str>) -> String {
        match source {
            Some(source) => format!("{name} {version} ({source})"),
            None => format!("{name} {version}"),
        }
    }
}

#[cfg(test)]
impl Package {
    /// For tests: nothing but a name and a version.
    pub(crate) fn bare(name: &str, version: &str) -> Self {
        let (name, version) = (name.to_owned(), version.to_owned());
        Package { id: Self::id(&name, &version, None), name, version, ..Self::default() }
    }
}

impl Kind {
    pub(crate) const ALL: [Kind; 3] = [Kind::Normal, Kind::Build, Kind::Dev];

    /// Cargo's word for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Normal => "normal",
            Kind::Build => "build",
            Kind::Dev => "dev",
        }
    }
}

impl Origin {
    /// The key of the only one.
    pub(crate) const KEY: u8 = 0;

    pub(crate) fn new(text: String) -> Self {
        Origin { number: Self::KEY, text }
    }
}
