//! `delete_where` and `update_where`: each record once, all or none, in bounded memory. Hazard C14.

use std::sync::Arc;

use allocation_counter::measure;
use kit::counting::Counting;
use kit::models::{Blog, Post, post};
use netabase::engine::Redb;
use netabase::query::Filter;
use netabase::{ErrorKind, Result, Store};

/// Where little is staged, a pass keeps 4 KiB of keys, so that these are several passes.
fn store(records: u64, staging: usize) -> Result<Store<Blog>> {
    let store = Store::builder().in_memory().staging_limit(staging).open()?;
    store.write(|txn| {
        (0..records).try_for_each(|id| txn.create(&post(id, (id * 7 % 100) as u32, &["a", "b"])))
    })?;
    Ok(store)
}

fn days(store: &Store<Blog>) -> Result<Vec<u32>> {
    store.query::<Post>().iter()?.map(|post| Ok(post?.day)).collect()
}

// The update moves each record ahead in the index that is walked over.
#[test]
fn a_record_that_moves_ahead_in_its_index_is_changed_once() -> Result<()> {
    for staging in [0, 64 << 20] {
        let store = store(3000, staging)?;
        let before = days(&store)?;
        let changed = store.write(|txn| txn.update_where(Post::DAY.range(10..), |post| post.day += 1))?;
        let expected: Vec<u32> = before.iter().map(|day| if *day >= 10 { day + 1 } else { *day }).collect();
        assert_eq!(changed, before.iter().filter(|day| **day >= 10).count() as u64);
        assert_eq!(days(&store)?, expected);
        assert!(store.verify(|_| {})?.is_clean());
    }
    Ok(())
}

#[test]
fn a_record_with_several_rows_is_changed_once() -> Result<()> {
    for staging in [0, 64 << 20] {
        let store = store(3000, staging)?;
        let sweep = |post: &mut Post| post.tags.push(format!("c{}", post.tags.len()));
        assert_eq!(store.write(|txn| txn.update_where(Post::TAGS.range("a".."d"), sweep))?, 3000);
        assert_eq!(store.query::<Post>().filter(Post::TAGS.eq("c2")).count()?, 3000);
        assert_eq!(store.query::<Post>().filter(Post::TAGS.prefix("c")).count()?, 3000);
    }
    Ok(())
}

#[test]
fn what_a_filter_finds_is_deleted_with_its_rows() -> Result<()> {
    for staging in [0, 64 << 20] {
        let store = store(3000, staging)?;
        assert_eq!(store.write(|txn| txn.delete_where(Post::DAY.range(50..)))?, 1500);
        assert_eq!(
            store.write(|txn| txn.delete_where(Post::ID.range(..500).and(Post::DAY.range(..10))))?,
            50
        );
        assert_eq!(store.write(|txn| txn.delete_where(Post::ID.range(900..)))?, 1050);
        assert_eq!(store.write(|txn| txn.delete_where(Post::DAY.eq(77)))?, 0);
        assert_eq!(
            (store.len::<Post>()?, store.query::<Post>().filter(Post::TAGS.eq("a")).count()?),
            (400, 400)
        );
        assert!(store.verify(|_| {})?.is_clean());
    }
    Ok(())
}

// The sides of an `or` follow each other, in no order of keys.
#[test]
fn both_sides_of_an_or_are_swept() -> Result<()> {
    for staging in [0, 64 << 20] {
        let store = store(3000, staging)?;
        let filter = || Post::ID.range(1500..).or(Post::ID.range(..1500)).and(Post::DAY.eq(200).not());
        assert_eq!(store.write(|txn| txn.update_where(filter(), |post| post.body.push('x')))?, 3000);
        assert_eq!(store.query::<Post>().scan_all().filter(Post::BODY.eq("x")).count()?, 3000);
        assert_eq!(store.write(|txn| txn.delete_where(filter().and(Post::TAGS.eq("a"))))?, 3000);
        assert!(store.is_empty::<Post>()?);
    }
    Ok(())
}

#[test]
fn one_that_fails_leaves_nothing_and_the_transaction_goes_on() -> Result<()> {
    let store = store(100, 64 << 20)?;
    let before = days(&store)?;
    store.write(|txn| {
        txn.create(&post(500, 5, &[]))?;
        let moved = txn.update_where(Post::DAY.range(..), |post| post.id += u64::from(post.day == 63));
        assert!(matches!(moved.unwrap_err().kind(), ErrorKind::KeyChanged { .. }));
        txn.create(&post(501, 6, &[]))
    })?;
    assert_eq!(days(&store)?, [before, vec![5, 6]].concat());
    Ok(())
}

// Its own changes of the same transaction are found, too.
#[test]
fn staged_records_are_swept_like_stored_ones() -> Result<()> {
    let store = store(10, 64 << 20)?;
    let left = store.write(|txn| {
        txn.create(&post(20, 90, &[]))?;
        txn.delete::<Post>(1)?;
        assert_eq!(txn.delete_where(Post::DAY.range(20..))?, 8);
        txn.query::<Post>().keys()?.map(|key| Ok(key?.0)).collect::<Result<Vec<u64>>>()
    })?;
    assert_eq!(left, [0, 2]);
    Ok(())
}

// Keys of some passes and what is staged, not of all that is found: neither by the main table nor by an index.
#[test]
fn memory_does_not_grow_with_what_is_swept() -> Result<()> {
    let filters = [|| Post::ID.range(..), || Post::DAY.range(..)];
    for filter in filters {
        let peak = |records| -> Result<u64> {
            let store = store(records, 1 << 14)?;
            let sweep = || {
                let changed = store.begin_write().and_then(|mut txn| txn.update_where(filter(), |_| {}));
                assert_eq!(changed.expect("it changes"), records);
            };
            sweep();
            Ok(measure(sweep).bytes_max)
        };
        let (small, large) = (peak(10_000)?, peak(40_000)?);
        assert!(large <= small + small / 2, "{small} bytes for 10 000 records, {large} for 40 000");
    }
    Ok(())
}

// One pass reads every row of the index once.
#[test]
fn a_sweep_reads_each_record_once() -> Result<()> {
    let engine = Counting::new(Redb::in_memory(None)?);
    let counts = engine.counts();
    let store = Store::<Blog>::builder().engine(Arc::new(engine)).open()?;
    store.write(|txn| (0..1000).try_for_each(|id| txn.create(&post(id, 1, &[]))))?;
    let (deleted, gets, steps) = counts.reads_of(|| store.write(|txn| txn.delete_where(Post::DAY.eq(1))));
    assert_eq!((deleted?, gets, steps), (1000, 1000, 1000));
    Ok(())
}

// Each pass keeps 256 keys at least, so 4000 records are sixteen passes at most, and of keys that are asked for none is
// looked at again.
#[test]
fn passes_are_few() -> Result<()> {
    let engine = Counting::new(Redb::in_memory(None)?);
    let counts = engine.counts();
    let store = Store::<Blog>::builder().engine(Arc::new(engine)).staging_limit(0).open()?;
    store.write(|txn| (0..4000).try_for_each(|id| txn.create(&post(id, 1, &[]))))?;
    let sweep = |filter: Filter<Post>| {
        counts.reads_of(|| store.write(|txn| txn.update_where(filter.clone(), |_| {})))
    };
    let (changed, _, steps) = sweep(Post::DAY.eq(1));
    assert_eq!(changed?, 4000);
    assert!(steps <= 16 * 4000, "{steps} steps");
    let (changed, gets, steps) = sweep(Post::ID.any_of(0..4000_u64));
    assert_eq!(changed?, 4000);
    assert!(gets <= 4 * 4000 && steps == 0, "{gets} gets, {steps} steps");
    Ok(())
}
