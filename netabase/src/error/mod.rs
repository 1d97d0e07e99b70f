//! One error for the whole crate: [`Error`], opaque and cheap to clone, with an [`ErrorKind`] to match on.
//!
//! Its text says what failed, where, and what to do about it.
//!
//! ```
//! use netabase::{Error, ErrorKind};
//!
//! fn explain(error: &Error) -> &'static str {
//!     match error.kind() {
//!         ErrorKind::AlreadyExists { .. } => "pick another key",
//!         ErrorKind::ConstraintViolation { .. } => "that value is taken",
//!         _ => "see the log",
//!     }
//! }
//! # assert_eq!(explain(&Error::user("no")), "see the log");
//! ```

mod kind;

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

pub use kind::ErrorKind;

/// `std::result::Result` with [`Error`] as its default error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

type Source = Box<dyn StdError + Send + Sync>;

/// Everything that can go wrong in netabase.
///
/// One pointer wide. A clone shares the same error, so one failure can be told to several waiters.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

struct Inner {
    kind: ErrorKind,
    /// Outermost first, as given to [`Error::context`].
    context: Option<(String, Error)>,
    source: Option<Source>,
}

impl Error {
    #[cold]
    pub(crate) fn new(kind: ErrorKind) -> Self {
        Error(Arc::new(Inner { kind, context: None, source: None }))
    }

    #[cold]
    pub(crate) fn caused(kind: ErrorKind, source: impl Into<Source>) -> Self {
        Error(Arc::new(Inner { kind, context: None, source: Some(source.into()) }))
    }

    /// A state that no sequence of calls should reach. It stands where other code would panic.
    #[cold]
    pub(crate) fn internal(what: &'static str) -> Self {
        Self::new(ErrorKind::Internal { what })
    }

    #[cold]
    pub(crate) fn invalid_key(reason: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidKey { reason: reason.into() })
    }

    /// An engine's own failure, for those who implement [`Engine`](crate::engine::Engine).
    #[cold]
    pub fn engine(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::caused(ErrorKind::Engine, source)
    }

    /// Wraps an error of the caller's, so that a [`write`](crate::Store::write) can end with it and leave
    /// nothing behind.
    ///
    /// ```
    /// let error = netabase::Error::user("the form was empty");
    /// assert_eq!(error.to_string(), "the form was empty");
    /// assert!(error.is_user());
    /// ```
    #[cold]
    pub fn user(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::caused(ErrorKind::User, source)
    }

    /// What kind of error this is, with the names that belong to it.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// Says what the caller was doing. The kind stays; the old text becomes the source.
    ///
    /// ```
    /// let error = netabase::Error::user("disk on fire").context("saving the draft");
    /// assert_eq!(error.to_string(), "saving the draft: disk on fire");
    /// ```
    #[must_use]
    pub fn context(self, doing: impl fmt::Display) -> Self {
        let kind = self.0.kind.clone();
        Error(Arc::new(Inner { kind, context: Some((doing.to_string(), self)), source: None }))
    }

    /// No record has that key.
    pub fn is_not_found(&self) -> bool {
        matches!(self.0.kind, ErrorKind::NotFound { .. })
    }

    /// A record with that key is there already.
    pub fn is_already_exists(&self) -> bool {
        matches!(self.0.kind, ErrorKind::AlreadyExists { .. })
    }

    /// A unique key is taken.
    pub fn is_constraint_violation(&self) -> bool {
        matches!(self.0.kind, ErrorKind::ConstraintViolation { .. })
    }

    /// Whether a record had [another version](ErrorKind::VersionConflict) than the caller had seen.
    pub fn is_version_conflict(&self) -> bool {
        matches!(self.kind(), ErrorKind::VersionConflict { .. })
    }

    /// Somebody else's commit came in between; the same work may succeed when it is tried again.
    pub fn is_conflict(&self) -> bool {
        matches!(self.0.kind, ErrorKind::Conflict { .. })
    }

    /// Made by [`Error::user`].
    pub fn is_user(&self) -> bool {
        matches!(self.0.kind, ErrorKind::User)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.0.context, &self.0.source) {
            (Some((doing, cause)), _) => write!(f, "{doing}: {cause}"),
            (None, Some(source)) => match self.0.kind {
                ErrorKind::User => source.fmt(f),
                _ => write!(f, "{}: {source}", self.0.kind),
            },
            (None, None) => self.0.kind.fmt(f),
        }
    }
}

/// The text, then the kind: what an `unwrap` in a test should show.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} ({:?})", self.0.kind)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.0.context {
            Some((_, cause)) => Some(cause),
            None => self.0.source.as_deref().map(|source| source as _),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // S2-62
    #[test]
    fn context_keeps_the_kind_and_chains_the_source() {
        let error = Error::new(ErrorKind::NotFound { model: "Author", key: "AuthorPrimaryKey(1)".into() });
        let error = error.context("loading the page").context("serving /");
        assert!(error.is_not_found());
        assert!(error.to_string().starts_with("serving /: loading the page: there is no Author"));
        let first: &dyn StdError = &error;
        let depth = std::iter::successors(Some(first), |error: &&dyn StdError| (*error).source()).count();
        assert_eq!(depth, 3);
    }

    #[test]
    fn an_error_is_one_pointer_and_crosses_threads() {
        fn shared<T: Send + Sync + Clone + 'static>() {}
        shared::<Error>();
        assert_eq!(size_of::<Result<()>>(), size_of::<usize>());
    }
}
