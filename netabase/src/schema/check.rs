//! Checks of a schema that run while the user's program is compiled.

use super::check_access::check_inbound;
use super::{DefinitionSchema, ModelSchema, Shape};
use crate::key::KeyType;

/// Compares two names in constants, where `==` on `str` is not allowed yet.
pub(super) const fn same(a: &str, b: &str) -> bool {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    while let (Some((first, rest)), Some((other, others))) = (a.split_first(), b.split_first()) {
        if *first != *other {
            return false;
        }
        (a, b) = (rest, others);
    }
    a.is_empty() && b.is_empty()
}

const fn lists(names: &[&str], name: &str) -> bool {
    let mut rest = names;
    while let Some((first, others)) = rest.split_first() {
        if same(first, name) {
            return true;
        }
        rest = others;
    }
    false
}

/// A text put together in a constant, so that a failed check can name what it is about.
pub(super) struct Message {
    bytes: [u8; Message::SIZE],
    len: usize,
}

impl Message {
    const SIZE: usize = 512;

    /// Joins the parts; what does not fit is left out.
    pub(super) const fn of(parts: &[&str]) -> Message {
        let mut message = Message { bytes: [0; Message::SIZE], len: 0 };
        let mut rest = parts;
        while let Some((part, others)) = rest.split_first() {
            let bytes = part.as_bytes();
            if message.len + bytes.len() > Message::SIZE {
                break;
            }
            let (_, free) = message.bytes.split_at_mut(message.len);
            let (place, _) = free.split_at_mut(bytes.len());
            place.copy_from_slice(bytes);
            message.len += bytes.len();
            rest = others;
        }
        message
    }

    /// The text.
    pub(super) const fn text(&self) -> &str {
        match std::str::from_utf8(self.bytes.split_at(self.len).0) {
            Ok(text) => text,
            Err(_) => "a check of the schema failed",
        }
    }
}

/// Stops the compiler when the derive took an `Option` for a plain key, because it was written as an alias.
#[track_caller]
pub(super) const fn no_hidden_option(field: &str, shape: Shape, key: &KeyType) {
    if matches!((shape, key), (Shape::One, KeyType::Option(_))) {
        let message = [
            "the secondary key `",
            field,
            "` is an `Option` under another name: write `Option<..>`, so that \
            its absence can be told",
        ];
        panic!("{}", Message::of(&message).text());
    }
}

impl DefinitionSchema {
    /// Stops the compiler when two models or topics share a name, or a model subscribes to a topic that the
    /// definition does not list. The derive evaluates it in a `const`.
    ///
    /// # Panics
    /// For each of these, with what to do about it.
    #[track_caller]
    pub const fn check(&self) {
        let mut models = self.models;
        while let Some((model, others)) = models.split_first() {
            self.check_names(model, others);
            self.check_topics(model);
            check_inbound(model, self.models, None);
            models = others;
        }
        let mut topics = self.topics;
        while let Some((topic, others)) = topics.split_first() {
            if lists(others, topic) {
                let message = [
                    "definition `",
                    self.name,
                    "` lists two topics named `",
                    topic,
                    "`: add #[netabase(rename = \"..\")] to one of them",
                ];
                panic!("{}", Message::of(&message).text());
            }
            topics = others;
        }
    }

    /// Stops the compiler when two definitions of a repository share a name, or one links into a definition that is not
    /// listed. The derive evaluates it in a `const`.
    ///
    /// # Panics
    /// For the first of these, with what to do about it.
    #[track_caller]
    pub const fn check_all(repository: &str, all: &[&DefinitionSchema]) {
        let mut definitions = all;
        while let Some((definition, others)) = definitions.split_first() {
            definition.assert_links_within(all, "this repository");
            let mut models = definition.models;
            while let Some((model, rest)) = models.split_first() {
                let mut targets = all;
                while let Some((target, left)) = targets.split_first() {
                    check_inbound(model, target.models, Some(target.name));
                    targets = left;
                }
                models = rest;
            }
            let mut rest = others;
            while let Some((other, left)) = rest.split_first() {
                if same(definition.name, other.name) {
                    let message = [
                        "repository `",
                        repository,
                        "` lists two definitions named `",
                        definition.name,
                        "`: add #[netabase(rename = \"..\")] to one of them",
                    ];
                    panic!("{}", Message::of(&message).text());
                }
                rest = left;
            }
            definitions = others;
        }
    }

    #[track_caller]
    const fn check_names(&self, model: &ModelSchema, others: &[&ModelSchema]) {
        let mut others = others;
        while let Some((other, rest)) = others.split_first() {
            if same(model.name, other.name) {
                let message = [
                    "definition `",
                    self.name,
                    "` has two models named `",
                    model.name,
                    "`: add #[netabase(rename = \"..\")] to one of them",
                ];
                panic!("{}", Message::of(&message).text());
            }
            others = rest;
        }
    }

    #[track_caller]
    const fn check_topics(&self, model: &ModelSchema) {
        let mut topics = model.topics;
        while let Some((topic, others)) = topics.split_first() {
            if !lists(self.topics, topic) {
                let message = [
                    "model `",
                    model.name,
                    "` subscribes to `",
                    topic,
                    "`, which definition `",
                    self.name,
                    "` does not list: add #[netabase(topics(",
                    topic,
                    "))] to `enum ",
                    self.name,
                    "`",
                ];
                panic!("{}", Message::of(&message).text());
            }
            topics = others;
        }
    }

    /// Whether the definition lists a model of that name at that place.
    pub(crate) const fn lists(&self, name: &str, ordinal: usize) -> bool {
        let mut models = self.models;
        let mut left = ordinal;
        while let Some((model, others)) = models.split_first() {
            if left == 0 {
                return same(model.name, name);
            }
            left -= 1;
            models = others;
        }
        false
    }
}

/// Whether the list has a definition of that name at that place.
pub(crate) const fn has_definition(definitions: &[&DefinitionSchema], name: &str, place: usize) -> bool {
    let (mut rest, mut left) = (definitions, place);
    while let Some((definition, others)) = rest.split_first() {
        if left == 0 {
            return same(definition.name, name);
        }
        left -= 1;
        rest = others;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_compare_in_constants() {
        assert!(same("Author", "Author") && same("", ""));
        assert!(!same("Author", "Autho") && !same("Autho", "Author") && !same("a", "b"));
    }

    #[test]
    fn a_message_joins_its_parts_and_never_overflows() {
        assert_eq!(Message::of(&["a", "", "bc"]).text(), "abc");
        let long = "x".repeat(600);
        assert_eq!(Message::of(&["a", &long, "b"]).text(), "a");
    }
}
