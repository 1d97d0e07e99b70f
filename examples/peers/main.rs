//! Peers who give each other credit: several threads change the same values, and nothing is lost.
//!
//! ```sh
//! cargo run --example peers
//! ```
//!
//! A line of credit between two peers is one value, with what each of them has on it. A payment reads it, and writes it if nobody else
//! has written it in between; else it reads it again.

mod model;
mod update;

use std::thread;

use netabase::state::StateStore;
use netabase::{Error, Result};

use crate::model::{Line, Peer, line_key, peer_key};
use crate::update::{Attempts, update};

const PEERS: [&str; 4] = ["ada", "bob", "cleo", "dan"];

/// What each side of a line has in the beginning.
const SHARE: u64 = 30;

/// What a peer's thread did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    payments: u64,
    /// for want of credit
    refused: u64,
    /// writes that came too late, and were tried again
    conflicts: u64,
}

fn main() -> Result<()> {
    let state = StateStore::in_memory()?;
    open_lines(&state)?;
    let before = credit(&state)?;
    for (name, tally) in trade(&state, 200)? {
        let Tally { payments, refused, conflicts } = tally;
        println!(
            "{name} made {payments} payments, had no credit for {refused}, tried again {conflicts} times"
        );
    }
    for name in PEERS {
        let peer = state.get_json::<Peer>(&peer_key(name))?.unwrap_or_default();
        println!("{name} has a reputation of {}", peer.reputation);
    }
    for key in state.list("/credit/")? {
        let line = state.get_json::<Line>(&key)?.unwrap_or_default();
        println!("{key}: {} and {}, version {}", line.first, line.second, state.version(&key)?);
    }
    println!("credit before {before}, after {}", credit(&state)?);
    Ok(())
}

/// All peers, and a line between any two.
fn open_lines(state: &StateStore) -> Result<()> {
    for (place, name) in PEERS.into_iter().enumerate() {
        state.set_json(&peer_key(name), &Peer::default())?;
        for other in PEERS.into_iter().skip(place + 1) {
            state.set_json(&line_key(name, other), &Line { first: SHARE, second: SHARE })?;
        }
    }
    Ok(())
}

/// Each peer pays the others in turn, all at once.
fn trade(state: &StateStore, turns: usize) -> Result<Vec<(&'static str, Tally)>> {
    thread::scope(|scope| {
        let threads = PEERS.map(|name| (name, scope.spawn(move || spend(state, name, turns))));
        threads
            .into_iter()
            .map(|(name, thread)| {
                let tally = thread.join().unwrap_or_else(|_| Err(Error::user("a thread panicked")));
                tally.map(|tally| (name, tally))
            })
            .collect()
    })
}

fn spend(state: &StateStore, name: &str, turns: usize) -> Result<Tally> {
    let mut tally = Tally::default();
    let others = PEERS.into_iter().filter(|other| *other != name).cycle();
    for (other, cents) in others.zip((1..=17).cycle()).take(turns) {
        let Attempts { is_done, conflicts } = pay(state, name, other, cents)?;
        tally.conflicts += conflicts;
        if !is_done {
            tally.refused += 1;
            continue;
        }
        tally.payments += 1;
        // Who is paid praises who pays. Another value, so another write.
        let praised = update(state, &peer_key(name), |peer: &mut Peer| {
            peer.reputation += 1;
            true
        })?;
        tally.conflicts += praised.conflicts;
    }
    Ok(tally)
}

/// Moves credit from one side of a line to the other, if there is so much.
fn pay(state: &StateStore, from: &str, to: &str, cents: u64) -> Result<Attempts> {
    update(state, &line_key(from, to), |line: &mut Line| {
        let (own, other) =
            if from < to { (&mut line.first, &mut line.second) } else { (&mut line.second, &mut line.first) };
        let Some(left) = own.checked_sub(cents) else { return false };
        (*own, *other) = (left, *other + cents);
        true
    })
}

/// The sum of all credit: no payment changes it.
fn credit(state: &StateStore) -> Result<u64> {
    let lines = state.list("/credit/")?;
    lines.iter().map(|key| Ok(state.get_json::<Line>(key)?.map_or(0, |line| line.first + line.second))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_of_credit_stays() -> Result<()> {
        let state = StateStore::in_memory()?;
        open_lines(&state)?;
        assert_eq!(credit(&state)?, 6 * 2 * SHARE);
        let tallies = trade(&state, 150)?;
        assert_eq!(credit(&state)?, 6 * 2 * SHARE);
        assert!(tallies.iter().all(|(_, tally)| tally.payments + tally.refused == 150), "{tallies:?}");
        // Each payment is one version of one line, and one point for who paid.
        let payments: u64 = tallies.iter().map(|(_, tally)| tally.payments).sum();
        let lines = state.list("/credit/")?;
        let versions: u64 = lines.iter().map(|key| state.version(key)).sum::<Result<u64>>()?;
        assert_eq!(versions, payments + 6);
        for (name, tally) in tallies {
            let peer = state.get_json::<Peer>(&peer_key(name))?.unwrap();
            assert_eq!(peer.reputation, tally.payments, "{name}");
        }
        Ok(())
    }

    #[test]
    fn nobody_pays_what_he_does_not_have() -> Result<()> {
        let state = StateStore::in_memory()?;
        open_lines(&state)?;
        assert!(!pay(&state, "bob", "ada", SHARE + 1)?.is_done);
        assert!(pay(&state, "bob", "ada", SHARE)?.is_done);
        assert!(!pay(&state, "bob", "ada", 1)?.is_done);
        let line = state.get_json::<Line>(&line_key("ada", "bob"))?;
        assert_eq!(line, Some(Line { first: 2 * SHARE, second: 0 }));
        assert_eq!(state.version(&line_key("bob", "ada"))?, 2, "what was refused wrote nothing");
        Ok(())
    }

    #[test]
    fn who_is_too_late_tries_again() -> Result<()> {
        let state = StateStore::in_memory()?;
        open_lines(&state)?;
        let key = line_key("ada", "bob");
        let mut is_first = true;
        let attempts = update(&state, &key, |line: &mut Line| {
            if std::mem::take(&mut is_first) {
                pay(&state, "bob", "ada", 5).unwrap();
            }
            line.first -= 1;
            line.second += 1;
            true
        })?;
        assert_eq!(attempts, Attempts { is_done: true, conflicts: 1 });
        assert_eq!(state.get_json(&key)?, Some(Line { first: SHARE + 4, second: SHARE - 4 }));
        Ok(())
    }
}
