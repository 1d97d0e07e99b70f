//! Bad input is a typed error that says what, where and what to do; the transaction goes on as if it had not been
//! tried. S2-57, S3-17; hazards C2, C19, C22, C26.

use std::sync::Arc;

use kit::models::{Level, Person, Place, World};
use kit::oracle::{Expect, Oracle};
use kit::rows;
use netabase::engine::{Engine, Redb};
use netabase::{Error, ErrorKind, Link, Result, Store, WriteTransaction};

pub(crate) fn person(id: u64) -> Person {
    Person {
        id,
        email: format!("p{id}"),
        nick: None,
        age: 30,
        city: None,
        rank: None,
        tags: vec![],
        level: Level::Low,
        score: 0.0,
        boss: None,
        friends: vec![],
        bio: String::new(),
    }
}

/// In a store with person 1, one operation is refused; person 2 is stored in the same transaction all the same.
/// Every table must be as if the operation had not been there.
fn refused(work: impl Fn(&mut WriteTransaction<World>) -> Result<()>) -> Result<Error> {
    let engine: Arc<dyn Engine> = Arc::new(Redb::in_memory(None)?);
    let store = Store::<World>::builder().engine(engine.clone()).open()?;
    let mut error = None;
    store.write(|txn| {
        txn.create(&person(1))?;
        error = work(txn).err();
        txn.create(&person(2))
    })?;
    let mut oracle = Oracle::default();
    for id in [1, 2] {
        oracle.people.put(&person(id), Expect::Absent).expect("it is new");
    }
    rows::assert_stored(&engine, &oracle)?;
    Ok(error.expect("it is refused"))
}

#[test]
fn an_unknown_key() -> Result<()> {
    let error = refused(|txn| txn.update(&person(9)))?;
    assert_eq!(*error.kind(), ErrorKind::NotFound { model: "Person", key: "PersonPrimaryKey(9)".into() });
    let text = "there is no Person PersonPrimaryKey(9): `create` makes it, `upsert` does either";
    assert_eq!(error.to_string(), text);
    assert!(refused(|txn| txn.replace(&person(9)).map(drop))?.is_not_found());
    assert!(refused(|txn| txn.update_with(9, |person: &mut Person| person.age = 1))?.is_not_found());
    // Deleting what is not there is not an error.
    let store = Store::<World>::in_memory()?;
    store.write(|txn| {
        assert!(!txn.delete::<Person>(9)?);
        assert_eq!(txn.take::<Person>(9)?, None);
        assert_eq!(txn.get::<Person>(9)?, None);
        Ok(())
    })
}

#[test]
fn an_existing_key() -> Result<()> {
    let error = refused(|txn| txn.create(&Person { email: "other".into(), ..person(1) }))?;
    assert_eq!(
        *error.kind(),
        ErrorKind::AlreadyExists { model: "Person", key: "PersonPrimaryKey(1)".into() }
    );
    Ok(())
}

// C19: a record does not change its key in place.
#[test]
fn a_changed_primary_key() -> Result<()> {
    let error = refused(|txn| txn.update_with(1, |person: &mut Person| person.id = 7))?;
    assert_eq!(*error.kind(), ErrorKind::KeyChanged { model: "Person", key: "PersonPrimaryKey(1)".into() });
    let error = refused(|txn| txn.update(&Person { id: 7, ..person(1) }))?;
    assert!(error.is_not_found());
    Ok(())
}

// C22: the second unique key is refused after the first would have been written.
#[test]
fn a_unique_violation() -> Result<()> {
    let error = refused(|txn| txn.create(&Person { email: "p1".into(), ..person(3) }))?;
    assert_eq!(*error.kind(), ErrorKind::ConstraintViolation { model: "Person", constraint: "email" });
    assert_eq!(error.to_string(), "another Person has this value of the unique key `email`");
    let error = refused(|txn| {
        txn.update_with(1, |person: &mut Person| person.nick = Some("x".into()))?;
        let outcome = txn.create(&Person { nick: Some("x".into()), ..person(3) });
        txn.update_with(1, |person: &mut Person| person.nick = None)?;
        outcome
    })?;
    assert_eq!(*error.kind(), ErrorKind::ConstraintViolation { model: "Person", constraint: "nick" });
    Ok(())
}

#[test]
fn a_float_that_is_not_a_number() -> Result<()> {
    let error = refused(|txn| txn.create(&Person { score: f64::NAN, ..person(3) }))?;
    assert_eq!(error.to_string(), "invalid key: NaN has no place in an order");
    assert!(refused(|txn| txn.update(&Person { score: f64::NAN, ..person(1) })).is_ok());
    // A query says so when it runs.
    let store = Store::<World>::in_memory()?;
    let query = store.begin_read()?.query::<Person>().filter(Person::SCORE.eq(f64::NAN));
    assert!(matches!(query.collect().expect_err("refused").kind(), ErrorKind::InvalidKey { .. }));
    Ok(())
}

#[test]
fn a_key_over_the_limit() -> Result<()> {
    let long = "x".repeat(40_000);
    let error = refused(|txn| txn.create(&Person { tags: vec!["ok".into(), long.clone()], ..person(3) }))?;
    assert_eq!(error.to_string(), "the key Person.tags has 40000 bytes, the engine takes 32768 at most");
    let place = Place { country: long.clone(), code: 1, doors: vec![], owner: Link::new(1) };
    let error = refused(|txn| txn.create(&place))?;
    assert_eq!(error.to_string(), "the key of Place has 40004 bytes, the engine takes 32768 at most");
    // Asking for such a key finds nothing.
    let store = Store::<World>::in_memory()?;
    assert_eq!(store.begin_read()?.query::<Person>().filter(Person::TAGS.eq(&long)).count()?, 0);
    assert_eq!(store.begin_read()?.get::<Place>((&long, 1))?, None);
    Ok(())
}

#[test]
fn a_batch_with_one_bad_record() -> Result<()> {
    let bad = Person { email: "p1".into(), ..person(4) };
    let error = refused(|txn| txn.create_batch(&[person(3), bad.clone(), person(5)]))?;
    assert!(error.is_constraint_violation());
    assert!(
        refused(|txn| txn.upsert_batch(&[Person { age: 1, ..person(1) }, bad.clone()]).map(drop))?
            .is_constraint_violation()
    );
    assert!(refused(|txn| txn.update_batch(&[Person { age: 1, ..person(1) }, person(8)]))?.is_not_found());
    let rename = |person: &mut Person| person.id += 1;
    assert!(refused(|txn| txn.update_with_batch([1_u64], rename)).is_ok());
    Ok(())
}

#[test]
fn an_empty_batch_does_nothing() -> Result<()> {
    let store = Store::<World>::in_memory()?;
    store.write(|txn| {
        txn.create_batch::<Person>([])?;
        assert_eq!(txn.upsert_batch::<Person>([])?, 0);
        assert_eq!(txn.delete_batch::<Person>([0_u64; 0])?, 0);
        assert_eq!(txn.take_batch::<Person>([0_u64; 0])?, []);
        assert_eq!(txn.get_many::<Person>([0_u64; 0])?, []);
        Ok(())
    })
}

// C6: a list with duplicates is a set in the index; taking one duplicate away keeps the row.
#[test]
fn a_list_with_duplicates() -> Result<()> {
    let store = Store::<World>::in_memory()?;
    let tags = |tags: &[&str]| Person { tags: tags.iter().map(ToString::to_string).collect(), ..person(1) };
    store.write(|txn| txn.create(&tags(&["x", "x", "y"])))?;
    store.write(|txn| txn.update(&tags(&["x", "y"])))?;
    let snapshot = store.begin_read()?;
    let query = || snapshot.query::<Person>();
    assert_eq!(query().filter(Person::TAGS.eq("x")).count()?, 1);
    assert_eq!(query().filter(Person::TAGS.any_of(["x", "y"])).collect()?, [tags(&["x", "y"])]);
    assert_eq!(query().filter(Person::TAGS.range(..)).count()?, 1);
    Ok(())
}

#[test]
fn empty_and_large_values() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("world.redb");
    let large = Person { bio: "é".repeat(1 << 19), ..person(2) };
    let empty =
        Person { email: String::new(), tags: vec![String::new()], nick: Some(String::new()), ..person(1) };
    Store::<World>::open(&path)?.write(|txn| txn.create_batch([&large, &empty]))?;
    let snapshot = Store::<World>::open(&path)?.begin_read()?;
    assert_eq!(snapshot.get::<Person>(2)?, Some(large));
    assert_eq!(snapshot.query::<Person>().filter(Person::EMAIL.eq("")).first()?, Some(empty.clone()));
    assert_eq!(snapshot.query::<Person>().filter(Person::NICK.eq("")).first()?, Some(empty.clone()));
    assert_eq!(snapshot.query::<Person>().filter(Person::TAGS.eq("")).collect()?, [empty]);
    Ok(())
}
