//! Sales written by hand on redb, as a careful user would.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::Path;

use redb::{
    Database, MultimapTableDefinition, MultimapValue, ReadOnlyMultimapTable, ReadOnlyTable, ReadableDatabase,
    TableDefinition,
};

use super::model::Sale;
use super::{Answers, BATCH};
use crate::Result;

const SALES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("sales");
const CUSTOMER_DAYS: MultimapTableDefinition<'_, (u32, u32), u64> =
    MultimapTableDefinition::new("customer_days");
const DAYS: MultimapTableDefinition<'_, u32, u64> = MultimapTableDefinition::new("days");
const SHOPS: MultimapTableDefinition<'_, u32, u64> = MultimapTableDefinition::new("shops");
const ARTICLES: MultimapTableDefinition<'_, u32, u64> = MultimapTableDefinition::new("articles");

/// A redb database.
pub struct SalesByHand {
    sales: ReadOnlyTable<u64, &'static [u8]>,
    customer_days: ReadOnlyMultimapTable<(u32, u32), u64>,
    days: ReadOnlyMultimapTable<u32, u64>,
    shops: ReadOnlyMultimapTable<u32, u64>,
    articles: ReadOnlyMultimapTable<u32, u64>,
    _database: Database,
}

impl SalesByHand {
    /// The sale that an index row names.
    fn follow(&self, id: u64) -> Result<Sale> {
        let found = self.sales.get(id)?.ok_or("an index row leads nowhere")?;
        Ok(postcard::from_bytes(found.value())?)
    }
}

fn put(database: &Database, sales: &[Sale]) -> Result<()> {
    let transaction = database.begin_write()?;
    let mut table = transaction.open_table(SALES)?;
    let mut customer_days = transaction.open_multimap_table(CUSTOMER_DAYS)?;
    let mut days = transaction.open_multimap_table(DAYS)?;
    let mut shops = transaction.open_multimap_table(SHOPS)?;
    let mut articles = transaction.open_multimap_table(ARTICLES)?;
    for sale in sales {
        table.insert(sale.id, postcard::to_stdvec(sale)?.as_slice())?;
        customer_days.insert((sale.customer, sale.day), sale.id)?;
        days.insert(sale.day, sale.id)?;
        shops.insert(sale.shop, sale.id)?;
        articles.insert(sale.article, sale.id)?;
    }
    // They borrow the transaction.
    drop((table, customer_days, days, shops, articles));
    Ok(transaction.commit()?)
}

fn all(ids: MultimapValue<'_, u64>) -> impl Iterator<Item = Result<u64>> {
    ids.map(|id| Ok(id?.value()))
}

impl Answers for SalesByHand {
    fn filled(path: &Path, sales: &[Sale]) -> Result<Self> {
        let database = Database::create(path)?;
        sales.chunks(BATCH).try_for_each(|sales| put(&database, sales))?;
        let reader = database.begin_read()?;
        Ok(SalesByHand {
            sales: reader.open_table(SALES)?,
            customer_days: reader.open_multimap_table(CUSTOMER_DAYS)?,
            days: reader.open_multimap_table(DAYS)?,
            shops: reader.open_multimap_table(SHOPS)?,
            articles: reader.open_multimap_table(ARTICLES)?,
            _database: database,
        })
    }

    fn compound(&self, customer: u32, days: RangeInclusive<u32>) -> Result<Vec<Sale>> {
        let mut sales = Vec::new();
        for row in self.customer_days.range((customer, *days.start())..=(customer, *days.end()))? {
            for id in all(row?.1) {
                sales.push(self.follow(id?)?);
            }
        }
        Ok(sales)
    }

    fn or(&self, shop: u32, article: u32) -> Result<Vec<Sale>> {
        let both = all(self.shops.get(shop)?).chain(all(self.articles.get(article)?));
        let mut ids = both.collect::<Result<Vec<u64>>>()?;
        ids.sort_unstable();
        ids.dedup();
        ids.into_iter().map(|id| self.follow(id)).collect()
    }

    fn top_k(&self, shop: u32, most: usize) -> Result<Vec<Sale>> {
        let mut kept = BTreeMap::new();
        for id in all(self.shops.get(shop)?) {
            let sale = self.follow(id?)?;
            let key = (sale.price, sale.id);
            if kept.len() == most {
                if kept.first_key_value().is_none_or(|(least, _)| *least > key) {
                    continue;
                }
                kept.pop_first();
            }
            kept.insert(key, sale);
        }
        Ok(kept.into_values().rev().collect())
    }

    fn page(&self, skipped: usize, most: usize) -> Result<Vec<Sale>> {
        let (mut skipped, mut sales) = (skipped, Vec::with_capacity(most));
        for row in self.days.range::<u32>(..)? {
            let ids = row?.1;
            // A day that is left out as a whole is not walked through.
            let of_day = usize::try_from(ids.len())?;
            if of_day <= skipped {
                skipped -= of_day;
                continue;
            }
            for id in all(ids).skip(std::mem::take(&mut skipped)) {
                if sales.len() == most {
                    return Ok(sales);
                }
                sales.push(self.follow(id?)?);
            }
        }
        Ok(sales)
    }

    fn group_count(&self) -> Result<Vec<(u32, u64)>> {
        let mut groups = Vec::new();
        for row in self.shops.range::<u32>(..)? {
            let (shop, ids) = row?;
            groups.push((shop.value(), ids.len()));
        }
        Ok(groups)
    }
}
