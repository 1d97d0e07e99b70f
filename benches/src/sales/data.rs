//! A reproducible set of sales, in random order.

use super::model::Sale;
use crate::data::Random;

/// Days that sales are spread over.
pub const DAYS: u32 = 365;

/// Sales to store.
#[derive(Debug)]
pub struct Sales {
    /// what the store holds
    pub all: Vec<Sale>,
    /// how many shops there are
    pub shops: u32,
}

impl Sales {
    /// So many sales.
    pub fn new(records: u32) -> Self {
        let (shops, customers) = (records.div_ceil(1000).max(1), records.div_ceil(100).max(1));
        let mut random = Random(0x9E37_79B9_7F4A_7C15);
        let ids = random.shuffled(0..records);
        let mut below = |end: u32| u32::try_from(random.next() % u64::from(end)).unwrap_or(0);
        let all = ids.into_iter().map(|id| Sale {
            id: id.into(),
            customer: below(customers),
            day: below(DAYS),
            shop: below(shops),
            article: below(customers),
            // Few enough for some to be equal.
            price: below(10_000),
            note: format!("{id:060}"),
        });
        Sales { all: all.collect(), shops }
    }

    /// Some of the sales, which are in random order.
    pub fn pick(&self, count: usize) -> impl Iterator<Item = &Sale> {
        self.all.iter().take(count)
    }
}
