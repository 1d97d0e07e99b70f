//! Includes within includes.

use super::Include;
use crate::error::Result;
use crate::model::NetabaseModel;
use crate::query::source::Source;

/// What becomes of records that were included: [`Plain`], or [`With`] more beside them.
pub trait Nested<T: NetabaseModel> {
    /// A record, with what is beside it.
    type Item;
    /// Puts it beside all of them.
    #[doc(hidden)]
    fn attach(&self, source: &Source<'_>, records: Vec<T>) -> Result<Vec<Self::Item>>;
}

/// Nothing is beside them.
#[derive(Clone, Copy, Debug)]
pub struct Plain;

/// They come with what is related to them.
#[derive(Clone, Copy, Debug)]
pub struct With<I>(pub(super) I);

impl<T: NetabaseModel> Nested<T> for Plain {
    type Item = T;

    fn attach(&self, _: &Source<'_>, records: Vec<T>) -> Result<Vec<T>> {
        Ok(records)
    }
}

impl<T: NetabaseModel, I: Include<T>> Nested<T> for With<I> {
    type Item = (T, I::Output);

    fn attach(&self, source: &Source<'_>, records: Vec<T>) -> Result<Vec<Self::Item>> {
        let included = self.0.load(source, &records)?;
        Ok(records.into_iter().zip(included).collect())
    }
}
