//! Where a page ends: an opaque token, bound to its query and its schema.
//!
//! Bytes: 1 for the version, flags, the fingerprint of the query, the position in postcard, and XXH3 of all of these.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use data_encoding::BASE64URL_NOPAD;
use twox_hash::XxHash3_128;

use super::order;
use crate::engine::Direction;
use crate::error::{Error, ErrorKind, Result};
use crate::key::ByteRange;
use crate::model::{By, Entries, NO_CUSTOMS, NetabaseModel, Order, Term};
use crate::schema::Part;

/// Where the next page begins, from [`Query::page`](super::Query::page). Its text can be given away, and read back after a restart.
///
/// It is no secret and no permission: it holds the keys of the record at the edge of the page, and whoever makes one up gets what
/// the query would show him anyway.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PageToken(Vec<u8>);

const VERSION: u8 = 1;
const BACKWARD: u8 = 1;
const INCLUSIVE: u8 = 2;
const SUM: usize = 8;

/// A place in the order of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Position {
    /// one for each order
    pub(super) keys: Vec<Vec<u8>>,
    pub(super) primary: Vec<u8>,
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) position: Position,
    /// of the query as it is written, or against it
    pub(super) way: Direction,
    /// whether the record at the position itself is on the page
    pub(super) inclusive: bool,
}

fn refused(reason: &'static str) -> Error {
    Error::new(ErrorKind::InvalidToken { reason })
}

fn sum(bytes: &[u8]) -> [u8; SUM] {
    let hash = XxHash3_128::oneshot(bytes).to_be_bytes();
    hash.first_chunk().copied().unwrap_or_default()
}

impl Position {
    /// The place of a record.
    pub(super) fn of<M: NetabaseModel>(orders: &[Order<M>], record: &M) -> Result<Self> {
        let (mut primary, mut entries) = (Vec::new(), Entries::of_parts(order::parts_of(orders)));
        record.encode_key(&mut primary)?;
        if let Some(entries) = &mut entries {
            entries.collect(record, &primary, &NO_CUSTOMS)?;
        }
        let keys = orders.iter().map(|order| order::key_of(order, &primary, entries.as_ref())).collect();
        Ok(Position { keys, primary })
    }
}

impl Edge {
    /// Whether a record comes behind the edge. `orders`: in the direction in which the edge is passed.
    pub(super) fn is_before<M>(
        &self,
        orders: &[Order<M>],
        keys: &[impl AsRef<[u8]>],
        primary: &[u8],
    ) -> bool {
        let pairs = orders.iter().zip(keys.iter().zip(&self.position.keys));
        let by_keys = pairs.map(|(by, (own, edge))| by.turn(own.as_ref().cmp(edge.as_slice())));
        let by_primary = primary.cmp(&self.position.primary);
        let by_primary = orders.first().map_or(by_primary, |by| by.turn(by_primary));
        match by_keys.fold(Ordering::Equal, Ordering::then).then(by_primary) {
            Ordering::Less => false,
            Ordering::Equal => self.inclusive,
            Ordering::Greater => true,
        }
    }

    pub(super) fn to_token(&self, fingerprint: u128) -> Result<PageToken> {
        let backward = if self.way == Direction::Reverse { BACKWARD } else { 0 };
        let mut bytes = vec![VERSION, backward | if self.inclusive { INCLUSIVE } else { 0 }];
        bytes.extend_from_slice(&fingerprint.to_be_bytes());
        let position = (&self.position.keys, &self.position.primary);
        bytes = postcard::to_extend(&position, bytes).map_err(|_| Error::internal("keys do not encode"))?;
        bytes.extend_from_slice(&sum(&bytes));
        Ok(PageToken(bytes))
    }

    /// # Errors
    /// `InvalidToken` if it is damaged, or of another query.
    pub(super) fn read(token: &PageToken, fingerprint: u128) -> Result<Self> {
        let damaged = || refused("it is damaged: pass it on as it was given");
        let (bytes, found) = token.0.split_last_chunk::<SUM>().ok_or_else(damaged)?;
        if sum(bytes) != *found {
            return Err(damaged());
        }
        let [VERSION, flags, rest @ ..] = bytes else { return Err(damaged()) };
        let (of, position) = rest.split_first_chunk::<16>().ok_or_else(damaged)?;
        if u128::from_be_bytes(*of) != fingerprint {
            return Err(refused("it is of another query, or of another version of the model: begin anew"));
        }
        let position = postcard::take_from_bytes::<(Vec<Vec<u8>>, Vec<u8>)>(position);
        let Ok(((keys, primary), [])) = position else { return Err(damaged()) };
        let way = if flags & BACKWARD == 0 { Direction::Forward } else { Direction::Reverse };
        Ok(Edge { position: Position { keys, primary }, way, inclusive: flags & INCLUSIVE != 0 })
    }
}

impl fmt::Display for PageToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64URL_NOPAD.encode(&self.0))
    }
}

impl FromStr for PageToken {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes());
        bytes.map(PageToken).map_err(|_| refused("it is damaged: pass it on as it was given"))
    }
}

/// What tells one query from another: its model in its definition (`table`: the name of the main table), its conditions and its
/// order. What a closure or a condition on a field without an index compares with cannot be told; that there is one can.
pub(super) fn fingerprint<M: NetabaseModel>(table: &str, terms: &[Term<M>], orders: &[Order<M>]) -> u128 {
    let mut out = M::SCHEMA.fingerprint().to_be_bytes().to_vec();
    add(table.as_bytes(), &mut out);
    add_terms(terms, &mut out);
    for order in orders {
        if let By::Key(part) = order.by {
            add_table::<M>(part, None, &mut out);
        }
        out.push(u8::from(order.descending));
    }
    XxHash3_128::oneshot(&out)
}

/// A table by its kind and its name, as its number may be another one in the next program. `custom`: a registered index.
fn add_table<M: NetabaseModel>(part: usize, custom: Option<&str>, out: &mut Vec<u8>) {
    let (kind, name) = match (M::SCHEMA.part(part), custom) {
        (_, Some(name)) => (3, name),
        (Some(Part::Topics), _) => (2, ""),
        (Some(Part::Main) | None, _) => (0, ""),
        (Some(part), _) => (1, part.name()),
    };
    out.push(kind);
    add(name.as_bytes(), out);
}

/// Behind its length, so that nothing runs into what follows.
fn add(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&bytes.len().to_be_bytes());
    out.extend_from_slice(bytes);
}

fn add_terms<M: NetabaseModel>(terms: &[Term<M>], out: &mut Vec<u8>) {
    out.extend_from_slice(&terms.len().to_be_bytes());
    for term in terms {
        match term {
            Term::Keys(term) => {
                out.push(0);
                add_table::<M>(term.part, term.custom, out);
                out.extend_from_slice(&term.ranges.len().to_be_bytes());
                term.ranges.iter().for_each(|range| add_range(range, out));
            }
            Term::Test(..) => out.push(1),
            Term::Any(either) => {
                out.push(2);
                out.extend_from_slice(&either.len().to_be_bytes());
                for terms in either {
                    add_terms(terms, out);
                }
            }
            Term::Not(terms) => {
                out.push(3);
                add_terms(terms, out);
            }
        }
    }
}

fn add_range(range: &ByteRange, out: &mut Vec<u8>) {
    use std::ops::Bound::{Excluded, Included, Unbounded};
    let (low, high) = range.as_bounds();
    for bound in [low, high] {
        match bound {
            Unbounded => out.push(0),
            Included(key) => {
                out.push(1);
                add(key, out);
            }
            Excluded(key) => {
                out.push(2);
                add(key, out);
            }
        }
    }
}
