//! What the tests share: models with every kind of key, an oracle that keeps them in plain maps, the rows those
//! models should have in the file, and engines that count or answer on demand.

pub mod bank;
pub mod clinic;
pub mod company;
pub mod counting;
pub mod crashes;
pub mod disk;
pub mod feeds;
pub mod kept;
pub mod load;
pub mod market;
pub mod memory;
pub mod models;
pub mod oracle;
pub mod place;
pub mod process;
pub mod rows;

use proptest::test_runner::Config;

/// How many random cases a property test runs: this many, or what `PROPTEST_CASES` says.
pub fn cases(usual: u32) -> Config {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(usual);
    Config { failure_persistence: None, max_shrink_iters: 2_000, ..Config::with_cases(cases) }
}
