// What a repository cannot be.
use kit::company::{Staff, Work};
use netabase::NetabaseRepository;

#[derive(NetabaseRepository)]
enum Empty {}

#[derive(NetabaseRepository)]
struct Company {
    staff: Staff,
}

#[derive(NetabaseRepository)]
#[netabase(topics(News))]
enum Twice {
    One(Staff),
    Two(Staff),
    Three { work: Work },
    Four,
}

fn main() {}
