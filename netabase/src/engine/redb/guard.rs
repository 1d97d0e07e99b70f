//! Keeps redb's panics inside.
//!
//! redb trusts a file that was closed cleanly, and may panic where one was damaged since. Whatever it does on
//! netabase's behalf runs through [`guarded`], which makes an error of it.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::error::corrupt;
use crate::error::Result;

/// Runs a call into redb. After a panic its own locks and flags keep half-done work from being committed, which is
/// why the call may be asserted to be unwind safe.
#[inline]
pub(super) fn guarded<T>(call: impl FnOnce() -> Result<T>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(done) => done,
        Err(panic) => Err(corrupt(message(&*panic))),
    }
}

#[cold]
fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("the engine gave up: {}", text.unwrap_or("it did not say why"))
}

/// Something of redb's whose destructor does work, which may panic as any other call may.
pub(super) struct Guarded<T>(Option<T>);

impl<T> Guarded<T> {
    pub(super) fn new(inner: T) -> Self {
        Guarded(Some(inner))
    }

    #[inline]
    pub(super) fn get(&self) -> Result<&T> {
        self.0.as_ref().ok_or_else(super::error::closed)
    }

    #[inline]
    pub(super) fn get_mut(&mut self) -> Result<&mut T> {
        self.0.as_mut().ok_or_else(super::error::closed)
    }

    pub(super) fn take(&mut self) -> Result<T> {
        self.0.take().ok_or_else(super::error::closed)
    }
}

impl<T> Drop for Guarded<T> {
    fn drop(&mut self) {
        if let Some(inner) = self.0.take() {
            // Nobody is left to be told.
            let _ = guarded(|| {
                drop(inner);
                Ok(())
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::resume_unwind;

    use super::*;
    use crate::error::ErrorKind;

    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            resume_unwind(Box::new("no"));
        }
    }

    #[test]
    fn a_panic_is_an_error_with_its_text() {
        let error = guarded(|| -> Result<()> { resume_unwind(Box::new("page 7".to_owned())) }).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Corrupt { .. }));
        assert!(error.to_string().ends_with("the engine gave up: page 7"), "{error}");
    }

    #[test]
    fn a_destructor_that_panics_harms_nobody() {
        drop(Guarded::new(Bomb));
    }
}
