// A snapshot has no verbs that write.
use kit::models::{Blog, author};

fn main() -> netabase::Result<()> {
    netabase::Store::<Blog>::in_memory()?.begin_read()?.create(&author(1))
}
