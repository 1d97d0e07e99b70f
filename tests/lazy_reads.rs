//! Reads touch what they return and no more, shown by counting what the engine is asked. S0-12, S2-15, S2-17.

use std::ops::Bound;
use std::sync::Arc;

use kit::counting::{Counting, Counts};
use kit::models::{Blog, Post, PostRelationalKeys, PostSubscriptionKeys, post};
use netabase::engine::Redb;
use netabase::{ReadTransaction, Result, Store};

/// 1000 posts: 100 for each day, every tenth tagged.
fn store() -> Result<(Arc<Counts>, Store<Blog>)> {
    let engine = Counting::new(Redb::in_memory(None)?);
    let counts = engine.counts();
    let store = Store::builder().engine(Arc::new(engine)).open()?;
    let tags = |id| if id % 10 == 0 { &["rust", "db"][..] } else { &[] };
    let posts: Vec<Post> = (0..1000_u64).map(|id| post(id, (id / 100) as u32, tags(id))).collect();
    store.write(|txn| txn.create_batch(&posts))?;
    Ok((counts, store))
}

/// Gets and steps of one read.
fn cost<T>(
    counts: &Counts,
    snapshot: &ReadTransaction<Blog>,
    read: impl FnOnce(&ReadTransaction<Blog>) -> Result<T>,
) -> Result<(T, u64, u64)> {
    let (done, gets, steps) = counts.reads_of(|| read(snapshot));
    Ok((done?, gets, steps))
}

#[test]
fn a_limit_stops_the_walk() -> Result<()> {
    let (counts, store) = store()?;
    let snapshot = store.begin_read()?;
    let (found, gets, steps) = cost(&counts, &snapshot, |txn| txn.query::<Post>().limit(3).collect())?;
    assert_eq!((found.len(), gets, steps), (3, 0, 3));
    let (found, gets, steps) =
        cost(&counts, &snapshot, |txn| txn.query::<Post>().filter(Post::DAY.eq(4)).limit(5).collect())?;
    assert_eq!((found.len(), gets, steps), (5, 5, 5));
    let (first, gets, steps) =
        cost(&counts, &snapshot, |txn| txn.query::<Post>().filter(Post::DAY.range(3..)).reverse().first())?;
    assert_eq!((first.map(|post| post.id), gets, steps), (Some(999), 1, 1));
    Ok(())
}

#[test]
fn building_and_opening_a_query_reads_nothing() -> Result<()> {
    let (counts, store) = store()?;
    let snapshot = store.begin_read()?;
    let (mut rows, gets, steps) =
        cost(&counts, &snapshot, |txn| txn.query::<Post>().filter(Post::TAGS.eq("rust")).iter())?;
    assert_eq!((gets, steps), (0, 0));
    let (row, gets, steps) = cost(&counts, &snapshot, |_| rows.next().transpose())?;
    assert_eq!((row.map(|post| post.id), gets, steps), (Some(0), 1, 1));
    Ok(())
}

// S1-18: keys and counts never touch the main table.
#[test]
fn keys_and_counts_read_no_records() -> Result<()> {
    let (counts, store) = store()?;
    let snapshot = store.begin_read()?;
    let (keys, gets, steps) = cost(&counts, &snapshot, |txn| {
        txn.query::<Post>().filter(Post::DAY.eq(4)).keys()?.collect::<Result<Vec<_>>>()
    })?;
    assert_eq!((keys.len(), gets, steps), (100, 0, 100));
    // Stored counts: not even the rows of the index.
    let query = |txn: &ReadTransaction<Blog>| txn.query::<Post>();
    let stored: [fn(&ReadTransaction<Blog>) -> Result<u64>; 6] = [
        |txn| txn.len::<Post>(),
        |txn| txn.query::<Post>().count(),
        |txn| txn.query::<Post>().filter(Post::TAGS.eq("rust")).count(),
        |txn| txn.query::<Post>().filter(Post::DAY.any_of([1, 2])).count(),
        |txn| txn.query::<Post>().where_related(PostRelationalKeys::Author(1.into())).count(),
        |txn| txn.query::<Post>().where_subscribed(PostSubscriptionKeys::News).count(),
    ];
    for (read, expected) in stored.into_iter().zip([1000, 1000, 100, 200, 1000, 1000]) {
        assert_eq!(cost(&counts, &snapshot, read)?, (expected, 0, 0));
    }
    // A range counts the rows of the index.
    assert_eq!(
        cost(&counts, &snapshot, |txn| query(txn).filter(Post::DAY.range(8..)).count())?,
        (200, 0, 200)
    );
    assert_eq!(
        cost(&counts, &snapshot, |txn| query(txn).filter(Post::TAGS.range(..)).count())?,
        (100, 0, 200)
    );
    assert_eq!(cost(&counts, &snapshot, |txn| query(txn).filter(Post::DAY.eq(3)).exists())?, (true, 0, 1));
    Ok(())
}

#[test]
fn what_cannot_be_reads_nothing() -> Result<()> {
    let (counts, store) = store()?;
    let snapshot = store.begin_read()?;
    let none = [0_u32; 0];
    assert_eq!(
        cost(&counts, &snapshot, |txn| txn.query::<Post>().filter(Post::DAY.any_of(none)).collect())?,
        (vec![], 0, 0)
    );
    let crossed = |txn: &ReadTransaction<Blog>| {
        txn.query::<Post>().filter(Post::DAY.range((Bound::Included(5), Bound::Excluded(3)))).collect()
    };
    assert_eq!(cost(&counts, &snapshot, crossed)?, (vec![], 0, 0));
    Ok(())
}

// The condition that finds fewest leads, whichever was written first; the others are tested on its records.
#[test]
fn the_narrower_condition_leads() -> Result<()> {
    let (counts, store) = store()?;
    let snapshot = store.begin_read()?;
    let orders: [fn(&ReadTransaction<Blog>) -> Result<Vec<Post>>; 3] = [
        |txn| txn.query::<Post>().filter(Post::AUTHOR.eq(1).and(Post::ID.eq(40))).collect(),
        |txn| txn.query::<Post>().filter(Post::ID.eq(40)).filter(Post::AUTHOR.eq(1)).collect(),
        |txn| txn.query::<Post>().filter(Post::DAY.range(..).and(Post::ID.any_of([40, 40]))).collect(),
    ];
    for read in orders {
        let (found, gets, steps) = cost(&counts, &snapshot, read)?;
        assert_eq!((found.len(), gets, steps), (1, 1, 0));
    }
    let (found, gets, _) = cost(&counts, &snapshot, |txn| {
        txn.query::<Post>().filter(Post::AUTHOR.eq(1).and(Post::TAGS.eq("db"))).collect()
    })?;
    assert_eq!((found.len(), gets), (100, 100));
    Ok(())
}

// A write touches the rows that differ: S1-16.
#[test]
fn an_update_changes_only_what_differs() -> Result<()> {
    let (counts, store) = store()?;
    let changed = |work: &dyn Fn(&mut Post)| {
        let before = counts.changes();
        store.write(|txn| txn.update_with(10, |post: &mut Post| work(post)))?;
        Result::Ok(counts.changes() - before)
    };
    assert_eq!(changed(&|post| post.body = "new".into())?, 1, "the record");
    assert_eq!(changed(&|post| post.day = 77)?, 3, "the record, one entry out, one in");
    assert_eq!(changed(&|post| post.tags.reverse())?, 1, "the same set of tags");
    assert_eq!(changed(&|post| post.tags.push("new".into()))?, 2);
    assert_eq!(changed(&|_| ())?, 0, "nothing");
    let (before, same) = (counts.changes(), store.begin_read()?.get::<Post>(20)?.expect("it is there"));
    assert_eq!(store.write(|txn| txn.replace(&same))?, same);
    assert_eq!(counts.changes(), before, "the same record");
    let commits = counts.commits();
    store.write(|txn| txn.get::<Post>(1).map(drop))?;
    assert_eq!(counts.commits(), commits, "a transaction without changes is no commit");
    Ok(())
}

// Where keys lie close together one walk serves all; where they lie apart each is looked up, and tries to walk are rare.
#[test]
fn many_keys_are_walked_to_where_they_are_dense() -> Result<()> {
    let (counts, store) = store()?;
    let snapshot = store.begin_read()?;
    let read = |ids: Vec<u64>| -> Result<(u64, u64)> {
        let (found, gets, steps) = counts.reads_of(|| snapshot.get_many::<Post>(&ids));
        let found: Vec<Option<u64>> = found?.into_iter().map(|post| post.map(|post| post.id)).collect();
        let expected: Vec<Option<u64>> = ids.iter().map(|id| (*id < 1000).then_some(*id)).collect();
        assert_eq!(found, expected);
        Ok((gets, steps))
    };
    let (gets, steps) = read((100..600).rev().collect())?;
    assert!(gets < 20 && steps <= 500, "{gets} gets, {steps} steps");
    let (gets, steps) = read((0..1000).step_by(3).collect())?;
    assert!(gets < 20 && steps <= 1000, "{gets} gets, {steps} steps");
    let (gets, steps) = read((0..1000).step_by(10).collect())?;
    assert!(gets > 90 && steps < 20, "{gets} gets, {steps} steps");
    // Some of them are not there, at the end and in between.
    read((900..1200).collect())?;
    store.write(|txn| txn.delete_where(Post::ID.range(400..500)))?;
    let after = store.begin_read()?;
    let found = after.get_many::<Post>((300..600).collect::<Vec<u64>>())?;
    let ids: Vec<Option<u64>> = found.into_iter().map(|post| post.map(|post| post.id)).collect();
    let expected: Vec<Option<u64>> = (300..600).map(|id| (!(400..500).contains(&id)).then_some(id)).collect();
    assert_eq!(ids, expected);
    Ok(())
}

// Records behind an index are fetched in their own order, by a walk where that is dense; a limit fetches no more.
#[test]
fn without_an_order_records_are_fetched_in_theirs() -> Result<()> {
    let (counts, store) = store()?;
    let snapshot = store.begin_read()?;
    let query = || snapshot.query::<Post>().filter(Post::DAY.range(..));
    let (found, gets, _) = counts.reads_of(|| query().collect());
    assert_eq!((found?.len(), gets), (1000, 1000));
    let (found, gets, steps) = counts.reads_of(|| query().unordered().collect());
    assert_eq!(found?.len(), 1000);
    assert!(gets < 20 && steps <= 2000, "{gets} gets, {steps} steps");
    let (found, gets, steps) = counts.reads_of(|| query().unordered().limit(5).collect());
    assert_eq!((found?.len(), gets, steps), (5, 5, 5));
    Ok(())
}
