//! Records by anything but their primary key.

mod pair;

use criterion::{Criterion, criterion_group, criterion_main};
use netabase_benches::work;

use pair::{pair, settings};

fn lookup(c: &mut Criterion) {
    pair(c, "lookup/name, 10 records", work::by_name, work::by_name);
    pair(c, "lookup/age, 1000 records", work::by_age, work::by_age);
    pair(c, "lookup/unique e-mail", work::by_email, work::by_email);
    pair(c, "lookup/team, 100 records", work::by_team, work::by_team);
    pair(c, "lookup/age range, 3000 records", work::by_ages, work::by_ages);
    pair(c, "lookup/age, keys only", work::ids_by_age, work::ids_by_age);
    pair(c, "lookup/age, count", work::count_by_age, work::count_by_age);
}

criterion_group!(name = benches; config = settings(); targets = lookup);
criterion_main!(benches);
