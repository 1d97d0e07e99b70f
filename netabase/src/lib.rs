//! A typed modelling framework over an embedded, ordered, ACID store.
//!
//! Derive [`NetabaseModel`] on plain structs and [`NetabaseDefinition`] on an enum that lists them. The schema is
//! checked by the compiler; every index, relation and topic is kept true in the same transaction as the record.
//!
//! ```
//! use netabase::{Link, NetabaseDefinition, NetabaseModel, NetabaseTopic, Store};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
//! pub struct Author {
//!     #[primary_key]
//!     pub id: u64,
//!     #[secondary_key(unique)]
//!     pub email: String,
//!     #[secondary_key]
//!     pub country: Option<String>, // None is indexed and can be asked for
//! }
//!
//! #[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
//! #[netabase(subscribe(Feed))]
//! pub struct Post {
//!     #[primary_key]
//!     pub id: u64,
//!     #[secondary_key]
//!     pub tags: Vec<String>, // one index entry per element
//!     #[relation]
//!     pub author: Link<Author>,
//!     pub body: String,
//! }
//!
//! #[derive(NetabaseTopic)]
//! pub struct Feed;
//!
//! #[derive(NetabaseDefinition)]
//! #[netabase(topics(Feed))]
//! pub enum Blog {
//!     Author(Author),
//!     Post(Post),
//! }
//!
//! # fn main() -> netabase::Result<()> {
//! let store = Store::<Blog>::in_memory()?; // or `Store::open("blog.redb")`
//! let ada = Author { id: 1, email: "ada@example.org".into(), country: None };
//! let post = Post { id: 7, tags: vec!["rust".into()], author: Link::to(&ada), body: "Hello".into() };
//! store.write(|txn| {
//!     txn.create(&ada)?;
//!     txn.create(&post)
//! })?;
//!
//! let snapshot = store.begin_read()?;
//! let posts = snapshot
//!     .query::<Post>()
//!     .filter(Post::TAGS.eq("rust").and(Post::AUTHOR.eq(1)))
//!     .limit(20)
//!     .collect()?;
//! assert_eq!(posts, [post]);
//! # Ok(())
//! # }
//! ```
//!
//! # Contents
//!
//! - [`Store`] opens the file, and reads single records; [`ReadTransaction`] and [`WriteTransaction`] are the doors to
//!   what belongs together. [`Durability`] says when a commit is safe.
//! - [`Repository`] is the same for several definitions in one file, with one commit for all.
//! - [`WriteAhead`]: whether commits go to a journal first. [`wal`]: the journal as an engine over another one.
//! - [`Store::verify`] and its neighbours take care of the file; [`Report`] says what they found.
//! - [`query`]: filters through typed handles, selections, sums, pages, related records, walks over graphs. [`key`]: what can be
//!   a key, and how it is stored.
//! - [`model`]: what the derives implement. [`schema`]: the same as plain data. [`Link`]: one record names another;
//!   [`Loaded`]: a link with its record. [`CustomIndex`]: an index written by hand.
//! - [`watch`]: what becomes of records, as it happens. [`change`]: what a commit changed; hooks are given to the [`Builder`].
//!   [`journal`]: what was committed, kept; consumers, groups, topics. [`Versioned`]: a record with its version.
//! - [`policy`]: what roles may do; a [`Store::session`] is the store as somebody with a ticket may use it.
//! - `AsyncStore` (feature `tokio`): the verbs as futures. `state` (feature `state`): versioned values under paths.
//! - [`Error`] and its [`ErrorKind`]. [`engine`]: what a storage engine has to do.
//!
//! # Attributes
//!
//! | on a field | |
//! |---|---|
//! | `#[primary_key]` | the key; on several fields: their tuple, in order, with the handle `PRIMARY_KEY`. Such a field may be a `#[secondary_key]` or `#[relation]` too, as in a join model |
//! | `#[primary_key(auto)]` | on one `u32`, `u64`, `i32` or `i64`: [`WriteTransaction::create_auto`] gives the key |
//! | `#[secondary_key]` | an index; `unique` for one record per key; `each` for one entry per element where the type is not written as `Vec<..>` |
//! | `#[relation]` | on `Link<T>`, `Option<Link<T>>` or `Vec<Link<T>>`: the index from the other end to this record; `on_delete = ".."` (`restrict`, `cascade`, `set_null`, `keep`) and `references = ".."` (`checked`, `deferred`, `unchecked`) say what holds it together; `access = "none"` makes it a key that is not followed |
//! | `#[netabase(handle = "..")]` | another name for the field's handle |
//! | `#[netabase(rename = "..")]` | another recorded name |
//!
//! | on a struct or enum, in `#[netabase(..)]` | |
//! |---|---|
//! | `subscribe(Topic, .., when = path)` | enrols every record in the topics, or those for which the function says so |
//! | `topics(Topic, ..)` | on a definition: the topics its models may subscribe to, and that messages are published to |
//! | `payload(Type)` | on a topic: what its messages say |
//! | `journal` | on a model, or on a definition for all of its models: its changes are kept, see [`journal`] |
//! | `versioned` | each record has a version and times, see [`Versioned`] |
//! | `grants(Shop = "read", all = "none")` | on a definition: which others, by recorded name, may link to its records and read them, or `"write"` them |
//! | `index(name = "..", fields(a, b desc))` | an index over several fields, with the handle `NAME`; further `unique`, `when = path`, `handle = ".."`, and `key = path -> Type` instead of `fields(..)`: an index over what a function says; `covering(a, b)` for fields whose values stand beside the keys, and `sum(a, b)` for those of which the sum is kept for each key, see [`Query::select`](query::Query::select) and [`Query::sum`](query::Query::sum) |
//! | `view` | `AuthorView<'_>` for reading without copies, see [`model::Viewed`]; `view(Debug)` derives for it |
//! | `access(create, read)` | what anyone may do with the records, of `create`, `read`, `update` and `delete`; all of it unless said |
//! | `inbound(Post = "read", all = "none")` | which models may follow their links to it |
//! | `class = ".."` | what kind of data it holds, for policies; on a field, too, which can be hidden then |
//! | `rename = ".."`, `version = 2` | recorded name and version |
//! | `crate = ".."` | where netabase is, if not at `::netabase` |
//!
//! # Features
//!
//! `tokio` and `state` as above. `tracing` makes spans of transactions and queries, and an event of each decision of a policy. `metrics`
//! counts and times them: `netabase_reads`, `netabase_writes` by outcome, `netabase_queries` by model; `netabase_read_seconds`,
//! `netabase_write_seconds`, `netabase_query_seconds`; of the write-ahead journal `netabase_journal_bytes`, `netabase_checkpoints`,
//! `netabase_checkpoint_seconds` and `netabase_checkpoint_pause_seconds`, which is how long writers waited for room. `uuid`, `jiff` and `chrono` make the ids and times of those crates keys. `cache_metrics` lets [`Store::stats`] tell how
//! the cache of pages does; every read of a page then touches shared counters.

#[cfg(feature = "tokio")]
mod async_store;
pub mod change;
mod clock;
mod codec;
pub mod engine;
pub mod error;
pub mod journal;
pub mod key;
mod maintenance;
pub mod model;
mod observe;
mod overlay;
mod permission;
pub mod query;
pub mod schema;
#[cfg(feature = "state")]
pub mod state;
mod store;
mod table;
mod transaction;
pub mod wal;
pub mod watch;

#[cfg(feature = "tokio")]
pub use async_store::AsyncStore;
pub use engine::Durability;
pub use error::{Error, ErrorKind, Result};
pub use key::{Key, NetabaseKey};
pub use maintenance::{Problem, Progress, Rebuilt, Report};
pub use model::{
    CustomIndex, Link, Loaded, NetabaseDefinition, NetabaseModel, NetabaseRepository, NetabaseTopic,
};
pub use netabase_macros::{NetabaseDefinition, NetabaseModel, NetabaseRepository, NetabaseTopic};
pub use store::{Builder, Chunked, Repository, Store, WriteAhead};
/// Permissions: what roles may do, and the tickets that principals come with.
///
/// A [`Policy`](policy::Policy) is given to [`Builder::policy`]; [`Store::session`] takes a [`Ticket`](policy::Ticket).
pub mod policy {
    pub use crate::permission::{DataClass, Decision, Door, Policy, Rights, Role, Ticket};
    pub use crate::schema::{Operation, Operations};
}
pub use transaction::{ReadTransaction, RepositoryRead, RepositoryWrite, Scope, Versioned, WriteTransaction};

/// What the derives write their code against. Not for use by hand.
#[doc(hidden)]
pub mod __private {
    pub use crate::error::Result;
    pub use crate::key::{AsKey, Key, KeyPrefix, KeyType, LeadingKeys, unknown_variant, width_sum};
    pub use crate::model::*;
    pub use crate::schema::{
        Access, ColumnSchema, DefinitionSchema, FieldSchema, Grant, IndexSchema, KeySource, ModelSchema,
        OnDelete, Operation, Operations, References, RelationSchema, Shape,
    };
    pub use serde;
}
