//! Two stores over one engine: each tells its watchers that the other one has committed, or reads it back for them.

use std::sync::Arc;

use kit::bank::{Account, Bank, Payment, account, payment};
use kit::memory::Memory;
use netabase::watch::Watcher;
use netabase::{ErrorKind, NetabaseModel, Result, Store};

fn two() -> Result<(Store<Bank>, Store<Bank>)> {
    let engine: Arc<Memory> = Arc::new(Memory::default());
    let open = || Store::<Bank>::builder().engine(engine.clone()).open();
    Ok((open()?, open()?))
}

fn seqs<M: NetabaseModel>(watcher: &mut Watcher<M>) -> Result<Vec<u64>> {
    std::iter::from_fn(|| watcher.try_next()).map(|notice| notice.map(|notice| notice.seq)).collect()
}

#[test]
fn commits_of_another_store_are_read_back() -> Result<()> {
    let (one, two) = two()?;
    let mut watcher = one.watch::<Account>().begin()?;
    // From the very first one on.
    two.write(|txn| txn.create(&account(1, 0)))?;
    one.write(|txn| txn.create(&account(2, 0)))?;
    two.write(|txn| txn.create(&account(3, 0)))?;
    // Also where somebody else comes and looks meanwhile.
    let _second = one.watch::<Account>().begin()?;
    one.write(|txn| txn.create(&account(4, 0)))?;
    assert_eq!(seqs(&mut watcher)?, [1, 2, 3, 4]);
    Ok(())
}

#[test]
fn without_a_journal_it_is_told_that_they_were_missed() -> Result<()> {
    let (one, two) = two()?;
    one.write(|txn| txn.create(&account(1, 0)))?;
    let mut watcher = one.watch::<Payment>().begin()?;
    two.write(|txn| txn.create(&payment(1, 1)))?;
    two.write(|txn| txn.create(&payment(2, 1)))?;
    one.write(|txn| txn.create(&payment(3, 1)))?;
    let lagged = watcher.try_next().expect("it is told").expect_err("two were missed");
    assert!(matches!(lagged.kind(), ErrorKind::Lagged { missed: 2 }), "{lagged}");
    assert_eq!(seqs(&mut watcher)?, [4]);
    Ok(())
}
