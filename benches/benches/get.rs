//! Records by primary key: 1000 in one read transaction, and each in its own.

mod pair;

use criterion::{Criterion, criterion_group, criterion_main};
use netabase_benches::work;

use pair::{pair, settings};

fn get(c: &mut Criterion) {
    pair(c, "get/one transaction", work::get, work::get);
    pair(c, "get/own transaction", work::get_alone, work::get_alone);
}

criterion_group!(name = benches; config = settings(); targets = get);
criterion_main!(benches);
