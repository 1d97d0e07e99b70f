//! Integers, floats, `bool` and `char`: fixed width, so part and tail form are the same.

use super::{Key, KeyType, malformed, take_array};
use crate::error::{Error, Result};

macro_rules! unsigned {
    ($($number:ident $kind:ident),*) => { $(
        impl Key for $number {
            const WIDTH: Option<usize> = Some(size_of::<$number>());
            const TYPE: KeyType = KeyType::$kind;
            #[inline]
            fn encode_part(&self, out: &mut Vec<u8>) -> Result<()> {
                out.extend_from_slice(&self.to_be_bytes());
                Ok(())
            }
            #[inline]
            fn decode_part(bytes: &mut &[u8]) -> Result<Self> {
                take_array(bytes, stringify!($number)).map(<$number>::from_be_bytes)
            }
        }
    )* };
}
unsigned!(u8 U8, u16 U16, u32 U32, u64 U64, u128 U128);

macro_rules! signed {
    ($($number:ident $kind:ident),*) => { $(
        impl Key for $number {
            const WIDTH: Option<usize> = Some(size_of::<$number>());
            const TYPE: KeyType = KeyType::$kind;
            #[inline]
            fn encode_part(&self, out: &mut Vec<u8>) -> Result<()> {
                // MIN has only the sign bit set: flipping it puts the negative numbers first.
                out.extend_from_slice(&(self ^ <$number>::MIN).to_be_bytes());
                Ok(())
            }
            #[inline]
            fn decode_part(bytes: &mut &[u8]) -> Result<Self> {
                take_array(bytes, stringify!($number)).map(|bytes| <$number>::from_be_bytes(bytes) ^ <$number>::MIN)
            }
        }
    )* };
}
signed!(i8 I8, i16 I16, i32 I32, i64 I64, i128 I128);

macro_rules! float {
    ($($float:ident $bits:ident $kind:ident),*) => { $(
        impl Key for $float {
            const WIDTH: Option<usize> = Some(size_of::<$float>());
            const TYPE: KeyType = KeyType::$kind;
            #[inline]
            fn encode_part(&self, out: &mut Vec<u8>) -> Result<()> {
                const SIGN: $bits = 1 << ($bits::BITS - 1);
                if self.is_nan() {
                    return Err(Error::invalid_key("NaN has no place in an order"));
                }
                // Adding zero turns -0.0 into 0.0, so the two, which are equal, are one key.
                let bits = (self + 0.0).to_bits();
                let ordered = if bits & SIGN == 0 { bits ^ SIGN } else { !bits };
                out.extend_from_slice(&ordered.to_be_bytes());
                Ok(())
            }
            #[inline]
            fn decode_part(bytes: &mut &[u8]) -> Result<Self> {
                const SIGN: $bits = 1 << ($bits::BITS - 1);
                let ordered = take_array(bytes, stringify!($float)).map($bits::from_be_bytes)?;
                let bits = if ordered & SIGN == 0 { !ordered } else { ordered ^ SIGN };
                let float = $float::from_bits(bits);
                if float.is_nan() || bits == SIGN { Err(malformed(stringify!($float))) } else { Ok(float) }
            }
        }
    )* };
}
float!(f32 u32 F32, f64 u64 F64);

impl Key for bool {
    const WIDTH: Option<usize> = Some(1);
    const TYPE: KeyType = KeyType::Bool;
    fn encode_part(&self, out: &mut Vec<u8>) -> Result<()> {
        out.push(u8::from(*self));
        Ok(())
    }
    fn decode_part(bytes: &mut &[u8]) -> Result<Self> {
        match take_array(bytes, "bool")? {
            [0] => Ok(false),
            [1] => Ok(true),
            _ => Err(malformed("bool")),
        }
    }
}

impl Key for char {
    const WIDTH: Option<usize> = Some(4);
    const TYPE: KeyType = KeyType::Char;
    fn encode_part(&self, out: &mut Vec<u8>) -> Result<()> {
        u32::from(*self).encode_part(out)
    }
    fn decode_part(bytes: &mut &[u8]) -> Result<Self> {
        char::from_u32(u32::decode_part(bytes)?).ok_or_else(|| malformed("char"))
    }
}
