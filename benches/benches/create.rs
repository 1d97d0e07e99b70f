//! New records: one per durable commit, 1000 into a filled store, 20 000 into an empty one.

mod pair;

use criterion::{Criterion, criterion_group, criterion_main};
use netabase_benches::work;

use pair::{pair, settings};

fn create(c: &mut Criterion) {
    pair(c, "create/single", work::create_single, work::create_single);
    pair(c, "create/batch", work::create_batch, work::create_batch);
    pair(c, "create/bulk", work::create_bulk, work::create_bulk);
}

criterion_group!(name = benches; config = settings(); targets = create);
criterion_main!(benches);
