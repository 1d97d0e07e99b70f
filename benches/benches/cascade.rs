//! A deletion that takes 100 000 records with it, in one transaction.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use netabase_benches::tree::{by_hand, by_netabase, fell, fell_by_hand, tree};

const NODES: u64 = 100_000;

fn cascade(c: &mut Criterion) {
    let nodes = tree(NODES);
    let folder = || tempfile::tempdir().expect("a folder");
    let mut group = c.benchmark_group("cascade/100000 below one");
    group.throughput(Throughput::Elements(NODES)).sample_size(10);
    group.bench_function("netabase", |bencher| {
        let setup = || {
            let folder = folder();
            (by_netabase(&folder.path().join("t"), &nodes).expect("it is filled"), folder)
        };
        let run = |(store, folder)| {
            assert_eq!(fell(&store).expect("it deletes"), 0);
            (store, folder)
        };
        bencher.iter_batched(setup, run, BatchSize::PerIteration);
    });
    group.bench_function("redb", |bencher| {
        let setup = || {
            let folder = folder();
            (by_hand(&folder.path().join("t"), &nodes).expect("it is filled"), folder)
        };
        let run = |(database, folder)| {
            assert_eq!(fell_by_hand(&database).expect("it deletes"), 0);
            (database, folder)
        };
        bencher.iter_batched(setup, run, BatchSize::PerIteration);
    });
    group.finish();
}

criterion_group!(benches, cascade);
criterion_main!(benches);
