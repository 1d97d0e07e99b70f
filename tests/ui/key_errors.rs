// Keys that cannot be derived.
use netabase::NetabaseKey;

#[derive(NetabaseKey, Clone, Debug, PartialEq)]
struct Nothing;

#[derive(NetabaseKey, Clone, Debug, PartialEq)]
struct Generic<T>(T);

const TWO: isize = 2;

#[derive(NetabaseKey, Clone, Debug, PartialEq)]
enum Level {
    Low = -1,
    Middle = TWO,
    High = 1,
    Higher = 1,
}

#[derive(NetabaseKey, serde::Serialize, Clone, Debug, PartialEq)]
enum Grade {
    #[serde(skip)]
    Old,
    New,
}

fn main() {}
