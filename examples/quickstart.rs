//! A blog in memory: models, one write, queries, changes, and what an error says.
//!
//! `cargo run --release --example quickstart`

use netabase::{Link, NetabaseDefinition, NetabaseModel, NetabaseTopic, ReadTransaction, Result, Store};
use serde::{Deserialize, Serialize};

#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Author {
    #[primary_key]
    id: u64,
    #[secondary_key(unique)]
    email: String,
    #[secondary_key]
    country: Option<String>, // None is indexed and can be asked for
}

#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[netabase(subscribe(Feed))]
struct Post {
    #[primary_key]
    id: u64,
    #[secondary_key]
    tags: Vec<String>, // one index entry per element
    #[relation]
    author: Link<Author>,
    day: u32, // no index: days since the blog began
    body: String,
}

#[derive(NetabaseTopic)]
struct Feed;

#[derive(NetabaseDefinition)]
#[netabase(topics(Feed))]
enum Blog {
    Author(Author),
    Post(Post),
}

fn main() -> Result<()> {
    let store = Store::<Blog>::in_memory()?; // or `Store::open("blog.redb")`
    fill(&store)?;
    let snapshot = store.begin_read()?;
    read(&snapshot)?;
    filter(&snapshot)?;
    change(&store)?;
    refuse(&store)?;
    delete(&store)?;

    heading("The snapshot from before the changes");
    println!("It still sees post 2 on day {}.", day_of(&snapshot, 2)?);
    Ok(())
}

fn fill(store: &Store<Blog>) -> Result<()> {
    let ada = Author { id: 1, email: "ada@example.org".into(), country: Some("GB".into()) };
    let grace = Author { id: 2, email: "grace@example.org".into(), country: None };
    let posts = [
        post(1, &ada, 3, &["maths"], "On numbers"),
        post(2, &ada, 5, &["engines", "maths"], "On engines"),
        post(3, &grace, 8, &["compilers"], "On compilers"),
        post(4, &grace, 13, &["compilers", "engines"], "On both"),
    ];
    // All of it is there afterwards, or none.
    store.write(|txn| {
        txn.create_batch([&ada, &grace])?;
        txn.create_batch(&posts)
    })?;
    heading("One write");
    println!("Stored 2 authors and {} posts.", posts.len());
    Ok(())
}

fn post(id: u64, author: &Author, day: u32, tags: &[&str], body: &str) -> Post {
    let tags = tags.iter().map(ToString::to_string).collect();
    Post { id, tags, author: Link::to(author), day, body: body.into() }
}

fn read(snapshot: &ReadTransaction<Blog>) -> Result<()> {
    heading("By primary key");
    println!("Author 1: {:?}", snapshot.get::<Author>(1)?);
    println!("Author 9: {:?}", snapshot.get::<Author>(9)?);
    Ok(())
}

fn filter(snapshot: &ReadTransaction<Blog>) -> Result<()> {
    heading("By index");
    let both = Post::TAGS.eq("engines").and(Post::AUTHOR.eq(1));
    show("Tagged `engines` and by author 1", &snapshot.query().filter(both).collect()?);

    let nowhere = snapshot.query::<Author>().filter(Author::COUNTRY.is_none()).first()?;
    println!("Without a country: {}", nowhere.map_or_else(|| "nobody".into(), |author| author.email));

    let compilers = snapshot.query::<Post>().filter(Post::TAGS.eq("compilers")).count()?;
    println!("Tagged `compilers`: {compilers} posts");

    heading("In order, and by topic");
    show("The last two posts, latest first", &snapshot.query().reverse().limit(2).collect()?);
    let feed = snapshot.query::<Post>().where_subscribed(PostSubscriptionKeys::Feed);
    println!("In the topic Feed: {} posts", feed.count()?);

    heading("Without an index");
    // `day` has none, so the compiler asks for the word that says what it costs.
    let late = snapshot.query().scan_all().filter(Post::DAY.range(8..)).collect()?;
    show("From day 8 on", &late);
    Ok(())
}

fn change(store: &Store<Blog>) -> Result<()> {
    heading("A change");
    store.write(|txn| {
        txn.update_with(2, |post: &mut Post| {
            post.day = 21;
            post.tags.push("revised".into());
        })
    })?;
    let revised = store.begin_read()?.query().filter(Post::TAGS.eq("revised")).collect()?;
    show("Tagged `revised`", &revised);
    Ok(())
}

fn refuse(store: &Store<Blog>) -> Result<()> {
    heading("An error");
    let twin = Author { id: 3, email: "ada@example.org".into(), country: None };
    match store.write(|txn| txn.create(&twin)) {
        Err(error) if error.is_constraint_violation() => println!("Refused: {error}."),
        Err(error) => return Err(error),
        Ok(()) => println!("Stored a second author with the same e-mail?"),
    }
    println!("Still {} authors.", store.begin_read()?.len::<Author>()?);
    Ok(())
}

fn delete(store: &Store<Blog>) -> Result<()> {
    heading("A deletion");
    let found = store.write(|txn| txn.delete::<Post>(3))?;
    let compilers = store.begin_read()?.query::<Post>().filter(Post::TAGS.eq("compilers")).count()?;
    println!("Post 3 was there: {found}. Tagged `compilers` now: {compilers} post.");
    Ok(())
}

fn day_of(snapshot: &ReadTransaction<Blog>, id: u64) -> Result<u32> {
    let post = snapshot.get::<Post>(id)?;
    post.map(|post| post.day).ok_or_else(|| netabase::Error::user(format!("post {id} is gone")))
}

fn heading(text: &str) {
    println!("\n{text}\n{}", "-".repeat(text.len()));
}

fn show(what: &str, posts: &[Post]) {
    println!("{what}:");
    for Post { id, day, body, tags, .. } in posts {
        println!("  {id}  day {day:>2}  {body:<12}  {}", tags.join(", "));
    }
}
