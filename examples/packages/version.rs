//! The order of versions, which is not that of their texts.

use cargo_metadata::semver::Version;

/// What versions sort by. Those that are none come first, by their text.
pub(crate) fn order(version: &str) -> (Option<Version>, String) {
    (Version::parse(version).ok(), version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_sort_by_number() {
        let mut versions = ["1.10.0", "1.9.0", "1.10.0-rc.1", "odd"];
        versions.sort_by_key(|version| order(version));
        assert_eq!(versions, ["odd", "1.9.0", "1.10.0-rc.1", "1.10.0"]);
    }
}
