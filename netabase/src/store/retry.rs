//! Work that is done anew while the engine reports conflicts.

use crate::error::{Error, ErrorKind, Result};

/// How often it is tried.
const ATTEMPTS: u32 = 16;

/// Runs the attempt until it meets no conflict. Its outer error is the caller's and ends it; the inner result is the store's,
/// which may be a conflict.
///
/// # Errors
/// `Conflict` if every attempt met one.
pub(super) fn retry<T, E: From<Error>>(mut attempt: impl FnMut() -> Result<Result<T>, E>) -> Result<T, E> {
    for _ in 0..ATTEMPTS {
        match attempt()? {
            Err(error) if error.is_conflict() => {}
            done => return Ok(done?),
        }
    }
    Err(Error::new(ErrorKind::Conflict { attempts: ATTEMPTS }).into())
}
