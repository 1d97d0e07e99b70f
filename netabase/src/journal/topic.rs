//! Topics: messages that are published in a transaction, and kept until all who wait for them have them.

use std::fmt;
use std::marker::PhantomData;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::consumer::Consumer;
use super::group::Group;
use super::source;
use crate::clock::{nanos, time_of};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{ModelOf, NetabaseDefinition, NetabaseTopic, TopicOf, topic};
use crate::permission::{Door, FeedAccess, Permit};
use crate::query::Query;
use crate::store::Store;
use crate::table::{CONSUMERS_TABLE, OUTBOX_TABLE};
use crate::transaction::{Context, WriteTransaction};

/// The form that this program writes.
const FORM: u8 = 1;

/// A message of a topic.
#[non_exhaustive]
pub struct Message<T: NetabaseTopic> {
    /// its number in the topic: 1, 2, ..
    pub seq: u64,
    /// when the transaction that published it began, by the store's clock
    pub time: SystemTime,
    /// who published it
    pub actor: Option<String>,
    /// what it says
    pub payload: T::Payload,
}

impl<T: NetabaseTopic> fmt::Debug for Message<T> {
    /// Without what it says.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Message<{}>({})", T::NAME, self.seq)
    }
}

/// The bytes of a message.
#[derive(Serialize, Deserialize)]
struct Written<'m, P> {
    form: u8,
    /// nanoseconds since 1970
    time: i64,
    #[serde(borrow)]
    actor: Option<&'m str>,
    payload: P,
}

/// What the rows of the topic's consumers begin with.
pub(super) fn name<D: NetabaseDefinition, T: NetabaseTopic>() -> String {
    format!("topic/{}/{}", D::NAME, T::NAME)
}

/// Leave to publish to a topic, or to receive its messages.
pub(super) fn permit<D: NetabaseDefinition, T: NetabaseTopic>(
    context: &Context<D>,
    door: Door,
) -> Result<Permit<FeedAccess>> {
    context.guard.topic(door, context.first_ordinal(), T::NAME)
}

/// The key of a message: the topic ends with a byte that is in no name.
pub(super) fn row<D: NetabaseDefinition, T: NetabaseTopic>(seq: u64) -> Vec<u8> {
    let mut key = format!("{}/{}\0", D::NAME, T::NAME).into_bytes();
    key.extend_from_slice(&seq.to_be_bytes());
    key
}

pub(super) fn seq_of(key: &[u8]) -> u64 {
    key.last_chunk().copied().map_or(0, u64::from_be_bytes)
}

pub(super) fn read<T: NetabaseTopic>(key: &[u8], bytes: &[u8]) -> Result<Message<T>> {
    let corrupt =
        || Error::new(ErrorKind::Corrupt { place: format!("message {} of {}", seq_of(key), T::NAME) });
    match postcard::take_from_bytes::<Written<'_, T::Payload>>(bytes) {
        Ok((Written { form: FORM, time, actor, payload }, [])) => {
            let (time, actor) = (time_of(time).ok_or_else(corrupt)?, actor.map(str::to_owned));
            Ok(Message { seq: seq_of(key), time, actor, payload })
        }
        _ => Err(corrupt()),
    }
}

impl<D: NetabaseDefinition> WriteTransaction<D> {
    /// Writes a message to a topic, with the transaction: it is there when that is committed, and not otherwise. Returns its number.
    ///
    /// It is kept until every [consumer and group](Store::topic) of the topic has processed it; without any it stays.
    ///
    /// ```
    /// # use netabase::{NetabaseDefinition, NetabaseModel, NetabaseTopic, Store};
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(NetabaseModel, Serialize, Deserialize)]
    /// # struct Order { #[primary_key] id: u64 }
    /// #[derive(NetabaseTopic)]
    /// #[netabase(payload(Paid))]
    /// struct Payments;
    ///
    /// #[derive(Serialize, Deserialize, Debug, PartialEq)]
    /// struct Paid {
    ///     order: u64,
    /// }
    ///
    /// #[derive(NetabaseDefinition)]
    /// #[netabase(topics(Payments))]
    /// enum Shop {
    ///     Order(Order),
    /// }
    ///
    /// # fn main() -> netabase::Result<()> {
    /// let shop = Store::<Shop>::in_memory()?;
    /// let mailer = shop.topic::<Payments>().consumer("mailer")?;
    /// shop.write(|txn| {
    ///     txn.create(&Order { id: 7 })?;
    ///     txn.publish::<Payments>(&Paid { order: 7 })
    /// })?;
    /// mailer.process(|_, message| {
    ///     assert_eq!(message.payload, Paid { order: 7 });
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `PermissionDenied` for a session without the right to publish there, `Codec` if the payload does not encode, `LimitExceeded` if
    /// it is larger than the engine takes.
    pub fn publish<T: TopicOf<D>>(&mut self, payload: &T::Payload) -> Result<u64> {
        let permit = permit::<D, T>(&self.context, Door::Publish)?;
        let counter = format!("last/{}/{}", D::NAME, T::NAME).into_bytes();
        let last = self.feed_row(&permit, CONSUMERS_TABLE, &counter)?;
        let corrupt = |_| Error::new(ErrorKind::Corrupt { place: "netabase.consumers".to_owned() });
        let last = last.map(|row| row.try_into().map_err(corrupt)).transpose()?.map_or(0, u64::from_be_bytes);
        let seq = last.checked_add(1).ok_or_else(|| Error::internal("a topic has no numbers left"))?;
        let written = Written { form: FORM, time: nanos(self.now()), actor: self.actor_name(), payload };
        let bytes = postcard::to_stdvec(&written);
        let bytes = bytes.map_err(|_| Error::new(ErrorKind::Codec { model: T::NAME }))?;
        let limit = self.context.limits.value;
        if bytes.len() > limit {
            let (what, size) = (format!("a message of {}", T::NAME), bytes.len());
            return Err(Error::new(ErrorKind::LimitExceeded { what, size, limit }));
        }
        // It must be readable, whatever its serde impl does.
        let key = row::<D, T>(seq);
        read::<T>(&key, &bytes).map_err(|_| Error::new(ErrorKind::Codec { model: T::NAME }))?;
        self.atomically(|txn| {
            txn.set_feed_row(&permit, OUTBOX_TABLE, &key, Some(&bytes))?;
            txn.set_feed_row(&permit, CONSUMERS_TABLE, &counter, Some(&seq.to_be_bytes()))
        })?;
        Ok(seq)
    }
}

/// A topic of a store, from [`Store::topic`](crate::Store::topic): its messages, and the records that are enrolled in it.
pub struct Topic<D, T> {
    store: Store<D>,
    topic: PhantomData<fn() -> T>,
}

impl<D: NetabaseDefinition, T: NetabaseTopic> fmt::Debug for Topic<D, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Topic<{}>", T::NAME)
    }
}

impl<D: NetabaseDefinition> Store<D> {
    /// A topic that the definition lists.
    pub fn topic<T: TopicOf<D>>(&self) -> Topic<D, T> {
        Topic { store: self.clone(), topic: PhantomData }
    }
}

impl<D: NetabaseDefinition, T: TopicOf<D>> Topic<D, T> {
    /// The one consumer of this name, which gets every message in order. Made if it is not there: then it begins with the first
    /// message that is kept. Those of sessions are apart from those of the owner, and all sessions share theirs.
    ///
    /// # Errors
    /// Those of [`Store::consumer`](crate::Store::consumer).
    pub fn consumer(&self, name: &str) -> Result<Consumer<D, Message<T>>> {
        Consumer::new(self.store.clone(), source::messages(), name)
    }

    /// The group of this name, whose workers share the messages. Made if it is not there.
    ///
    /// # Errors
    /// Those of [`Store::consumer`](crate::Store::consumer).
    pub fn group(&self, name: &str) -> Result<Group<D, Message<T>>> {
        Group::new(self.store.clone(), source::messages(), name)
    }

    /// The records of a model that are enrolled, for `keys`, `collect`, `count` and their like.
    #[doc(alias = "get_subscribers")]
    pub fn subscribers<M: ModelOf<D>>(&self) -> Query<'static, M> {
        // Of a model that does not subscribe nothing is enrolled.
        self.store.query::<M>().enrolled(topic::<M>(T::NAME), M::SCHEMA.topics.contains(&T::NAME))
    }
}
