//! Random operations against the oracle: outcomes, reads inside and outside of transactions, and **every table**
//! of the file, on every engine, through aborts, failures and reopening. Invariants I1 and I2.
//!
//! S2-10..S2-13, S2-15, S2-70, S1-1, S1-2, S1-15, S1-16, S0-15; hazards C5, C6, C7, C19, C22.

use std::ops::Bound;
use std::sync::Arc;

use kit::memory::Memory;
use kit::models::{
    Level, Person, PersonPrimaryKey, PersonRelationalKeys, PersonSecondaryKeys, PersonSubscriptionKeys,
    Place, PlacePrimaryKey, Visit, VisitPrimaryKey, VisitRelationalKeys, World,
};
use kit::oracle::{Expect, Oracle, Records, Refused, Subject};
use kit::rows;
use netabase::engine::{Engine, Redb, RedbOptions};
use netabase::{ErrorKind, Link, NetabaseModel, Result, Store, WriteTransaction};
use proptest::collection::vec;
use proptest::prelude::*;

/// One operation on one model.
#[derive(Clone, Debug)]
enum Verb<M, K> {
    Create(M),
    Update(M),
    Upsert(M),
    Replace(M),
    /// sets the record with the key to the other one, key included
    UpdateWith(K, M),
    Delete(K),
    Take(K),
    CreateBatch(Vec<M>),
    UpdateBatch(Vec<M>),
    UpsertBatch(Vec<M>),
    ReplaceBatch(Vec<M>),
    UpdateWithBatch(Vec<K>, M),
    DeleteBatch(Vec<K>),
    TakeBatch(Vec<K>),
}

impl<M, K> Verb<M, K> {
    fn is_batch(&self) -> bool {
        matches!(
            self,
            Verb::CreateBatch(_)
                | Verb::UpdateBatch(_)
                | Verb::UpsertBatch(_)
                | Verb::ReplaceBatch(_)
                | Verb::UpdateWithBatch(..)
        )
    }
}

/// A change of all people that a filter finds.
#[derive(Clone, Debug)]
enum Sweep {
    DeleteAged(i32, i32),
    DeleteTagged(Vec<String>),
    DeleteFrom(u64),
    DeleteTaggedAndAged(String, i32),
    /// moves people ahead in the index they are found by
    Age(i32),
    /// the same for an index with several rows for each
    Retag(Vec<String>, String),
    /// fails for the second one
    Rename(i32, String),
}

#[derive(Clone, Debug)]
enum Op {
    /// reads in the middle of a transaction, which sorts what is staged
    Look,
    Sweep(Sweep),
    Person(Verb<Person, PersonPrimaryKey>),
    Place(Verb<Place, PlacePrimaryKey>),
    Visit(Verb<Visit, VisitPrimaryKey>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Commit,
    Abort,
    Reopen,
}

// Few values, so that keys meet.
fn text() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["", "a", "ab", "a\0", "b", "ÿ"]).prop_map(str::to_owned)
}

fn person_key() -> impl Strategy<Value = PersonPrimaryKey> {
    (0..5_u64).prop_map(PersonPrimaryKey)
}

fn person_link() -> impl Strategy<Value = Link<Person>> {
    person_key().prop_map(Link::new)
}

fn person() -> impl Strategy<Value = Person> {
    let keys = (person_key(), text(), prop::option::of(text()), -2..3_i32, prop::option::of(text()));
    let more = (
        prop::option::of(0..2_u64),
        vec(text(), 0..3),
        prop::sample::select(vec![Level::Low, Level::High]),
        prop::sample::select(vec![-1.5, -0.0, 0.0, 2.0, f64::INFINITY, f64::NAN]),
        prop::option::of(person_link()),
        vec(person_link(), 0..3),
    );
    (keys, more).prop_map(|((key, email, nick, age, city), (rank, tags, level, score, boss, friends))| {
        Person { id: key.0, email, nick, age, city, rank, tags, level, score, boss, friends, bio: "x".into() }
    })
}

fn place_key() -> impl Strategy<Value = PlacePrimaryKey> {
    (text(), 0..2_u16).prop_map(PlacePrimaryKey::from)
}

fn place() -> impl Strategy<Value = Place> {
    (place_key(), vec(0..4_u32, 0..3), person_link()).prop_map(|(key, doors, owner)| Place {
        country: key.country,
        code: key.code,
        doors,
        owner,
    })
}

fn visit_key() -> impl Strategy<Value = VisitPrimaryKey> {
    (person_key(), place_key()).prop_map(VisitPrimaryKey::from)
}

fn visit() -> impl Strategy<Value = Visit> {
    (visit_key(), vec(any::<u8>(), 0..3)).prop_map(|(key, note)| Visit {
        person: Link::new(key.person),
        place: Link::new(key.place),
        note,
    })
}

fn verb<M, K>(
    record: impl Strategy<Value = M> + Clone + 'static,
    key: impl Strategy<Value = K> + Clone + 'static,
) -> impl Strategy<Value = Verb<M, K>>
where
    M: Clone + std::fmt::Debug + 'static,
    K: Clone + std::fmt::Debug + 'static,
{
    let (records, keys) = (vec(record.clone(), 0..4), vec(key.clone(), 0..4));
    prop_oneof![
        3 => record.clone().prop_map(Verb::Create),
        2 => record.clone().prop_map(Verb::Update),
        4 => record.clone().prop_map(Verb::Upsert),
        1 => record.clone().prop_map(Verb::Replace),
        1 => (key.clone(), record.clone()).prop_map(|(key, record)| Verb::UpdateWith(key, record)),
        1 => key.clone().prop_map(Verb::Delete),
        1 => key.prop_map(Verb::Take),
        1 => records.clone().prop_map(Verb::CreateBatch),
        1 => records.clone().prop_map(Verb::UpdateBatch),
        2 => records.clone().prop_map(Verb::UpsertBatch),
        1 => records.prop_map(Verb::ReplaceBatch),
        1 => (keys.clone(), record).prop_map(|(keys, record)| Verb::UpdateWithBatch(keys, record)),
        1 => keys.clone().prop_map(Verb::DeleteBatch),
        1 => keys.prop_map(Verb::TakeBatch),
    ]
}

fn sweep() -> impl Strategy<Value = Sweep> {
    prop_oneof![
        (-2..3_i32, -2..3_i32).prop_map(|(low, high)| Sweep::DeleteAged(low, high)),
        vec(text(), 0..3).prop_map(Sweep::DeleteTagged),
        (0..6_u64).prop_map(Sweep::DeleteFrom),
        (text(), -2..3_i32).prop_map(|(tag, age)| Sweep::DeleteTaggedAndAged(tag, age)),
        (-2..3_i32).prop_map(Sweep::Age),
        (vec(text(), 0..3), text()).prop_map(|(tags, tag)| Sweep::Retag(tags, tag)),
        (-2..3_i32, text()).prop_map(|(age, name)| Sweep::Rename(age, name)),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        1 => Just(Op::Look),
        1 => sweep().prop_map(Op::Sweep),
        4 => verb(person().boxed(), person_key().boxed()).prop_map(Op::Person),
        2 => verb(place().boxed(), place_key().boxed()).prop_map(Op::Place),
        1 => verb(visit().boxed(), visit_key().boxed()).prop_map(Op::Visit),
    ]
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![4 => Just(End::Commit), 1 => Just(End::Abort), 1 => Just(End::Reopen)]
}

/// What a verb says, in a form that both sides can give.
type Outcome<M> = Result<Vec<Option<M>>, Refused>;

fn real<M: Subject + netabase::model::ModelOf<World>>(
    txn: &mut WriteTransaction<World>,
    verb: &Verb<M, M::PrimaryKey>,
) -> Result<Vec<Option<M>>> {
    let flags = |count: u64| Ok(vec![None; usize::try_from(count).unwrap_or(usize::MAX)]);
    match verb {
        Verb::Create(record) => txn.create(record).map(|()| Vec::new()),
        Verb::Update(record) => txn.update(record).map(|()| Vec::new()),
        Verb::Upsert(record) => flags(txn.upsert(record)?.into()),
        Verb::Replace(record) => Ok(vec![Some(txn.replace(record)?)]),
        Verb::UpdateWith(key, new) => {
            txn.update_with(key, |record: &mut M| *record = new.clone()).map(|()| Vec::new())
        }
        Verb::Delete(key) => flags(txn.delete::<M>(key)?.into()),
        Verb::Take(key) => Ok(vec![txn.take(key)?]),
        Verb::CreateBatch(records) => txn.create_batch(records).map(|()| Vec::new()),
        Verb::UpdateBatch(records) => txn.update_batch(records).map(|()| Vec::new()),
        Verb::UpsertBatch(records) => flags(txn.upsert_batch(records)?),
        Verb::ReplaceBatch(records) => Ok(txn.replace_batch(records)?.into_iter().map(Some).collect()),
        Verb::UpdateWithBatch(keys, new) => {
            let change = |record: &mut M| {
                let mut changed = new.clone();
                std::mem::swap(record, &mut changed);
            };
            txn.update_with_batch(keys, change).map(|()| Vec::new())
        }
        Verb::DeleteBatch(keys) => flags(txn.delete_batch::<M>(keys)?),
        Verb::TakeBatch(keys) => txn.take_batch(keys),
    }
}

fn imagined<M: Subject>(records: &mut Records<M>, verb: &Verb<M, M::PrimaryKey>) -> Outcome<M> {
    let flags = |count: usize| Ok(vec![None; count]);
    match verb {
        Verb::Create(record) => records.put(record, Expect::Absent).map(|_| Vec::new()),
        Verb::Update(record) => records.put(record, Expect::Present).map(|_| Vec::new()),
        Verb::Upsert(record) => flags(usize::from(records.put(record, Expect::Either)?.is_none())),
        Verb::Replace(record) => Ok(vec![records.put(record, Expect::Present)?]),
        Verb::UpdateWith(key, new) => {
            records.update_with(key, |record| *record = new.clone()).map(|()| Vec::new())
        }
        Verb::Delete(key) => flags(usize::from(records.take(key).is_some())),
        Verb::Take(key) => Ok(vec![records.take(key)]),
        Verb::CreateBatch(all) => records.batch(|records| {
            all.iter()
                .try_for_each(|record| records.put(record, Expect::Absent).map(drop))
                .map(|()| Vec::new())
        }),
        Verb::UpdateBatch(all) => records.batch(|records| {
            all.iter()
                .try_for_each(|record| records.put(record, Expect::Present).map(drop))
                .map(|()| Vec::new())
        }),
        Verb::UpsertBatch(all) => records.batch(|records| {
            let new = all.iter().map(|record| Ok(records.put(record, Expect::Either)?.is_none()));
            flags(new.collect::<Result<Vec<bool>, Refused>>()?.into_iter().filter(|new| *new).count())
        }),
        Verb::ReplaceBatch(all) => {
            records.batch(|records| all.iter().map(|record| records.put(record, Expect::Present)).collect())
        }
        Verb::UpdateWithBatch(keys, new) => records.batch(|records| {
            let change = |key| records.update_with(key, |record| *record = new.clone());
            keys.iter().try_for_each(change).map(|()| Vec::new())
        }),
        Verb::DeleteBatch(keys) => {
            let gone = keys.iter().filter(|key| records.take(key).is_some()).count();
            flags(gone)
        }
        Verb::TakeBatch(keys) => Ok(keys.iter().map(|key| records.take(key)).collect()),
    }
}

fn real_sweep(txn: &mut WriteTransaction<World>, sweep: &Sweep) -> Result<u64> {
    match sweep {
        Sweep::DeleteAged(low, high) => txn.delete_where(Person::AGE.range(low..=high)),
        Sweep::DeleteTagged(tags) => txn.delete_where(Person::TAGS.any_of(tags)),
        Sweep::DeleteFrom(id) => txn.delete_where(Person::ID.range(*id..)),
        Sweep::DeleteTaggedAndAged(tag, age) => {
            txn.delete_where(Person::TAGS.eq(tag).and(Person::AGE.eq(*age)))
        }
        Sweep::Age(low) => txn.update_where(Person::AGE.range(*low..), |person| person.age += 1),
        Sweep::Retag(tags, tag) => txn.update_where(Person::TAGS.any_of(tags), |person| {
            person.tags.insert(0, tag.clone());
        }),
        Sweep::Rename(age, name) => {
            txn.update_where(Person::AGE.eq(*age), |person| person.email.clone_from(name))
        }
    }
}

fn imagined_sweep(people: &mut Records<Person>, sweep: &Sweep) -> Result<u64, Refused> {
    let is_tagged = |person: &Person, tags: &[String]| person.tags.iter().any(|tag| tags.contains(tag));
    let finds = |person: &Person| match sweep {
        Sweep::DeleteAged(low, high) => (low..=high).contains(&&person.age),
        Sweep::DeleteTagged(tags) | Sweep::Retag(tags, _) => is_tagged(person, tags),
        Sweep::DeleteFrom(id) => person.id >= *id,
        Sweep::DeleteTaggedAndAged(tag, age) => {
            is_tagged(person, std::slice::from_ref(tag)) && person.age == *age
        }
        Sweep::Age(low) => person.age >= *low,
        Sweep::Rename(age, _) => person.age == *age,
    };
    let keys: Vec<_> =
        people.records().filter(|person| finds(person)).map(NetabaseModel::primary_key).collect();
    people.batch(|people| {
        for key in &keys {
            match sweep {
                Sweep::Age(_) => people.update_with(key, |person| person.age += 1)?,
                Sweep::Retag(_, tag) => {
                    people.update_with(key, |person| person.tags.insert(0, tag.clone()))?;
                }
                Sweep::Rename(_, name) => people.update_with(key, |person| person.email.clone_from(name))?,
                _ => drop(people.take(key)),
            }
        }
        Ok(keys.len() as u64)
    })
}

/// Every kind of read, compared with a filter over plain records. The two transactions share no trait.
macro_rules! check_reads {
    ($txn:expr, $oracle:expr) => {{
        let (txn, oracle) = ($txn, $oracle);
        for id in 0..5_u64 {
            let expected = oracle.people.get(&PersonPrimaryKey(id));
            let found = txn.get::<Person>(id)?;
            prop_assert_eq!(found.as_ref(), expected);
            prop_assert_eq!(txn.contains::<Person>(id)?, expected.is_some());
        }
        prop_assert_eq!(txn.len::<Person>()?, oracle.people.records().count() as u64);
        prop_assert_eq!(txn.len::<Visit>()?, oracle.visits.records().count() as u64);
        let asked: [u64; 7] = [3, 0, 9, 3, 1, 2, 4];
        let expected = asked.map(|id| oracle.people.get(&PersonPrimaryKey(id)).cloned());
        prop_assert_eq!(txn.get_many::<Person>(asked)?, expected);
        let all: Vec<Person> = oracle.people.records().cloned().collect();
        prop_assert_eq!(&txn.query::<Person>().collect()?, &all);
        let reversed: Vec<Person> = all.iter().rev().cloned().collect();
        prop_assert_eq!(txn.query::<Person>().reverse().collect()?, reversed);

        macro_rules! check {
            ($query:expr, $holds:expr) => {{
                let holds: fn(&Person) -> bool = $holds;
                let mut expected: Vec<u64> =
                    all.iter().filter(|person| holds(person)).map(|person| person.id).collect();
                for backward in [false, true] {
                    let query = || if backward { $query.reverse() } else { $query };
                    let mut found: Vec<u64> = query().collect()?.iter().map(|person| person.id).collect();
                    found.sort_unstable();
                    prop_assert_eq!(&found, &expected, "{}", stringify!($query));
                    let mut keys = query().keys()?.map(|key| Ok(key?.0)).collect::<Result<Vec<u64>>>()?;
                    keys.sort_unstable();
                    prop_assert_eq!(&keys, &expected, "keys of {}", stringify!($query));
                }
                prop_assert_eq!($query.count()?, expected.len() as u64, "count of {}", stringify!($query));
                let mut found =
                    $query.unordered().collect()?.iter().map(|person| person.id).collect::<Vec<_>>();
                found.sort_unstable();
                prop_assert_eq!(&found, &expected, "unordered, {}", stringify!($query));
                prop_assert_eq!($query.exists()?, !expected.is_empty());
                let first = $query.first()?.map(|person| person.id);
                prop_assert!(
                    first.map_or(expected.is_empty(), |id| expected.contains(&id)),
                    "first of {}",
                    stringify!($query)
                );
                expected.truncate(1);
                prop_assert_eq!($query.limit(1).count()?, expected.len() as u64);
            }};
        }
        let query = || txn.query::<Person>();
        check!(query().filter(Person::EMAIL.eq("a")), |person| person.email == "a");
        check!(query().filter(Person::EMAIL.prefix("a")), |person| person.email.starts_with('a'));
        check!(query().filter(Person::NICK.is_none()), |person| person.nick.is_none());
        check!(query().filter(Person::NICK.any_of(["", "ab", "ab"])), |person| matches!(
            person.nick.as_deref(),
            Some("" | "ab")
        ));
        check!(query().filter(Person::AGE.range(-1..=1)), |person| (-1..=1).contains(&person.age));
        check!(query().filter(Person::AGE.range((Bound::Included(2), Bound::Excluded(-1)))), |_| false);
        check!(query().filter(Person::CITY.is_none()), |person| person.city.is_none());
        check!(query().filter(Person::CITY.range(..)), |person| person.city.is_some());
        check!(query().filter(Person::CITY.eq("a\0")), |person| person.city.as_deref() == Some("a\0"));
        check!(query().filter(Person::RANK.range(..1)), |person| person.rank == Some(0));
        check!(query().filter(Person::TAGS.any_of(["a", "b"])), |person| person
            .tags
            .iter()
            .any(|tag| tag == "a" || tag == "b"));
        check!(query().filter(Person::TAGS.prefix("a")), |person| person
            .tags
            .iter()
            .any(|tag| tag.starts_with('a')));
        check!(query().filter(Person::TAGS.eq("b")), |person| person.tags.iter().any(|tag| tag == "b"));
        check!(query().filter(Person::LEVEL.eq(Level::High)), |person| person.level == Level::High);
        check!(query().filter(Person::SCORE.eq(0.0)), |person| person.score == 0.0);
        check!(query().filter(Person::SCORE.range(..0.0)), |person| person.score < 0.0);
        check!(query().filter(Person::BOSS.eq(1)), |person| person.boss == Some(Link::new(1)));
        check!(query().filter(Person::BOSS.is_none()), |person| person.boss.is_none());
        check!(query().filter(Person::FRIENDS.eq(2)), |person| person.friends.contains(&Link::new(2)));
        check!(query().filter(Person::ID.range(1..=3)), |person| (1..=3).contains(&person.id));
        check!(query().filter(Person::ID.any_of([3, 1, 9])), |person| person.id == 1 || person.id == 3);
        check!(
            query().filter(Person::TAGS.eq("a").and(Person::AGE.eq(1)).and(Person::NICK.is_none())),
            |person| person.tags.iter().any(|tag| tag == "a") && person.age == 1 && person.nick.is_none()
        );
        check!(query().scan_all().filter(Person::BIO.eq("x")), |_| true);
        check!(query().where_secondary(PersonSecondaryKeys::City(None)), |person| person.city.is_none());
        check!(query().where_related(PersonRelationalKeys::Friends(0.into())), |person| person
            .friends
            .contains(&Link::new(0)));
        check!(query().where_subscribed(PersonSubscriptionKeys::Audit), |_| true);

        let places: Vec<Place> =
            oracle.places.records().filter(|place| place.country == "a").cloned().collect();
        prop_assert_eq!(txn.query::<Place>().filter(Place::PRIMARY_KEY.prefix(("a",))).collect()?, places);
        let visits: Vec<Visit> =
            oracle.visits.records().filter(|visit| visit.person.key().0 == 1).cloned().collect();
        prop_assert_eq!(&txn.query::<Visit>().filter(Visit::PRIMARY_KEY.prefix((1,))).collect()?, &visits);
        prop_assert_eq!(
            &txn.query::<Visit>().where_related(VisitRelationalKeys::Person(1.into())).collect()?,
            &visits
        );
    }};
}

/// Where a store lives, and how to come back to it.
enum Home {
    Shared(Arc<dyn Engine>),
    File(tempfile::TempDir),
}

impl Home {
    fn engine(&self) -> Result<Arc<dyn Engine>> {
        match self {
            Home::Shared(engine) => Ok(engine.clone()),
            Home::File(folder) => {
                Ok(Arc::new(Redb::open(folder.path().join("w.redb"), &RedbOptions::default())?))
            }
        }
    }
}

fn open(engine: &Arc<dyn Engine>, staging: usize) -> Result<Store<World>> {
    Store::builder().engine(engine.clone()).staging_limit(staging).open()
}

type Script = Vec<(Vec<Op>, End)>;

fn run(place: &Home, staging: usize, script: &Script) -> Result<(), TestCaseError> {
    let mut engine = place.engine()?;
    let mut store = open(&engine, staging)?;
    let mut oracle = Oracle::default();
    for (ops, end) in script {
        let before = oracle.clone();
        let mut txn = store.begin_write()?;
        let mut a_batch_failed = false;
        for op in ops {
            macro_rules! both {
                ($records:ident, $verb:expr) => {{
                    let expected = imagined(&mut oracle.$records, $verb);
                    let outcome = real(&mut txn, $verb);
                    a_batch_failed |= outcome.is_err() && $verb.is_batch();
                    if staging < 1 << 20 && matches!(&outcome, Err(error) if *error.kind() == ErrorKind::Doomed) {
                        break;
                    }
                    match (&outcome, &expected) {
                        (Ok(found), Ok(expected)) => prop_assert_eq!(found, expected),
                        (Err(error), Err(refused)) => prop_assert_eq!(Refused::of(error), Some(*refused), "{}", error),
                        _ => prop_assert!(false, "{:?} but expected {:?}", outcome, expected),
                    }
                }};
            }
            match op {
                // What a failed batch leaves is looked at below.
                Op::Look if a_batch_failed => {}
                Op::Look => {
                    let all = txn.query::<Person>().filter(Person::AGE.range(..)).count()?;
                    prop_assert_eq!(all, oracle.people.records().count() as u64);
                    let tagged = txn.query::<Person>().filter(Person::TAGS.eq("a")).keys()?.count();
                    let is_tagged = |person: &&Person| person.tags.iter().any(|tag| tag == "a");
                    prop_assert_eq!(tagged, oracle.people.records().filter(is_tagged).count());
                    prop_assert_eq!(txn.query::<Place>().collect()?.len(), oracle.places.records().count());
                }
                Op::Sweep(sweep) => {
                    let expected = imagined_sweep(&mut oracle.people, sweep);
                    let outcome = real_sweep(&mut txn, sweep);
                    a_batch_failed |= outcome.is_err();
                    if staging < 1 << 20
                        && matches!(&outcome, Err(error) if *error.kind() == ErrorKind::Doomed)
                    {
                        break;
                    }
                    let outcome = outcome.map_err(|error| Refused::of(&error));
                    prop_assert_eq!(outcome, expected.map_err(Some), "{:?}", sweep);
                }
                Op::Person(verb) => both!(people, verb),
                Op::Place(verb) => both!(places, verb),
                Op::Visit(verb) => both!(visits, verb),
            }
        }
        // A failed batch that had left memory gives the transaction up, and says so from then on (I2).
        let may_be_doomed = staging < 1 << 20 && a_batch_failed;
        if !may_be_doomed {
            check_reads!(&txn, &oracle);
        }
        if *end == End::Abort {
            drop(txn);
            oracle = before;
        } else {
            match txn.commit() {
                Ok(()) => {}
                Err(error) if may_be_doomed && *error.kind() == ErrorKind::Doomed => oracle = before,
                Err(error) => return Err(error.into()),
            }
        }
        if *end == End::Reopen {
            drop(store);
            drop(engine);
            engine = place.engine()?;
            store = open(&engine, staging)?;
        }
        check_reads!(&store.begin_read()?, &oracle);
        rows::assert_stored(&engine, &oracle)?;
    }
    Ok(())
}

fn scripts() -> impl Strategy<Value = Script> {
    vec((vec(op(), 0..12), end()), 1..5)
}

proptest! {
    #![proptest_config(kit::cases(150))]

    #[test]
    fn in_the_memory_engine(script in scripts()) {
        run(&Home::Shared(Arc::new(Memory::default())), 1 << 20, &script)?;
    }

    #[test]
    fn in_the_memory_engine_when_nothing_fits_in_memory(script in scripts()) {
        run(&Home::Shared(Arc::new(Memory::default())), 0, &script)?;
    }

    #[test]
    fn in_the_memory_engine_when_little_fits_in_memory(script in scripts()) {
        run(&Home::Shared(Arc::new(Memory::default())), 1500, &script)?;
    }

    #[test]
    fn in_redb_in_memory(script in scripts()) {
        run(&Home::Shared(Arc::new(Redb::in_memory(None)?)), 1 << 20, &script)?;
    }
}

proptest! {
    #![proptest_config(kit::cases(40))]

    #[test]
    fn in_a_redb_file(script in scripts()) {
        run(&Home::File(tempfile::tempdir()?), 1 << 20, &script)?;
    }

    #[test]
    fn in_a_redb_file_when_little_fits_in_memory(script in scripts()) {
        run(&Home::File(tempfile::tempdir()?), 0, &script)?;
    }
}
