//! A link leads to a record: seen to when it is written, at the commit, or never, as its relation says. S2-14, S2-16.

use std::sync::Arc;

use kit::counting::Counting;
use netabase::engine::{Durability, Engine, IndexChange, Redb, TableForm, TableId};
use netabase::{ErrorKind, Link, NetabaseDefinition, NetabaseModel, Problem, Result, Store};
use serde::{Deserialize, Serialize};

#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Team {
    #[primary_key]
    id: u32,
    /// the person who leads it, who may come later in the transaction
    #[relation(references = "deferred")]
    lead: Option<Link<Person>>,
}

#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Person {
    #[primary_key]
    name: String,
    #[relation]
    team: Link<Team>,
    #[relation]
    boss: Option<Link<Person>>,
    #[relation]
    friends: Vec<Link<Person>>,
    #[relation(references = "unchecked")]
    hero: Option<Link<Person>>,
}

#[derive(NetabaseDefinition)]
enum Club {
    Team(Team),
    Person(Person),
}

fn team(id: u32) -> Team {
    Team { id, lead: None }
}

fn person(name: &str) -> Person {
    Person { name: name.into(), team: Link::new(1), boss: None, friends: Vec::new(), hero: None }
}

fn club() -> Result<Store<Club>> {
    let store = Store::<Club>::in_memory()?;
    store.write(|txn| txn.create(&team(1)))?;
    Ok(store)
}

fn missing(error: &netabase::Error) -> Option<(&'static str, &'static str, &'static str)> {
    match error.kind() {
        ErrorKind::MissingReference { model, relation, target } => Some((model, relation, target)),
        _ => None,
    }
}

#[test]
fn a_link_to_nobody_is_refused_and_leaves_no_trace() -> Result<()> {
    let store = club()?;
    let mut txn = store.begin_write()?;
    txn.create(&person("ada"))?;
    let to_nobody = [
        Person { team: Link::new(2), ..person("bob") },
        Person { boss: Some(Link::new("zoe")), ..person("bob") },
        Person { friends: vec![Link::new("ada"), Link::new("zoe")], ..person("bob") },
    ];
    for (bob, (relation, target)) in
        to_nobody.iter().zip([("team", "Team"), ("boss", "Person"), ("friends", "Person")])
    {
        for refused in [txn.create(bob).unwrap_err(), txn.upsert(bob).unwrap_err()] {
            assert_eq!(missing(&refused), Some(("Person", relation, target)), "{refused}");
        }
        let refused = txn.update(&Person { name: "ada".into(), ..bob.clone() }).unwrap_err();
        assert_eq!(missing(&refused), Some(("Person", relation, target)), "{refused}");
    }
    txn.commit()?;
    assert_eq!(store.query::<Person>().collect()?, [person("ada")]);
    assert!(store.verify(|_| {})?.is_clean());
    Ok(())
}

// To itself, to a record of the same transaction, and wherever it likes.
#[test]
fn links_that_are_fine() -> Result<()> {
    let store = club()?;
    let own = Person { boss: Some(Link::new("ada")), friends: vec![Link::new("ada")], ..person("ada") };
    let bob = Person { boss: Some(Link::to(&own)), hero: Some(Link::new("nobody")), ..person("bob") };
    store.write(|txn| txn.create_batch([&own, &bob]))?;
    assert_eq!(store.query().filter(Person::BOSS.eq("ada")).count()?, 2);
    // A batch is taken one after the other.
    let cleo = Person { boss: Some(Link::new("dan")), ..person("cleo") };
    let refused = store.write(|txn| txn.create_batch([&cleo, &person("dan")])).unwrap_err();
    assert_eq!(missing(&refused), Some(("Person", "boss", "Person")));
    assert_eq!(store.len::<Person>()?, 2);
    Ok(())
}

#[test]
fn a_deferred_link_is_looked_at_when_the_transaction_is_committed() -> Result<()> {
    let store = club()?;
    let led = |id| Team { id, lead: Some(Link::new("eve")) };
    let refused = store.write(|txn| txn.create(&led(2))).unwrap_err();
    assert_eq!(missing(&refused), Some(("Team", "lead", "Person")));
    assert_eq!(store.len::<Team>()?, 1);
    // The record comes, the link goes, or the whole record does.
    store.write(|txn| {
        txn.create(&led(2))?;
        txn.create(&Person { team: Link::new(2), ..person("eve") })
    })?;
    let mut txn = store.begin_write()?;
    txn.create(&Team { id: 3, lead: Some(Link::new("nobody")) })?;
    txn.create(&Team { id: 4, lead: Some(Link::new("no one")) })?;
    txn.update(&team(3))?;
    txn.delete::<Team>(4)?;
    txn.commit()?;
    // A batch that failed is not asked after.
    let mut txn = store.begin_write()?;
    let lost = Team { id: 5, lead: Some(Link::new("lost")) };
    txn.create_batch([&lost, &team(1)]).unwrap_err();
    txn.commit()?;
    assert_eq!(store.len::<Team>()?, 3);
    assert!(store.verify(|_| {})?.is_clean());
    Ok(())
}

// Only what is new is looked for.
#[test]
fn a_link_that_stays_costs_no_look_up() -> Result<()> {
    let engine = Counting::new(Redb::in_memory(None)?);
    let counts = engine.counts();
    let store = Store::<Club>::builder().engine(Arc::new(engine)).open()?;
    store.write(|txn| {
        txn.create(&team(1))?;
        txn.create(&person("ada"))
    })?;
    let mut txn = store.begin_write()?;
    let changed = Person { hero: Some(Link::new("x")), ..person("ada") };
    let (done, gets, steps) = counts.reads_of(|| txn.update(&changed));
    done?;
    assert_eq!((gets, steps), (1, 0));
    let (done, gets, _) = counts.reads_of(|| txn.create(&person("bob")));
    done?;
    assert_eq!(gets, 2, "the record, and the team");
    Ok(())
}

#[test]
fn verification_names_links_that_lead_nowhere() -> Result<()> {
    let engine: Arc<dyn Engine> = Arc::new(Redb::in_memory(None)?);
    let store = Store::<Club>::builder().engine(engine.clone()).open()?;
    store.write(|txn| {
        txn.create(&team(1))?;
        txn.create(&Person { hero: Some(Link::new("nobody")), ..person("ada") })?;
        txn.create(&person("bob"))
    })?;
    assert!(store.verify(|_| {})?.is_clean());
    drop(store);
    // The team goes behind netabase's back.
    let tables = kit::rows::specs(&[
        ("Club/Team", TableForm::Map, Some(4), None),
        ("Club/Team/relation/lead", TableForm::Index, None, Some(4)),
    ]);
    let mut writer = engine.begin_write(&tables)?;
    let key = &1_u32.to_be_bytes();
    writer.apply(TableId(0), &mut [netabase::engine::MapChange::Delete(key)].into_iter())?;
    writer.apply_index(TableId(1), &mut [IndexChange::Remove(&[0], key)].into_iter())?;
    writer.commit(Durability::Immediate)?;
    let store = Store::<Club>::builder().engine(engine).open()?;
    let report = store.verify(|_| {})?;
    let expected = Problem::Dangling {
        table: "Club/Person/relation/team".into(),
        record: "Team TeamPrimaryKey(1)".into(),
        links: 2,
    };
    assert_eq!(report.problems, [expected], "{report}");
    Ok(())
}
