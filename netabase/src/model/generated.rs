//! Keys that the store gives.

use super::NetabaseModel;

/// A model with `#[primary_key(auto)]`: [`create_auto`](crate::WriteTransaction::create_auto) gives its records keys.
///
/// Its key is one field of type `u32`, `u64`, `i32` or `i64`. The derive implements this.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no generated keys",
    label = "has no generated keys",
    note = "write `#[primary_key(auto)]` on the key of `{Self}`, or choose the key and call `create`"
)]
pub trait GeneratedKey: NetabaseModel {
    /// Makes this number the key of the record; `false` if the key's type does not have it.
    fn set_key(&mut self, number: u64) -> bool;
    /// The number of a key; `None` if it is below zero.
    fn key_number(key: &Self::PrimaryKey) -> Option<u64>;
}
