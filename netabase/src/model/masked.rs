//! Fields that some may not see: how one is blanked in a record, and put back.

use std::any::Any;

use super::{Field, Index, NetabaseModel};
use crate::schema::{KeySource, Part};

/// A value that can be hidden: its default stands in its place.
#[diagnostic::on_unimplemented(
    message = "a field of type `{Self}` cannot be hidden",
    label = "has no default to stand in its place",
    note = "what hides a field needs `Default` and `PartialEq` of its type: an `Option<..>` has both"
)]
pub trait Masked: Any {
    /// Puts the default in its place.
    #[doc(hidden)]
    fn blank(&mut self);
    /// Whether it is the default.
    #[doc(hidden)]
    fn is_blank(&self) -> bool;
    /// Takes the value of another one of the same type, if it is.
    #[doc(hidden)]
    fn take_from(&mut self, other: &mut dyn Masked) -> bool;
    #[doc(hidden)]
    fn as_any(&mut self) -> &mut dyn Any;
}

#[diagnostic::do_not_recommend]
impl<T: Default + PartialEq + 'static> Masked for T {
    fn blank(&mut self) {
        *self = T::default();
    }

    fn is_blank(&self) -> bool {
        *self == T::default()
    }

    fn take_from(&mut self, other: &mut dyn Masked) -> bool {
        match other.as_any().downcast_mut::<T>() {
            Some(other) => {
                std::mem::swap(self, other);
                true
            }
            None => false,
        }
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

/// A handle that is one field's.
pub trait OfField<M> {
    /// Recorded name of the field; `None` if it is of several, or computed.
    #[doc(hidden)]
    fn name(&self) -> Option<&'static str>;
}

impl<M, T> OfField<M> for Field<M, T> {
    fn name(&self) -> Option<&'static str> {
        Some(Field::name(*self))
    }
}

impl<M: NetabaseModel, K, S> OfField<M> for Index<M, K, S> {
    fn name(&self) -> Option<&'static str> {
        match M::SCHEMA.part(self.part())? {
            Part::Index(index) if matches!(index.source, KeySource::Field) => Some(index.name),
            Part::Relation(relation) => Some(relation.name),
            _ => None,
        }
    }
}

/// For the derive: a field with a class.
#[doc(hidden)]
pub struct Classed<'m> {
    /// recorded name
    pub field: &'static str,
    pub class: &'static str,
    pub value: &'m mut dyn Masked,
}

impl std::fmt::Debug for Classed<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Classed({}, {})", self.field, self.class)
    }
}
