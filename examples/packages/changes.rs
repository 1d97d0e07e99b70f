//! What became of packages between two runs.

use std::collections::BTreeMap;
use std::fmt;

use crate::model::Package;
use crate::version;

/// What became of a package.
#[derive(Debug, PartialEq)]
pub(crate) struct Change {
    pub(crate) what: What,
    pub(crate) name: String,
    pub(crate) version: String,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum What {
    Version,
    Added,
    Removed,
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            What::Added => "added",
            What::Removed => "removed",
            What::Version => "version",
        })
    }
}

/// What was added, what was removed, and the names of which some went and some came: those have another version.
pub(crate) fn changes(removed: &[&Package], added: &[&Package]) -> Vec<Change> {
    let mut names = BTreeMap::<&str, (Vec<&str>, Vec<&str>)>::new();
    for package in removed {
        names.entry(&package.name).or_default().0.push(&package.version);
    }
    for package in added {
        names.entry(&package.name).or_default().1.push(&package.version);
    }
    let mut changes = Vec::new();
    for (name, (old, new)) in names {
        let (old, new) = (sorted(old), sorted(new));
        let rows: Vec<_> = match (old.as_slice(), new.as_slice()) {
            ([], new) => new.iter().map(|version| (What::Added, (*version).to_owned())).collect(),
            (old, []) => old.iter().map(|version| (What::Removed, (*version).to_owned())).collect(),
            (old, new) if old == new => {
                vec![(What::Version, format!("{}, from another source", new.join(", ")))]
            }
            (old, new) => vec![(What::Version, format!("{} -> {}", old.join(", "), new.join(", ")))],
        };
        changes.extend(rows.into_iter().map(|(what, version)| Change {
            what,
            name: name.to_owned(),
            version,
        }));
    }
    changes.sort_by_key(|change| change.what as u8);
    changes
}

fn sorted(mut versions: Vec<&str>) -> Vec<&str> {
    versions.sort_by_cached_key(|version| version::order(version));
    versions
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(old: &[(&str, &str)], new: &[(&str, &str)]) -> Vec<String> {
        let packages = |list: &[(&str, &str)]| -> Vec<Package> {
            list.iter().map(|(name, version)| Package::bare(name, version)).collect()
        };
        let (old, new) = (packages(old), packages(new));
        let (old, new): (Vec<_>, Vec<_>) = (old.iter().collect(), new.iter().collect());
        let line = |Change { what, name, version }| format!("{what} {name} {version}");
        changes(&old, &new).into_iter().map(line).collect()
    }

    #[test]
    fn a_name_that_went_and_came_has_another_version() {
        let old = [("syn", "1.0.9"), ("gone", "0.1.0")];
        let new = [("new", "0.2.0"), ("new", "0.1.0"), ("syn", "1.0.10")];
        assert_eq!(
            lines(&old, &new),
            ["version syn 1.0.9 -> 1.0.10", "added new 0.1.0", "added new 0.2.0", "removed gone 0.1.0"]
        );
    }

    #[test]
    fn several_versions_of_a_name_are_one_change() {
        let old = [("syn", "1.0.10"), ("syn", "1.0.9")];
        assert_eq!(lines(&old, &[("syn", "2.0.0")]), ["version syn 1.0.9, 1.0.10 -> 2.0.0"]);
    }

    #[test]
    fn one_version_of_another_source_is_told_as_that() {
        let one = [("syn", "1.0.0")];
        assert_eq!(lines(&one, &one), ["version syn 1.0.0, from another source"]);
    }
}
