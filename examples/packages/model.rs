//! The models: packages, and the edges between them.

use netabase::{Link, NetabaseDefinition, NetabaseKey, NetabaseModel};
use serde::{Deserialize, Serialize};

#[derive(NetabaseDefinition)]
pub(crate) enum Workspace {
    Package(Package),
    Dependency(Dependency),
}

#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub(crate) struct Package {
    /// name, version and source in one text, because a workspace may use one version from two sources
    #[primary_key]
    pub(crate) id: String,
    #[secondary_key]
    pub(crate) name: String,
    pub(crate) version: String,
    #[secondary_key]
    pub(crate) license: Option<String>,
    #[secondary_key]
    pub(crate) keywords: Vec<String>,
}

/// `from` depends on `to`. A join model: its key is the pair, and each end is a relation.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub(crate) struct Dependency {
    #[primary_key]
    #[relation]
    pub(crate) from: Link<Package>,
    #[primary_key]
    #[relation]
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

impl Package {
    pub(crate) fn id(name: &str, version: &str, source: Option<&str>) -> String {
        match source {
            Some(source) => format!("{name} {version} ({source})"),
            None => format!("{name} {version}"),
        }
    }
}
