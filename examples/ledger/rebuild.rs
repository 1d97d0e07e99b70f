//! An index is dropped and filled again, and the answers are compared.
//!
//! The same file is opened with two definitions of one recorded name. The one without the index has to say that it drops
//! it; the one with it fills it when it opens, in one transaction. A program that stops in between leaves a file without
//! the index, which the next command fills.

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use netabase::{NetabaseDefinition, Store};

use crate::Result;
use crate::file;
use crate::model::{Ledger, Transaction};

/// What the program would be if nobody had asked by merchant yet.
mod bare {
    use netabase::{NetabaseDefinition, NetabaseModel};
    use serde::{Deserialize, Serialize};

    use crate::amount::Amount;
    use crate::date::Date;

    #[derive(NetabaseModel, Serialize, Deserialize)]
    #[netabase(index(name = "account_day", fields(account, date desc)))]
    pub(super) struct Transaction {
        #[primary_key]
        pub(super) id: u128,
        #[secondary_key]
        pub(super) date: Date,
        pub(super) merchant: String,
        #[secondary_key]
        pub(super) amount: Amount,
        pub(super) account: String,
        pub(super) category: String,
        pub(super) note: String,
    }

    #[derive(NetabaseDefinition)]
    pub(super) enum Ledger {
        Transaction(Transaction),
    }
}

/// Merchants and ids, in that order.
type Answer = Vec<(String, u128)>;

/// Drops the index on merchants, asks for those whose names begin so, rebuilds the index, and asks again.
pub(crate) fn rebuild(db: &Path, merchant: &str, out: &mut impl Write) -> Result<()> {
    file::must_exist(db)?;
    let scanned = {
        let store = Store::<bare::Ledger>::builder().path(db).discard("Transaction.merchant").open()?;
        let start = Instant::now();
        let rows = without(&store, merchant)?;
        let time = start.elapsed();
        writeln!(out, "without the index: {} rows, read and sorted in {time:.1?}", rows.len())?;
        writeln!(out, "verified: {}", verified(&store)?)?;
        rows
    };
    let start = Instant::now();
    let store = Store::<Ledger>::open(db)?;
    writeln!(out, "the index was filled in {:.1?}", start.elapsed())?;
    let start = Instant::now();
    let rows = with(&store, merchant)?;
    let time = start.elapsed();
    writeln!(out, "with the index: {} rows, read in their order in {time:.1?}", rows.len())?;
    writeln!(out, "verified: {}", verified(&store)?)?;
    if scanned != rows {
        return Err("the answers are not the same".into());
    }
    writeln!(out, "the answers are the same")?;
    Ok(())
}

/// No index leads, so every record is read.
fn without(store: &Store<bare::Ledger>, merchant: &str) -> Result<Answer> {
    let lines =
        store.query::<bare::Transaction>().scan_all().filter(bare::Transaction::MERCHANT.prefix(merchant));
    let mut rows = lines
        .iter()?
        .map(|line| Ok(line.map(|line| (line.merchant, line.id))?))
        .collect::<Result<Answer>>()?;
    rows.sort_unstable();
    Ok(rows)
}

fn with(store: &Store<Ledger>, merchant: &str) -> Result<Answer> {
    let lines = store.query::<Transaction>().filter(Transaction::MERCHANT.prefix(merchant));
    lines.iter()?.map(|line| Ok(line.map(|line| (line.merchant, line.id))?)).collect()
}

/// Every row of every index is compared with its record.
fn verified<D: NetabaseDefinition>(store: &Store<D>) -> Result<String> {
    Ok(store.verify(|_| {})?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::import;

    #[test]
    fn the_answers_are_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let (db, csv) = (folder.path().join("l.redb"), folder.path().join("s.csv"));
        std::fs::write(&csv, crate::import::tests::SAMPLE).unwrap();
        import(&db, &[csv], &mut Vec::new()).unwrap();
        for (merchant, rows) in [("", 59), ("City Tram", 8), ("Nobody", 0)] {
            let mut out = Vec::new();
            rebuild(&db, merchant, &mut out).unwrap();
            let text = String::from_utf8(out).unwrap();
            assert_eq!(text.matches(&format!(": {rows} rows, ")).count(), 2, "{text}");
            assert!(text.ends_with("\nthe answers are the same\n"), "{text}");
        }
    }

    #[test]
    fn a_file_without_the_index_is_filled_by_the_next_command() {
        let (_, lines) = crate::import::tests::sample();
        let folder = tempfile::tempdir().unwrap();
        let db = folder.path().join("l.redb");
        Store::<Ledger>::open(&db).unwrap().write(|txn| txn.create_batch(&lines)).unwrap();
        drop(Store::<bare::Ledger>::builder().path(&db).discard("Transaction.merchant").open().unwrap());
        let store = file::existing(&db).unwrap();
        assert_eq!(with(&store, "").unwrap().len(), lines.len());
        assert!(store.verify(|_| {}).unwrap().is_clean());
    }
}
