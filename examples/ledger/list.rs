//! Lists of transactions.

use std::io::Write;

use netabase::Store;

use crate::Result;
use crate::ask::narrow;
use crate::cli::Which;
use crate::model::{Ledger, Transaction};
use crate::text::plain;

/// Prints transactions, the latest first, and how they were found if that is asked for.
pub(crate) fn list(
    store: &Store<Ledger>,
    which: &Which,
    limit: usize,
    explain: bool,
    out: &mut impl Write,
) -> Result<()> {
    // Rows and count are of the same moment.
    let snapshot = store.begin_read()?;
    let mut shown = 0;
    for line in narrow(snapshot.query(), which)?.limit(limit).iter()? {
        let Transaction { date, merchant, amount, account, category, note, .. } = line?;
        let line = format!(
            "{date} {amount:>12}  {:<10} {:<24} {:<14} {}",
            plain(&account),
            plain(&merchant),
            plain(&category),
            plain(&note)
        );
        writeln!(out, "{}", line.trim_end())?;
        shown += 1;
    }
    let all = narrow(snapshot.query(), which)?.count()?;
    if shown < all {
        writeln!(out, "{shown} of {all} transactions; --limit shows more")?;
    } else {
        writeln!(out, "{all} transactions")?;
    }
    if explain {
        writeln!(out, "{}", narrow(snapshot.query(), which)?.limit(limit).explain_run()?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::tests::sample;

    #[test]
    fn a_list_says_how_much_of_it_there_is_and_how_it_was_found() {
        let (store, _) = sample();
        let mut out = Vec::new();
        let which = Which { merchant: Some("Wheel".to_owned()), ..Which::default() };
        list(&store, &which, 1, true, &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "2025-03-18        45.00  card       Wheel House Bicycles     transport      refund, wrong size\n\
             1 of 2 transactions; --limit shows more\n\
             limit 1: 1 row\n  sort, keeping at most 1: 1 row\n    index merchant, a range: 2 rows expected, 2 read\n"
        );
    }
}
