//! The same verbs over plain maps: what netabase should do, in the simplest code that says so.

use std::collections::BTreeMap;

use netabase::{ErrorKind, NetabaseModel};

use crate::models::{Person, Place, Visit};

/// Why a verb is refused, without the names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// no record
    NotFound,
    /// a record is there
    AlreadyExists,
    /// a unique key is taken
    Taken(&'static str),
    /// the closure changed the key
    KeyChanged,
    /// NaN
    InvalidKey,
}

impl Refused {
    /// The same, of an error of netabase.
    pub fn of(error: &netabase::Error) -> Option<Refused> {
        match error.kind() {
            ErrorKind::NotFound { .. } => Some(Refused::NotFound),
            ErrorKind::AlreadyExists { .. } => Some(Refused::AlreadyExists),
            ErrorKind::ConstraintViolation { constraint, .. } => Some(Refused::Taken(constraint)),
            ErrorKind::KeyChanged { .. } => Some(Refused::KeyChanged),
            ErrorKind::InvalidKey { .. } => Some(Refused::InvalidKey),
            _ => None,
        }
    }
}

/// A model as the oracle sees it.
pub trait Subject: NetabaseModel + Clone + PartialEq {
    /// Unique keys: field, and values that no other record may have. In the order of the schema.
    fn unique(&self) -> Vec<(&'static str, Vec<String>)>;
    /// A key that has no order.
    fn is_invalid(&self) -> bool {
        false
    }
}

impl Subject for Person {
    fn unique(&self) -> Vec<(&'static str, Vec<String>)> {
        vec![("email", vec![self.email.clone()]), ("nick", self.nick.clone().into_iter().collect())]
    }
    fn is_invalid(&self) -> bool {
        self.score.is_nan()
    }
}

impl Subject for Place {
    fn unique(&self) -> Vec<(&'static str, Vec<String>)> {
        vec![("doors", self.doors.iter().map(ToString::to_string).collect())]
    }
}

impl Subject for Visit {
    fn unique(&self) -> Vec<(&'static str, Vec<String>)> {
        Vec::new()
    }
}

/// The records of one model.
#[derive(Clone, Debug)]
pub struct Records<M: Subject>(BTreeMap<M::PrimaryKey, M>);

impl<M: Subject> Default for Records<M> {
    fn default() -> Self {
        Records(BTreeMap::new())
    }
}

/// What a verb expects under its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// create
    Absent,
    /// update, replace
    Present,
    /// upsert
    Either,
}

impl<M: Subject> Records<M> {
    /// All records, by key.
    pub fn records(&self) -> impl DoubleEndedIterator<Item = &M> {
        self.0.values()
    }

    /// One record.
    pub fn get(&self, key: &M::PrimaryKey) -> Option<&M> {
        self.0.get(key)
    }

    /// Stores a record and returns the one that was there.
    pub fn put(&mut self, record: &M, expect: Expect) -> Result<Option<M>, Refused> {
        if record.is_invalid() {
            return Err(Refused::InvalidKey);
        }
        let key = record.primary_key();
        match (self.0.contains_key(&key), expect) {
            (true, Expect::Absent) => return Err(Refused::AlreadyExists),
            (false, Expect::Present) => return Err(Refused::NotFound),
            _ => {}
        }
        for (constraint, values) in record.unique() {
            let others = self.0.iter().filter(|(other, _)| **other != key);
            let mut taken =
                others.flat_map(|(_, other)| other.unique()).filter(|(name, _)| *name == constraint);
            if taken.any(|(_, others)| others.iter().any(|other| values.contains(other))) {
                return Err(Refused::Taken(constraint));
            }
        }
        Ok(self.0.insert(key, record.clone()))
    }

    /// Changes a record in place.
    pub fn update_with(&mut self, key: &M::PrimaryKey, change: impl FnOnce(&mut M)) -> Result<(), Refused> {
        let mut record = self.0.get(key).cloned().ok_or(Refused::NotFound)?;
        change(&mut record);
        if record.primary_key() != *key {
            return Err(Refused::KeyChanged);
        }
        self.put(&record, Expect::Present).map(drop)
    }

    /// Deletes a record and returns it.
    pub fn take(&mut self, key: &M::PrimaryKey) -> Option<M> {
        self.0.remove(key)
    }

    /// Runs a batch: all of it, or nothing.
    pub fn batch<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, Refused>) -> Result<T, Refused> {
        let before = self.clone();
        let done = work(self);
        if done.is_err() {
            *self = before;
        }
        done
    }
}

/// All records of the world.
#[derive(Clone, Debug, Default)]
pub struct Oracle {
    /// people
    pub people: Records<Person>,
    /// places
    pub places: Records<Place>,
    /// visits
    pub visits: Records<Visit>,
}
