//! Queries whose records come with those they are related to: one batch for each level, the same as a plain computation.

use std::collections::BTreeMap;
use std::sync::Arc;

use kit::counting::{Counting, Counts};
use kit::load;
use kit::models::{
    Author, AuthorPrimaryKey, Blog, Person, Place, PlacePrimaryKey, Post, Visit, World, author,
    post as bare_post,
};
use netabase::engine::Redb;
use netabase::{ErrorKind, Link, NetabaseDefinition, NetabaseModel, Result, Store, WriteTransaction};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

fn person(id: u64, boss: Option<u64>, friends: &[u64]) -> Person {
    let (boss, friends) = (boss.map(Link::new), friends.iter().copied().map(Link::new).collect());
    Person { boss, friends, ..load::person(id, 1) }
}

fn place(code: u16, owner: u64) -> Place {
    Place { country: "X".into(), code, doors: Vec::new(), owner: Link::new(owner) }
}

fn visit(person: u64, code: u16) -> Visit {
    let key = PlacePrimaryKey { country: "X".into(), code };
    Visit { person: Link::new(person), place: Link::new(key), note: Vec::new() }
}

fn post(id: u64, author: u64) -> Post {
    Post { author: Link::new(author), ..bare_post(id, 1, &[]) }
}

/// 1 and 2 work for 3, who works for nobody who is there; 1 and 2 are friends of themselves and each other.
fn small() -> Result<Store<World>> {
    let store = Store::<World>::in_memory()?;
    store.write(|txn| {
        txn.create_batch(&[
            person(1, Some(3), &[2, 9, 1, 2]),
            person(2, Some(3), &[1]),
            person(3, Some(9), &[]),
            person(4, None, &[]),
        ])?;
        txn.create_batch(&[place(1, 3), place(2, 3), place(3, 9)])?;
        txn.create_batch(&[visit(1, 1), visit(1, 2), visit(2, 1), visit(4, 9)])
    })?;
    Ok(store)
}

fn ids(people: &[Person]) -> Vec<u64> {
    people.iter().map(|person| person.id).collect()
}

#[test]
fn each_shape_of_link_has_its_own() -> Result<()> {
    let store = small()?;
    let bosses = store.query::<Person>().include(Person::BOSS).collect()?;
    let bosses: Vec<_> =
        bosses.iter().map(|(person, boss)| (person.id, boss.as_ref().map(|boss| boss.id))).collect();
    assert_eq!(bosses, [(1, Some(3)), (2, Some(3)), (3, None), (4, None)]);

    // In the order of the field, as often as they stand there.
    let friends = store.query::<Person>().include(Person::FRIENDS).collect()?;
    let friends: Vec<_> = friends.iter().map(|(person, friends)| (person.id, ids(friends))).collect();
    assert_eq!(friends, [(1, vec![2, 1, 2]), (2, vec![1]), (3, vec![]), (4, vec![])]);

    let owners: Vec<(Place, Option<Person>)> = store.query::<Place>().include(Place::OWNER).collect()?;
    let owners: Vec<_> =
        owners.iter().map(|(place, owner)| (place.code, owner.as_ref().map(|owner| owner.id))).collect();
    assert_eq!(owners, [(1, Some(3)), (2, Some(3)), (3, None)]);
    Ok(())
}

#[test]
fn what_is_required_has_to_be_there() -> Result<()> {
    let store = small()?;
    let owners = |query: netabase::query::Query<'_, Place>| -> Result<Vec<(Place, Person)>> {
        query.include(Place::OWNER.required()).collect()
    };
    let found = owners(store.query().filter(Place::OWNER.eq(3)))?;
    assert_eq!(
        found.iter().map(|(place, owner)| (place.code, owner.id)).collect::<Vec<_>>(),
        [(1, 3), (2, 3)]
    );

    let missing = ErrorKind::DanglingReference { model: "Person", key: "PersonPrimaryKey(9)".into() };
    assert_eq!(*owners(store.query()).expect_err("an owner is missing").kind(), missing);
    let friends = store.query::<Person>().include(Person::FRIENDS.required()).collect();
    assert_eq!(*friends.expect_err("a friend is missing").kind(), missing);
    let bosses = store.query::<Person>().include(Person::BOSS.required()).collect();
    assert_eq!(*bosses.expect_err("a boss is missing").kind(), missing);
    // Without a link there is nothing to be missing.
    let bosses =
        store.query().filter(Person::ID.any_of([1, 4])).include(Person::BOSS.required()).collect()?;
    assert_eq!(bosses.iter().map(|(_, boss)| boss.is_some()).collect::<Vec<_>>(), [true, false]);
    // It is said of one level alone.
    let nested = store.query::<Visit>().include(Visit::PERSON.required().include(Person::BOSS)).collect()?;
    assert_eq!(nested.len(), 4);
    let nested = store.query::<Visit>().include(Visit::PLACE.include(Place::OWNER).required()).collect();
    assert!(matches!(
        nested.expect_err("a place is missing").kind(),
        ErrorKind::DanglingReference { model: "Place", .. }
    ));
    Ok(())
}

// Two relations of one model to one other, which are told apart by their handles.
#[test]
fn relations_are_seen_from_their_other_end() -> Result<()> {
    let store = small()?;
    let two = (Person::BOSS.inverse(), Person::FRIENDS.inverse());
    let found = store.query::<Person>().include(two).collect()?;
    let found: Vec<_> =
        found.iter().map(|(person, (staff, fans))| (person.id, ids(staff), ids(fans))).collect();
    assert_eq!(
        found,
        [(1, vec![], vec![1, 2]), (2, vec![], vec![1]), (3, vec![1, 2], vec![]), (4, vec![], vec![])]
    );

    let first =
        store.query::<Person>().filter(Person::ID.eq(3)).include(Person::BOSS.inverse().limit(1)).first()?;
    assert_eq!(first.map(|(_, staff)| ids(&staff)), Some(vec![1]));
    assert!(
        store.query::<Person>().filter(Person::ID.eq(8)).include(Person::BOSS.inverse()).first()?.is_none()
    );
    let none = store.query::<Person>().include(Person::BOSS.inverse().limit(0)).collect()?;
    assert!(none.iter().all(|(_, staff)| staff.is_empty()));
    let last = Person::BOSS.inverse().order_by(Person::BIO.desc()).order_by(Person::ID.desc()).limit(1);
    let last = store.query().filter(Person::ID.eq(3)).include(last).first()?;
    assert_eq!(last.map(|(_, staff)| ids(&staff)), Some(vec![2]));
    Ok(())
}

#[test]
fn a_join_model_leads_to_many_and_back() -> Result<()> {
    let store = small()?;
    let places = Visit::PERSON.inverse().include(Visit::PLACE.include(Place::OWNER));
    let found = store.query::<Person>().filter(Person::ID.any_of([1, 4])).include(places).collect()?;
    let codes = |(person, visits): &(Person, Vec<(Visit, Option<(Place, Option<Person>)>)>)| {
        let of = |(_, place): &(Visit, Option<(Place, Option<Person>)>)| {
            place.as_ref().map(|(place, owner)| (place.code, owner.as_ref().map(|owner| owner.id)))
        };
        (person.id, visits.iter().map(of).collect::<Vec<_>>())
    };
    let found: Vec<_> = found.iter().map(codes).collect();
    assert_eq!(found, [(1, vec![Some((1, Some(3))), Some((2, Some(3)))]), (4, vec![None])]);
    Ok(())
}

/// Gets and steps of a query over so many parents with 3 children each.
fn costs(authors: u64, ask: impl Fn(&Store<Blog>) -> Result<usize>) -> Result<(usize, u64, u64)> {
    let engine = Counting::new(Redb::in_memory(None)?);
    let counts: Arc<Counts> = engine.counts();
    let store = Store::<Blog>::builder().engine(Arc::new(engine)).open()?;
    store.write(|txn| {
        txn.create_batch(&(0..authors).map(author).collect::<Vec<_>>())?;
        txn.create_batch(&(0..authors * 3).map(|id| post(id, (id * 7) % authors)).collect::<Vec<_>>())
    })?;
    store.begin_read()?;
    let (found, gets, steps) = counts.reads_of(|| ask(&store));
    Ok((found?, gets, steps))
}

// Single look-ups are those that a batch begins with, whatever the number of records; every row is stepped on once.
#[test]
fn a_level_is_one_batch() -> Result<()> {
    for authors in [10, 1000] {
        let posts = authors * 3;
        let (found, gets, steps) = costs(authors, |store| {
            let found = store.query::<Post>().include(Post::AUTHOR.required()).collect()?;
            Ok(found.iter().filter(|(post, author)| *post.author.key() == author.primary_key()).count())
        })?;
        assert_eq!(found as u64, posts);
        assert!(gets <= 16 && steps <= posts + authors + 2, "{authors}: {gets} gets, {steps} steps");

        let (found, gets, steps) = costs(authors, |store| {
            let found = store.query::<Author>().include(Post::AUTHOR.inverse()).collect()?;
            Ok(found.iter().map(|(_, posts)| posts.len()).sum())
        })?;
        assert_eq!(found as u64, posts);
        // The authors, the rows of the index, the posts.
        assert!(gets <= 16 && steps <= authors + posts + posts + 3, "{authors}: {gets} gets, {steps} steps");

        // Author, posts, and their author again: each level for itself.
        let (found, gets, steps) = costs(authors, |store| {
            let nested = Post::AUTHOR.inverse().limit(2).include(Post::AUTHOR.required());
            let found = store.query::<Author>().include(nested).collect()?;
            Ok(found
                .iter()
                .map(|(author, posts)| posts.iter().filter(|(_, back)| back == author).count())
                .sum())
        })?;
        assert_eq!(found as u64, authors * 2);
        assert!(
            gets <= 32 && steps <= 2 * authors + posts + posts + 4,
            "{authors}: {gets} gets, {steps} steps"
        );
    }
    Ok(())
}

// In a write transaction nothing is walked over, as staged rows would be sorted for that: a look-up for each key, once.
#[test]
fn staged_records_are_looked_up_once_each() -> Result<()> {
    for authors in [10, 1000] {
        let (found, gets, _) = costs(authors, |store| {
            let mut txn = store.begin_write()?;
            txn.create(&post(authors * 3, 0))?;
            Ok(txn.query::<Post>().include(Post::AUTHOR.required()).collect()?.len())
        })?;
        assert_eq!(found as u64, authors * 3 + 1);
        // And one for what is created.
        assert!(gets <= authors + 1, "{authors}: {gets} gets");
    }
    Ok(())
}

// Few parents of many: nothing is read of the others.
#[test]
fn what_is_not_asked_for_is_not_read() -> Result<()> {
    let (found, gets, steps) = costs(1000, |store| {
        let few = store.query::<Author>().filter(Author::ID.any_of([3, 700]));
        Ok(few.include(Post::AUTHOR.inverse()).collect()?.iter().map(|(_, posts)| posts.len()).sum())
    })?;
    assert_eq!(found, 6);
    assert!(gets <= 8 && steps <= 24, "{gets} gets, {steps} steps");
    let (found, gets, steps) = costs(1000, |store| {
        Ok(store.query::<Author>().limit(0).include((Post::AUTHOR.inverse(),)).collect()?.len())
    })?;
    assert_eq!((found, gets, steps), (0, 0, 0));
    Ok(())
}

/// A model that another definition lists.
#[derive(NetabaseModel, Serialize, Deserialize, Debug)]
struct Stranger {
    #[primary_key]
    id: u64,
    #[relation]
    author: Link<Author>,
}

/// Another model under the name of one that is listed.
#[derive(NetabaseModel, Serialize, Deserialize, Debug)]
#[netabase(rename = "Post")]
struct Impostor {
    #[primary_key]
    id: u64,
    #[relation]
    author: Link<Author>,
}

#[derive(NetabaseDefinition)]
enum Elsewhere {
    Author(Author),
    Stranger(Stranger),
    Impostor(Impostor),
}

#[test]
fn a_model_of_another_definition_is_not_included() -> Result<()> {
    let elsewhere = Store::<Elsewhere>::in_memory()?;
    assert!(elsewhere.query::<Author>().include(Stranger::AUTHOR.inverse()).collect()?.is_empty());
    let store = Store::<Blog>::in_memory()?;
    store.write(|txn| txn.create(&author(1)))?;
    let error =
        store.query::<Author>().include(Stranger::AUTHOR.inverse()).collect().expect_err("it is not listed");
    assert_eq!(*error.kind(), ErrorKind::UnknownModel { model: "Stranger" });
    assert_eq!(error.to_string(), "the definition of this store does not list Stranger: add it as a variant");
    let error =
        store.query::<Author>().include(Impostor::AUTHOR.inverse()).collect().expect_err("nor is this");
    assert_eq!(*error.kind(), ErrorKind::UnknownModel { model: "Post" });
    Ok(())
}

/// Keys of records in every kind of table.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[netabase(index(name = "by_reader", key = Desk::reader -> AuthorPrimaryKey, when = Desk::is_read, covering(room)))]
struct Desk {
    #[primary_key]
    id: u64,
    #[secondary_key]
    editor: AuthorPrimaryKey,
    #[secondary_key(unique)]
    seat: Option<AuthorPrimaryKey>,
    room: String,
}

impl Desk {
    fn reader(&self) -> AuthorPrimaryKey {
        AuthorPrimaryKey(self.id / 2)
    }

    fn is_read(&self) -> bool {
        !self.id.is_multiple_of(2)
    }
}

#[derive(NetabaseDefinition)]
enum Office {
    Author(Author),
    Desk(Desk),
}

// What is a key of the other model leads there, whether it is called a relation or not.
#[test]
fn every_table_with_such_keys_is_a_relation() -> Result<()> {
    let store = Store::<Office>::in_memory()?;
    let desk = |id, editor: u64, seat: Option<u64>| Desk {
        id,
        editor: editor.into(),
        seat: seat.map(Into::into),
        room: "R".into(),
    };
    store.write(|txn| {
        txn.create_batch(&[author(1), author(2), author(3)])?;
        txn.create_batch(&[desk(1, 2, None), desk(2, 2, Some(3)), desk(3, 1, None), desk(5, 9, Some(1))])
    })?;
    let links = (Desk::EDITOR, Desk::SEAT, Desk::BY_READER, Desk::ID);
    let found = store.query::<Desk>().include(links).collect()?;
    let id = |author: &Option<Author>| author.as_ref().map(|author| author.id);
    let ids: Vec<_> = found
        .iter()
        .map(|(desk, (editor, seat, reader, same))| {
            assert_eq!(same.as_ref(), Some(desk));
            (desk.id, id(editor), id(seat), id(reader))
        })
        .collect();
    assert_eq!(
        ids,
        [
            (1, Some(2), None, None),
            (2, Some(2), Some(3), None),
            (3, Some(1), None, Some(1)),
            (5, None, Some(1), Some(2))
        ]
    );

    let back = (Desk::EDITOR.inverse(), Desk::SEAT.inverse(), Desk::BY_READER.inverse());
    let found = store.query::<Author>().include(back).collect()?;
    let ids = |desks: &[Desk]| desks.iter().map(|desk| desk.id).collect::<Vec<_>>();
    let found: Vec<_> = found
        .iter()
        .map(|(author, (edited, seat, read))| (author.id, ids(edited), ids(seat), ids(read)))
        .collect();
    assert_eq!(
        found,
        [(1, vec![3], vec![5], vec![3]), (2, vec![1, 2], vec![], vec![5]), (3, vec![], vec![2], vec![])]
    );
    let same = store.query::<Desk>().include(Desk::ID.inverse()).collect()?;
    assert!(same.len() == 4 && same.iter().all(|(desk, same)| same == std::slice::from_ref(desk)));
    // Where a record is not in the index, there is no key either.
    let none = store.query::<Desk>().include(Desk::BY_READER.required()).collect().expect_err("one has none");
    assert!(matches!(none.kind(), ErrorKind::DanglingReference { model: "Author", .. }));
    Ok(())
}

/// The same as plain maps.
#[derive(Clone, Debug, Default)]
struct Plain {
    people: BTreeMap<u64, Person>,
    places: BTreeMap<u16, Place>,
    visits: BTreeMap<(u64, u16), Visit>,
}

type Friends = Vec<(Person, Vec<Person>)>;

impl Plain {
    fn person(&self, link: &Link<Person>) -> Option<Person> {
        self.people.get(&link.key().0).cloned()
    }

    fn boss(&self, person: &Person) -> Option<Person> {
        person.boss.as_ref().and_then(|boss| self.person(boss))
    }

    fn friends(&self, person: &Person) -> Vec<Person> {
        person.friends.iter().filter_map(|friend| self.person(friend)).collect()
    }

    fn staff(&self, person: &Person) -> Vec<Person> {
        let leads_here = |other: &&Person| other.boss.as_ref().is_some_and(|boss| boss.key().0 == person.id);
        self.people.values().filter(leads_here).cloned().collect()
    }

    fn fans(&self, person: &Person) -> Vec<Person> {
        let leads_here = |other: &&Person| other.friends.contains(&Link::to(person));
        self.people.values().filter(leads_here).cloned().collect()
    }

    /// The oldest first, then the highest key.
    fn oldest_fans(&self, person: &Person, most: usize) -> Friends {
        let mut fans = self.fans(person);
        fans.sort_by_key(|fan| std::cmp::Reverse((fan.age, fan.id)));
        fans.truncate(most);
        fans.into_iter().map(|fan| (fan.clone(), self.friends(&fan))).collect()
    }

    fn places(&self, person: &Person, most: usize) -> Vec<(Visit, Option<Place>)> {
        let of = self.visits.range((person.id, 0)..=(person.id, u16::MAX)).take(most);
        of.map(|((_, code), visit)| (visit.clone(), self.places.get(code).cloned())).collect()
    }
}

const PEOPLE: u64 = 10;

prop_compose! {
    fn world()(
        people in prop::collection::vec((prop::option::of(0..PEOPLE + 2), prop::collection::vec(0..PEOPLE + 2, 0..4), 0..3_i32), 0..PEOPLE as usize),
        owners in prop::collection::vec(0..PEOPLE + 2, 0..5),
        visits in prop::collection::btree_set((0..PEOPLE + 1, 0..6_u16), 0..12),
    ) -> Plain {
        let mut plain = Plain::default();
        for (id, (boss, friends, age)) in (0..).zip(people) {
            plain.people.insert(id, Person { age, ..person(id, boss, &friends) });
        }
        for (code, owner) in (0..).zip(owners) {
            plain.places.insert(code, place(code, owner));
        }
        plain.visits = visits.into_iter().map(|(id, code)| ((id, code), visit(id, code))).collect();
        plain
    }
}

fn fill(txn: &mut WriteTransaction<World>, plain: &Plain) -> Result<()> {
    txn.upsert_batch(&plain.people.values().cloned().collect::<Vec<_>>())?;
    txn.upsert_batch(&plain.places.values().cloned().collect::<Vec<_>>())?;
    txn.upsert_batch(&plain.visits.values().cloned().collect::<Vec<_>>())?;
    Ok(())
}

/// Compares on a snapshot or a transaction, which have the same methods.
macro_rules! compare {
    ($txn:expr, $plain:expr, $most:expr) => {{
        let (txn, plain, most): (_, &Plain, usize) = (&$txn, $plain, $most);
        let expect = |query: Vec<Person>| -> Vec<_> {
            let beside = |person: &Person| {
                let boss = plain.boss(person).map(|boss| (boss.clone(), plain.staff(&boss)));
                let staff: Vec<_> = plain.staff(person).into_iter().take(most).collect();
                (
                    boss,
                    plain.friends(person),
                    staff,
                    plain.oldest_fans(person, most),
                    plain.places(person, most),
                )
            };
            query.into_iter().map(|person| (person.clone(), beside(&person))).collect()
        };
        let all = || {
            (
                Person::BOSS.include(Person::BOSS.inverse()),
                Person::FRIENDS,
                Person::BOSS.inverse().limit(most),
                Person::FRIENDS.inverse().order_by(Person::AGE.desc()).limit(most).include(Person::FRIENDS),
                Visit::PERSON.inverse().include(Visit::PLACE).limit(most),
            )
        };
        let everyone = txn.query::<Person>().include(all()).collect()?;
        prop_assert_eq!(everyone, expect(plain.people.values().cloned().collect()));
        let some = || {
            txn.query::<Person>()
                .filter(Person::AGE.range(1..))
                .order_by(Person::ID.desc())
                .offset(1)
                .limit(4)
        };
        prop_assert_eq!(some().include(all()).collect()?, expect(some().collect()?));
        prop_assert_eq!(some().include(all()).first()?, expect(some().collect()?).into_iter().next());

        let owners = txn.query::<Place>().include((Place::OWNER, Visit::PLACE.inverse())).collect()?;
        let visits =
            |code: u16| plain.visits.values().filter(move |visit| visit.place.key().code == code).cloned();
        let expected = plain.places.values().map(|place| {
            (place.clone(), (plain.person(&place.owner), visits(place.code).collect::<Vec<_>>()))
        });
        prop_assert_eq!(owners, expected.collect::<Vec<_>>());
    }};
}

proptest! {
    #![proptest_config(kit::cases(60))]

    #[test]
    fn includes_are_what_a_plain_computation_finds(before in world(), after in world(), most in 0..4_usize) {
        let store = Store::<World>::in_memory()?;
        store.write(|txn| fill(txn, &before))?;
        let snapshot = store.begin_read()?;
        compare!(snapshot, &before, most);
        let mut txn = store.begin_write()?;
        txn.delete_where(Person::ID.range(..))?;
        txn.delete_where(Place::PRIMARY_KEY.range(..))?;
        txn.delete_where(Visit::PRIMARY_KEY.range(..))?;
        fill(&mut txn, &after)?;
        compare!(txn, &after, most);
        txn.commit()?;
        compare!(store, &after, most);
        compare!(snapshot, &before, most);
    }
}
