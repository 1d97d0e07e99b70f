//! 1000 updates in one durable transaction, of a field with an index and of one without.

mod pair;

use criterion::{Criterion, criterion_group, criterion_main};
use netabase_benches::work;

use pair::{pair, settings};

fn update(c: &mut Criterion) {
    pair(c, "update/indexed field", work::update_indexed, work::update_indexed);
    pair(c, "update/plain field", work::update_plain, work::update_plain);
}

criterion_group!(name = benches; config = settings(); targets = update);
criterion_main!(benches);
