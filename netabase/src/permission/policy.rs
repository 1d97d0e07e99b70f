//! What roles may do.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::rights::{AnyRights, ModelRights};
use super::{Rights, Role, Ticket};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{ModelOf, NetabaseDefinition, NetabaseTopic};
use crate::schema::{ModelSchema, Operation, Operations};

/// A kind of data, which models and fields name: `#[netabase(class = "phi")]`.
///
/// ```
/// use netabase::policy::DataClass;
///
/// struct Phi;
/// impl DataClass for Phi {
///     const NAME: &'static str = "phi";
/// }
/// ```
pub trait DataClass {
    /// as the attributes name it
    const NAME: &'static str;
}

/// What roles may do in a store of definition `D`, for [`Builder::policy`](crate::Builder::policy). What it does not allow is denied.
///
/// ```
/// # use netabase::{NetabaseDefinition, NetabaseModel, Store};
/// use netabase::policy::{Policy, Rights, Role, Ticket};
///
/// # #[derive(NetabaseModel, serde::Serialize, serde::Deserialize, Debug, PartialEq)]
/// # struct Note { #[primary_key] id: u64, #[secondary_key] author: u64, text: String }
/// # #[derive(NetabaseDefinition)]
/// # enum Notes { Note(Note) }
/// const WRITER: Role = Role::new("writer");
/// struct Author(u64);
///
/// # fn main() -> netabase::Result<()> {
/// let own = |ticket: &Ticket| ticket.get::<Author>().map(|author| Note::AUTHOR.eq(author.0));
/// let policy = Policy::<Notes>::new().allow(WRITER, Rights::<Note>::new().all().rows(own));
/// let store = Store::<Notes>::builder().in_memory().policy(policy).open()?;
///
/// let ada = store.session(&Ticket::new([WRITER]).claim(Author(1)))?;
/// let bob = store.session(&Ticket::new([WRITER]).claim(Author(2)))?;
/// ada.write(|txn| txn.create(&Note { id: 7, author: 1, text: "Hi".into() }))?;
/// assert_eq!(bob.query::<Note>().count()?, 0);
/// assert!(bob.write(|txn| txn.delete::<Note>(7)).is_err());
/// assert!(store.get::<Note>(7).is_err(), "nobody comes in without a ticket");
/// assert_eq!(store.as_owner()?.len::<Note>()?, 1);
/// # Ok(())
/// # }
/// ```
pub struct Policy<D> {
    /// with the place of the model in the definition
    rights: Vec<(Role, usize, Arc<dyn AnyRights>)>,
    /// operations on all models of a class, by its name
    classes: Vec<(Role, &'static str, Operations)>,
    topics: Vec<(Role, &'static str)>,
    publishers: Vec<(Role, &'static str)>,
    trusts_cascades: bool,
    definition: PhantomData<fn() -> D>,
}

impl<D: NetabaseDefinition> fmt::Debug for Policy<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Policy<{}>({} rules)", D::NAME, self.rights.len() + self.classes.len())
    }
}

impl<D: NetabaseDefinition> Default for Policy<D> {
    fn default() -> Self {
        Policy::new()
    }
}

impl<D: NetabaseDefinition> Policy<D> {
    /// Allows nothing.
    pub fn new() -> Self {
        Policy {
            rights: Vec::new(),
            classes: Vec::new(),
            topics: Vec::new(),
            publishers: Vec::new(),
            trusts_cascades: false,
            definition: PhantomData,
        }
    }

    /// Gives a role rights on a model. All that it is given, and all that other roles of a ticket are, adds up: a record is seen
    /// if one of them shows it, and a field is if one of those that show the record does.
    pub fn allow<M: ModelOf<D>>(mut self, role: Role, rights: Rights<M>) -> Self {
        self.rights.push((role, M::ORDINAL, Arc::new(rights)));
        self
    }

    /// Gives a role operations on all records of all models of a class.
    pub fn allow_class<C: DataClass>(
        mut self,
        role: Role,
        operations: impl IntoIterator<Item = Operation>,
    ) -> Self {
        let operations: Vec<_> = operations.into_iter().collect();
        self.classes.push((role, C::NAME, Operations::of(&operations)));
        self
    }

    /// Lets a role ask who is enrolled in a topic, among the records that it sees, and receive the topic's messages.
    pub fn allow_topic<T: NetabaseTopic>(mut self, role: Role) -> Self {
        self.topics.push((role, T::NAME));
        self
    }

    /// Lets a role publish messages to a topic.
    pub fn allow_publish<T: NetabaseTopic>(mut self, role: Role) -> Self {
        self.publishers.push((role, T::NAME));
        self
    }

    /// Lets deletions do to other records what their relations say, and `rekey` what follows from it, whoever deletes. Without it
    /// a role needs the right to delete what goes with a record, and to change what loses a link.
    pub fn trust_cascades(mut self) -> Self {
        self.trusts_cascades = true;
        self
    }
}

/// A policy without the type of its definition.
pub(crate) trait AnyPolicy: Send + Sync {
    /// # Errors
    /// `InvalidPolicy`
    fn check(&self) -> Result<()>;
    /// What a ticket may do, one for each model of the definition.
    fn compile(&self, ticket: &Ticket) -> Result<Vec<ModelRights>>;
}

impl<D: NetabaseDefinition> AnyPolicy for Policy<D> {
    fn check(&self) -> Result<()> {
        self.rights.iter().try_for_each(|(_, _, rights)| rights.check())?;
        let has_class = |class: &str| D::SCHEMA.models.iter().any(|model| model.class == Some(class));
        match self.classes.iter().find(|(_, class, _)| !has_class(class)) {
            Some((_, class, _)) => {
                let reason = format!("no model of {} has the class `{class}`", D::NAME);
                Err(Error::new(ErrorKind::InvalidPolicy { reason }))
            }
            None => Ok(()),
        }
    }

    fn compile(&self, ticket: &Ticket) -> Result<Vec<ModelRights>> {
        let models = D::SCHEMA.models.iter().enumerate();
        models.map(|(ordinal, model)| self.on_model(ordinal, model, ticket)).collect()
    }
}

impl<D: NetabaseDefinition> Policy<D> {
    fn on_model(&self, ordinal: usize, model: &ModelSchema, ticket: &Ticket) -> Result<ModelRights> {
        let has = |role: &Role| ticket.roles().contains(role);
        let of_class = self.classes.iter().filter(|(role, class, _)| has(role) && model.class == Some(class));
        let free = of_class.fold(Operations::NONE, |all, (_, _, operations)| all.or(*operations));
        let own = self.rights.iter().filter(|(role, of, _)| has(role) && *of == ordinal);
        let own: Vec<&dyn AnyRights> = own.map(|(_, _, rights)| &**rights).collect();
        let mut rights = match own.first() {
            Some(first) => first.compile(&own, free, ticket)?,
            None => ModelRights::free(free),
        };
        let of = |topics: &[(Role, &'static str)]| {
            topics.iter().filter(|(role, _)| has(role)).map(|(_, topic)| *topic).collect()
        };
        rights.topics = of(&self.topics);
        rights.publishes = of(&self.publishers);
        rights.trusts_cascades = self.trusts_cascades;
        Ok(rights)
    }
}
