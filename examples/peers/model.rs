//! What is in the store: peers under `/peers/`, lines of credit under `/credit/`, as JSON.

use serde::{Deserialize, Serialize};

/// What is known of a peer.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
pub(crate) struct Peer {
    pub(crate) reputation: u64,
}

/// What the two ends of a line have, the one whose name comes first, and the other.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
pub(crate) struct Line {
    pub(crate) first: u64,
    pub(crate) second: u64,
}

/// Where the peer is.
pub(crate) fn peer_key(name: &str) -> String {
    format!("/peers/{name}")
}

/// Where the line between two peers is, whichever of them is asked about.
pub(crate) fn line_key(one: &str, other: &str) -> String {
    let (first, second) = if one < other { (one, other) } else { (other, one) };
    format!("/credit/{first}/{second}")
}
