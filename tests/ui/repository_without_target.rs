// A repository that lists a definition with links into one that it does not list.
use kit::market::Reviews;
use netabase::NetabaseRepository;

#[derive(NetabaseRepository)]
enum Half {
    Reviews(Reviews),
}

fn main() {}
