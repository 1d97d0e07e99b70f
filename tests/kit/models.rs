//! Three models that use every kind of key there is, for the oracle; the blog of the documentation, for the rest.

use netabase::{Link, NetabaseDefinition, NetabaseKey, NetabaseModel, NetabaseTopic};
use serde::{Deserialize, Serialize};

/// A topic.
#[derive(NetabaseTopic)]
pub struct Feed;

/// A topic with another recorded name.
#[derive(NetabaseTopic)]
#[netabase(rename = "audit-log")]
pub struct Audit;

/// An enum key whose numbers do not follow the order of its variants.
#[derive(NetabaseKey, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// sorts last
    High = 9,
    /// sorts first
    Low = 2,
}

/// Every shape of secondary key and relation.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[netabase(subscribe(Feed, Audit), version = 3)]
pub struct Person {
    /// primary
    #[primary_key]
    pub id: u64,
    /// unique
    #[secondary_key(unique)]
    pub email: String,
    /// unique where present
    #[secondary_key(unique)]
    pub nick: Option<String>,
    /// signed
    #[secondary_key]
    pub age: i32,
    /// absent or not, variable width
    #[secondary_key]
    pub city: Option<String>,
    /// absent or not, fixed width
    #[secondary_key]
    pub rank: Option<u64>,
    /// one entry for each
    #[secondary_key]
    pub tags: Vec<String>,
    /// an enum
    #[secondary_key]
    pub level: Level,
    /// a float
    #[secondary_key]
    pub score: f64,
    /// to its own model
    #[relation(references = "unchecked")]
    pub boss: Option<Link<Person>>,
    /// many
    #[relation(references = "unchecked")]
    pub friends: Vec<Link<Person>>,
    /// no index
    pub bio: String,
}

/// A composite primary key, and unique elements.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Place {
    /// first part
    #[primary_key]
    pub country: String,
    /// second part
    #[primary_key]
    pub code: u16,
    /// each belongs to one place
    #[secondary_key(unique)]
    pub doors: Vec<u32>,
    /// to another model
    #[relation(references = "unchecked")]
    pub owner: Link<Person>,
}

/// A join model: its key is two links, which are relations too. It has no secondary keys.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[netabase(rename = "visit")]
pub struct Visit {
    /// who
    #[primary_key]
    #[relation(references = "unchecked")]
    pub person: Link<Person>,
    /// where
    #[primary_key]
    #[relation(references = "unchecked")]
    pub place: Link<Place>,
    /// no index
    pub note: Vec<u8>,
}

/// The three of them.
#[derive(NetabaseDefinition)]
#[netabase(topics(Feed, Audit))]
pub enum World {
    /// a person
    Person(Person),
    /// a place
    Place(Place),
    /// a visit
    Visit(Visit),
}

/// The author of the documentation's blog.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Author {
    /// primary
    #[primary_key]
    pub id: u64,
    /// unique
    #[secondary_key(unique)]
    pub email: String,
    /// absent or not
    #[secondary_key]
    pub country: Option<String>,
}

/// The post of the documentation's blog.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[netabase(subscribe(News))]
pub struct Post {
    /// primary
    #[primary_key]
    pub id: u64,
    /// one entry for each
    #[secondary_key]
    pub tags: Vec<String>,
    /// to an author
    #[relation(references = "unchecked")]
    pub author: Link<Author>,
    /// plain
    #[secondary_key]
    pub day: u32,
    /// no index
    pub body: String,
}

/// The topic of the documentation's blog.
#[derive(NetabaseTopic)]
pub struct News;

/// The documentation's blog.
#[derive(NetabaseDefinition)]
#[netabase(topics(News))]
pub enum Blog {
    /// an author
    Author(Author),
    /// a post
    Post(Post),
}

/// An author whose other fields follow from the id.
pub fn author(id: u64) -> Author {
    Author { id, email: format!("a{id}@example.org"), country: None }
}

/// A post of author 1.
pub fn post(id: u64, day: u32, tags: &[&str]) -> Post {
    Post {
        id,
        tags: tags.iter().map(ToString::to_string).collect(),
        author: Link::new(1),
        day,
        body: String::new(),
    }
}
