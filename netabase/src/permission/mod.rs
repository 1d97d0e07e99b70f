//! Who may do what. The [`Guard`] is asked by every door and answers with a [`Permit`].
//!
//! It stands below the table floor, whose functions demand a permit as an argument. A permit's fields are
//! private to this file and the guard alone makes one, so a door that skips the guard does not compile.
//! Today the guard allows everything; models and policies join it here.

use std::marker::PhantomData;

use crate::error::{Error, ErrorKind, Result};
use crate::schema::ModelSchema;

/// Marks a permit that allows to look.
#[derive(Debug)]
pub(crate) enum ReadAccess {}

/// Marks a permit that allows to change.
#[derive(Debug)]
pub(crate) enum WriteAccess {}

/// Marks a permit of the store's owner: to look at and mend the tables of every model.
#[derive(Debug)]
pub(crate) enum OwnerAccess {}

/// Leave to touch the tables of one model, or of all.
#[derive(Debug)]
pub(crate) struct Permit<A> {
    /// `None`: any
    model: Option<&'static str>,
    access: PhantomData<fn() -> A>,
}

impl<A> Clone for Permit<A> {
    fn clone(&self) -> Self {
        Permit { model: self.model, access: PhantomData }
    }
}

impl<A> Permit<A> {
    /// The table floor asks this, so that a permit for one model opens no other.
    #[inline]
    pub(crate) fn covers(&self, schema: &ModelSchema) -> Result<()> {
        match self.model {
            Some(model) if !std::ptr::eq(model, schema.name) && model != schema.name => {
                Err(Error::new(ErrorKind::PermissionDenied { operation: "access", model }))
            }
            _ => Ok(()),
        }
    }
}

/// Decides. One for each transaction.
#[derive(Clone, Debug, Default)]
pub(crate) struct Guard(());

impl Guard {
    /// Leave to read records of a model.
    #[inline]
    #[allow(clippy::unused_self, clippy::unnecessary_wraps, reason = "a policy will be asked here")]
    pub(crate) fn read(&self, schema: &'static ModelSchema) -> Result<Permit<ReadAccess>> {
        Ok(Permit { model: Some(schema.name), access: PhantomData })
    }

    /// Leave to change records of a model.
    #[inline]
    #[allow(clippy::unused_self, clippy::unnecessary_wraps, reason = "a policy will be asked here")]
    pub(crate) fn write(&self, schema: &'static ModelSchema) -> Result<Permit<WriteAccess>> {
        Ok(Permit { model: Some(schema.name), access: PhantomData })
    }

    /// Leave to verify, rebuild and measure the whole store: the owner's alone.
    #[allow(clippy::unused_self, clippy::unnecessary_wraps, reason = "a policy will be asked here")]
    pub(crate) fn owner(&self) -> Result<Permit<OwnerAccess>> {
        Ok(Permit { model: None, access: PhantomData })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::KeyType;

    const fn model(name: &'static str) -> ModelSchema {
        ModelSchema {
            name,
            version: 1,
            fields: &[],
            primary: &[],
            key: KeyType::U8,
            key_width: Some(1),
            indexes: &[],
            relations: &[],
            topics: &[],
        }
    }

    #[test]
    fn a_permit_for_one_model_opens_no_other() {
        static AUTHOR: ModelSchema = model("Author");
        static POST: ModelSchema = model("Post");
        let permit = Guard::default().read(&AUTHOR).unwrap();
        assert!(permit.covers(&AUTHOR).is_ok());
        assert!(permit.covers(&POST).is_err());
    }
}
