//! What a query says it does, and that it does no more. S2-37, S1-25.

use std::sync::Arc;

use kit::counting::Counting;
use kit::models::{Blog, Post, post};
use netabase::engine::Redb;
use netabase::query::{Asked, Explain, Query, Step};
use netabase::{Result, Store};

/// Posts on 50 days; every tenth is tagged `a`, every second `b`.
fn store(posts: u64) -> Result<Store<Blog>> {
    let store = Store::<Blog>::in_memory()?;
    let tags = |id: u64| match (id % 10, id % 2) {
        (0, _) => &["a", "b"][..],
        (_, 0) => &["b"],
        _ => &[],
    };
    store.write(|txn| (0..posts).try_for_each(|id| txn.create(&post(id, (id % 50) as u32, tags(id)))))?;
    Ok(store)
}

fn leaf(plan: &Explain) -> &Explain {
    plan.steps().pop().expect("there is a step")
}

#[test]
fn a_contradiction_reads_nothing() -> Result<()> {
    let store = store(1000)?;
    let query = || store.query::<Post>().filter(Post::DAY.range(6..).and(Post::DAY.range(..3)));
    let told = query().explain_run()?;
    assert_eq!((&told.step, told.actual), (&Step::Nothing, Some(0)));
    assert!(query().collect()?.is_empty());
    let narrowed = store.query::<Post>().filter(Post::DAY.range(6..).and(Post::DAY.range(..=6))).explain()?;
    assert_eq!(narrowed.step, Step::Index("day", Asked::Keys(1)));
    assert_eq!(narrowed.estimate, Some(20));
    Ok(())
}

#[test]
fn the_narrowest_index_leads_and_the_rest_is_tested() -> Result<()> {
    let store = store(1000)?;
    let told = store.query::<Post>().filter(Post::TAGS.eq("b").and(Post::DAY.eq(4))).explain_run()?;
    assert_eq!(told.step, Step::Test(1));
    assert_eq!(leaf(&told).step, Step::Index("day", Asked::Keys(1)));
    assert_eq!((leaf(&told).estimate, leaf(&told).actual, told.actual), (Some(20), Some(20), Some(20)));
    // A short range is counted, and beats a longer list.
    let told = store.query::<Post>().filter(Post::TAGS.eq("b").and(Post::ID.range(10..15))).explain_run()?;
    assert_eq!((&leaf(&told).step, leaf(&told).actual), (&Step::Table(Asked::Range), Some(5)));
    assert_eq!(told.to_string(), "test of 1 condition: 3 rows\n  records, a range: 5 rows expected, 5 read");
    Ok(())
}

// Two lists of primary keys are walked together, and only what is in both is read.
#[test]
fn long_lists_meet_before_records_are_read() -> Result<()> {
    let engine = Counting::new(Redb::in_memory(None)?);
    let counts = engine.counts();
    let store = Store::<Blog>::builder().engine(Arc::new(engine)).open()?;
    // The first half is tagged `a`, the second half and a few more `b`.
    let tags = |id: u64| match id {
        0..490 => &["a"][..],
        490..500 => &["a", "b"],
        _ => &["b"],
    };
    store.write(|txn| (0..1000).try_for_each(|id| txn.create(&post(id, 1, tags(id)))))?;
    let snapshot = store.begin_read()?;
    let query = || snapshot.query::<Post>().filter(Post::TAGS.eq("a").and(Post::TAGS.eq("b")));
    let told = query().explain_run()?;
    assert_eq!((&told.step, told.actual), (&Step::Meet, Some(10)));
    assert_eq!(told.inputs.iter().map(|input| input.estimate).collect::<Vec<_>>(), [Some(500), Some(510)]);
    let (found, gets, _) = counts.reads_of(|| query().collect());
    assert_eq!((found?.len(), gets), (10, 10));
    let (found, gets, _) = counts.reads_of(|| query().count());
    assert_eq!((found?, gets), (10, 0));
    Ok(())
}

#[test]
fn either_of_two_goes_through_both_indexes() -> Result<()> {
    let store = store(1000)?;
    let told = store.query::<Post>().filter(Post::DAY.eq(4).or(Post::TAGS.eq("a"))).explain_run()?;
    assert_eq!(told.step, Step::Union);
    let inputs: Vec<_> =
        told.inputs.iter().map(|input| (&input.step, input.estimate, input.actual)).collect();
    let (day, tags) = (Step::Index("day", Asked::Keys(1)), Step::Index("tags", Asked::Keys(1)));
    assert_eq!(inputs, [(&day, Some(20), Some(20)), (&tags, Some(100), Some(100))]);
    assert_eq!(told.actual, Some(120));
    let told = store.query::<Post>().filter(Post::DAY.eq(0).or(Post::TAGS.eq("a"))).explain_run()?;
    assert_eq!(told.actual, Some(100), "each record once");
    // One side has a condition of its own, which is tested on what is found.
    let one = Post::DAY.eq(4).and(Post::TAGS.eq("a").not());
    let told = store.query::<Post>().filter(one.or(Post::ID.eq(7))).explain()?;
    assert_eq!((told.step, told.inputs.first().map(|input| input.inputs.len())), (Step::Test(1), Some(2)));
    Ok(())
}

#[test]
fn an_index_with_the_order_saves_the_sort() -> Result<()> {
    let store = store(1000)?;
    let cases: [(fn(Query<'static, Post>) -> Query<'static, Post>, Step); 5] = [
        (|query| query.order_by(Post::DAY.desc()).limit(5), Step::Index("day", Asked::All)),
        (
            |query| query.filter(Post::DAY.range(3..)).order_by(Post::DAY.asc()),
            Step::Index("day", Asked::Range),
        ),
        (
            |query| query.filter(Post::TAGS.eq("a")).order_by(Post::ID.desc()),
            Step::Index("tags", Asked::Keys(1)),
        ),
        // Few of many: walking in order would read most of the table.
        (|query| query.filter(Post::TAGS.eq("a")).order_by(Post::DAY.asc()), Step::Sort(100_000)),
        // Many, and only the first are wanted: walking in order finds them soon.
        (
            |query| query.filter(Post::TAGS.eq("b")).order_by(Post::DAY.asc()).limit(3),
            Step::Index("day", Asked::All),
        ),
    ];
    for (ask, expected) in cases {
        let told = ask(store.query()).explain()?;
        let steps: Vec<&Step> = told.steps().into_iter().map(|step| &step.step).collect();
        assert!(steps.contains(&&expected), "{told}");
        let sorts = steps.iter().any(|step| matches!(step, Step::Sort(_)));
        assert_eq!(sorts, matches!(expected, Step::Sort(_)), "{told}");
    }
    Ok(())
}

#[test]
fn a_limit_ends_the_reading() -> Result<()> {
    let store = store(1000)?;
    let told = store.query::<Post>().filter(Post::TAGS.eq("b")).offset(3).limit(4).explain_run()?;
    assert_eq!(
        told.to_string(),
        "offset 3, limit 4: 4 rows\n  index tags, one key: 500 rows expected, 7 read"
    );
    Ok(())
}

// What is read depends on what is found, not on what there is.
#[test]
fn a_query_by_key_reads_the_same_of_few_and_of_many() -> Result<()> {
    let cost = |posts: u64| -> Result<Vec<(u64, u64)>> {
        let engine = Counting::new(Redb::in_memory(None)?);
        let counts = engine.counts();
        let store = Store::<Blog>::builder().engine(Arc::new(engine)).open()?;
        // Five posts of day 1, two of them tagged; all others are of other days.
        let day = |id: u64| if id < 5 { 1 } else { 2 + (id % 50) as u32 };
        let tags = |id: u64| if id < 2 { &["a"][..] } else { &["b"] };
        store.write(|txn| (0..posts).try_for_each(|id| txn.create(&post(id, day(id), tags(id)))))?;
        let snapshot = store.begin_read()?;
        let asks: [fn(Query<'static, Post>) -> Result<usize>; 4] = [
            |query| Ok(query.filter(Post::DAY.eq(1)).collect()?.len()),
            |query| Ok(query.filter(Post::TAGS.eq("b").and(Post::DAY.eq(1))).collect()?.len()),
            |query| Ok(query.filter(Post::TAGS.eq("a").or(Post::DAY.eq(1))).collect()?.len()),
            |query| Ok(query.filter(Post::DAY.eq(1)).order_by(Post::ID.desc()).limit(2).collect()?.len()),
        ];
        asks.iter()
            .map(|ask| {
                let (found, gets, steps) = counts.reads_of(|| ask(snapshot.query()));
                found.map(|_| (gets, steps))
            })
            .collect()
    };
    assert_eq!(cost(100)?, cost(100_000)?);
    Ok(())
}
