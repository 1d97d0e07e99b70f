// A field with a class can be hidden, for which its type has a default.
use netabase::NetabaseModel;

#[derive(serde::Serialize, serde::Deserialize, PartialEq)]
enum Blood {
    A,
    B,
}

#[derive(NetabaseModel, serde::Serialize, serde::Deserialize)]
struct Donor {
    #[primary_key]
    id: u64,
    #[netabase(class = "phi")]
    blood: Blood,
}

fn main() {}
