//! Texts of others, made fit for a terminal.

/// The text in one line, without what would steer a terminal: a statement may say anything.
pub(crate) fn plain(text: &str) -> String {
    text.replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_not_printed() {
        assert_eq!(plain("a\u{1b}[2J\nb"), "a [2J b");
    }
}
