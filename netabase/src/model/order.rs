//! Orders of records: `Post::DAY.desc()`.

use std::cmp::Ordering;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::filter::{Indexed, NotIndexed};
use super::handle::{Field, Index, KeyShape, One, Optional};

/// Keys of which a record has at most one.
#[diagnostic::on_unimplemented(
    message = "a record has any number of these keys",
    label = "the record has no one place in this order",
    note = "order by a field with one key, or collect the records and sort them",
    note = "`min` and `max` of such keys are the first and the last that `distinct` gives"
)]
pub trait OneKey: KeyShape {}
#[diagnostic::do_not_recommend]
impl OneKey for One {}
#[diagnostic::do_not_recommend]
impl OneKey for Optional {}

/// The order in which a query gives its records, made by a handle: `Post::DAY.asc()`.
pub struct Order<M, C = Indexed> {
    pub(crate) by: By<M>,
    pub(crate) descending: bool,
    coverage: PhantomData<fn() -> C>,
}

/// What is compared.
pub(crate) enum By<M> {
    /// the key in this table; 0 is the primary key
    Key(usize),
    /// a field without an index, by its recorded name
    Field(&'static str, Compare<M>),
}

type Compare<M> = Arc<dyn Fn(&M, &M) -> Ordering + Send + Sync>;

impl<M, C> fmt::Debug for Order<M, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = match &self.by {
            By::Key(part) => format!("key {part}"),
            By::Field(name, _) => format!("field {name}"),
        };
        write!(f, "Order({by}{})", if self.descending { ", descending" } else { "" })
    }
}

impl<M> Clone for By<M> {
    fn clone(&self) -> Self {
        match self {
            By::Key(part) => By::Key(*part),
            By::Field(name, compare) => By::Field(name, compare.clone()),
        }
    }
}

impl<M, C> Clone for Order<M, C> {
    fn clone(&self) -> Self {
        Order::new(self.by.clone(), self.descending)
    }
}

impl<M> Order<M> {
    pub(crate) fn by_primary_key() -> Self {
        Order::new(By::Key(0), false)
    }
}

impl<M, C> Order<M, C> {
    fn new(by: By<M>, descending: bool) -> Self {
        Order { by, descending, coverage: PhantomData }
    }

    pub(crate) fn reverse(&mut self) {
        self.descending = !self.descending;
    }

    /// How two come in this direction, from how what is compared comes.
    pub(crate) fn turn(&self, order: Ordering) -> Ordering {
        if self.descending { order.reverse() } else { order }
    }

    /// Forgets whether an index has it.
    pub(crate) fn plain(self) -> Order<M> {
        Order::new(self.by, self.descending)
    }
}

impl<M, K, S> Index<M, K, S> {
    /// From the lowest key to the highest; a key that is absent is the lowest.
    pub fn asc(self) -> Order<M>
    where
        S: OneKey,
    {
        Order::new(By::Key(self.part()), false)
    }

    /// From the highest key to the lowest.
    pub fn desc(self) -> Order<M>
    where
        S: OneKey,
    {
        Order::new(By::Key(self.part()), true)
    }
}

impl<M: 'static, T: Ord + 'static> Field<M, T> {
    /// From the lowest value to the highest.
    pub fn asc(self) -> Order<M, NotIndexed> {
        Order::new(By::Field(self.name(), Arc::new(move |a, b| self.of(a).cmp(self.of(b)))), false)
    }

    /// From the highest value to the lowest.
    pub fn desc(self) -> Order<M, NotIndexed> {
        Order::new(By::Field(self.name(), Arc::new(move |a, b| self.of(a).cmp(self.of(b)))), true)
    }
}
