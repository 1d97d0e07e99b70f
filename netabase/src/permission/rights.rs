//! Rights on one model: as a policy says them, and as they are for one ticket.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use super::rows::{Alternative, Rows, Rule};
use super::{DataClass, Door, Ticket};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Filter, Index, KeyShape, ModelKey, NetabaseModel, OfField, Terms};
use crate::schema::{Operation, Operations};

/// What a role may do with the records of one model, for [`Policy::allow`](super::Policy::allow). Nothing, as it begins.
///
/// ```
/// # use netabase::NetabaseModel;
/// use netabase::policy::Rights;
///
/// #[derive(NetabaseModel, serde::Serialize, serde::Deserialize)]
/// struct Patient {
///     #[primary_key]
///     id: u64,
///     #[secondary_key]
///     ward: u32,
///     #[netabase(class = "phi")]
///     diagnosis: Option<String>,
/// }
/// # struct Ward(u32);
/// let of_the_ward = Rights::<Patient>::new()
///     .read()
///     .update()
///     .rows(|ticket| ticket.get::<Ward>().map(|ward| Patient::WARD.eq(ward.0)))
///     .mask(Patient::DIAGNOSIS);
/// ```
pub struct Rights<M> {
    operations: Operations,
    /// all of them must hold
    rows: Vec<Arc<RowsOf<M>>>,
    masks: Vec<&'static str>,
    links: Vec<usize>,
    /// what is wrong with them, for when the policy is installed
    wrong: Option<String>,
}

type RowsOf<M> = dyn Fn(&Ticket) -> Option<Result<Terms<M>>> + Send + Sync;

impl<M: NetabaseModel> fmt::Debug for Rights<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rights { operations, rows, masks, .. } = self;
        let some = if rows.is_empty() { "" } else { ", some rows" };
        write!(f, "Rights<{}>({operations:?}{some}, without {masks:?})", M::NAME)
    }
}

impl<M: NetabaseModel> Default for Rights<M> {
    fn default() -> Self {
        Rights::new()
    }
}

impl<M: NetabaseModel> Rights<M> {
    /// None.
    pub fn new() -> Self {
        let (operations, rows) = (Operations::NONE, Vec::new());
        Rights { operations, rows, masks: Vec::new(), links: Vec::new(), wrong: None }
    }

    fn and(mut self, operation: Operation) -> Self {
        self.operations = self.operations.or(Operations::of(&[operation]));
        self
    }

    /// Records may be read.
    pub fn read(self) -> Self {
        self.and(Operation::Read)
    }

    /// Records may be created.
    pub fn create(self) -> Self {
        self.and(Operation::Create)
    }

    /// Records may be changed.
    pub fn update(self) -> Self {
        self.and(Operation::Update)
    }

    /// Records may be deleted.
    pub fn delete(self) -> Self {
        self.and(Operation::Delete)
    }

    /// All of these.
    pub fn all(mut self) -> Self {
        self.operations = Operations::ALL;
        self
    }

    /// Only with these records: as they are, and of those that are created or changed also as they come to be. The closure is
    /// asked when a session begins; `None` means none at all, as where a claim is missing. Where an index answers the filter, it
    /// answers it here. Of several filters all must hold.
    ///
    /// For other operations on other records, [allow](super::Policy::allow) the role more than once.
    pub fn rows<C>(mut self, rows: impl Fn(&Ticket) -> Option<Filter<M, C>> + Send + Sync + 'static) -> Self {
        self.rows.push(Arc::new(move |ticket| rows(ticket).map(Filter::into_terms)));
        self
    }

    /// A field is not seen: records are read with its default in its place, and it is not named in filters, orders and selections.
    /// Changes leave it as it is. The field has a class, by which the model knows how to hide it.
    pub fn mask(mut self, field: impl OfField<M>) -> Self {
        match field.name() {
            Some(name) if is_classed::<M>(name) => self.masks.push(name),
            Some(name) => {
                self.wrong = Some(format!(
                    "the field `{name}` of {} has no class: add `#[netabase(class = \"..\")]` to it",
                    M::NAME
                ));
            }
            None => self.wrong = Some(format!("a handle of {} that is not one field's is masked", M::NAME)),
        }
        self
    }

    /// As [`mask`](Self::mask), all fields of a class.
    pub fn mask_class<C: DataClass>(mut self) -> Self {
        let of_class = M::SCHEMA.fields.iter().filter(|field| field.class == Some(C::NAME));
        let before = self.masks.len();
        self.masks.extend(of_class.map(|field| field.name));
        if self.masks.len() == before {
            self.wrong =
                Some(format!("no field of {} has the class `{}`, so none is masked", M::NAME, C::NAME));
        }
        self
    }

    /// Links of this relation may lead to records that the role does not see. That one of them is there, or not, shows then.
    pub fn link<K: ModelKey, S: KeyShape>(mut self, relation: Index<M, K, S>) -> Self {
        self.links.push(relation.part());
        self
    }
}

fn is_classed<M: NetabaseModel>(name: &str) -> bool {
    M::SCHEMA.fields.iter().any(|field| field.name == name && field.class.is_some())
}

/// Rights without the type of their model.
pub(super) trait AnyRights: Send + Sync {
    fn check(&self) -> Result<()>;
    /// What these and others on the same model come to. `free`: what is allowed with all records beside them.
    fn compile(&self, all: &[&dyn AnyRights], free: Operations, ticket: &Ticket) -> Result<ModelRights>;
    fn as_any(&self) -> &dyn Any;
}

impl<M: NetabaseModel> AnyRights for Rights<M> {
    fn check(&self) -> Result<()> {
        match &self.wrong {
            Some(reason) => Err(Error::new(ErrorKind::InvalidPolicy { reason: reason.clone() })),
            None => Ok(()),
        }
    }

    fn compile(&self, all: &[&dyn AnyRights], free: Operations, ticket: &Ticket) -> Result<ModelRights> {
        let (mut alternatives, mut links) = (Vec::new(), Vec::new());
        if free != Operations::NONE {
            alternatives.push(Alternative { operations: free, rows: None, masks: Vec::new() });
        }
        for rights in all {
            let Some(rights) = rights.as_any().downcast_ref::<Rights<M>>() else {
                return Err(Error::internal("rights of another model"));
            };
            let Some(rows) = rights.rows.iter().map(|rows| rows(ticket)).collect::<Option<Vec<_>>>() else {
                continue;
            };
            let rows = rows.into_iter().collect::<Result<Vec<_>>>()?;
            let rows = (!rows.is_empty()).then(|| rows.into_iter().flatten().collect());
            links.extend_from_slice(&rights.links);
            let (operations, masks) = (rights.operations, rights.masks.clone());
            alternatives.push(Alternative { operations, rows, masks });
        }
        let operations = alternatives.iter().fold(Operations::NONE, |all, one| all.or(one.operations));
        let mut rights = ModelRights::free(operations);
        rights.links = links;
        let rule = Arc::new(Rule::<M>::new(alternatives)?);
        let [read, create, update, delete] =
            Operation::ALL.map(|operation| rule.restricts(operation).then(|| rule.clone() as Arc<dyn Rows>));
        rights.rows = RowsFor { read, create, update, delete };
        rights.masks = rule.has_masks().then_some(rule as Arc<dyn Rows>);
        Ok(rights)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// What one ticket may do with the records of one model.
#[derive(Default)]
pub(crate) struct ModelRights {
    /// the doors that are open, each at its place
    doors: u64,
    operations: Operations,
    rows: RowsFor,
    masks: Option<Arc<dyn Rows>>,
    /// numbers of the relations whose links may lead to what is not seen
    pub(super) links: Vec<usize>,
    /// recorded names of the topics whose members may be told
    pub(super) topics: Vec<&'static str>,
    /// recorded names of the topics that messages may be published to
    pub(super) publishes: Vec<&'static str>,
    pub(super) trusts_cascades: bool,
}

/// With which records an operation is allowed, where it is not with all.
#[derive(Default)]
struct RowsFor {
    read: Option<Arc<dyn Rows>>,
    create: Option<Arc<dyn Rows>>,
    update: Option<Arc<dyn Rows>>,
    delete: Option<Arc<dyn Rows>>,
}

impl ModelRights {
    /// With all records.
    pub(super) fn free(operations: Operations) -> Self {
        let mut doors = 0;
        for door in Door::ALL {
            let needs = door.needs();
            if needs != Operations::NONE && operations.has_all(needs) {
                doors |= door.bit();
            }
        }
        ModelRights { doors, operations, ..ModelRights::default() }
    }

    #[inline]
    pub(super) fn opens(&self, door: Door) -> bool {
        self.doors & door.bit() != 0
    }

    #[inline]
    pub(super) fn rows(&self, operation: Operation) -> Option<&Arc<dyn Rows>> {
        let RowsFor { read, create, update, delete } = &self.rows;
        match operation {
            Operation::Read => read,
            Operation::Create => create,
            Operation::Update => update,
            Operation::Delete => delete,
        }
        .as_ref()
    }

    #[inline]
    pub(super) fn masks(&self) -> Option<&Arc<dyn Rows>> {
        self.masks.as_ref()
    }

    /// Whether it may be done with this record.
    pub(super) fn allows(&self, operation: Operation, record: &[u8]) -> Result<bool> {
        match self.rows(operation) {
            Some(rows) => rows.allows(operation, record),
            None => Ok(self.operations.has(operation)),
        }
    }
}
