//! Aligned columns.

use std::io::{self, Write};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// Prints the rows, indented, each column as wide as its widest cell.
pub(crate) fn print<const N: usize>(
    out: &mut impl Write,
    align: [Align; N],
    rows: &[[String; N]],
) -> io::Result<()> {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    for row in rows {
        let cell = |((cell, width), align): ((&String, usize), Align)| match align {
            Align::Left => format!("  {:<width$}", plain(cell)),
            Align::Right => format!("  {:>width$}", plain(cell)),
        };
        let line: String = row.iter().zip(widths).zip(align).map(cell).collect();
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// The text in one line, without what would steer a terminal: packages may write anything about themselves.
pub(crate) fn plain(text: &str) -> String {
    text.replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [["1", "a", "x"], ["100", "long", ""]].map(|row| row.map(String::from));
        let mut out = Vec::new();
        print(&mut out, [Align::Right, Align::Left, Align::Left], &rows).expect("memory takes all");
        assert_eq!(String::from_utf8(out), Ok("    1  a     x\n  100  long\n".to_owned()));
    }

    #[test]
    fn control_characters_are_not_printed() {
        assert_eq!(plain("a\u{1b}[2J\nb"), "a [2J b");
    }
}
