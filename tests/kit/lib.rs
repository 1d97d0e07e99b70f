//! What the tests share: models with every kind of key, an oracle that keeps them in plain maps, the rows those
//! models should have in the file, and engines that count or answer on demand.

pub mod counting;
pub mod memory;
pub mod models;
pub mod oracle;
pub mod rows;
