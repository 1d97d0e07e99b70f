//! The power goes at any moment: every acknowledged commit is there, no half of one is. S3-9.

use std::sync::Arc;

use kit::disk::{Disk, Replay};
use kit::load::{run, states, verified};
use kit::models::World;
use netabase::engine::RedbOptions;
use netabase::{Result, Store};

/// A sequence of numbers that looks random and is the same each time.
fn dice(seed: u64) -> impl FnMut() -> u32 {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u32
    }
}

const COMMITS: u64 = 12;

#[test]
fn acknowledged_commits_survive_and_no_half_commit_does() -> Result<()> {
    let states = states(COMMITS)?;
    let disk = Disk::default();
    let options = RedbOptions { cache_size: Some(1 << 20), ..RedbOptions::default() };
    let open = |disk: &Disk| Store::<World>::builder().engine(Arc::new(disk.engine(&options)?)).open();
    drop(open(&disk)?);
    // A new disk begins a new history.
    let disk = Disk::holding(disk.bytes());
    let mut replay = Replay::new(disk.bytes());

    // How many operations there had been when each commit was acknowledged.
    let mut acknowledged = Vec::new();
    let store = open(&disk)?;
    let (done, error) = run(&store, 0, COMMITS, |_| acknowledged.push(disk.operations()));
    assert_eq!((done, error.map(|error| error.to_string())), (COMMITS, None));
    drop(store);

    let (mut exact, mut ahead) = (0, 0);
    for (number, operation) in (1..).zip(&disk.history()) {
        replay.step(operation);
        let safe = acknowledged.iter().filter(|at| **at <= number).count();
        for variant in 0..3 {
            let mut random = dice(number * 3 + variant);
            // One of the ways is that everything arrived in time.
            let left = Disk::holding(replay.power_cut(|| if variant == 0 { 0 } else { random() }));
            let found = verified(Arc::new(left.engine(&options)?))
                .map_err(|error| error.context(format!("operation {number}, variant {variant}")))?;
            if found == states[safe] {
                exact += 1;
            } else {
                // The commit under way may have arrived as a whole.
                assert_eq!(Some(&found), states.get(safe + 1), "operation {number}, variant {variant}");
                ahead += 1;
            }
        }
    }
    // The load has moments of both kinds, or the test shows nothing.
    assert!(exact > 100 && ahead > 5, "{exact} exact, {ahead} ahead");
    Ok(())
}
