//! Records as bytes: one byte for the model's version, then [postcard](https://postcard.jamesmunns.com/wire-format).

use serde::{Deserialize, Serialize};

/// Why bytes are no record.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Malformed {
    /// Written by another version of the model.
    Version(u8),
    /// Not what the current version writes: truncated, too long, or damaged.
    Bytes,
}

/// Appends the record to `out`. `None` if its `Serialize` fails.
pub(crate) fn encode<M: Serialize>(version: u8, model: &M, out: &mut Vec<u8>) -> Option<()> {
    out.push(version);
    let filled = postcard::to_extend(model, std::mem::take(out)).ok()?;
    *out = filled;
    Some(())
}

/// Reads a record back, or a view that borrows from the bytes. All bytes must be used up: a record with a field more must not pass for one with less.
#[inline]
pub(crate) fn decode<'b, M: Deserialize<'b>>(version: u8, bytes: &'b [u8]) -> Result<M, Malformed> {
    match bytes.split_first() {
        Some((found, body)) if *found == version => {
            let mut bytes = postcard::Deserializer::from_bytes(body);
            // Moved as seldom as may be, as in `table::decode`.
            let model = M::deserialize(&mut bytes);
            if matches!(bytes.finalize(), Ok([])) {
                model.map_err(|_| Malformed::Bytes)
            } else {
                Err(Malformed::Bytes)
            }
        }
        Some((found, _)) => Err(Malformed::Version(*found)),
        None => Err(Malformed::Bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(model: &impl Serialize) -> Vec<u8> {
        let mut out = Vec::new();
        encode(3, model, &mut out).unwrap();
        out
    }

    // C9: an appended field, a removed one and another version are refused; none is silently read.
    #[test]
    fn only_what_the_version_wrote_is_read() {
        let bytes = encoded(&(7_u32, "x"));
        assert_eq!(decode::<(u32, String)>(3, &bytes), Ok((7, "x".into())));
        assert_eq!(decode::<(u32, String, u8)>(3, &bytes), Err(Malformed::Bytes));
        assert_eq!(decode::<u32>(3, &bytes), Err(Malformed::Bytes));
        assert_eq!(decode::<(u32, String)>(4, &bytes), Err(Malformed::Version(3)));
        assert_eq!(decode::<(u32, String)>(3, &[]), Err(Malformed::Bytes));
    }

    #[test]
    fn the_buffer_keeps_what_it_held() {
        let mut out = vec![9];
        encode(1, &5_u8, &mut out).unwrap();
        assert_eq!(out, [9, 1, 5]);
    }
}
