//! What is a key, and what a pattern.

use crate::error::{Error, Result};

/// Bytes of the longest key.
const LONGEST: usize = 1024;

fn refuse<T>(key: &str, reason: &str) -> Result<T> {
    let shown: String = key.chars().take(80).collect();
    Err(Error::invalid_key(format!("{shown:?}: {reason}")))
}

/// Refuses what is no key.
pub(super) fn check(key: &str) -> Result<()> {
    check_text(key)?;
    let Some(path) = key.strip_prefix('/') else { return refuse(key, "a key begins with `/`") };
    if path.split('/').any(str::is_empty) {
        return refuse(key, "a key has something between any two `/`, and does not end with one");
    }
    Ok(())
}

/// What a key may be made of.
fn check_text(text: &str) -> Result<()> {
    if text.len() > LONGEST {
        return refuse(text, "a key has 1024 bytes at most");
    }
    if text.contains('*') {
        return refuse(text, "`*` is for the end of a pattern");
    }
    if text.chars().any(char::is_control) {
        return refuse(text, "a key has no control characters");
    }
    Ok(())
}

/// Refuses what no key begins with.
pub(super) fn check_prefix(prefix: &str) -> Result<()> {
    check_text(prefix)?;
    match prefix.strip_prefix('/') {
        Some(path) if path.contains("//") || path.starts_with('/') => {
            refuse(prefix, "a key has something between any two `/`")
        }
        None if !prefix.is_empty() => refuse(prefix, "a key begins with `/`"),
        _ => Ok(()),
    }
}

/// One key, or all that begin with something.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pattern<'p> {
    Exact(&'p str),
    Prefix(&'p str),
}

impl<'p> Pattern<'p> {
    pub(super) fn read(pattern: &'p str) -> Result<Self> {
        match pattern.strip_suffix('*') {
            Some(prefix) => check_prefix(prefix).map(|()| Pattern::Prefix(prefix)),
            None => check(pattern).map(|()| Pattern::Exact(pattern)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_paths() {
        for key in ["/a", "/a/b", "/a b/%_?", "/\u{e4}/.."] {
            assert!(check(key).is_ok(), "{key}");
        }
        let long = format!("/{}", "x".repeat(1024));
        for key in ["", "a", "/", "//", "/a/", "/a//b", "/a*", "/a\n", "/a\0", &long] {
            assert!(check(key).is_err(), "{key:?}");
        }
        assert!(check(&long[..1024]).is_ok());
    }

    #[test]
    fn patterns_end_with_a_star() {
        assert_eq!(Pattern::read("/a/*").ok(), Some(Pattern::Prefix("/a/")));
        assert_eq!(Pattern::read("/a*").ok(), Some(Pattern::Prefix("/a")));
        assert_eq!(Pattern::read("*").ok(), Some(Pattern::Prefix("")));
        assert_eq!(Pattern::read("/a").ok(), Some(Pattern::Exact("/a")));
        for pattern in ["", "a*", "/a/*/b", "/**", "//*", "/a//*", "/a/"] {
            assert!(Pattern::read(pattern).is_err(), "{pattern}");
        }
    }
}
