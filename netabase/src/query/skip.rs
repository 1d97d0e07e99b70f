//! Leaves out whole keys of an index that have many records each, by their stored numbers.

use super::plan::{Piece, Pieces};
use super::source::Source;
use crate::engine::Direction;
use crate::error::Result;
use crate::table;

/// Records of one key from which on it is worth while to ask for their number instead of stepping over them.
const MANY: usize = 64;

/// Leaves the keys that have many records out of the pieces, the next of which is the last, as long as all of a key's records
/// are to be skipped; returns how many are left to skip.
pub(super) fn skip_keys(
    source: &Source<'_>,
    pieces: &mut Pieces,
    way: Direction,
    mut skip: usize,
) -> Result<usize> {
    while skip >= MANY {
        let Some(Piece { part, range, .. }) = pieces.last_mut() else { break };
        if source.is_map(*part)? {
            break;
        }
        let key = {
            let mut rows = table::rows(&source.permit, &source.view, source.tables()?, *part, range, way)?;
            if !rows.advance()? {
                pieces.pop();
                continue;
            }
            rows.key().to_vec()
        };
        let count = usize::try_from(source.count(*part, &key)?).unwrap_or(usize::MAX);
        if count > skip || count < MANY {
            break;
        }
        skip -= count;
        range.leave_out(&key, way == Direction::Forward);
        if range.is_empty() {
            pieces.pop();
        }
    }
    Ok(skip)
}
