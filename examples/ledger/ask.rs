//! Questions: what was given on the command line as a query.

use std::cmp::Reverse;
use std::ops::Bound;

use netabase::query::Query;

use crate::Result;
use crate::cli::Which;
use crate::model::Transaction;

/// Keeps what is asked for, the latest first. Each condition has an index; the query finds out which to go through.
pub(crate) fn narrow<'r>(query: Query<'r, Transaction>, which: &Which) -> Result<Query<'r, Transaction>> {
    let Which { from, to, merchant, min, max, account } = which;
    in_order("--from", from.as_ref(), "--to", to.as_ref())?;
    in_order("--min", min.as_ref(), "--max", max.as_ref())?;
    let mut query = match account {
        // This index has an account's days already, the last one first.
        Some(account) => {
            let days = (included(to.map(Reverse)), included(from.map(Reverse)));
            let of_account = Transaction::ACCOUNT_DAY.within((account.as_str(),), days);
            query.filter(of_account).order_by(Transaction::ACCOUNT_DAY.asc())
        }
        None if from.is_some() || to.is_some() => {
            let days = Transaction::DATE.range((included(*from), included(*to)));
            query.filter(days).order_by(Transaction::DATE.desc())
        }
        None => query.order_by(Transaction::DATE.desc()),
    };
    if let Some(merchant) = merchant {
        query = query.filter(Transaction::MERCHANT.prefix(merchant.as_str()));
    }
    if min.is_some() || max.is_some() {
        query = query.filter(Transaction::AMOUNT.range((included(*min), included(*max))));
    }
    Ok(query)
}

fn included<T>(end: Option<T>) -> Bound<T> {
    end.map_or(Bound::Unbounded, Bound::Included)
}

fn in_order<T: Ord>(low: &str, least: Option<&T>, high: &str, most: Option<&T>) -> Result<()> {
    match (least, most) {
        (Some(least), Some(most)) if least > most => {
            Err(format!("{low} lies behind {high}, so nothing can be found: exchange them").into())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::import::tests::sample;

    /// What a loop over all lines finds.
    fn holds(line: &Transaction, which: &Which) -> bool {
        which.from.is_none_or(|from| line.date >= from)
            && which.to.is_none_or(|to| line.date <= to)
            && which.min.is_none_or(|min| line.amount >= min)
            && which.max.is_none_or(|max| line.amount <= max)
            && which.merchant.as_ref().is_none_or(|name| line.merchant.starts_with(name))
            && which.account.as_ref().is_none_or(|account| line.account == *account)
    }

    #[test]
    fn every_question_finds_what_a_loop_does() {
        let (store, lines) = sample();
        let (mut asked, mut answered) = (0, BTreeSet::new());
        let options: [&[Option<&str>]; 4] = [
            &[None, Some("2025-02-01"), Some("2025-03-15")],
            &[None, Some("2025-03-15"), Some("2025-12-31")],
            &[None, Some("Green"), Some("Green Grocer"), Some("Nobody")],
            &[None, Some("checking"), Some("card"), Some("none")],
        ];
        for from in options[0] {
            for to in options[1] {
                for merchant in options[2] {
                    for account in options[3] {
                        for (min, max) in
                            [(None, None), (Some(-5000), Some(-1000)), (Some(0), None), (None, Some(-1))]
                        {
                            let which = Which {
                                from: from.map(|day| day.parse().unwrap()),
                                to: to.map(|day| day.parse().unwrap()),
                                merchant: merchant.map(str::to_owned),
                                min: min.map(crate::amount::Amount),
                                max: max.map(crate::amount::Amount),
                                account: account.map(str::to_owned),
                            };
                            let found = narrow(store.query(), &which).unwrap().collect().unwrap();
                            assert!(found.is_sorted_by_key(|line| Reverse(line.date)), "{which:?}");
                            let sorted = |lines: Vec<Transaction>| {
                                let mut ids: Vec<u128> = lines.iter().map(|line| line.id).collect();
                                ids.sort_unstable();
                                ids
                            };
                            let expected: Vec<_> =
                                lines.iter().filter(|line| holds(line, &which)).cloned().collect();
                            answered.insert(found.len());
                            assert_eq!(sorted(found), sorted(expected), "{which:?}");
                            asked += 1;
                        }
                    }
                }
            }
        }
        assert!(asked == 576 && answered.len() > 15, "{asked} questions, {answered:?} lines");
    }

    #[test]
    fn what_finds_nothing_is_told() {
        let (store, _) = sample();
        let (from, to) = ("2025-02-01".parse().ok(), "2025-01-01".parse().ok());
        let error = narrow(store.query(), &Which { from, to, ..Which::default() }).expect_err("refused");
        assert_eq!(error.to_string(), "--from lies behind --to, so nothing can be found: exchange them");
    }
}
