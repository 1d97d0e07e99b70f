//! The store for async code: every call runs on a thread that may wait.

mod calls;
mod verbs;

pub use verbs::AsyncStore;

#[cfg(feature = "state")]
pub(crate) use calls::Calls;
