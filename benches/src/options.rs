//! Command lines of the programs that print tables: `--records N --rounds R`.

use std::str::FromStr;

use crate::Result;

/// Options that were given, by name.
#[derive(Debug)]
pub struct Options(Vec<(String, String)>);

impl Options {
    /// Reads the program's arguments, each an option of `known` and its value.
    pub fn parse(known: &[&str]) -> Result<Self> {
        let mut given = Vec::new();
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let name = argument.strip_prefix("--").filter(|name| known.contains(name));
            let name = name.ok_or_else(|| format!("the options are --{}", known.join(", --")))?;
            let value = arguments.next().ok_or_else(|| format!("--{name} needs a value"))?;
            given.push((name.to_owned(), value));
        }
        Ok(Options(given))
    }

    /// The value of an option, or what it is if it was not given.
    pub fn get<T: FromStr>(&self, name: &str, usual: T) -> Result<T> {
        match self.0.iter().rev().find(|(given, _)| given == name) {
            Some((_, value)) => value.parse().map_err(|_| format!("--{name} cannot be `{value}`").into()),
            None => Ok(usual),
        }
    }
}
