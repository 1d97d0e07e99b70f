//! Queries: one statement for each question.

use std::ops::RangeInclusive;
use std::path::Path;

use netabase_benches::sales::{Answers, BATCH, Sale};
use rusqlite::{Connection, Params, Row, params};

use super::{Sqlite, integer, run};
use crate::Result;

const SCHEMA: &str = "
    CREATE TABLE sales (
        id INTEGER PRIMARY KEY,
        customer INTEGER NOT NULL,
        day INTEGER NOT NULL,
        shop INTEGER NOT NULL,
        article INTEGER NOT NULL,
        price INTEGER NOT NULL,
        note TEXT NOT NULL
    ) STRICT;
    CREATE INDEX customer_days ON sales (customer, day);
    CREATE INDEX days ON sales (day);
    CREATE INDEX shops ON sales (shop);
    CREATE INDEX articles ON sales (article);
";

/// A connection with a read transaction.
pub(super) struct SalesBySqlite<const FULL: bool>(Connection);

impl<const FULL: bool> SalesBySqlite<FULL> {
    fn all<T>(&self, statement: &str, key: impl Params, each: fn(&Row<'_>) -> Result<T>) -> Result<Vec<T>> {
        let mut statement = self.0.prepare_cached(statement)?;
        let mut rows = statement.query(key)?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(each(row)?);
        }
        Ok(all)
    }
}

impl<const FULL: bool> Answers for SalesBySqlite<FULL> {
    fn filled(path: &Path, sales: &[Sale]) -> Result<Self> {
        let connection = Sqlite::<FULL>::connect(path)?;
        connection.execute_batch(SCHEMA)?;
        for sales in sales.chunks(BATCH) {
            run(&connection, "BEGIN IMMEDIATE")?;
            let mut insert = connection.prepare_cached(
                "INSERT INTO sales (id, customer, day, shop, article, price, note) VALUES (?, ?, ?, ?, ?, ?, ?)",
            )?;
            for sale in sales {
                let Sale { id, customer, day, shop, article, price, note } = sale;
                insert.execute(params![integer(*id)?, customer, day, shop, article, price, note])?;
            }
            run(&connection, "COMMIT")?;
        }
        run(&connection, "BEGIN")?;
        Ok(SalesBySqlite(connection))
    }

    fn compound(&self, customer: u32, days: RangeInclusive<u32>) -> Result<Vec<Sale>> {
        self.all(
            "SELECT id, customer, day, shop, article, price, note FROM sales \
             WHERE customer = ? AND day BETWEEN ? AND ? ORDER BY day, id",
            [customer, *days.start(), *days.end()],
            sale,
        )
    }

    fn or(&self, shop: u32, article: u32) -> Result<Vec<Sale>> {
        self.all(
            "SELECT id, customer, day, shop, article, price, note FROM sales WHERE shop = ? OR article = ?",
            [shop, article],
            sale,
        )
    }

    fn top_k(&self, shop: u32, most: usize) -> Result<Vec<Sale>> {
        self.all(
            "SELECT id, customer, day, shop, article, price, note FROM sales WHERE shop = ? \
             ORDER BY price DESC, id DESC LIMIT ?",
            params![shop, i64::try_from(most)?],
            sale,
        )
    }

    fn page(&self, skipped: usize, most: usize) -> Result<Vec<Sale>> {
        self.all(
            "SELECT id, customer, day, shop, article, price, note FROM sales ORDER BY day, id LIMIT ? OFFSET ?",
            [i64::try_from(most)?, i64::try_from(skipped)?],
            sale,
        )
    }

    fn group_count(&self) -> Result<Vec<(u32, u64)>> {
        self.all("SELECT shop, count(*) FROM sales GROUP BY shop ORDER BY shop", [], |row| {
            Ok((row.get(0)?, u64::try_from(row.get::<_, i64>(1)?)?))
        })
    }
}

/// A row of all columns, in the order of the table.
fn sale(row: &Row<'_>) -> Result<Sale> {
    Ok(Sale {
        id: u64::try_from(row.get::<_, i64>(0)?)?,
        customer: row.get(1)?,
        day: row.get(2)?,
        shop: row.get(3)?,
        article: row.get(4)?,
        price: row.get(5)?,
        note: row.get(6)?,
    })
}
