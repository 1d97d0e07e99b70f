//! Days of the calendar: a key of three numbers sorts as days do.

use std::fmt;
use std::str::FromStr;

use netabase::NetabaseKey;
use serde::{Deserialize, Serialize};

/// A day.
#[derive(NetabaseKey, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// The month of the day, such as 2025-01.
    pub(crate) fn month(self) -> String {
        format!("{:04}-{:02}", self.year, self.month)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:02}", self.month(), self.day)
    }
}

impl FromStr for Date {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        day(text).ok_or_else(|| format!("`{text}` is no day: write it like 2025-01-31"))
    }
}

fn day(text: &str) -> Option<Date> {
    let mut parts = text.split('-');
    let mut next = |width: usize| {
        let part = parts.next().filter(|part| part.len() == width)?;
        part.bytes().all(|byte| byte.is_ascii_digit()).then_some(part)
    };
    let (year, month, day) = (next(4)?, next(2)?, next(2)?);
    let date = Date { year: year.parse().ok()?, month: month.parse().ok()?, day: day.parse().ok()? };
    let is_day = parts.next().is_none() && (1..=days(date.year, date.month)).contains(&date.day);
    is_day.then_some(date)
}

/// How many days the month has; none if there is no such month.
fn days(year: u16, month: u8) -> u8 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_and_written() {
        for text in ["2025-01-31", "2024-02-29", "2000-02-29", "0001-12-01"] {
            assert_eq!(text.parse::<Date>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn other_texts_are_refused() {
        let wrong = ["", "2025-1-31", "31.01.2025", "2025-02-29", "1900-02-29", "2025-04-31", "2025-13-01"];
        for text in wrong.into_iter().chain(["2025-00-10", "2025-01-00", "2025-01-01-01", "+025-01-01"]) {
            assert!(text.parse::<Date>().is_err(), "{text}");
        }
    }
}
