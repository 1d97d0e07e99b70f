//! The README and the guide as modules, so that `cargo test` compiles and runs their examples.

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

#[doc = include_str!("guide/performance.md")]
pub mod performance {}
