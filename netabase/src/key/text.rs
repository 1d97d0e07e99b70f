//! Strings and byte strings: escaped and terminated as a part, raw as a tail.

use super::{Key, KeyType, malformed};
use crate::error::Result;

/// 0 becomes `00 FF` and the end is `00 00`, which sorts below every continuation.
pub(crate) fn encode_part(text: &[u8], out: &mut Vec<u8>) {
    out.reserve(text.len() + 2);
    for &byte in text {
        out.push(byte);
        if byte == 0 {
            out.push(0xFF);
        }
    }
    out.extend_from_slice(&[0, 0]);
}

/// The text whose part form stands at the front.
fn decode_part(bytes: &mut &[u8]) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    read_part(bytes, &mut text)?;
    Ok(text)
}

/// The same, put into a buffer behind what is there.
pub(crate) fn read_part(bytes: &mut &[u8], text: &mut Vec<u8>) -> Result<()> {
    let mut rest = bytes.iter();
    loop {
        match rest.next() {
            Some(0) => match rest.next() {
                Some(0) => break,
                Some(0xFF) => text.push(0),
                _ => return Err(malformed("text: its end is missing")),
            },
            Some(&byte) => text.push(byte),
            None => return Err(malformed("text: its end is missing")),
        }
    }
    *bytes = rest.as_slice();
    Ok(())
}

fn utf8(bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|_| malformed("UTF-8 text"))
}

impl Key for String {
    const WIDTH: Option<usize> = None;
    const TYPE: KeyType = KeyType::Text;
    fn encode_part(&self, out: &mut Vec<u8>) -> Result<()> {
        encode_part(self.as_bytes(), out);
        Ok(())
    }
    fn encode_tail(&self, out: &mut Vec<u8>) -> Result<()> {
        out.extend_from_slice(self.as_bytes());
        Ok(())
    }
    fn decode_part(bytes: &mut &[u8]) -> Result<Self> {
        utf8(decode_part(bytes)?)
    }
    fn decode_tail(bytes: &[u8]) -> Result<Self> {
        utf8(bytes.to_vec())
    }
}

impl Key for Vec<u8> {
    const WIDTH: Option<usize> = None;
    const TYPE: KeyType = KeyType::Bytes;
    fn encode_part(&self, out: &mut Vec<u8>) -> Result<()> {
        encode_part(self, out);
        Ok(())
    }
    fn encode_tail(&self, out: &mut Vec<u8>) -> Result<()> {
        out.extend_from_slice(self);
        Ok(())
    }
    fn decode_part(bytes: &mut &[u8]) -> Result<Self> {
        decode_part(bytes)
    }
    fn decode_tail(bytes: &[u8]) -> Result<Self> {
        Ok(bytes.to_vec())
    }
}
