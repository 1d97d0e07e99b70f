//! Related records: 1000 writers with their 10 books each, and 10 000 books with their writers.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use netabase_benches::links::{LinksByHand, LinksByNetabase, Related, shelf};

const WRITERS: u32 = 1000;
const EACH: u32 = 10;

fn include(c: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let (writers, books) = shelf(WRITERS, EACH);
    let path = |name: &str| folder.path().join(name);
    let netabase = LinksByNetabase::filled(&path("netabase"), &writers, &books).expect("it is filled");
    let redb = LinksByHand::filled(&path("redb"), &writers, &books).expect("it is filled");
    macro_rules! pair {
        ($($name:literal, $ask:ident;)*) => {$(
            let mut group = c.benchmark_group($name);
            // Also fills the cache.
            assert_eq!(netabase.$ask().expect("it answers"), redb.$ask().expect("it answers"));
            group.throughput(Throughput::Elements(books.len() as u64));
            group.bench_function("netabase", |bencher| bencher.iter(|| netabase.$ask().expect("it answers")));
            group.bench_function("redb", |bencher| bencher.iter(|| redb.$ask().expect("it answers")));
            group.finish();
        )*};
    }
    pair! {
        "include/inverse, 1000 with 10 each", books;
        "include/links, 10000 to 1000", writers;
    }
}

criterion_group!(benches, include);
criterion_main!(benches);
