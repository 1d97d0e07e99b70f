//! Numbers that can be added up.

use std::fmt;

/// Keeps others from adding numbers whose sums leave the 128 bits.
mod sealed {
    pub trait Whole {}
}

/// A whole number, or none, of which an index can keep the sum: `sum(cents)`.
///
/// Floats are none: a sum of them depends on the order in which they are added.
#[diagnostic::on_unimplemented(
    message = "an index cannot keep a sum of `{Self}`",
    label = "not a whole number of at most 64 bits",
    note = "take an integer, `cents: i64` instead of `price: f64`, or add up what a query selects"
)]
pub trait Amount: fmt::Debug + sealed::Whole {
    /// What it adds to the sum. No sum of 64-bit numbers leaves the 128 bits.
    fn amount(&self) -> i128;
}

macro_rules! amount {
    ($($number:ty),*) => { $(
        impl sealed::Whole for $number {}
        impl Amount for $number {
            fn amount(&self) -> i128 {
                i128::from(*self)
            }
        }
    )* };
}
amount!(u8, u16, u32, u64, i8, i16, i32, i64);

impl<T: Amount> sealed::Whole for Option<T> {}
/// An absent number adds nothing.
impl<T: Amount> Amount for Option<T> {
    fn amount(&self) -> i128 {
        self.as_ref().map_or(0, Amount::amount)
    }
}
