//! Indexes over several fields, over what a function says, and over some records only. S2-35, S1-9, S1-10, S1-22..S1-27;
//! hazards C3, C4, C6.

use std::cmp::Reverse;
use std::ops::Bound;

use netabase::engine::Redb;
use netabase::query::{Filter, Query};
use netabase::{ErrorKind, Link, NetabaseDefinition, NetabaseKey, NetabaseModel, Result, Store};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Owner {
    #[primary_key]
    id: u8,
}

#[derive(NetabaseKey, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Status {
    Queued = 1,
    Running = 2,
    Done = 3,
}

#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[netabase(
    index(name = "status_created", fields(status, created desc)),
    index(name = "place", fields(namespace, table, shard), unique),
    index(name = "open", fields(namespace, request), unique, when = Job::is_open, handle = "OPEN_REQUEST"),
    index(name = "decade", key = decade -> i32),
    index(name = "words", key = Job::words -> Vec<String>, unique),
    index(name = "failure", key = failure -> Option<(u8, String)>),
    index(name = "tag_created", fields(tags, created)),
    index(name = "watched", fields(watchers desc, owner, parent)),
)]
struct Job {
    #[primary_key]
    id: u64,
    #[secondary_key]
    status: Status,
    created: i32,
    namespace: String,
    table: String,
    shard: u8,
    request: Option<String>,
    title: String,
    tags: Vec<String>,
    watchers: Vec<u16>,
    #[relation(references = "unchecked")]
    owner: Link<Owner>,
    parent: Option<Link<Job>>,
    error: Option<(u8, String)>,
}

impl Job {
    fn is_open(&self) -> bool {
        self.request.is_some() && self.status != Status::Done
    }

    fn words(&self) -> Vec<String> {
        self.title.split_whitespace().map(str::to_owned).collect()
    }
}

fn decade(job: &Job) -> i32 {
    job.created.div_euclid(10)
}

fn failure(job: &Job) -> Option<(u8, String)> {
    job.error.clone()
}

#[derive(NetabaseDefinition)]
#[allow(clippy::large_enum_variant, reason = "there are never values of it")]
enum Work {
    Owner(Owner),
    Job(Job),
}

fn job(id: u64) -> Job {
    Job {
        id,
        status: Status::Queued,
        created: 0,
        namespace: "n".into(),
        table: "t".into(),
        shard: u8::try_from(id).unwrap_or(0),
        request: None,
        title: String::new(),
        tags: Vec::new(),
        watchers: Vec::new(),
        owner: Link::new(1),
        parent: None,
        error: None,
    }
}

fn ids(query: Query<'_, Job>) -> Result<Vec<u64>> {
    query.iter()?.map(|job| Ok(job?.id)).collect()
}

fn find(store: &Store<Work>, filter: Filter<Job>) -> Result<Vec<u64>> {
    ids(store.query().filter(filter))
}

#[test]
fn a_key_of_several_fields_is_asked_for_whole_or_from_its_front() -> Result<()> {
    let store = Store::<Work>::in_memory()?;
    let jobs =
        [(1, Status::Running, 5), (2, Status::Running, 9), (3, Status::Queued, 7), (4, Status::Running, 7)];
    store.write(|txn| {
        jobs.iter().try_for_each(|(id, status, created)| {
            txn.create(&Job { status: *status, created: *created, ..job(*id) })
        })
    })?;
    // The newest first, as the index has it.
    assert_eq!(find(&store, Job::STATUS_CREATED.prefix((Status::Running,)))?, [2, 4, 1]);
    assert_eq!(find(&store, Job::STATUS_CREATED.eq((Status::Running, Reverse(7))))?, [4]);
    let since = |created: i32| Job::STATUS_CREATED.within((Status::Running,), ..=Reverse(created));
    assert_eq!(find(&store, since(7))?, [2, 4]);
    assert_eq!(find(&store, since(8))?, [2]);
    let between = Job::STATUS_CREATED.within((Status::Running,), Reverse(9)..Reverse(5));
    assert_eq!(find(&store, between)?, [2, 4]);
    let newest = store.query().filter(Job::STATUS_CREATED.prefix((Status::Running,))).first()?;
    assert_eq!(newest.map(|job| job.id), Some(2));
    Ok(())
}

// C3: an element is whole, and strings do not run into each other.
#[test]
fn texts_next_to_each_other_stay_apart() -> Result<()> {
    let store = Store::<Work>::in_memory()?;
    let places = [("a", "b"), ("a\0", "b"), ("a", "\0b"), ("ab", ""), ("", "ab"), ("a", "ba"), ("aa", "b")];
    store.write(|txn| {
        (1..).zip(places).try_for_each(|(id, (namespace, table))| {
            txn.create(&Job { namespace: namespace.into(), table: table.into(), ..job(id) })
        })
    })?;
    assert_eq!(find(&store, Job::PLACE.prefix(("a",)))?, [3, 1, 6]);
    assert_eq!(find(&store, Job::PLACE.prefix(("a", "b")))?, [1]);
    assert_eq!(find(&store, Job::PLACE.within(("a",), "b"..))?, [1, 6]);
    assert_eq!(find(&store, Job::PLACE.within(("a",), "b"..="b"))?, [1]);
    assert_eq!(find(&store, Job::PLACE.within(("a",), .."b"))?, [3]);
    assert_eq!(find(&store, Job::PLACE.within(("a",), (Bound::Excluded("b"), Bound::Unbounded)))?, [6]);
    assert_eq!(find(&store, Job::PLACE.within(("a", "b"), 1..))?, [1]);
    assert_eq!(find(&store, Job::PLACE.within(("a", "b"), 2..))?, Vec::<u64>::new());
    assert_eq!(find(&store, Job::PLACE.eq(("a\0", "b", 2)))?, [2]);
    Ok(())
}

#[test]
fn a_unique_key_of_several_fields_is_held() -> Result<()> {
    let store = Store::<Work>::in_memory()?;
    store.write(|txn| txn.create(&job(1)))?;
    let same = store.write(|txn| txn.create(&Job { shard: 1, ..job(2) }));
    let expected = ErrorKind::ConstraintViolation { model: "Job", constraint: "place" };
    assert_eq!(same.unwrap_err().kind(), &expected);
    store.write(|txn| txn.create(&Job { shard: 1, table: "u".into(), ..job(2) }))
}

// S1-24: only where a key exists, and only while the job is open.
#[test]
fn an_index_of_some_records_knows_no_others() -> Result<()> {
    let store = Store::<Work>::in_memory()?;
    let asked = |id| Job { request: Some("r".into()), ..job(id) };
    store.write(|txn| {
        txn.create(&asked(1))?;
        txn.create(&job(2))?;
        txn.create(&job(3))
    })?;
    let clash = store.write(|txn| txn.create(&asked(4)));
    let expected = ErrorKind::ConstraintViolation { model: "Job", constraint: "open" };
    assert_eq!(clash.unwrap_err().kind(), &expected);
    assert_eq!(find(&store, Job::OPEN_REQUEST.eq(("n", Some("r"))))?, [1]);
    assert_eq!(find(&store, Job::OPEN_REQUEST.range(..))?, [1]);
    // Done is not open, so the request may be asked again.
    store.write(|txn| {
        txn.update_with(1, |job: &mut Job| job.status = Status::Done)?;
        txn.create(&asked(4))
    })?;
    assert_eq!(find(&store, Job::OPEN_REQUEST.prefix(("n",)))?, [4]);
    Ok(())
}

#[test]
fn a_function_gives_a_key_none_or_many() -> Result<()> {
    let store = Store::<Work>::in_memory()?;
    store.write(|txn| {
        txn.create(&Job { created: -1, title: "load the index".into(), ..job(1) })?;
        txn.create(&Job { created: 19, error: Some((7, "full".into())), title: "load".into(), ..job(2) })
            .unwrap_err();
        txn.create(&Job { created: 19, error: Some((7, "full".into())), title: "a a b".into(), ..job(2) })
    })?;
    assert_eq!(find(&store, Job::DECADE.eq(-1))?, [1]);
    assert_eq!(find(&store, Job::DECADE.range(1..))?, [2]);
    assert_eq!(find(&store, Job::WORDS.eq("index"))?, [1]);
    assert_eq!(find(&store, Job::WORDS.any_of(["a", "b", "the"]))?, [1, 2]);
    assert_eq!(find(&store, Job::FAILURE.is_none())?, [1]);
    assert_eq!(find(&store, Job::FAILURE.eq((7, "full")))?, [2]);
    assert_eq!(find(&store, Job::FAILURE.prefix((7,)))?, [2]);
    assert_eq!(find(&store, Job::FAILURE.within((7,), "f".."g"))?, [2]);
    assert_eq!(ids(store.query().where_secondary(JobSecondaryKeys::Failure(None)))?, [1]);
    assert_eq!(ids(store.query().where_secondary(JobSecondaryKeys::Decade(1)))?, [2]);
    Ok(())
}

#[test]
fn the_key_enum_names_them_too() -> Result<()> {
    let store = Store::<Work>::in_memory()?;
    store.write(|txn| txn.create(&job(1)))?;
    let key = JobSecondaryKeys::StatusCreated((Status::Queued, Reverse(0)));
    assert_eq!(ids(store.query().where_secondary(key))?, [1]);
    let key = JobSecondaryKeys::Place(("n".into(), "t".into(), 1));
    assert_eq!(ids(store.query().where_secondary(key))?, [1]);
    Ok(())
}

// S1-9: what an index is made of, as data.
#[test]
fn the_schema_says_what_an_index_is_made_of() {
    let job = Work::SCHEMA.model("Job").expect("it is listed");
    let index = |name| job.indexes.iter().find(|index| index.name == name).expect("it is there");
    let columns = |name| -> Vec<_> {
        index(name).columns().into_iter().map(|column| (column.field, column.descending)).collect()
    };
    assert_eq!(columns("status"), [("status", false)]);
    assert_eq!(columns("status_created"), [("status", false), ("created", true)]);
    assert_eq!(columns("watched"), [("watchers", true), ("owner", false), ("parent", false)]);
    assert_eq!(columns("decade"), []);
    assert_eq!(index("open").when, Some("Job::is_open"));
}

/// The jobs before they had the indexes.
mod before {
    use super::{Deserialize, Link, NetabaseDefinition, NetabaseModel, Owner, Serialize, Status};

    #[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
    #[netabase(index(name = "decade", key = by_five -> i32), index(name = "gone", fields(shard)))]
    pub(super) struct Job {
        #[primary_key]
        pub(super) id: u64,
        #[secondary_key]
        pub(super) status: Status,
        pub(super) created: i32,
        pub(super) namespace: String,
        pub(super) table: String,
        pub(super) shard: u8,
        pub(super) request: Option<String>,
        pub(super) title: String,
        pub(super) tags: Vec<String>,
        pub(super) watchers: Vec<u16>,
        #[relation(references = "unchecked")]
        pub(super) owner: Link<Owner>,
        pub(super) parent: Option<Link<Job>>,
        pub(super) error: Option<(u8, String)>,
    }

    fn by_five(job: &Job) -> i32 {
        job.created / 5
    }

    #[derive(NetabaseDefinition)]
    #[netabase(rename = "Work")]
    #[allow(clippy::large_enum_variant, reason = "there are never values of it")]
    pub(super) enum Work {
        Owner(Owner),
        Job(Job),
    }
}

// S1-5: records that were there before are found by an index that came later, and by one whose function changed its name.
#[test]
fn an_index_added_to_a_file_is_filled_when_it_is_opened() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("work.redb");
    let store = Store::<before::Work>::open(&path)?;
    store.write(|txn| {
        (0..50_u8).try_for_each(|id| {
            txn.create(&before::Job {
                id: id.into(),
                status: Status::Running,
                created: id.into(),
                namespace: "n".into(),
                table: "t".into(),
                shard: id,
                request: None,
                title: String::new(),
                tags: vec!["x".into()],
                watchers: vec![u16::from(id % 3)],
                owner: Link::new(1),
                parent: None,
                error: None,
            })
        })
    })?;
    assert_eq!(store.query().filter(before::Job::DECADE.eq(9)).count()?, 5);
    drop(store);
    let refused = Store::<Work>::open(&path).unwrap_err();
    assert!(refused.to_string().contains("Job.gone"), "{refused}");
    let store = Store::<Work>::builder().path(&path).discard("Job.gone").open()?;
    assert_eq!(find(&store, Job::DECADE.eq(4))?, [40, 41, 42, 43, 44, 45, 46, 47, 48, 49]);
    assert_eq!(find(&store, Job::STATUS_CREATED.within((Status::Running,), ..Reverse(47)))?, [49, 48]);
    assert_eq!(find(&store, Job::TAG_CREATED.within(("x",), 3..5))?, [3, 4]);
    assert!(store.verify(|_| {})?.is_clean());
    Ok(())
}

/// One model with another status or another order of attributes.
macro_rules! tickets {
    ($module:ident: $first:ident = $one:literal, $second:ident = $two:literal; $($index:tt)*) => {
        mod $module {
            use netabase::{NetabaseDefinition, NetabaseKey, NetabaseModel};
            use serde::{Deserialize, Serialize};

            #[derive(NetabaseKey, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
            pub(super) enum State {
                $first = $one,
                $second = $two,
            }

            #[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
            #[netabase($($index)*)]
            pub(super) struct Ticket {
                #[primary_key]
                pub(super) id: u64,
                pub(super) state: State,
                pub(super) day: u32,
            }

            #[derive(NetabaseDefinition)]
            #[netabase(rename = "Desk")]
            pub(super) enum Desk {
                Ticket(Ticket),
            }
        }
    };
}
tickets!(plain: Open = 1, Shut = 2; version = 1);
tickets!(indexed: Open = 1, Shut = 2; index(name = "by_state", fields(state, day)), index(name = "by_day", fields(day, state)));
tickets!(swapped: Open = 1, Shut = 2; index(name = "by_day", fields(day, state)), index(name = "by_state", fields(state, day)));
tickets!(turned: Open = 1, Shut = 2; index(name = "by_state", fields(state, day desc)), index(name = "by_day", fields(day)));
tickets!(renumbered: Open = 2, Shut = 1; index(name = "by_state", fields(state, day)), index(name = "by_day", fields(day, state)));
tickets!(reordered: Shut = 1, Open = 2; index(name = "by_state", fields(day, state)), index(name = "by_day", fields(state)));

// An index follows from the records, so it may change; what the records' bytes mean may not.
#[test]
fn an_index_may_change_and_its_fields_may_not() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("desk.redb");
    let store = Store::<plain::Desk>::open(&path)?;
    store.write(|txn| {
        (0..10).try_for_each(|id| {
            let state = if id < 4 { plain::State::Open } else { plain::State::Shut };
            txn.create(&plain::Ticket { id, state, day: 10 })
        })
    })?;
    drop(store);
    let open = |store: Store<indexed::Desk>| {
        store.query().filter(indexed::Ticket::BY_STATE.prefix((indexed::State::Open,))).count()
    };
    assert_eq!(open(Store::open(&path)?)?, 4);
    let store = Store::<swapped::Desk>::open(&path)?;
    assert_eq!(store.query().filter(swapped::Ticket::BY_DAY.eq((10, swapped::State::Shut))).count()?, 6);
    drop(store);
    let store = Store::<turned::Desk>::open(&path)?;
    let key = (turned::State::Open, Reverse(10));
    assert_eq!(store.query().filter(turned::Ticket::BY_STATE.eq(key)).count()?, 4);
    assert!(store.verify(|_| {})?.is_clean());
    drop(store);
    let refusals =
        [Store::<renumbered::Desk>::open(&path).map(drop), Store::<reordered::Desk>::open(&path).map(drop)];
    for refused in refusals {
        let refused = refused.unwrap_err();
        assert!(matches!(refused.kind(), ErrorKind::SchemaMismatch { .. }), "{refused}");
        assert!(refused.to_string().contains("Ticket.state"), "{refused}");
    }
    assert_eq!(open(Store::open(&path)?)?, 4);
    Ok(())
}

fn any_job() -> impl Strategy<Value = Job> {
    let text = || prop::sample::select(vec!["", "a", "ab", "a\0", "b"]).prop_map(str::to_owned);
    let keys =
        (0..6_u64, prop::sample::select(vec![Status::Queued, Status::Running, Status::Done]), -2..3_i32);
    let place =
        (text(), text(), 0..2_u8, option::of(text()), prop::sample::select(vec!["", "a", "b a a", "c"]));
    let links = (vec(text(), 0..3), vec(0..3_u16, 0..3), 0..2_u8, option::of(0..2_u64));
    (keys, place, links, option::of((0..2_u8, text()))).prop_map(
        |(
            (id, status, created),
            (namespace, table, shard, request, title),
            (tags, watchers, owner, parent),
            error,
        )| Job {
            id,
            status,
            created,
            namespace,
            table,
            shard,
            request,
            title: title.to_owned(),
            tags,
            watchers,
            owner: Link::new(owner),
            parent: parent.map(Link::new),
            error,
        },
    )
}

proptest! {
    #![proptest_config(kit::cases(80))]

    // After any changes each index finds what a plain filter finds, in the order of its keys, and verification agrees.
    #[test]
    fn every_index_equals_a_filter_over_all_records(
        rounds in vec((vec((any_job(), 0..4_u8), 0..8), any::<bool>()), 1..4),
        asked in any_job(),
    ) {
        let store = Store::<Work>::builder().engine(std::sync::Arc::new(Redb::in_memory(None)?)).open()?;
        for (changes, look_inside) in rounds {
            let mut txn = store.begin_write()?;
            for (job, verb) in changes {
                // What is refused leaves nothing.
                let _ = match verb {
                    0 => txn.delete::<Job>(job.id).map(drop),
                    1 => txn.create(&job),
                    _ => txn.upsert(&job).map(drop),
                };
            }
            if look_inside {
                check(&txn.query::<Job>().collect()?, &asked, |filter| ids(txn.query().filter(filter)))?;
            }
            txn.commit()?;
        }
        check(&store.query::<Job>().collect()?, &asked, |filter| find(&store, filter))?;
        let report = store.verify(|_| {})?;
        prop_assert!(report.is_clean(), "{}", report);
    }
}

/// Compares with plain Rust.
fn check(
    all: &[Job],
    asked: &Job,
    find: impl Fn(Filter<Job>) -> Result<Vec<u64>>,
) -> Result<(), TestCaseError> {
    /// The ids of the jobs with a key that is wanted, in the order of their first such key.
    fn expected<K: Ord>(all: &[Job], keys: impl Fn(&Job) -> Vec<K>, wanted: impl Fn(&K) -> bool) -> Vec<u64> {
        let mut found: Vec<(K, u64)> = Vec::new();
        for job in all {
            found.extend(keys(job).into_iter().filter(&wanted).map(|key| (key, job.id)));
        }
        found.sort();
        let mut ids: Vec<u64> = Vec::new();
        for (_, id) in found {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        ids
    }

    let (status, created) = (asked.status, asked.created);
    let by_status = |job: &Job| vec![(job.status, Reverse(job.created))];
    prop_assert_eq!(find(Job::STATUS_CREATED.range(..))?, expected(all, by_status, |_| true));
    prop_assert_eq!(
        find(Job::STATUS_CREATED.prefix((status,)))?,
        expected(all, by_status, |key| key.0 == status)
    );
    prop_assert_eq!(
        find(Job::STATUS_CREATED.within((status,), ..Reverse(created)))?,
        expected(all, by_status, |key| key.0 == status && key.1.0 > created)
    );
    prop_assert_eq!(
        find(Job::STATUS_CREATED.range((Status::Queued, Reverse(created))..=(Status::Running, Reverse(0))))?,
        expected(all, by_status, |key| {
            *key >= (Status::Queued, Reverse(created)) && *key <= (Status::Running, Reverse(0))
        })
    );

    let place = |job: &Job| vec![(job.namespace.clone(), job.table.clone(), job.shard)];
    let (namespace, table) = (asked.namespace.as_str(), asked.table.as_str());
    prop_assert_eq!(
        find(Job::PLACE.within((namespace,), table..))?,
        expected(all, place, |key| key.0 == namespace && key.1.as_str() >= table)
    );
    prop_assert_eq!(
        find(Job::PLACE.within((namespace,), (Bound::Excluded(table), Bound::Included("b"))))?,
        expected(all, place, |key| key.0 == namespace && key.1.as_str() > table && key.1.as_str() <= "b")
    );
    prop_assert_eq!(
        find(Job::PLACE.within((namespace, table), ..=asked.shard))?,
        expected(all, place, |key| key.0 == namespace && key.1 == table && key.2 <= asked.shard)
    );

    let open = |job: &Job| {
        let key = (job.namespace.clone(), job.request.clone());
        Vec::from_iter(job.is_open().then_some(key))
    };
    prop_assert_eq!(find(Job::OPEN_REQUEST.range(..))?, expected(all, open, |_| true));
    prop_assert_eq!(
        find(Job::OPEN_REQUEST.eq((namespace, asked.request.as_deref())))?,
        expected(all, open, |key| key.0 == namespace && key.1 == asked.request)
    );

    let words = |job: &Job| job.words();
    prop_assert_eq!(find(Job::WORDS.prefix("a"))?, expected(all, words, |word| word.starts_with('a')));
    let failure = |job: &Job| Vec::from_iter(job.error.clone());
    prop_assert_eq!(find(Job::FAILURE.range(..))?, expected(all, failure, |_| true));
    prop_assert_eq!(find(Job::FAILURE.prefix((1,)))?, expected(all, failure, |key| key.0 == 1));

    let tagged = |job: &Job| -> Vec<_> { job.tags.iter().map(|tag| (tag.clone(), job.created)).collect() };
    prop_assert_eq!(find(Job::TAG_CREATED.range(..))?, expected(all, tagged, |_| true));
    prop_assert_eq!(
        find(Job::TAG_CREATED.within(("a",), created..))?,
        expected(all, tagged, |key| key.0 == "a" && key.1 >= created)
    );
    let watched = |job: &Job| -> Vec<_> {
        let parent = job.parent.as_ref().map(|parent| parent.key().clone());
        job.watchers.iter().map(|by| (Reverse(*by), job.owner.key().clone(), parent.clone())).collect()
    };
    prop_assert_eq!(find(Job::WATCHED.range(..))?, expected(all, watched, |_| true));
    prop_assert_eq!(
        find(Job::WATCHED.prefix((Reverse(1), 0)))?,
        expected(all, watched, |key| key.0.0 == 1 && key.1.0 == 0)
    );
    prop_assert_eq!(
        find(Job::WATCHED.eq((Reverse(1), 0, None::<u64>)))?,
        expected(all, watched, |key| key.0.0 == 1 && key.1.0 == 0 && key.2.is_none())
    );
    Ok(())
}

#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[netabase(index(name = "kind_day", fields(r#type, day), handle = "r#MATCH"))]
struct Entry {
    #[primary_key]
    id: u8,
    r#type: u8,
    day: u8,
}

#[derive(NetabaseDefinition)]
enum Book {
    Entry(Entry),
}

// Names that need an `r#` in Rust are names like others.
#[test]
fn raw_names_of_fields_and_handles() -> Result<()> {
    let store = Store::<Book>::in_memory()?;
    store.write(|txn| (0..10).try_for_each(|id| txn.create(&Entry { id, r#type: id % 2, day: id })))?;
    let found = store
        .begin_read()?
        .query::<Entry>()
        .filter(Entry::r#MATCH.eq((1, 3)))
        .keys()?
        .collect::<Result<Vec<_>>>()?;
    assert_eq!(found, [EntryPrimaryKey(3)]);
    Ok(())
}
