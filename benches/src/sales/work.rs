//! The questions. Each times its work alone, and puts what it found into a checksum.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::data::DAYS;
use super::{Answers, Sale, Sales};
use crate::Result;
use crate::work::{Run, mix, timed};

/// Days of a range, a quarter of all.
const SPAN: u32 = DAYS / 4;
/// Sales that are asked for of an order.
const MOST: usize = 10;
/// Sales of a page.
const PAGE: usize = 20;

/// A workload.
pub type Work<A> = fn(&A, &Sales) -> Result<Run>;

/// The sales to a customer in a quarter of the year, about 25, for 200 customers.
pub fn compound<A: Answers + ?Sized>(store: &A, sales: &Sales) -> Result<Run> {
    ask(sales.pick(200).map(|sale| (sale.customer, sale.day)), |(customer, day)| {
        store.compound(customer, day..=day + SPAN).map(in_order)
    })
}

/// The sales of a shop or of an article, about 1100, for 10 of each.
pub fn or<A: Answers + ?Sized>(store: &A, sales: &Sales) -> Result<Run> {
    ask(sales.pick(10).map(|sale| (sale.shop, sale.article)), |(shop, article)| {
        Ok(store.or(shop, article)?.iter().fold(0, |sum: u64, sale| sum.wrapping_add(look(sale))))
    })
}

/// The 10 sales with the highest prices, of a shop's 1000, for 10 shops.
pub fn top_k<A: Answers + ?Sized>(store: &A, sales: &Sales) -> Result<Run> {
    ask(sales.pick(10).map(|sale| sale.shop), |shop| store.top_k(shop, MOST).map(in_order))
}

/// 20 sales behind a half of all, by day, for 5 such pages.
pub fn page<A: Answers + ?Sized>(store: &A, sales: &Sales) -> Result<Run> {
    ask((0..5).map(|page| middle(sales) + page * PAGE), |skipped| store.page(skipped, PAGE).map(in_order))
}

/// How many sales each shop has, 10 times.
pub fn group_count<A: Answers + ?Sized>(store: &A, sales: &Sales) -> Result<Run> {
    let counted =
        |groups: Vec<(u32, u64)>| groups.iter().fold(0, |sum, group| mix(mix(sum, group.0.into()), group.1));
    ask(std::iter::repeat_n((), 10.min(sales.all.len())), |()| store.group_count().map(counted))
}

/// Fails unless the store answers every kind of question as a loop over all sales does.
pub fn check<A: Answers + ?Sized>(store: &A, sales: &Sales) -> Result<()> {
    let loops = |holds: &dyn Fn(&Sale) -> bool| -> Vec<Sale> {
        sales.all.iter().filter(|sale| holds(sale)).cloned().collect()
    };
    for Sale { customer, day, shop, article, .. } in sales.pick(10) {
        let mut expected =
            loops(&|sale| sale.customer == *customer && (*day..=day + SPAN).contains(&sale.day));
        expected.sort_by_key(|sale| (sale.day, sale.id));
        same("compound", &store.compound(*customer, *day..=day + SPAN)?, &expected)?;

        let mut found = store.or(*shop, *article)?;
        found.sort_by_key(|sale| sale.id);
        let mut expected = loops(&|sale| sale.shop == *shop || sale.article == *article);
        expected.sort_by_key(|sale| sale.id);
        same("or", &found, &expected)?;

        let mut expected = loops(&|sale| sale.shop == *shop);
        expected.sort_by_key(|sale| Reverse((sale.price, sale.id)));
        expected.truncate(MOST);
        same("top_k", &store.top_k(*shop, MOST)?, &expected)?;
    }
    let mut ordered = loops(&|_| true);
    ordered.sort_by_key(|sale| (sale.day, sale.id));
    for skipped in [0, 1, middle(sales), ordered.len().saturating_sub(PAGE / 2), ordered.len()] {
        let expected: Vec<Sale> = ordered.iter().skip(skipped).take(PAGE).cloned().collect();
        same("page", &store.page(skipped, PAGE)?, &expected)?;
    }
    let mut groups: BTreeMap<u32, u64> = BTreeMap::new();
    sales.all.iter().for_each(|sale| *groups.entry(sale.shop).or_default() += 1);
    same("group_count", &store.group_count()?, &groups.into_iter().collect())
}

fn same<T: PartialEq>(what: &str, found: &T, expected: &T) -> Result<()> {
    if found == expected { Ok(()) } else { Err(format!("not what a loop finds: {what}").into()) }
}

fn middle(sales: &Sales) -> usize {
    sales.all.len() / 2
}

fn ask<Q>(questions: impl Iterator<Item = Q>, answer: impl Fn(Q) -> Result<u64>) -> Result<Run> {
    let questions: Vec<Q> = questions.collect();
    timed(questions.len(), || {
        questions.into_iter().try_fold(0, |sum, question| Ok(mix(sum, answer(question)?)))
    })
}

fn in_order(sales: Vec<Sale>) -> u64 {
    sales.iter().fold(0, |sum, sale| mix(sum, look(sale)))
}

/// Cheap, because it is timed as well; [`check`] looks at the rest.
fn look(sale: &Sale) -> u64 {
    sale.id + (u64::from(sale.price) << 32) + sale.note.len() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sales::{SalesByHand, SalesByNetabase};

    // A comparison of two stores that do different things would say nothing.
    #[test]
    fn both_sides_answer_as_a_loop_does() -> Result<()> {
        let folder = tempfile::tempdir()?;
        for records in [1, 3000] {
            let sales = Sales::new(records);
            let path = |name: &str| folder.path().join(format!("{name}{records}"));
            let a = SalesByNetabase::filled(&path("netabase"), &sales.all)?;
            let b = SalesByHand::filled(&path("redb"), &sales.all)?;
            check(&a, &sales)?;
            check(&b, &sales)?;
            macro_rules! run {
                ($($work:ident)*) => { $( assert_eq!($work(&a, &sales)?.checksum, $work(&b, &sales)?.checksum); )* };
            }
            run!(compound or top_k page group_count);
        }
        Ok(())
    }
}
