//! `par_for_each`: every record once, whoever visits it. S2-56.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use kit::counting::Counting;
use kit::models::{Blog, Place, Post, World, post};
use netabase::engine::Redb;
use netabase::query::Query;
use netabase::{Error, Link, Result, Store};

fn store(records: u64) -> Result<Store<Blog>> {
    let store = Store::<Blog>::in_memory()?;
    let tags = |id| if id % 3 == 0 { &["a", "ab"][..] } else { &[] };
    store.write(|txn| {
        (0..records).try_for_each(|id| txn.create(&post(id * id, (id % 50) as u32, tags(id))))
    })?;
    Ok(store)
}

/// The ids that are visited, in order.
fn visited(query: Query<'static, Post>, threads: usize) -> Result<Vec<u64>> {
    let ids = Mutex::new(Vec::new());
    query.par_for_each(threads, |post| {
        ids.lock().expect("nobody panics").push(post.id);
        Ok(())
    })?;
    let mut ids = ids.into_inner().expect("nobody panics");
    ids.sort_unstable();
    Ok(ids)
}

#[test]
fn every_record_is_visited_once() -> Result<()> {
    let store = store(5000)?;
    let snapshot = store.begin_read()?;
    let queries: [fn(Query<'static, Post>) -> Query<'static, Post>; 8] = [
        |query| query,
        |query| query.filter(Post::ID.range(10_000..9_000_000)),
        |query| query.filter(Post::ID.any_of([4, 9, 10, 16])),
        |query| query.filter(Post::DAY.eq(7)),
        |query| query.filter(Post::DAY.range(..20)),
        |query| query.filter(Post::TAGS.prefix("a")),
        |query| query.filter(Post::DAY.eq(7).and(Post::TAGS.eq("ab"))),
        |query| query.filter(Post::ID.range(..100_000).and(Post::TAGS.eq("ab"))),
    ];
    for query in queries {
        let mut expected =
            query(snapshot.query()).iter()?.map(|post| Ok(post?.id)).collect::<Result<Vec<_>>>()?;
        expected.sort_unstable();
        assert!(!expected.is_empty());
        for threads in [0, 1, 2, 5] {
            assert_eq!(visited(query(snapshot.query()), threads)?, expected);
        }
    }
    assert_eq!(visited(snapshot.query().filter(Post::ID.range(7..9)), 2)?, Vec::<u64>::new());
    assert_eq!(visited(snapshot.query().filter(Post::DAY.eq(99)), 2)?, Vec::<u64>::new());
    Ok(())
}

// Keys that share a long beginning and are dense at one end.
#[test]
fn keys_that_lie_unevenly_are_all_visited() -> Result<()> {
    let store = Store::<World>::in_memory()?;
    let place = |number: u16| Place {
        country: format!("a long beginning {}", if number < 2900 { "a" } else { "zz" }),
        code: number,
        doors: Vec::new(),
        owner: Link::new(1),
    };
    store.write(|txn| (0..3000).try_for_each(|number| txn.create(&place(number))))?;
    let sum = AtomicU64::new(0);
    store.query::<Place>().par_for_each(4, |place| {
        sum.fetch_add(u64::from(place.code), Ordering::Relaxed);
        Ok(())
    })?;
    assert_eq!(sum.into_inner(), (0..3000).sum::<u64>());
    Ok(())
}

#[test]
fn a_limit_holds_for_all_threads_together() -> Result<()> {
    let store = store(3000)?;
    let queries: [fn(Query<'static, Post>) -> Query<'static, Post>; 2] =
        [|query| query, |query| query.filter(Post::DAY.range(..40))];
    for query in queries {
        assert_eq!(visited(query(store.query()).limit(700), 3)?.len(), 700);
        assert_eq!(visited(query(store.query()).limit(0), 3)?.len(), 0);
    }
    Ok(())
}

// Each waits for the other, so one thread alone would wait for ever. Few records are shared, too.
#[test]
fn two_threads_are_at_work_at_once() -> Result<()> {
    let store = store(8)?;
    let queries: [fn(Query<'static, Post>) -> Query<'static, Post>; 2] =
        [|query| query, |query| query.filter(Post::DAY.range(..))];
    for query in queries {
        let (arrived, missed) = (Mutex::new(HashSet::new()), AtomicU64::new(0));
        query(store.query()).par_for_each(2, |_| {
            arrived.lock().expect("nobody panics").insert(thread::current().id());
            let deadline = Instant::now() + Duration::from_secs(20);
            while arrived.lock().expect("nobody panics").len() < 2 {
                if Instant::now() > deadline {
                    missed.fetch_add(1, Ordering::Relaxed);
                    return Err(Error::user("nobody came"));
                }
                thread::yield_now();
            }
            Ok(())
        })?;
        assert_eq!(missed.into_inner(), 0);
    }
    Ok(())
}

// What a limit leaves out is not read.
#[test]
fn a_limit_that_is_used_up_stops_the_walk() -> Result<()> {
    let engine = Counting::new(Redb::in_memory(None)?);
    let counts = engine.counts();
    let store = Store::<Blog>::builder().engine(Arc::new(engine)).open()?;
    store.write(|txn| (0..2000).try_for_each(|id| txn.create(&post(id, (id % 5) as u32, &[]))))?;
    let snapshot = store.begin_read()?;
    let visit = |query: Query<'static, Post>| counts.reads_of(|| query.par_for_each(1, |_| Ok(())));
    let (done, gets, steps) = visit(snapshot.query().limit(10));
    done?;
    assert!(gets + steps < 20, "{gets} gets, {steps} steps");
    let (done, gets, steps) = visit(snapshot.query().filter(Post::DAY.eq(1)).limit(10));
    done?;
    assert!(gets + steps < 40, "{gets} gets, {steps} steps");
    let (done, gets, steps) = visit(snapshot.query().limit(0));
    done?;
    assert_eq!((gets, steps), (0, 0));
    Ok(())
}

#[test]
fn the_first_error_ends_it() -> Result<()> {
    let store = store(20_000)?;
    for query in [store.query::<Post>(), store.query().filter(Post::DAY.range(..))] {
        let visits = AtomicU64::new(0);
        let ended = query.par_for_each(2, |_| {
            if visits.fetch_add(1, Ordering::Relaxed) == 10 { Err(Error::user("enough")) } else { Ok(()) }
        });
        assert!(ended.unwrap_err().is_user());
        assert!(visits.into_inner() < 20_000);
    }
    Ok(())
}

#[test]
fn a_panic_goes_on_in_the_caller() -> Result<()> {
    let store = store(2000)?;
    let visits = AtomicU64::new(0);
    let query = AssertUnwindSafe(store.query::<Post>());
    let ended = catch_unwind(|| {
        let query = query;
        query.0.par_for_each(2, |_| {
            assert!(visits.fetch_add(1, Ordering::Relaxed) != 700, "seven hundred");
            Ok(())
        })
    });
    let text = ended.unwrap_err().downcast_ref::<&str>().copied();
    assert_eq!(text, Some("seven hundred"));
    Ok(())
}
