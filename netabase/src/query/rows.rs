//! What a query returns: records or keys, one at a time.

use std::fmt;

use super::residual::Residual;
use super::walk::Walk;
use crate::error::{Error, Result};
use crate::key::Key;
use crate::model::{NetabaseModel, Terms};

/// The records of a query, read as they are asked for. After an error it ends.
///
/// From a snapshot it is `'static`: it can be returned, or sent to another thread.
pub struct Rows<'r, M> {
    walk: Walk<'r>,
    tests: Residual<M>,
    left: usize,
}

impl<M: NetabaseModel> fmt::Debug for Rows<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rows<{}>", M::NAME)
    }
}

impl<'r, M: NetabaseModel> Rows<'r, M> {
    pub(super) fn new(walk: Walk<'r>, residual: Terms<M>, limit: usize) -> Self {
        Rows { walk, tests: Residual::new(residual), left: limit }
    }

    #[cold]
    fn end(&mut self, error: Option<Error>) -> Option<Result<M>> {
        self.left = 0;
        error.map(Err)
    }
}

impl<M: NetabaseModel> Iterator for Rows<'_, M> {
    type Item = Result<M>;

    #[inline]
    fn next(&mut self) -> Option<Result<M>> {
        self.left = self.left.checked_sub(1)?;
        // A record is moved once, into what is returned.
        loop {
            match self.walk.advance() {
                Ok(true) => {}
                Ok(false) => return self.end(None),
                Err(error) => return self.end(Some(error)),
            }
            let record = match self.walk.record() {
                Ok(Some(bytes)) => self.walk.decode::<M>(&bytes),
                Ok(None) => continue,
                Err(error) => Err(error),
            };
            if self.tests.is_empty() && record.is_ok() {
                return Some(record);
            }
            match record.and_then(|record| Ok((self.tests.hold(self.walk.key(), &record)?, record))) {
                Ok((true, record)) => return Some(Ok(record)),
                Ok((false, _)) => {}
                Err(error) => return self.end(Some(error)),
            }
        }
    }
}

/// The primary keys of a query, read as they are asked for. After an error it ends.
pub struct Keys<'r, M> {
    walk: Walk<'r>,
    tests: Residual<M>,
    left: usize,
}

impl<M: NetabaseModel> fmt::Debug for Keys<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys<{}>", M::NAME)
    }
}

impl<'r, M: NetabaseModel> Keys<'r, M> {
    pub(super) fn new(walk: Walk<'r>, residual: Terms<M>, limit: usize) -> Self {
        let walk = if residual.is_empty() { walk.keys_only() } else { walk };
        Keys { walk, tests: Residual::new(residual), left: limit }
    }

    /// Goes to the next key without decoding it; `false` at the end.
    pub(super) fn advance(&mut self) -> Result<bool> {
        if self.tests.is_empty() {
            return self.walk.advance();
        }
        Ok(next_that_holds(&mut self.walk, &mut self.tests)?.is_some())
    }

    fn next_key(&mut self) -> Result<Option<M::PrimaryKey>> {
        if !self.advance()? {
            return Ok(None);
        }
        M::PrimaryKey::decode_tail(self.walk.key()).map(Some).map_err(|_| self.walk.corrupt())
    }
}

impl<M: NetabaseModel> Iterator for Keys<'_, M> {
    type Item = Result<M::PrimaryKey>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let next = self.next_key().transpose();
        if !matches!(next, Some(Ok(_))) {
            self.left = 0;
        }
        next
    }
}

/// Walks to the next record for which all tests hold.
#[inline]
fn next_that_holds<M: NetabaseModel>(walk: &mut Walk<'_>, tests: &mut Residual<M>) -> Result<Option<M>> {
    while walk.advance()? {
        let Some(bytes) = walk.record()? else { continue };
        let record = walk.decode(&bytes)?;
        if tests.hold(walk.key(), &record)? {
            return Ok(Some(record));
        }
    }
    Ok(None)
}
