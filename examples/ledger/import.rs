//! Importing statements: all of them in one transaction.

use std::io::Write;
use std::path::{Path, PathBuf};

use netabase::{Store, WriteTransaction};

use crate::Result;
use crate::model::{Ledger, Transaction};
use crate::statement::{self, Statement};

/// Imports files and tells what became of each.
pub(crate) fn import(db: &Path, files: &[PathBuf], out: &mut impl Write) -> Result<()> {
    // First, so that a name that was mistyped makes no empty ledger.
    let statements = files.iter().map(|file| statement::open(file)).collect::<Result<Vec<_>>>()?;
    let store = Store::<Ledger>::open(db)?;
    let mut txn = store.begin_write()?;
    let mut told = Vec::new();
    for (file, mut statement) in files.iter().zip(statements) {
        told.push((file.display(), add(&mut txn, &mut statement)?, statement.unread));
    }
    txn.commit()?;
    for (file, Added { new, known }, unread) in told {
        writeln!(out, "{file}: {new} transactions were added, {known} were there already")?;
        if !unread.is_empty() {
            writeln!(out, "{file}: not read are the columns {}", unread.join(", "))?;
        }
    }
    Ok(())
}

/// What became of the lines of a statement.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Added {
    pub(crate) new: u64,
    pub(crate) known: u64,
}

/// Adds what is not there yet. After an error the transaction must not be committed.
pub(crate) fn add(txn: &mut WriteTransaction<Ledger>, lines: &mut Statement) -> Result<Added> {
    let mut added = Added::default();
    for line in lines {
        let line = line?;
        if txn.contains::<Transaction>(line.id)? {
            added.known += 1;
        } else {
            txn.create(&line)?;
            added.new += 1;
        }
    }
    Ok(added)
}

#[cfg(test)]
pub(crate) mod tests {
    use std::fs;

    use super::*;

    /// The statement beside the code.
    pub(crate) const SAMPLE: &str = include_str!("sample.csv");

    /// A store with the sample, and the sample.
    pub(crate) fn sample() -> (Store<Ledger>, Vec<Transaction>) {
        let store = Store::in_memory().unwrap();
        let mut txn = store.begin_write().unwrap();
        let read = || Statement::new("sample.csv".to_owned(), SAMPLE.into()).unwrap();
        add(&mut txn, &mut read()).unwrap();
        txn.commit().unwrap();
        (store, read().map(Result::unwrap).collect())
    }

    #[test]
    fn a_statement_is_imported_once() {
        let folder = tempfile::tempdir().unwrap();
        let (db, csv) = (folder.path().join("l.redb"), folder.path().join("s.csv"));
        fs::write(&csv, SAMPLE).unwrap();
        let files = [csv.clone()];
        let said = |files: &[PathBuf]| {
            let mut out = Vec::new();
            import(&db, files, &mut out).unwrap();
            String::from_utf8(out).unwrap().replace(&*csv.to_string_lossy(), "s.csv")
        };
        let all = sample().1.len();
        assert_eq!(said(&files), format!("s.csv: {all} transactions were added, 0 were there already\n"));
        assert_eq!(said(&files), format!("s.csv: 0 transactions were added, {all} were there already\n"));
        let stored = Store::<Ledger>::open(&db).unwrap().len::<Transaction>().unwrap();
        assert_eq!(stored, all as u64);
    }

    #[test]
    fn a_bad_line_imports_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (db, good, bad) =
            (folder.path().join("l.redb"), folder.path().join("good.csv"), folder.path().join("bad.csv"));
        fs::write(&good, SAMPLE).unwrap();
        fs::write(&bad, format!("{SAMPLE}2025-06-31,Shop,checking,x,1,\n")).unwrap();
        assert!(import(&db, &[good.clone(), bad], &mut Vec::new()).is_err());
        assert!(Store::<Ledger>::open(&db).unwrap().is_empty::<Transaction>().unwrap());
        assert!(
            import(&folder.path().join("other.redb"), &[good, "none.csv".into()], &mut Vec::new()).is_err()
        );
        assert!(!folder.path().join("other.redb").exists());
    }
}
