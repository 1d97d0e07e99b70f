//! 1000 deletes in one durable transaction.

mod pair;

use criterion::{Criterion, criterion_group, criterion_main};
use netabase_benches::work;

use pair::{pair, settings};

fn delete(c: &mut Criterion) {
    pair(c, "delete/batch", work::delete_batch, work::delete_batch);
}

criterion_group!(name = benches; config = settings(); targets = delete);
criterion_main!(benches);
