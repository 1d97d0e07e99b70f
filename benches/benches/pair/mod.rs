//! One criterion group for one workload: the two sides beside each other.

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput};
use netabase_benches::work::{Run, Stored};
use netabase_benches::{ByHand, ByNetabase, Data, Result, Side};

/// Records in the store.
const RECORDS: u32 = 20_000;

/// A workload, for one of the sides.
pub(crate) type Work<S> = fn(&S, &Data) -> Result<Run>;

/// Fewer samples than criterion's own 100, since a commit takes its time; the command line may ask for others.
pub(crate) fn settings() -> Criterion {
    Criterion::default().sample_size(20)
}

/// Measures a workload on both sides.
pub(crate) fn pair(c: &mut Criterion, name: &str, netabase: Work<ByNetabase>, redb: Work<ByHand>) {
    let data = Data::new(RECORDS);
    let mut group = c.benchmark_group(name);
    side(&mut group, &data, netabase).and_then(|()| side(&mut group, &data, redb)).expect("both sides run");
    group.finish();
}

fn side<S: Side>(group: &mut BenchmarkGroup<'_, WallTime>, data: &Data, work: Work<S>) -> Result<()> {
    let stored = Stored::<S>::filled(data)?;
    // Also fills the cache.
    let first = work(&stored.store, data)?;
    group.throughput(Throughput::Elements(first.count.into()));
    group.bench_function(S::NAME, |bencher| {
        bencher.iter_custom(|times| {
            let runs = (0..times).map(|_| work(&stored.store, data).map(|run| run.time));
            runs.sum::<Result<_>>().expect("the workload runs")
        });
    });
    Ok(())
}
