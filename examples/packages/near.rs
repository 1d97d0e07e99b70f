//! Names that look like one that is not there.

use std::collections::BTreeSet;

/// As many are worth a look.
const MOST: usize = 4;

/// The names nearest to `name`, the nearest first.
pub(crate) fn near<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Vec<&'n str> {
    let length = name.chars().count();
    let nearest: BTreeSet<_> = names
        .into_iter()
        .filter_map(|other| {
            let distance = distance(name, other);
            // A third of it mistyped, or only a part of the name given.
            let similar = distance <= length.div_ceil(3) || length >= 3 && other.contains(name);
            similar.then_some((distance, other))
        })
        .collect();
    nearest.into_iter().take(MOST).map(|(_, other)| other).collect()
}

/// How many letters have to be put in, taken out or replaced to make one of the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    // The distances from the letters of `one` so far to each beginning of `other`.
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.chars().enumerate() {
        let mut last = at + 1;
        let mut next = vec![last];
        for (pair, their) in row.windows(2).zip(&other) {
            let &[replaced, kept] = pair else { continue };
            last = (replaced + usize::from(letter != *their)).min(kept + 1).min(last + 1);
            next.push(last);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (one, other, expected) in
            [("", "", 0), ("", "abc", 3), ("abc", "", 3), ("sered", "serde", 2), ("kitten", "sitting", 3)]
        {
            assert_eq!(distance(one, other), expected, "{one} {other}");
        }
    }

    #[test]
    fn the_nearest_comes_first() {
        let names = ["anyhow", "serde", "serde_json", "servo", "syn"];
        assert_eq!(near("serd", names), ["serde", "servo", "serde_json"]);
        assert_eq!(near("sered", names), ["serde", "servo"]);
        assert_eq!(near("serde-json", names), ["serde_json"]);
        assert!(near("tokio", names).is_empty());
    }
}
