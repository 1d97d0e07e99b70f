//! Amounts of money, in cents: floats would not add up.

use std::fmt;
use std::str::FromStr;

use netabase::NetabaseKey;
use serde::{Deserialize, Serialize};

/// So many cents. Negative is what was spent.
#[derive(NetabaseKey, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Amount(pub(crate) i64);

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&decimal(self.0.into()))
    }
}

/// Cents with a point before the last two digits. Wider than an amount, as sums are.
pub(crate) fn decimal(cents: i128) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", cents.unsigned_abs() / 100, cents.unsigned_abs() % 100)
}

impl FromStr for Amount {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        cents(text).map(Amount).ok_or_else(|| format!("`{text}` is no amount: write it like 1234.50 or -12"))
    }
}

fn cents(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "00"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(part) {
        return None;
    }
    let part: i64 = match part.len() {
        1 => part.parse::<i64>().ok()? * 10,
        2 => part.parse().ok()?,
        _ => return None,
    };
    whole.parse::<i64>().ok()?.checked_mul(100)?.checked_add(part)?.checked_mul(sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_and_written() {
        for (text, cents) in [("12.50", 1250), ("-0.05", -5), ("+7", 700), ("3.4", 340), ("007", 700)] {
            assert_eq!(text.parse(), Ok(Amount(cents)));
        }
        for (cents, text) in
            [(1250, "12.50"), (-5, "-0.05"), (0, "0.00"), (i64::MIN, "-92233720368547758.08")]
        {
            assert_eq!(Amount(cents).to_string(), text);
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "-", ".5", "5.", "1,50", "1 000", "1.234", "--5", "-+5", "12e3", "99999999999999999"]
        {
            assert!(text.parse::<Amount>().is_err(), "{text}");
        }
    }
}
