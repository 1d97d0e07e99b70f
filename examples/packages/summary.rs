//! What has changed since the last run, in words.

use std::fmt;
use std::io::{self, Write};

use crate::changes::{Change, What, changes};
use crate::diff::Difference;
use crate::model::{Dependency, Origin, Package};
use crate::table::{self, Align};

/// As many packages are listed. More of them are another workspace rather than news.
const LISTED: usize = 100;

#[derive(Debug)]
pub(crate) struct Summary {
    first: bool,
    /// where the last run read, if this one read elsewhere
    elsewhere: Option<String>,
    packages: Vec<Change>,
    /// how many changed in each way
    counts: [(usize, &'static str, &'static str); 7],
}

impl Summary {
    pub(crate) fn new(
        last: Option<&Origin>,
        here: &Origin,
        packages: &Difference<'_, Package>,
        edges: &Difference<'_, Dependency>,
    ) -> Self {
        let changes = changes(&packages.removed, &packages.added);
        let count = |what| changes.iter().filter(|change| change.what == what).count();
        let counts = [
            (count(What::Version), "package", "in another version"),
            (count(What::Added), "package", "added"),
            (count(What::Removed), "package", "removed"),
            (packages.changed.len(), "package", "with other details"),
            (edges.added.len(), "edge", "added"),
            (edges.removed.len(), "edge", "removed"),
            (edges.changed.len(), "edge", "of another kind"),
        ];
        Summary {
            first: last.is_none(),
            elsewhere: last.filter(|last| *last != here).map(|last| last.text.clone()),
            packages: changes,
            counts,
        }
    }

    /// Whether there is anything to say to somebody who did not ask.
    pub(crate) fn is_news(&self) -> bool {
        !self.first && (self.elsewhere.is_some() || self.counts.iter().any(|(count, ..)| *count > 0))
    }

    /// The packages; nothing if there are none.
    pub(crate) fn list(&self, out: &mut impl Write) -> io::Result<()> {
        if self.first || self.packages.is_empty() {
            return Ok(());
        }
        writeln!(out, "changes since the last run")?;
        let row = |change: &Change| [change.what.to_string(), change.name.clone(), change.version.clone()];
        let rows: Vec<_> = self.packages.iter().take(LISTED).map(row).collect();
        table::print(out, [Align::Left; 3], &rows)?;
        let more = self.packages.len() - rows.len();
        if more > 0 {
            writeln!(out, "  and {more} more")?;
        }
        writeln!(out)
    }
}

/// The counts, in one line.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first {
            return f.write_str("the file is new");
        }
        let some = self.counts.iter().filter(|(count, ..)| *count > 0);
        let parts: Vec<_> = some
            .map(|(count, noun, what)| format!("{count} {noun}{} {what}", if *count == 1 { "" } else { "s" }))
            .collect();
        match parts.as_slice() {
            [] => f.write_str("nothing since the last run")?,
            parts => f.write_str(&parts.join(", "))?,
        }
        match &self.elsewhere {
            Some(place) => write!(f, " (the last run read {place})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counts_are_one_line() {
        let old = [Package::bare("a", "1.0.0")];
        let new = [Package::bare("a", "1.1.0"), Package::bare("b", "1.0.0"), Package::bare("c", "1.0.0")];
        let (here, there) = (Origin::new("here".into()), Origin::new("there".into()));
        let none = Difference::between(&[], &[]);
        let told = |last, packages| {
            let summary = Summary::new(last, &here, packages, &none);
            (summary.to_string(), summary.is_news())
        };
        let (news, equal) = (Difference::between(&old, &new), Difference::between(&old, &old));
        assert_eq!(told(None, &news), ("the file is new".into(), false));
        assert_eq!(told(Some(&here), &equal), ("nothing since the last run".into(), false));
        assert_eq!(
            told(Some(&there), &equal),
            ("nothing since the last run (the last run read there)".into(), true)
        );
        let counts = "1 package in another version, 2 packages added";
        assert_eq!(told(Some(&here), &news), (counts.into(), true));
    }
}
