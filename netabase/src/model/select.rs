//! What a query is to give instead of whole records: handles, and tuples of them.

use serde::de::DeserializeOwned;

use super::entries::{Entries, covered};
use super::handle::{Field, Index, KeyShape};
use super::order::OneKey;
use super::{Amount, CustomIndex, Customs, NetabaseModel, StoredValue};
use crate::error::{Error, Result};
use crate::key::Key;
use crate::schema::{ModelSchema, Part};

/// A handle whose value a query can give: `Post::TITLE`, or a tuple of up to six.
#[diagnostic::on_unimplemented(
    message = "a query cannot select `{Self}` of `{M}`",
    label = "not a handle of `{M}` with one value",
    note = "take a handle of the model, or a tuple of up to six",
    note = "a field of many keys is read with its record, by `collect` or `iter`, and `distinct` gives the keys themselves"
)]
pub trait Select<M: NetabaseModel> {
    /// What comes out.
    type Value;
    /// Adds what has to be known of a record.
    #[doc(hidden)]
    fn needs(&self, out: &mut Vec<Need>);
    /// Takes the value out of a record or a row.
    #[doc(hidden)]
    fn take(&self, row: &Known<'_, M>) -> Result<Self::Value>;
}

/// Something a selection has to know.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// the key in this table; 0 is the primary key
    Key(usize),
    /// the field of this recorded name
    Field(&'static str),
    /// the value that a registered index of this name has
    Value(&'static str),
}

/// What is known of a record.
#[doc(hidden)]
#[derive(Debug)]
pub enum Known<'k, M> {
    /// all
    Record(RecordOf<'k, M>),
    /// a row of an index
    Row(RowOf<'k>),
}

/// A record, with its entries.
#[doc(hidden)]
#[derive(Debug)]
pub struct RecordOf<'k, M> {
    pub(crate) primary: &'k [u8],
    pub(crate) record: &'k M,
    /// those that are asked for, if any are
    pub(crate) entries: Option<&'k Entries>,
    /// which of the entries are those of registered indexes
    pub(crate) customs: &'k Customs,
}

/// A row of an index.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct RowOf<'k> {
    pub(crate) primary: &'k [u8],
    pub(crate) part: usize,
    pub(crate) key: &'k [u8],
    /// what the index covers
    pub(crate) payload: &'k [u8],
}

impl<M: NetabaseModel> Known<'_, M> {
    /// The key in a table, if there is one.
    pub(crate) fn key(&self, wanted: usize) -> Option<&[u8]> {
        match self {
            Known::Record(known) if wanted == 0 => Some(known.primary),
            Known::Record(known) => known.entries?.first(wanted),
            Known::Row(row) if wanted == 0 => Some(row.primary),
            Known::Row(row) => (row.part == wanted).then_some(row.key),
        }
    }
}

/// Where a table keeps the value of a field beside its keys.
pub(crate) fn covered_place(schema: &ModelSchema, part: usize, field: &str) -> Option<usize> {
    match schema.part(part) {
        Some(Part::Index(index)) => index.covering.iter().position(|name| *name == field),
        _ => None,
    }
}

#[cold]
fn missing() -> Error {
    Error::internal("a selection of what is not known")
}

#[diagnostic::do_not_recommend]
impl<M: NetabaseModel, K: Key, S: OneKey> Select<M> for Index<M, K, S> {
    type Value = S::Of<K>;

    fn needs(&self, out: &mut Vec<Need>) {
        out.push(Need::Key(self.part()));
    }

    fn take(&self, row: &Known<'_, M>) -> Result<S::Of<K>> {
        S::decode(row.key(self.part()).ok_or_else(missing)?)
    }
}

#[diagnostic::do_not_recommend]
impl<M: NetabaseModel, T: Clone + DeserializeOwned> Select<M> for Field<M, T> {
    type Value = T;

    fn needs(&self, out: &mut Vec<Need>) {
        out.push(Need::Field(self.name()));
    }

    fn take(&self, row: &Known<'_, M>) -> Result<T> {
        let row = match row {
            Known::Record(known) => return Ok(self.of(known.record).clone()),
            Known::Row(row) => row,
        };
        let place = covered_place(M::SCHEMA, row.part, self.name()).ok_or_else(missing)?;
        let value = covered(row.payload, place).and_then(|bytes| postcard::from_bytes(bytes).ok());
        value.ok_or_else(|| Error::invalid_key("a covered value is not what was written"))
    }
}

#[diagnostic::do_not_recommend]
impl<M: NetabaseModel, I: CustomIndex<M>> Select<M> for StoredValue<M, I> {
    type Value = Option<I::Value>;

    fn needs(&self, out: &mut Vec<Need>) {
        out.push(Need::Value(I::NAME));
    }

    /// `None` for a record that is not in the index.
    fn take(&self, row: &Known<'_, M>) -> Result<Option<I::Value>> {
        let payload = match row {
            Known::Row(row) => Some(row.payload),
            Known::Record(RecordOf { entries, customs, .. }) => {
                entries.ok_or_else(missing)?.payload(customs.part(I::NAME).ok_or_else(missing)?)
            }
        };
        let Some(payload) = payload else { return Ok(None) };
        let value = covered(payload, 0).unwrap_or_default();
        let malformed = |_| Error::invalid_key("the value of an index is not what was written");
        postcard::from_bytes(value).map(Some).map_err(malformed)
    }
}

/// A key that is there, without the `Option` that its absence would need.
pub(crate) struct Present<M, K, S>(pub(crate) Index<M, K, S>);

impl<M: NetabaseModel, K: Key, S: KeyShape> Select<M> for Present<M, K, S> {
    type Value = K;

    fn needs(&self, out: &mut Vec<Need>) {
        out.push(Need::Key(self.0.part()));
    }

    fn take(&self, row: &Known<'_, M>) -> Result<K> {
        Index::<M, K, S>::present_key(row.key(self.0.part()).ok_or_else(missing)?)
    }
}

macro_rules! tuple {
    ($($what:ident $at:tt),*) => {
        #[diagnostic::do_not_recommend]
        impl<M: NetabaseModel, $($what: Select<M>),*> Select<M> for ($($what,)*) {
            type Value = ($($what::Value,)*);

            fn needs(&self, out: &mut Vec<Need>) {
                $( self.$at.needs(out); )*
            }

            fn take(&self, row: &Known<'_, M>) -> Result<Self::Value> {
                Ok(($( self.$at.take(row)?, )*))
            }
        }
    };
}
tuple!(A 0);
tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);
tuple!(A 0, B 1, C 2, D 3, E 4);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5);

/// A handle whose values can be added up: an integer of at most 64 bits, or an `Option` of one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be added up",
    label = "not a handle of whole numbers",
    note = "take the handle of an integer of at most 64 bits; for floats add up what `select` gives"
)]
pub trait Summed<M: NetabaseModel>: Select<M, Value: Amount> {}
#[diagnostic::do_not_recommend]
impl<M: NetabaseModel, S: Select<M, Value: Amount>> Summed<M> for S {}
