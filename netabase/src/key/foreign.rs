//! Keys of other libraries, each behind the feature of its name.

use super::{AsKey, Key, KeyType, as_key::itself, malformed};
use crate::error::{Error, Result};

/// Stores a foreign type as a key of our own that sorts alike.
macro_rules! stored_as {
    ($foreign:ty, $name:literal, $own:ty, $to:expr, $from:expr) => {
        impl Key for $foreign {
            const WIDTH: Option<usize> = <$own as Key>::WIDTH;
            const TYPE: KeyType = KeyType::Foreign($name);
            fn encode_part(&self, out: &mut Vec<u8>) -> Result<()> {
                let (to, from): (fn(&$foreign) -> $own, fn($own) -> Option<$foreign>) = ($to, $from);
                // A few values, as a leap second in the middle of a minute, do not come back.
                if from(to(self)).as_ref() != Some(self) {
                    return Err(Error::invalid_key(concat!("this ", $name, " cannot be read back")));
                }
                to(self).encode_part(out)
            }
            fn decode_part(bytes: &mut &[u8]) -> Result<Self> {
                let from: fn($own) -> Option<$foreign> = $from;
                from(<$own>::decode_part(bytes)?).ok_or_else(|| malformed($name))
            }
        }
        itself!([] $foreign);
    };
}

#[cfg(feature = "uuid")]
stored_as!(uuid::Uuid, "uuid::Uuid", [u8; 16], |id| *id.as_bytes(), |bytes| Some(uuid::Uuid::from_bytes(
    bytes
)));

// Seconds first, so that the pair sorts as the instant does; before 1970 jiff counts both parts down.
#[cfg(feature = "jiff")]
stored_as!(
    jiff::Timestamp,
    "jiff::Timestamp",
    (i64, i32),
    |time| (time.as_second(), time.subsec_nanosecond()),
    |(second, nanosecond)| {
        let time = jiff::Timestamp::new(second, nanosecond).ok()?;
        (time.as_second() == second && time.subsec_nanosecond() == nanosecond).then_some(time)
    }
);

#[cfg(feature = "jiff")]
stored_as!(
    jiff::civil::Date,
    "jiff::civil::Date",
    (i16, i8, i8),
    |date| (date.year(), date.month(), date.day()),
    |(year, month, day)| jiff::civil::Date::new(year, month, day).ok()
);

#[cfg(feature = "chrono")]
stored_as!(
    chrono::DateTime<chrono::Utc>,
    "chrono::DateTime<Utc>",
    (i64, u32),
    |time| (time.timestamp(), time.timestamp_subsec_nanos()),
    |(second, nanosecond)| chrono::DateTime::from_timestamp(second, nanosecond)
);

#[cfg(feature = "chrono")]
stored_as!(
    chrono::NaiveDate,
    "chrono::NaiveDate",
    i32,
    |date| chrono::Datelike::num_days_from_ce(date),
    chrono::NaiveDate::from_num_days_from_ce_opt
);
