//! The versions of records, beside them: how often each was written, and when. A deleted record leaves its last one behind.

use std::time::SystemTime;

use super::layout::ModelTables;
use super::write::Change;
use crate::clock::{nanos, time_of};
use crate::error::{Error, ErrorKind, Result};
use crate::overlay::{Staged, View};
use crate::permission::{OwnerAccess, Permit, ReadAccess, WriteAccess};

/// What is noted of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) version: u64,
    /// when it was created, and when it was written last; `None`: it is deleted
    pub(crate) times: Option<(SystemTime, SystemTime)>,
}

impl Stamp {
    /// Of a record that was there before its model had versions.
    const FIRST: Stamp = Stamp { version: 1, times: Some((SystemTime::UNIX_EPOCH, SystemTime::UNIX_EPOCH)) };

    fn read(bytes: &[u8]) -> Option<Self> {
        let (version, rest) = bytes.split_first_chunk()?;
        let times = match rest.split_first_chunk() {
            None if rest.is_empty() => None,
            None => return None,
            Some((created, updated)) => {
                let updated = i64::from_be_bytes(updated.try_into().ok()?);
                Some((time_of(i64::from_be_bytes(*created))?, time_of(updated)?))
            }
        };
        Some(Stamp { version: u64::from_be_bytes(*version), times })
    }

    fn write(self) -> Vec<u8> {
        let mut bytes = self.version.to_be_bytes().to_vec();
        for time in self.times.into_iter().flat_map(|(created, updated)| [created, updated]) {
            bytes.extend_from_slice(&nanos(time).to_be_bytes());
        }
        bytes
    }
}

fn decode(tables: &ModelTables, bytes: &[u8]) -> Result<Stamp> {
    let corrupt =
        || Error::new(ErrorKind::Corrupt { place: format!("the versions of {}", tables.schema.name) });
    Stamp::read(bytes).ok_or_else(corrupt)
}

/// What is noted of a record that is there.
pub(crate) fn stamp(
    permit: &Permit<ReadAccess>,
    view: &View<'_>,
    tables: &ModelTables,
    key: &[u8],
) -> Result<Stamp> {
    permit.covers(tables.ordinal)?;
    let Some(table) = tables.versions else { return Ok(Stamp::FIRST) };
    view.get(table, key)?.map_or(Ok(Stamp::FIRST), |bytes| decode(tables, &bytes))
}

/// The version of a record that is about to be changed, whether it is there or not.
pub(crate) fn version(
    permit: &Permit<WriteAccess>,
    staged: Staged<'_>,
    tables: &ModelTables,
    key: &[u8],
) -> Result<u64> {
    permit.covers(tables.ordinal)?;
    if staged.get(tables.main()?, key)?.is_none() {
        return Ok(0);
    }
    Ok(stored(staged, tables, key)?.unwrap_or(Stamp::FIRST).version)
}

/// A row of the table, for whoever verifies it.
pub(crate) fn stamp_of(permit: &Permit<OwnerAccess>, tables: &ModelTables, bytes: &[u8]) -> Result<Stamp> {
    permit.covers(tables.ordinal)?;
    decode(tables, bytes)
}

fn stored(staged: Staged<'_>, tables: &ModelTables, key: &[u8]) -> Result<Option<Stamp>> {
    let Some(table) = tables.versions else { return Ok(None) };
    staged.get(table, key)?.map(|bytes| decode(tables, &bytes)).transpose()
}

/// A row that is to be written.
pub(super) struct Stamped {
    pub(super) row: Vec<u8>,
    /// whether there is one
    pub(super) present: bool,
}

/// What a change makes of the version of its record.
pub(super) fn stamped(staged: Staged<'_>, change: &Change<'_>) -> Result<Option<Stamped>> {
    if change.tables.versions.is_none() {
        return Ok(None);
    }
    let old = stored(staged, change.tables, change.key)?;
    let known = old.or_else(|| change.before.is_some().then_some(Stamp::FIRST));
    let version = known.map_or(0, |stamp| stamp.version);
    let created = known.and_then(|stamp| stamp.times).map_or(change.now, |(created, _)| created);
    let new = match change.after {
        // Numbers never go back, so the last one stays.
        None => Stamp { version, times: None },
        Some(_) => {
            let next =
                version.checked_add(1).ok_or_else(|| Error::internal("a record has no versions left"))?;
            Stamp { version: next, times: Some((created, change.now)) }
        }
    };
    Ok(Some(Stamped { row: new.write(), present: old.is_some() }))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_stamp_comes_back_and_nothing_else_is_one() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        for stamp in [
            Stamp { version: 7, times: Some((at(1), at(2))) },
            Stamp { version: u64::MAX, times: None },
            Stamp::FIRST,
        ] {
            let bytes = stamp.write();
            assert_eq!(Stamp::read(&bytes), Some(stamp));
            for cut in 0..bytes.len() {
                assert_eq!(Stamp::read(&bytes[..cut]).is_some(), cut == 8, "{cut}");
            }
        }
    }
}
