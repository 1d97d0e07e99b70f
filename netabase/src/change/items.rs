//! Changes in bytes: the name of a model, and then what became of its records.
//!
//! [Postcard](https://postcard.jamesmunns.com/wire-format) writes them, one after the other. See docs/format.md.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, ErrorKind, Result};
use crate::model::RawChange;

/// Bytes that are read where they stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bytes<'b>(pub(super) &'b [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

impl<'de: 'b, 'b> Deserialize<'de> for Bytes<'b> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&[u8]>::deserialize(deserializer).map(Bytes)
    }
}

/// One of the things that follow each other. The order of the variants is part of the file format.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Item<'i> {
    /// the changes that follow are of this model: recorded names of the definition and the model
    Model(&'i str, &'i str),
    /// a record of the model: its key, before, and after
    Change {
        #[serde(borrow)]
        key: Bytes<'i>,
        #[serde(borrow)]
        before: Option<Bytes<'i>>,
        #[serde(borrow)]
        after: Option<Bytes<'i>>,
    },
}

impl Item<'_> {
    /// Appends it.
    pub(super) fn write(&self, out: &mut Vec<u8>) -> Result<()> {
        let filled = postcard::to_extend(self, std::mem::take(out));
        *out = filled.map_err(|_| Error::internal("a change does not encode"))?;
        Ok(())
    }
}

/// Walks over the changes in pieces of bytes, each of which begins with a model.
pub(crate) struct Items<'i, P> {
    pieces: P,
    rest: &'i [u8],
    model: (&'i str, &'i str),
}

impl<'i, P: Iterator<Item = &'i [u8]>> Items<'i, P> {
    pub(crate) fn new(pieces: P) -> Self {
        Items { pieces, rest: &[], model: ("", "") }
    }

    fn step(&mut self) -> Result<Option<RawChange<'i>>> {
        loop {
            if self.rest.is_empty() {
                match self.pieces.next() {
                    Some(piece) => self.rest = piece,
                    None => return Ok(None),
                }
                continue;
            }
            let damaged = || Error::new(ErrorKind::Corrupt { place: "a change set".to_owned() });
            let (item, rest) = postcard::take_from_bytes(self.rest).map_err(|_| damaged())?;
            self.rest = rest;
            match item {
                Item::Model(definition, model) => self.model = (definition, model),
                Item::Change { key, before, after } => {
                    let (before, after) = (before.map(|bytes| bytes.0), after.map(|bytes| bytes.0));
                    return Ok(Some(RawChange::new(self.model, key.0, before, after)));
                }
            }
        }
    }
}

impl<'i, P: Iterator<Item = &'i [u8]>> Iterator for Items<'i, P> {
    type Item = Result<RawChange<'i>>;

    fn next(&mut self) -> Option<Self::Item> {
        let step = self.step();
        if step.is_err() {
            // What follows cannot be told apart.
            self.rest = &[];
        }
        step.transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_come_back_and_cut_ones_are_refused() -> Result<()> {
        let mut bytes = Vec::new();
        Item::Model("Blog", "Post").write(&mut bytes)?;
        Item::Change { key: Bytes(&[7]), before: None, after: Some(Bytes(b"new")) }.write(&mut bytes)?;
        Item::Change { key: Bytes(&[8]), before: Some(Bytes(b"old")), after: None }.write(&mut bytes)?;
        let changes: Vec<_> = Items::new([&*bytes].into_iter()).collect::<Result<_>>()?;
        let expected = [
            RawChange::new(("Blog", "Post"), &[7], None, Some(b"new")),
            RawChange::new(("Blog", "Post"), &[8], Some(b"old"), None),
        ];
        assert_eq!(changes, expected);
        let cut = bytes.get(..bytes.len() - 2).unwrap_or_default();
        let read: Vec<_> = Items::new([cut].into_iter()).collect();
        assert!(matches!(&*read, [Ok(_), Err(_)]));
        Ok(())
    }
}
