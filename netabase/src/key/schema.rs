//! The type of a key, as data.

/// A field of a key: its name, or its number in a tuple, and its type.
pub type KeyField = (&'static str, &'static KeyType);

/// How the schema records the type of a key. Two keys of equal type have equal encodings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the names are the types")]
pub enum KeyType {
    U8,
    U16,
    U32,
    U64,
    U128,
    I8,
    I16,
    I32,
    I64,
    I128,
    F32,
    F64,
    Bool,
    Char,
    /// `String`
    Text,
    /// `Vec<u8>`
    Bytes,
    Option(&'static KeyType),
    Array(&'static KeyType, usize),
    Tuple(&'static [&'static KeyType]),
    /// `Reverse` of a key
    Descending(&'static KeyType),
    /// a newtype or struct: its recorded name and its fields
    Named(&'static str, &'static [KeyField]),
    /// an enum: its recorded name, and for each variant its name, number and fields
    Enum(&'static str, &'static [(&'static str, u32, &'static [KeyField])]),
    /// a type of another crate: its name there
    Foreign(&'static str),
}
