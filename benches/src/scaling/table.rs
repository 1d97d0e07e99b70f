//! Sweeps as markdown: operations by points, each cell netabase's time and its ratio to that by hand.

use std::fmt;

use super::point::Pair;
use super::sweep::{Family, Sweep};
use super::work::Operation;

impl fmt::Display for Sweep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for family in &self.families {
            writeln!(f, "{}, {}\n\n{family}", self.title, family.name)?;
        }
        Ok(())
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "| operation |")?;
        self.points.iter().try_for_each(|point| write!(f, " {} |", point.label))?;
        write!(f, "\n|---|")?;
        self.points.iter().try_for_each(|_| write!(f, "---:|"))?;
        writeln!(f)?;
        for operation in Operation::ALL {
            let cells: Vec<Option<Pair>> = self.points.iter().map(|point| point.of(operation)).collect();
            if cells.iter().any(Option::is_some) {
                write!(f, "| {} |", operation.name())?;
                cells.iter().try_for_each(|cell| match cell {
                    Some(pair) => write!(f, " {} ({:.2}) |", time(pair.netabase), pair.ratio()),
                    None => write!(f, " - |"),
                })?;
                writeln!(f)?;
            }
        }
        Ok(())
    }
}

/// Three digits or more, in ASCII.
fn time(seconds: f64) -> String {
    match seconds * 1e9 {
        nanos if nanos < 999.5 => format!("{nanos:.0}ns"),
        nanos if nanos < 999_995.0 => format!("{:.2}us", nanos / 1e3),
        nanos => format!("{:.2}ms", nanos / 1e6),
    }
}
