//! Literals, references, tuples, records and links all name a key, without annotations.
use kit::models::{Author, AuthorPrimaryKey, Blog, Place, Post, Visit, World};
use netabase::{Link, Result, Store};

fn main() -> Result<()> {
    let blog = Store::<Blog>::in_memory()?;
    let ada = kit::models::author(1);
    blog.write(|txn| {
        txn.create(&ada)?;
        txn.create(&kit::models::post(1, 1, &["rust"]))?;
        Ok(())
    })?;
    let snapshot = blog.begin_read()?;
    let key: AuthorPrimaryKey = 1.into();
    let id = 1_u64;
    assert!(snapshot.get::<Author>(1)? == snapshot.get::<Author>(id)?);
    assert!(snapshot.contains::<Author>(&key)? && snapshot.contains::<Author>(key)?);
    assert!(snapshot.contains::<Author>(&ada)? && snapshot.contains::<Author>(Link::<Author>::to(&ada))?);
    let query = || snapshot.query::<Post>();
    let owned = String::from("rust");
    assert!(query().filter(Post::TAGS.eq(&owned)).exists()? && query().filter(Post::TAGS.eq(owned.as_str())).exists()?);
    assert!(query().filter(Post::AUTHOR.eq(&ada)).exists()? && query().filter(Post::AUTHOR.any_of([1, 2])).exists()?);
    assert_eq!(query().filter(Post::DAY.range(..)).count()?, 1);
    assert_eq!(query().filter(Post::DAY.range(1..=3)).count()?, 1);
    assert_eq!(query().filter(Post::DAY.range(2..)).count()?, 0);
    let world = Store::<World>::in_memory()?.begin_read()?;
    assert!(!world.contains::<Place>(("FR", 1))? && !world.contains::<Visit>((1, ("FR", 1)))?);
    assert_eq!(world.query::<Visit>().filter(Visit::PERSON.eq(1)).count()?, 0);
    Ok(())
}
