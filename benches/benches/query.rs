//! Queries of more than one key: a compound index, two keys united, an order without an index, counts, a page.

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use netabase_benches::Result;
use netabase_benches::sales::work::{self, Work};
use netabase_benches::sales::{Answers, Sales, SalesByHand, SalesByNetabase};

/// Records in the store.
const RECORDS: u32 = 20_000;

fn query(c: &mut Criterion) {
    let sales = Sales::new(RECORDS);
    let folder = tempfile::tempdir().expect("a folder");
    let netabase: SalesByNetabase = filled(&folder.path().join("netabase"), &sales).expect("it is filled");
    let redb: SalesByHand = filled(&folder.path().join("redb"), &sales).expect("it is filled");
    macro_rules! pair {
        ($($name:literal, $work:ident;)*) => {$(
            let mut group = c.benchmark_group($name);
            side(&mut group, "netabase", &netabase, &sales, work::$work).expect("netabase answers");
            side(&mut group, "redb", &redb, &sales, work::$work).expect("redb answers");
            group.finish();
        )*};
    }
    pair! {
        "query/compound, 25 records", compound;
        "query/or, 1100 records", or;
        "query/top_k, 10 of 1000 records", top_k;
        "query/group_count, 20 keys", group_count;
        "query/page, 20 behind 10000 records", page;
    }
}

/// A store that answers as it should. The check also fills the cache.
fn filled<A: Answers>(path: &std::path::Path, sales: &Sales) -> Result<A> {
    let store = A::filled(path, &sales.all)?;
    work::check(&store, sales)?;
    Ok(store)
}

fn side<A: Answers>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    store: &A,
    sales: &Sales,
    work: Work<A>,
) -> Result<()> {
    group.throughput(Throughput::Elements(work(store, sales)?.count.into()));
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|times| {
            let runs = (0..times).map(|_| work(store, sales).map(|run| run.time));
            runs.sum::<Result<_>>().expect("the workload runs")
        });
    });
    Ok(())
}

criterion_group!(benches, query);
criterion_main!(benches);
