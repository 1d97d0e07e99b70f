//! A name is one consumer's or one group's: not another definition's, not a group's after a consumer's, not a session's.

use std::time::Duration;

use kit::bank::{Bank, account};
use kit::clinic::{DOCTOR, Round, clinic, ticket};
use netabase::{ErrorKind, NetabaseDefinition, NetabaseModel, NetabaseRepository, Repository, Result, Store};
use serde::{Deserialize, Serialize};

#[derive(NetabaseModel, Serialize, Deserialize)]
#[netabase(journal)]
struct Person {
    #[primary_key]
    id: u64,
}

#[derive(NetabaseModel, Serialize, Deserialize)]
#[netabase(journal)]
struct Thing {
    #[primary_key]
    id: u64,
}

#[derive(NetabaseDefinition)]
enum People {
    Person(Person),
}

#[derive(NetabaseDefinition)]
enum Things {
    Thing(Thing),
}

#[derive(NetabaseRepository)]
enum House {
    People(People),
    Things(Things),
}

#[test]
fn definitions_of_a_file_have_consumers_of_their_own() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("house.redb");
    {
        let house = Repository::<House>::open(&file)?;
        house.write(|txn| txn.definition::<Things>().create(&Thing { id: 1 }))?;
        house.write(|txn| txn.definition::<People>().create(&Person { id: 1 }))?;
    }
    assert_eq!(Store::<People>::open(&file)?.consumer("index")?.process(|_, _| Ok(()))?, 1);
    let things = Store::<Things>::open(&file)?;
    assert_eq!(things.consumer("index")?.process(|_, _| Ok(()))?, 1, "it is not passed over");
    assert!(things.verify(|_| {})?.is_clean());
    Ok(())
}

#[test]
fn who_was_removed_does_not_work_as_the_group_of_his_name() -> Result<()> {
    let bank = Store::<Bank>::in_memory()?;
    let (one, same) = (bank.consumer("x")?, bank.consumer("x")?);
    one.remove()?;
    let group = bank.group("x")?;
    for id in 0..3 {
        bank.write(|txn| txn.create(&account(id, 1)))?;
    }
    assert_eq!(group.claim(1, Duration::from_mins(1))?.len(), 1);
    assert!(matches!(same.process(|_, _| Ok(())).expect_err("gone").kind(), ErrorKind::InvalidKey { .. }));
    assert_eq!(group.claim(9, Duration::from_mins(1))?.len(), 2);
    Ok(())
}

// The right to receive is none to take from the owner what he waits for.
#[test]
fn sessions_do_not_work_as_consumers_of_the_owner() -> Result<()> {
    let root = clinic()?;
    let owner = root.as_owner()?;
    let his = owner.topic::<Round>().consumer("archive")?;
    owner.write(|txn| txn.publish::<Round>(&()))?;
    let theirs = root.session(&ticket(DOCTOR))?.topic::<Round>().consumer("archive")?;
    assert_eq!(theirs.process(|_, _| Ok(()))?, 1);
    theirs.remove()?;
    assert_eq!(his.process(|_, _| Ok(()))?, 1);
    Ok(())
}
