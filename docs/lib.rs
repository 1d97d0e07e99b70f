//! The README and the guide as modules, so that `cargo test` compiles and runs their examples.

pub mod bank;

#[doc = include_str!("../README.md")]
pub mod readme {}

#[doc = include_str!("guide/getting-started.md")]
pub mod getting_started {}

#[doc = include_str!("guide/models-and-keys.md")]
pub mod models_and_keys {}

#[doc = include_str!("guide/queries.md")]
pub mod queries {}

#[doc = include_str!("guide/relations.md")]
pub mod relations {}

#[doc = include_str!("guide/opening-and-recovering.md")]
pub mod opening_and_recovering {}

#[doc = include_str!("guide/repositories.md")]
pub mod repositories {}

#[doc = include_str!("guide/permissions.md")]
pub mod permissions {}

#[doc = include_str!("guide/changes.md")]
pub mod changes {}

#[doc = include_str!("guide/state.md")]
pub mod state {}

#[doc = include_str!("guide/async.md")]
pub mod asynchronous {}

#[doc = include_str!("guide/performance.md")]
pub mod performance {}
