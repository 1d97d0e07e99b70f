//! The power goes at any moment: two definitions of a repository never differ, and none is half added.

use std::sync::Arc;

use kit::company::{Company, Employee, Project, Staff, Work, employee, project};
use kit::crashes::dice;
use kit::disk::{Disk, Replay};
use netabase::engine::{Engine, RedbOptions};
use netabase::{Repository, Result, Store};

const COMMITS: u32 = 12;

fn options() -> RedbOptions {
    RedbOptions { cache_size: Some(1 << 20), ..RedbOptions::default() }
}

fn on(engine: Arc<dyn Engine>) -> Result<Repository<Company>> {
    // So little memory that the definitions reach the engine at different times.
    Repository::<Company>::builder().engine(engine).staging_limit(50).open()
}

/// Calls this with what is left of a disk that loses its power, at each operation of the work, in three ways.
fn at_every_moment(
    start: Vec<u8>,
    work: impl FnOnce(&Disk) -> Result<()>,
    mut look: impl FnMut(u64, Arc<dyn Engine>) -> Result<()>,
) -> Result<()> {
    let disk = Disk::holding(start);
    let mut replay = Replay::new(disk.bytes());
    work(&disk)?;
    for (number, operation) in (1..).zip(&disk.history()) {
        replay.step(operation);
        for variant in 0..3 {
            let mut random = dice(number * 3 + variant);
            let left = Disk::holding(replay.power_cut(|| if variant == 0 { 0 } else { random() }));
            look(number, Arc::new(left.engine(&options())?))?;
        }
    }
    Ok(())
}

#[test]
fn definitions_never_differ() -> Result<()> {
    let disk = Disk::default();
    on(Arc::new(disk.engine(&options())?))?.write(|txn| {
        txn.definition::<Staff>().create(&Employee { hours: COMMITS, ..employee(1, "ada") })?;
        txn.definition::<Work>().create(&project(1))
    })?;
    let acknowledged = std::cell::RefCell::new(Vec::new());
    let work = |disk: &Disk| {
        let company = on(Arc::new(disk.engine(&options())?))?;
        for _ in 0..COMMITS {
            company.write(|txn| {
                txn.definition::<Staff>().update_with(1, |record: &mut Employee| record.hours -= 1)?;
                txn.definition::<Work>().update_with(1, |record: &mut Project| record.hours += 1)
            })?;
            acknowledged.borrow_mut().push(disk.operations());
        }
        Ok(())
    };
    let mut seen = std::collections::BTreeSet::new();
    at_every_moment(disk.bytes(), work, |number, engine| {
        let company = on(engine)?;
        let snapshot = company.begin_read()?;
        let there = snapshot.definition::<Staff>().get::<Employee>(1)?.map(|record| record.hours);
        let here = snapshot.definition::<Work>().get::<Project>(1)?.map(|record| record.hours);
        let (Some(there), Some(here)) = (there, here) else { panic!("{there:?} {here:?} after {number}") };
        assert_eq!(there + here, COMMITS, "after operation {number}");
        let safe = acknowledged.borrow().iter().filter(|at| **at <= number).count() as u32;
        assert!((safe..=safe + 1).contains(&here), "{here} of {safe} after operation {number}");
        assert!(company.verify(|_| {})?.is_clean());
        seen.insert(here);
        Ok(())
    })?;
    assert_eq!(seen.len() as u32, COMMITS + 1, "it has moments of all kinds");
    Ok(())
}

#[test]
fn a_definition_is_added_as_a_whole() -> Result<()> {
    let disk = Disk::default();
    let store = Store::<Staff>::builder().engine(Arc::new(disk.engine(&options())?)).open()?;
    store.write(|txn| txn.create(&employee(1, "ada")))?;
    drop(store);
    let work = |disk: &Disk| on(Arc::new(disk.engine(&options())?)).map(drop);
    let (mut before, mut after) = (0, 0);
    at_every_moment(disk.bytes(), work, |number, engine| {
        match Store::<Work>::builder().engine(engine.clone()).open() {
            Ok(_) => after += 1,
            Err(_) => before += 1,
        }
        let company = on(engine)?;
        assert_eq!(company.begin_read()?.definition::<Staff>().len::<Employee>()?, 1, "after {number}");
        assert!(company.verify(|_| {})?.is_clean());
        Ok(())
    })?;
    assert!(before > 0 && after > 0, "{before} before, {after} after");
    Ok(())
}
