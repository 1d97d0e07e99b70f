//! Sums of transactions that belong together.
//!
//! An index knows how many transactions each key has, but not what they add up to, so the transactions are read.

use std::collections::BTreeMap;
use std::io::Write;

use netabase::Store;

use crate::Result;
use crate::amount::{Amount, decimal};
use crate::ask::narrow;
use crate::cli::{By, Which};
use crate::model::Ledger;
use crate::text::plain;

/// How many, and what they add up to in cents.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Sum {
    count: u64,
    cents: i128,
}

impl Sum {
    fn add(&mut self, amount: Amount) {
        self.count += 1;
        self.cents += i128::from(amount.0);
    }
}

/// Prints a sum for each merchant, month or account, and one of all.
pub(crate) fn sums(store: &Store<Ledger>, by: By, which: &Which, out: &mut impl Write) -> Result<()> {
    let mut groups: BTreeMap<String, Sum> = BTreeMap::new();
    let mut total = Sum::default();
    for line in narrow(store.query(), which)?.unordered().iter()? {
        let line = line?;
        let amount = line.amount;
        total.add(amount);
        let group = match by {
            By::Merchant => line.merchant,
            By::Month => line.date.month(),
            By::Account => line.account,
        };
        groups.entry(group).or_default().add(amount);
    }
    let width = groups.keys().map(|name| name.chars().count()).max().unwrap_or(0).max("total".len());
    for (name, sum) in groups.iter().chain([(&"total".to_owned(), &total)]) {
        writeln!(out, "{:<width$} {:>6} {:>14}", plain(name), sum.count, decimal(sum.cents))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::tests::sample;

    #[test]
    fn sums_add_up() {
        let (store, lines) = sample();
        let said = |by, which: &Which| {
            let mut out = Vec::new();
            sums(&store, by, which, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        let trams = Which { merchant: Some("City Tram".to_owned()), ..Which::default() };
        let expected = "2025-01      2          -5.60\n2025-02      4         -11.20\n2025-03      2          -5.60\n\
                        total        8         -22.40\n";
        assert_eq!(said(By::Month, &trams), expected);
        let cents = lines.iter().map(|line| i128::from(line.amount.0)).sum();
        for by in [By::Merchant, By::Month, By::Account] {
            let all = said(by, &Which::default());
            let words: Vec<&str> = all.lines().last().unwrap().split_whitespace().collect();
            assert_eq!(words, ["total", &lines.len().to_string(), &decimal(cents)]);
        }
    }
}
