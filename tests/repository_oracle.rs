//! Random work on two definitions of a repository: what is in them is what two plain maps hold, whatever fails, is given
//! up or is opened again in between.

use std::collections::BTreeMap;
use std::sync::Arc;

use kit::cases;
use kit::company::{Company, Employee, Project, Staff, Work, employee, project};
use kit::memory::Memory;
use netabase::engine::{Engine, Redb};
use netabase::{Repository, RepositoryWrite, Result};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

#[derive(Clone, Debug)]
enum Step {
    /// in a scope of the first definition
    Hire(u64, u32),
    Fire(u64),
    /// in one of the second
    Begin(u64, u32),
    End(u64),
    /// from the one to the other
    Move(u64, u64, u32),
}

#[derive(Clone, Debug)]
struct Transaction {
    steps: Vec<Step>,
    commits: bool,
    reopens: bool,
}

fn steps() -> impl Strategy<Value = Step> {
    let (id, hours) = (|| 0..6_u64, || 0..5_u32);
    prop_oneof![
        (id(), hours()).prop_map(|(id, hours)| Step::Hire(id, hours)),
        id().prop_map(Step::Fire),
        (id(), hours()).prop_map(|(id, hours)| Step::Begin(id, hours)),
        id().prop_map(Step::End),
        (id(), id(), hours()).prop_map(|(from, to, hours)| Step::Move(from, to, hours)),
    ]
}

fn transactions() -> impl Strategy<Value = Vec<Transaction>> {
    let transaction =
        (prop::collection::vec(steps(), 0..8), prop::bool::weighted(0.8), prop::bool::weighted(0.2));
    let transaction =
        transaction.prop_map(|(steps, commits, reopens)| Transaction { steps, commits, reopens });
    prop::collection::vec(transaction, 1..12)
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Maps {
    employees: BTreeMap<u64, u32>,
    projects: BTreeMap<u64, u32>,
}

/// Does a step in both, and compares how it ended.
fn step(txn: &mut RepositoryWrite<Company>, maps: &mut Maps, step: &Step) -> Result<()> {
    match *step {
        Step::Hire(id, hours) => {
            let created =
                txn.definition::<Staff>().create(&Employee { hours, ..employee(id, &format!("e{id}")) });
            assert_eq!(created.is_ok(), !maps.employees.contains_key(&id));
            maps.employees.entry(id).or_insert(hours);
        }
        Step::Fire(id) => {
            let deleted = txn.definition::<Staff>().delete::<Employee>(id)?;
            assert_eq!(deleted, maps.employees.remove(&id).is_some());
        }
        Step::Begin(id, hours) => {
            let new = txn.definition::<Work>().upsert(&Project { hours, ..project(id) })?;
            assert_eq!(new, maps.projects.insert(id, hours).is_none());
        }
        Step::End(id) => {
            assert_eq!(
                txn.definition::<Work>().take::<Project>(id)?.is_some(),
                maps.projects.remove(&id).is_some()
            );
        }
        Step::Move(from, to, hours) => {
            let (Some(there), Some(here)) = (maps.employees.get_mut(&from), maps.projects.get_mut(&to))
            else {
                return Ok(());
            };
            let moved = hours.min(*there);
            (*there, *here) = (*there - moved, *here + moved);
            txn.definition::<Staff>().update_with(from, |record: &mut Employee| record.hours -= moved)?;
            txn.definition::<Work>().update_with(to, |record: &mut Project| record.hours += moved)?;
        }
    }
    Ok(())
}

fn stored(company: &Repository<Company>) -> Result<Maps> {
    let snapshot = company.begin_read()?;
    let employees = snapshot.definition::<Staff>().query::<Employee>().collect()?;
    let projects = snapshot.definition::<Work>().query::<Project>().collect()?;
    Ok(Maps {
        employees: employees.into_iter().map(|record| (record.id, record.hours)).collect(),
        projects: projects.into_iter().map(|record| (record.id, record.hours)).collect(),
    })
}

fn run(engine: &Arc<dyn Engine>, staging: usize, work: &[Transaction]) -> Result<()> {
    let open = || Repository::<Company>::builder().engine(engine.clone()).staging_limit(staging).open();
    let mut company = open()?;
    let mut maps = Maps::default();
    for Transaction { steps, commits, reopens } in work {
        let mut after = maps.clone();
        let mut txn = company.begin_write()?;
        steps.iter().try_for_each(|each| step(&mut txn, &mut after, each))?;
        if *commits {
            txn.commit()?;
            maps = after;
        } else {
            txn.abort();
        }
        if *reopens {
            drop(company);
            company = open()?;
        }
        assert_eq!(stored(&company)?, maps);
    }
    let report = company.verify(|_| {})?;
    assert!(report.is_clean(), "{report}");
    Ok(())
}

#[test]
fn two_definitions_are_two_maps() {
    let mut runner = TestRunner::new(cases(96));
    let done = runner.run(&transactions(), |work| {
        let engines: [Arc<dyn Engine>; 2] =
            [Arc::new(Memory::default()), Arc::new(Redb::in_memory(None).expect("it opens"))];
        for (engine, staging) in engines.iter().zip([200, 1 << 20]) {
            run(engine, staging, &work).map_err(|error| TestCaseError::fail(format!("{error:?}")))?;
        }
        Ok(())
    });
    done.expect("they are the same");
}
