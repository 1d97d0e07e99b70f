//! The bytes of keys, as docs/format.md gives them. They must never change: files are read by them.

use kit::models::{AuthorPrimaryKey, Level};
use netabase::Key;

fn hex(key: &impl Key) -> (String, String) {
    let (mut part, mut tail) = (Vec::new(), Vec::new());
    key.encode_part(&mut part).expect("it encodes");
    key.encode_tail(&mut tail).expect("it encodes");
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
    (hex(&part), hex(&tail))
}

macro_rules! golden {
    ($($key:expr => $part:literal, $tail:literal);* $(;)?) => { $(
        assert_eq!(hex(&$key), ($part.to_owned(), $tail.to_owned()), "{}", stringify!($key));
    )* };
}

#[test]
fn are_golden() {
    golden! {
        258_u32 => "00 00 01 02", "00 00 01 02";
        -1_i16 => "7f ff", "7f ff";
        0_i16 => "80 00", "80 00";
        1.5_f64 => "bf f8 00 00 00 00 00 00", "bf f8 00 00 00 00 00 00";
        -1.5_f64 => "40 07 ff ff ff ff ff ff", "40 07 ff ff ff ff ff ff";
        true => "01", "01";
        'A' => "00 00 00 41", "00 00 00 41";
        String::from("a\0b") => "61 00 ff 62 00 00", "61 00 62";
        vec![0_u8, 1] => "00 ff 01 00 00", "00 01";
        Some(7_u16) => "01 00 07", "01 00 07";
        None::<u16> => "00 00 00", "00 00 00";
        Some(String::from("x")) => "01 78 00 00", "01 78";
        None::<String> => "00", "00";
        (String::from("ns"), String::from("t")) => "6e 73 00 00 74 00 00", "6e 73 00 00 74";
        [1_u8, 2] => "01 02", "01 02";
        Level::High => "09", "09";
        AuthorPrimaryKey(1) => "00 00 00 00 00 00 00 01", "00 00 00 00 00 00 00 01";
        jiff::Timestamp::UNIX_EPOCH => "80 00 00 00 00 00 00 00 80 00 00 00", "80 00 00 00 00 00 00 00 80 00 00 00";
        jiff::civil::date(2026, 1, 2) => "87 ea 81 82", "87 ea 81 82";
        chrono::DateTime::UNIX_EPOCH => "80 00 00 00 00 00 00 00 00 00 00 00", "80 00 00 00 00 00 00 00 00 00 00 00";
    }
}
