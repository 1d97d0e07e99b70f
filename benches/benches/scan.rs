//! All records in order.

mod pair;

use criterion::{Criterion, criterion_group, criterion_main};
use netabase_benches::work;

use pair::{pair, settings};

fn scan(c: &mut Criterion) {
    pair(c, "scan/all", work::scan, work::scan);
}

criterion_group!(name = benches; config = settings(); targets = scan);
criterion_main!(benches);
