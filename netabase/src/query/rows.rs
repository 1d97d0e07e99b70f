//! What a query returns: records or keys, one at a time.

use std::fmt;

use super::residual::Residual;
use super::walk::Walk;
use crate::error::{Error, Result};
use crate::key::Key;
use crate::model::NetabaseModel;

/// Where the records come from.
#[allow(
    clippy::large_enum_variant,
    reason = "most queries walk, and a box would cost each of them an allocation"
)]
enum Steps<'r, M> {
    Walk(Walk<'r>, Residual<M>),
    /// in order, with their keys
    Sorted(std::vec::IntoIter<(Vec<u8>, M)>),
}

/// The records of a query, read as they are asked for. After an error it ends.
///
/// From a snapshot it is `'static`: it can be returned, or sent to another thread.
pub struct Rows<'r, M> {
    steps: Steps<'r, M>,
    skip: usize,
    left: usize,
}

impl<M: NetabaseModel> fmt::Debug for Rows<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rows<{}>", M::NAME)
    }
}

impl<'r, M: NetabaseModel> Rows<'r, M> {
    pub(super) fn walk(walk: Walk<'r>, residual: Residual<M>, skip: usize, limit: usize) -> Self {
        Rows { steps: Steps::Walk(walk, residual), skip, left: limit }
    }

    pub(super) fn sorted(sorted: Vec<(Vec<u8>, M)>, skip: usize, limit: usize) -> Self {
        Rows { steps: Steps::Sorted(sorted.into_iter()), skip, left: limit }
    }

    #[cold]
    fn end(&mut self, error: Option<Error>) -> Option<Result<M>> {
        self.left = 0;
        error.map(Err)
    }

    #[cold]
    fn skip(&mut self) -> Result<()> {
        let skip = std::mem::take(&mut self.skip);
        match &mut self.steps {
            Steps::Walk(walk, tests) => skip_records(walk, tests, skip),
            Steps::Sorted(sorted) => {
                sorted.by_ref().take(skip).for_each(drop);
                Ok(())
            }
        }
    }
}

impl<M: NetabaseModel> Iterator for Rows<'_, M> {
    type Item = Result<M>;

    #[inline]
    fn next(&mut self) -> Option<Result<M>> {
        self.left = self.left.checked_sub(1)?;
        if self.skip > 0
            && let Err(error) = self.skip()
        {
            return self.end(Some(error));
        }
        let (walk, tests) = match &mut self.steps {
            Steps::Walk(walk, tests) => (walk, tests),
            Steps::Sorted(sorted) => return sorted.next().map(|(_, record)| Ok(record)),
        };
        // A record is moved once, into what is returned.
        loop {
            match walk.advance() {
                Ok(true) => {}
                Ok(false) => return self.end(None),
                Err(error) => return self.end(Some(error)),
            }
            let record = match walk.record() {
                Ok(Some(bytes)) => walk.decode::<M>(&bytes),
                Ok(None) => continue,
                Err(error) => Err(error),
            };
            if tests.is_empty() {
                if record.is_err() {
                    self.left = 0;
                }
                return Some(record);
            }
            match record.and_then(|record| Ok((tests.hold(walk.key(), &record)?, record))) {
                Ok((true, record)) => return Some(Ok(record)),
                Ok((false, _)) => {}
                Err(error) => return self.end(Some(error)),
            }
        }
    }
}

/// The primary keys of a query, read as they are asked for. After an error it ends.
pub struct Keys<'r, M> {
    steps: Steps<'r, M>,
    skip: usize,
    left: usize,
}

impl<M: NetabaseModel> fmt::Debug for Keys<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys<{}>", M::NAME)
    }
}

impl<'r, M: NetabaseModel> Keys<'r, M> {
    pub(super) fn walk(walk: Walk<'r>, residual: Residual<M>, skip: usize, limit: usize) -> Self {
        let walk = if residual.is_empty() { walk.keys_only() } else { walk };
        Keys { steps: Steps::Walk(walk, residual), skip, left: limit }
    }

    pub(super) fn sorted(sorted: Vec<(Vec<u8>, M)>, skip: usize, limit: usize) -> Self {
        Keys { steps: Steps::Sorted(sorted.into_iter()), skip, left: limit }
    }

    /// Goes to the next key and shows it to `read`; `None` at the end.
    fn advance<T>(&mut self, read: impl FnOnce(&[u8]) -> Result<T>) -> Result<Option<T>> {
        let skip = std::mem::take(&mut self.skip);
        match &mut self.steps {
            Steps::Sorted(sorted) => {
                let next = sorted.nth(skip);
                next.map(|(key, _)| read(&key)).transpose()
            }
            Steps::Walk(walk, tests) => {
                skip_records(walk, tests, skip)?;
                let found =
                    if tests.is_empty() { walk.advance()? } else { next_that_holds(walk, tests)?.is_some() };
                if found { read(walk.key()).map(Some) } else { Ok(None) }
            }
        }
    }

    #[cold]
    fn corrupt(&self) -> Error {
        match &self.steps {
            Steps::Walk(walk, _) => walk.corrupt(),
            Steps::Sorted(_) => Error::internal("a sorted record without a key"),
        }
    }

    /// How many there are, up to the limit.
    pub(super) fn count(mut self) -> Result<u64> {
        let mut count = 0;
        while self.left > 0 && self.advance(|_| Ok(()))?.is_some() {
            self.left -= 1;
            count += 1;
        }
        Ok(count)
    }
}

impl<M: NetabaseModel> Iterator for Keys<'_, M> {
    type Item = Result<M::PrimaryKey>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        // A key in a table that is no key was damaged there.
        let next = self.advance(|key| Ok(M::PrimaryKey::decode_tail(key).ok())).transpose()?;
        let next = next.and_then(|key| key.ok_or_else(|| self.corrupt()));
        if next.is_err() {
            self.left = 0;
        }
        Some(next)
    }
}

/// Goes past the next `skip` records that hold.
#[inline]
fn skip_records<M: NetabaseModel>(walk: &mut Walk<'_>, tests: &mut Residual<M>, skip: usize) -> Result<()> {
    // Asked for each key.
    if skip == 0 {
        return Ok(());
    }
    let skip = if tests.is_empty() { walk.skip_keys(skip)? } else { skip };
    for _ in 0..skip {
        let found = if tests.is_empty() { walk.skip()? } else { next_that_holds(walk, tests)?.is_some() };
        if !found {
            break;
        }
    }
    Ok(())
}

/// Walks to the next record for which all tests hold.
#[inline]
pub(super) fn next_that_holds<M: NetabaseModel>(
    walk: &mut Walk<'_>,
    tests: &mut Residual<M>,
) -> Result<Option<M>> {
    while walk.advance()? {
        let Some(bytes) = walk.record()? else { continue };
        let record = walk.decode(&bytes)?;
        if tests.hold(walk.key(), &record)? {
            return Ok(Some(record));
        }
    }
    Ok(None)
}
