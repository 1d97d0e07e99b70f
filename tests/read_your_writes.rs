//! Inside a write transaction, reads see what it has written, also while other reads are under way.

use kit::models::{Author, Blog, Post, PostSubscriptionKeys, author, post};
use netabase::{Result, Store};

#[test]
fn two_iterators_and_a_get_run_together() -> Result<()> {
    let store = Store::<Blog>::in_memory()?;
    store.write(|txn| {
        txn.create(&author(1))?;
        txn.create_batch(&[post(1, 1, &["a"]), post(3, 3, &["a", "b"])])
    })?;
    store.write(|txn| {
        txn.create(&post(2, 2, &["b"]))?;
        txn.delete::<Post>(1)?;
        txn.update(&post(3, 9, &["b"]))?;
        let mut seen = Vec::new();
        for outer in txn.query::<Post>().iter()? {
            let outer = outer?;
            assert!(txn.get::<Author>(&outer.author)?.is_some());
            for inner in txn.query::<Post>().filter(Post::TAGS.eq("b")).reverse().iter()? {
                seen.push((outer.id, inner?.id));
            }
        }
        assert_eq!(seen, [(2, 3), (2, 2), (3, 3), (3, 2)]);
        assert_eq!(txn.query::<Post>().filter(Post::TAGS.eq("a")).count()?, 0);
        assert_eq!(txn.query::<Post>().filter(Post::DAY.range(2..)).count()?, 2);
        assert_eq!(txn.len::<Post>()?, 2);
        assert_eq!(store.begin_read()?.len::<Post>()?, 2, "two, but other ones");
        assert!(store.begin_read()?.contains::<Post>(1)?);
        Ok(())
    })
}

// Within a batch too, whose layer lies on the transaction's own.
#[test]
fn a_batch_sees_both_layers() -> Result<()> {
    let store = Store::<Blog>::in_memory()?;
    store.write(|txn| {
        txn.create(&author(1))?;
        let old = txn.replace_batch(&[
            Author { email: "x".into(), ..author(1) },
            Author { email: "y".into(), ..author(1) },
        ])?;
        assert_eq!(
            old.iter().map(|author| author.email.as_str()).collect::<Vec<_>>(),
            ["a1@example.org", "x"]
        );
        assert_eq!(txn.query::<Author>().filter(Author::EMAIL.range(..)).count()?, 1);
        assert_eq!(txn.take_batch::<Author>([1, 1])?.len(), 2);
        assert!(txn.is_empty::<Author>()?);
        Ok(())
    })
}

// A walk builds an order of the staged rows, which later changes must join: records, keys of both kinds, topics.
#[test]
fn walks_and_changes_alternate() -> Result<()> {
    let store = Store::<Blog>::in_memory()?;
    store.write(|txn| (0..30).step_by(3).try_for_each(|id| txn.create(&post(id, 0, &["old"]))))?;
    store.write(|txn| {
        let mut expected: std::collections::BTreeMap<u64, Post> =
            (0..30).step_by(3).map(|id| (id, post(id, 0, &["old"]))).collect();
        for round in 0..120_u64 {
            // Up, down and back again over the same keys, so that rows come, change, go and come again.
            let id = (round * 7) % 31;
            match round % 3 {
                0 if expected.contains_key(&id) => {
                    expected.remove(&id);
                    assert!(txn.delete::<Post>(id)?);
                }
                1 | 0 => {
                    let new = post(id, round as u32, &["new", "old"]);
                    txn.upsert(&new)?;
                    expected.insert(id, new);
                }
                _ => txn.create_batch(&[] as &[Post])?,
            }
            let all: Vec<Post> = expected.values().cloned().collect();
            assert_eq!(txn.query::<Post>().collect()?, all, "round {round}");
            let new = |post: &&Post| post.tags.contains(&"new".to_owned());
            let tagged: Vec<Post> = all.iter().filter(new).cloned().collect();
            assert_eq!(txn.query::<Post>().filter(Post::TAGS.eq("new")).collect()?, tagged, "round {round}");
            assert_eq!(txn.query::<Post>().filter(Post::TAGS.eq("new")).count()?, tagged.len() as u64);
            assert_eq!(txn.query::<Post>().filter(Post::AUTHOR.eq(1)).count()?, all.len() as u64);
            assert_eq!(
                txn.query::<Post>().where_subscribed(PostSubscriptionKeys::News).count()?,
                all.len() as u64
            );
        }
        Ok(())
    })?;
    assert!(store.verify(|_| {})?.is_clean());
    Ok(())
}
