//! Inside a write transaction, reads see what it has written, also while other reads are under way.

use kit::models::{Author, Blog, Post, author, post};
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
