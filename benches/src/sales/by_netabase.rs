//! Sales with netabase.

use crate::new_store;
use std::ops::RangeInclusive;
use std::path::Path;

use netabase::{ReadTransaction, Store};

use super::model::{Sale, Trade};
use super::{Answers, BATCH};
use crate::Result;

/// A netabase store.
#[derive(Debug)]
pub struct SalesByNetabase {
    reader: ReadTransaction<Trade>,
    _store: Store<Trade>,
}

impl Answers for SalesByNetabase {
    fn filled(path: &Path, sales: &[Sale]) -> Result<Self> {
        let store = new_store::<Trade>(path)?;
        sales.chunks(BATCH).try_for_each(|sales| store.write(|txn| txn.create_batch(sales)))?;
        Ok(SalesByNetabase { reader: store.begin_read()?, _store: store })
    }

    fn compound(&self, customer: u32, days: RangeInclusive<u32>) -> Result<Vec<Sale>> {
        let filter = Sale::CUSTOMER_DAY.within((customer,), days);
        Ok(self.reader.query().filter(filter).collect()?)
    }

    fn or(&self, shop: u32, article: u32) -> Result<Vec<Sale>> {
        Ok(self.reader.query().filter(Sale::SHOP.eq(shop).or(Sale::ARTICLE.eq(article))).collect()?)
    }

    fn top_k(&self, shop: u32, most: usize) -> Result<Vec<Sale>> {
        let sales = self.reader.query::<Sale>().scan_all().filter(Sale::SHOP.eq(shop));
        Ok(sales.order_by(Sale::PRICE.desc()).limit(most).collect()?)
    }

    fn page(&self, skipped: usize, most: usize) -> Result<Vec<Sale>> {
        Ok(self.reader.query().order_by(Sale::DAY.asc()).offset(skipped).limit(most).collect()?)
    }

    fn group_count(&self) -> Result<Vec<(u32, u64)>> {
        Ok(self.reader.query().count_by(Sale::SHOP)?)
    }
}
