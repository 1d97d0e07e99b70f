//! Records with those they are related to: `query.include(Post::AUTHOR)`.
//!
//! - `links.rs` goes along the links of a record, `inverse.rs` to the records that link to it.
//! - `nested.rs` goes on from there.

mod inverse;
mod links;
mod nested;

use std::fmt;

pub use inverse::{IncludeInverse, Inverse};
pub use links::{Gather, IncludeLinks, Lenient, Required};
pub use nested::{Nested, Plain, With};

use super::Query;
use super::source::Source;
use crate::error::Result;
use crate::model::NetabaseModel;

/// What a query of `M` can include: a relation of `M`, the [inverse](super::Index::inverse) of a relation to `M`, or a tuple of up to
/// six.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be included in a query of `{M}`",
    label = "no relation of `{M}`",
    note = "take the handle of a `#[relation]` of `{M}`, or of one that leads to `{M}` with `.inverse()` behind it"
)]
pub trait Include<M: NetabaseModel> {
    /// What stands beside each record.
    type Output;
    /// Reads it for many records at once.
    #[doc(hidden)]
    fn load(&self, source: &Source<'_>, records: &[M]) -> Result<Vec<Self::Output>>;
}

/// A query whose records come with those they are related to, see [`Query::include`].
#[must_use = "a query does nothing until it is run, with `collect` or `first`"]
pub struct Included<'r, M, I, Mode> {
    query: Query<'r, M, Mode>,
    include: I,
}

impl<M: NetabaseModel, I, Mode> fmt::Debug for Included<'_, M, I, Mode> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Included({:?})", self.query)
    }
}

impl<'r, M: NetabaseModel, Mode> Query<'r, M, Mode> {
    /// Lets each record come with those it is related to. Filters, order and limit of the query stay what they are.
    ///
    /// | for | beside each record |
    /// |---|---|
    /// | `Post::AUTHOR` of a `Link<Author>` or `Option<Link<Author>>` | `Option<Author>` |
    /// | the same of a `Vec<Link<Author>>` | `Vec<Author>`, in the order of the field, without what is missing |
    /// | `Post::AUTHOR.required()` | `Author`, `Option<Author>` or `Vec<Author>`; what is missing is an error |
    /// | `Post::AUTHOR.inverse()`, in a query of authors | `Vec<Post>`, by primary key |
    /// | `Post::AUTHOR.inverse().include(..)`, `Post::AUTHOR.include(..)` | the same, where each has again something beside it |
    /// | `(one, other)` | both, as a tuple |
    ///
    /// Each level is read as one batch: the keys of all records are put in order, and each is read once. Everything is kept in memory
    /// until it is returned, and a record that several others lead to is there for each of them, so give the query a limit.
    ///
    /// ```
    /// # use netabase::{Link, NetabaseDefinition, NetabaseModel, Store};
    /// # #[derive(NetabaseModel, serde::Serialize, serde::Deserialize, Clone, Debug, PartialEq)]
    /// # struct Author { #[primary_key] id: u64 }
    /// # #[derive(NetabaseModel, serde::Serialize, serde::Deserialize, Clone, Debug, PartialEq)]
    /// # struct Post { #[primary_key] id: u64, #[relation] author: Link<Author> }
    /// # #[derive(NetabaseDefinition)]
    /// # enum Blog { Author(Author), Post(Post) }
    /// # fn main() -> netabase::Result<()> {
    /// # let store = Store::<Blog>::in_memory()?;
    /// let (ada, post) = (Author { id: 1 }, Post { id: 7, author: Link::new(1) });
    /// store.write(|txn| {
    ///     txn.create(&ada)?;
    ///     txn.create(&post)
    /// })?;
    /// let posts: Vec<(Post, Option<Author>)> = store.query().include(Post::AUTHOR).collect()?;
    /// assert_eq!(posts, [(post.clone(), Some(ada.clone()))]);
    /// let authors: Vec<(Author, Vec<Post>)> = store.query().include(Post::AUTHOR.inverse()).collect()?;
    /// assert_eq!(authors, [(ada, vec![post])]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When it is run: `DanglingReference` for a link that leads to nothing where it is `required()`; `UnknownModel` if the
    /// definition does not list a model that is to be included.
    #[doc(alias = "join")]
    #[doc(alias = "prefetch")]
    #[doc(alias = "hydrate")]
    pub fn include<I: Include<M>>(self, include: I) -> Included<'r, M, I, Mode> {
        Included { query: self, include }
    }
}

/// The bounds stand on the methods, so that the compiler's message is about what is included.
impl<M: NetabaseModel, I, Mode> Included<'_, M, I, Mode> {
    /// All records, each with what is related to it.
    pub fn collect(self) -> Result<Vec<(M, I::Output)>>
    where
        I: Include<M>,
    {
        let source = self.query.source.clone()?;
        let records = self.query.collect()?;
        let included = self.include.load(&source, &records)?;
        Ok(records.into_iter().zip(included).collect())
    }

    /// The first record, with what is related to it.
    pub fn first(self) -> Result<Option<(M, I::Output)>>
    where
        I: Include<M>,
    {
        let source = self.query.source.clone()?;
        let Some(record) = self.query.first()? else { return Ok(None) };
        let included = self.include.load(&source, std::slice::from_ref(&record))?;
        Ok(included.into_iter().next().map(|included| (record, included)))
    }
}

macro_rules! tuple {
    ($(($what:ident $at:tt $out:ident))*) => {
        #[diagnostic::do_not_recommend]
        impl<M: NetabaseModel, $($what: Include<M>),*> Include<M> for ($($what,)*) {
            type Output = ($($what::Output,)*);

            fn load(&self, source: &Source<'_>, records: &[M]) -> Result<Vec<Self::Output>> {
                $( let mut $out = self.$at.load(source, records)?.into_iter(); )*
                Ok(std::iter::from_fn(|| Some(($($out.next()?,)*))).collect())
            }
        }
    };
}
tuple!((A 0 a));
tuple!((A 0 a)(B 1 b));
tuple!((A 0 a)(B 1 b)(C 2 c));
tuple!((A 0 a)(B 1 b)(C 2 c)(D 3 d));
tuple!((A 0 a)(B 1 b)(C 2 c)(D 3 d)(E 4 e));
tuple!((A 0 a)(B 1 b)(C 2 c)(D 3 d)(E 4 e)(F 5 f));
