//! Queries: sales, and questions about them that take more than one key.
//!
//! - [`model`]: the records, [`data`]: a reproducible set of them.
//! - [`by_netabase`] and [`by_hand`] answer; [`work`] asks, and checks the answers against a loop over all sales.

pub mod by_hand;
pub mod by_netabase;
pub mod data;
pub mod model;
pub mod work;

use std::ops::RangeInclusive;
use std::path::Path;

pub use by_hand::SalesByHand;
pub use by_netabase::SalesByNetabase;
pub use data::Sales;
pub use model::Sale;

use crate::Result;

/// Sales of a commit.
pub const BATCH: usize = 1000;

/// A store of sales and a read transaction of it, which are questioned.
pub trait Answers {
    /// Makes a file, or files that begin with this path, with these sales, [`BATCH`] in a commit.
    fn filled(path: &Path, sales: &[Sale]) -> Result<Self>
    where
        Self: Sized;

    /// The sales to a customer on these days, by day and id: the first field of a compound index, and a range of the second.
    fn compound(&self, customer: u32, days: RangeInclusive<u32>) -> Result<Vec<Sale>>;

    /// The sales of a shop or of an article, each once, in any order: two indexes.
    fn or(&self, shop: u32, article: u32) -> Result<Vec<Sale>>;

    /// The sales of a shop with the highest prices and, of equal price, the highest ids: an order that no index has.
    fn top_k(&self, shop: u32, most: usize) -> Result<Vec<Sale>>;

    /// Sales by day and id, without the first ones: a page of a list that an index has in order.
    fn page(&self, skipped: usize, most: usize) -> Result<Vec<Sale>>;

    /// The shops with the number of their sales.
    fn group_count(&self) -> Result<Vec<(u32, u64)>>;
}
