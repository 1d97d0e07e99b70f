//! Topics: messages are published with a transaction and kept until all who wait for them have them; rights say who may do which.
//! S2-17, S2-24, S2-31, S2-43, S2-45, C27.

use std::sync::Arc;
use std::time::Duration;

use kit::bank::{Account, Alert, Alerts, Bank, account};
use kit::clinic::{Clinic, DOCTOR, NURSE, Note, Round, clinic, ticket};
use kit::memory::Memory;
use kit::models::{Author, Blog, News, Post, author, post};
use netabase::engine::{Engine, Limits, MapChange, TableForm, TableId, TableSpec, Tables};
use netabase::{Durability, Error, ErrorKind, Result, Store};

fn alert(account: u64) -> Alert {
    Alert { account, text: format!("look at {account}") }
}

/// How many messages are kept.
fn rows(bank: &Store<Bank>) -> Result<u64> {
    let tables = bank.stats()?.tables;
    Ok(tables.iter().find(|table| table.name == "netabase.outbox").map_or(0, |table| table.rows))
}

#[test]
fn a_message_comes_with_its_transaction_and_goes_when_all_have_it() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("bank.redb");
    {
        let bank = Store::<Bank>::open(&file)?;
        bank.write(|txn| txn.publish::<Alerts>(&alert(9)).and(Err::<(), _>(Error::user("no"))))
            .expect_err("it fails");
        assert_eq!(bank.write(|txn| txn.publish::<Alerts>(&alert(1)))?, 1);
        let both =
            bank.write(|txn| Ok((txn.publish::<Alerts>(&alert(2))?, txn.publish::<Alerts>(&alert(3))?)))?;
        assert_eq!((both, rows(&bank)?), ((2, 3), 3));
    }
    let bank = Store::<Bank>::open(&file)?;
    let topic = bank.topic::<Alerts>();
    let (one, two) = (topic.consumer("one")?, topic.consumer("two")?);
    let mut seen = Vec::new();
    one.process(|_, message| {
        seen.push((message.seq, message.payload.clone()));
        Ok(())
    })?;
    assert_eq!(seen, [(1, alert(1)), (2, alert(2)), (3, alert(3))]);
    assert_eq!(rows(&bank)?, 3, "the other has none of them yet");
    two.process(|txn, message| txn.create(&account(message.payload.account, 0)))?;
    assert_eq!((rows(&bank)?, bank.len::<Account>()?), (0, 3));
    // Numbers go on.
    assert_eq!(bank.write(|txn| txn.publish::<Alerts>(&alert(4)))?, 4);
    assert!(two.wait(Duration::ZERO)?);
    // What was removed holds nothing back.
    one.remove()?;
    assert_eq!(two.process(|_, _| Ok(()))?, 1);
    assert_eq!(rows(&bank)?, 0);
    assert!(bank.verify(|_| {})?.is_clean());
    Ok(())
}

#[test]
fn workers_share_the_messages_of_a_topic() -> Result<()> {
    let bank = Store::<Bank>::in_memory()?;
    let group = bank.topic::<Alerts>().group("mailers")?;
    bank.write(|txn| (0..5).try_for_each(|id| txn.publish::<Alerts>(&alert(id)).map(drop)))?;
    assert!(group.wait(Duration::ZERO)?);
    let claims = group.claim(3, Duration::from_mins(1))?;
    assert_eq!(claims.iter().map(|claim| claim.item.payload.account).collect::<Vec<_>>(), [0, 1, 2]);
    // Out of order, and together.
    bank.write(|txn| {
        for claim in claims.iter().rev() {
            assert!(group.acknowledge(txn, claim)?);
        }
        Ok(())
    })?;
    assert_eq!(group.claim(9, Duration::from_mins(1))?.len(), 2);
    Ok(())
}

#[test]
fn a_group_keeps_its_messages_until_all_before_are_acknowledged() -> Result<()> {
    let bank = Store::<Bank>::in_memory()?;
    let group = bank.topic::<Alerts>().group("mailers")?;
    bank.write(|txn| (0..5).try_for_each(|id| txn.publish::<Alerts>(&alert(id)).map(drop)))?;
    let claims = group.claim(3, Duration::from_mins(1))?;
    assert!(bank.write(|txn| group.acknowledge(txn, &claims[2]))?);
    assert_eq!(rows(&bank)?, 5);
    assert!(bank.write(|txn| group.acknowledge(txn, &claims[0]))?);
    assert_eq!(rows(&bank)?, 4);
    assert!(bank.write(|txn| group.release(txn, &claims[1]))?);
    let rest = group.claim(9, Duration::from_mins(1))?;
    assert_eq!(
        rest.iter().map(|claim| (claim.seq, claim.attempts)).collect::<Vec<_>>(),
        [(2, 2), (4, 1), (5, 1)]
    );
    for claim in &rest {
        assert!(bank.write(|txn| group.acknowledge(txn, claim))?);
    }
    assert_eq!((rows(&bank)?, group.in_flight()?), (0, 0));
    Ok(())
}

#[test]
fn messages_go_with_the_last_who_waited_for_them() -> Result<()> {
    let bank = Store::<Bank>::in_memory()?;
    let topic = bank.topic::<Alerts>();
    let (one, two) = (topic.consumer("one")?, topic.consumer("two")?);
    bank.write(|txn| (0..5).try_for_each(|id| txn.publish::<Alerts>(&alert(id)).map(drop)))?;
    two.process(|_, _| Ok(()))?;
    one.seek(3)?;
    assert_eq!(rows(&bank)?, 2);
    one.remove()?;
    assert_eq!(rows(&bank)?, 0);
    Ok(())
}

#[test]
fn a_message_is_no_larger_than_the_engine_takes() -> Result<()> {
    let engine = Memory::with_limits(Limits { key: 1 << 10, value: 1_000 });
    let bank = Store::<Bank>::builder().engine(Arc::new(engine)).open()?;
    let large = Alert { account: 1, text: "x".repeat(5_000) };
    let refused = bank.write(|txn| txn.publish::<Alerts>(&large)).expect_err("refused");
    assert!(matches!(refused.kind(), ErrorKind::LimitExceeded { limit: 1_000, .. }), "{refused}");
    assert_eq!(bank.write(|txn| txn.publish::<Alerts>(&alert(1)))?, 1);
    Ok(())
}

// Else messages would be written over others.
#[test]
fn a_damaged_count_of_messages_is_refused() -> Result<()> {
    let engine = Memory::default();
    let open = || Store::<Bank>::builder().engine(Arc::new(engine.clone())).open();
    {
        let bank = open()?;
        bank.topic::<Alerts>().consumer("mailer")?;
        bank.write(|txn| (1..=3).try_for_each(|id| txn.publish::<Alerts>(&alert(id)).map(drop)))?;
    }
    let tables: Tables = Arc::new([TableSpec {
        name: "netabase.consumers".into(),
        form: TableForm::Map,
        key_width: None,
        value_width: None,
    }]);
    let mut writer = engine.begin_write(&tables)?;
    writer.apply(TableId(0), &mut [MapChange::Put(b"last/Bank/Alerts", &[1, 2, 3])].into_iter())?;
    writer.commit(Durability::Immediate)?;
    let bank = open()?;
    let refused = bank.write(|txn| txn.publish::<Alerts>(&alert(4))).expect_err("damaged");
    assert!(matches!(refused.kind(), ErrorKind::Corrupt { .. }), "{refused}");
    assert!(!bank.verify(|_| {})?.is_clean());
    let mut seen = Vec::new();
    bank.topic::<Alerts>().consumer("mailer")?.process(|_, message| {
        seen.push(message.payload.account);
        Ok(())
    })?;
    assert_eq!(seen, [1, 2, 3]);
    Ok(())
}

mod payloads {
    use netabase::{NetabaseDefinition, NetabaseModel, NetabaseTopic};
    use serde::{Deserialize, Serialize};

    #[derive(NetabaseModel, Serialize, Deserialize)]
    pub(super) struct Thing {
        #[primary_key]
        id: u64,
    }

    #[derive(Serialize, Deserialize)]
    pub(super) struct Short {
        pub(super) id: u8,
    }

    #[derive(Serialize, Deserialize, Debug, PartialEq)]
    pub(super) struct Long {
        pub(super) id: u8,
        pub(super) text: String,
    }

    #[derive(NetabaseTopic)]
    #[netabase(rename = "News", payload(Short))]
    pub(super) struct Before;

    #[derive(NetabaseTopic)]
    #[netabase(rename = "News", payload(Long))]
    pub(super) struct After;

    #[derive(NetabaseDefinition)]
    #[netabase(rename = "Paper", topics(Before))]
    pub(super) enum PaperBefore {
        Thing(Thing),
    }

    #[derive(NetabaseDefinition)]
    #[netabase(rename = "Paper", topics(After))]
    pub(super) enum PaperAfter {
        Thing(Thing),
    }
}

#[test]
fn a_message_of_another_payload_is_told_until_it_is_passed_over() -> Result<()> {
    use payloads::{After, Before, Long, PaperAfter, PaperBefore, Short};
    let engine = Memory::default();
    let before = Store::<PaperBefore>::builder().engine(Arc::new(engine.clone())).open()?;
    before.write(|txn| txn.publish::<Before>(&Short { id: 1 }))?;
    drop(before);
    let paper = Store::<PaperAfter>::builder().engine(Arc::new(engine.clone())).open()?;
    let group = paper.topic::<After>().group("readers")?;
    let consumer = paper.topic::<After>().consumer("reader")?;
    let news = || Long { id: 2, text: "x".into() };
    paper.write(|txn| txn.publish::<After>(&news()))?;
    for _ in 0..2 {
        let unread = group.claim(9, Duration::from_mins(1)).expect_err("of another form");
        assert!(matches!(unread.kind(), ErrorKind::Corrupt { .. }), "{unread}");
        let unread = consumer.process(|_, _| Ok(())).expect_err("of another form");
        assert!(matches!(unread.kind(), ErrorKind::Corrupt { .. }), "{unread}");
    }
    group.seek(1)?;
    consumer.seek(1)?;
    let claims = group.claim(9, Duration::from_mins(1))?;
    assert!(claims.len() == 1 && claims[0].item.payload == news());
    assert_eq!(consumer.process(|_, _| Ok(()))?, 1);
    Ok(())
}

#[test]
fn what_stands_before_a_message_that_cannot_be_read_is_given_out() -> Result<()> {
    use payloads::{After, Before, Long, PaperAfter, PaperBefore, Short};
    let engine = Memory::default();
    let after = || Store::<PaperAfter>::builder().engine(Arc::new(engine.clone())).open();
    let news = Long { id: 1, text: "x".into() };
    after()?.write(|txn| txn.publish::<After>(&news))?;
    let before = Store::<PaperBefore>::builder().engine(Arc::new(engine.clone())).open()?;
    before.write(|txn| txn.publish::<Before>(&Short { id: 2 }))?;
    drop(before);
    let group = after()?.topic::<After>().group("readers")?;
    let claims = group.claim(9, Duration::from_mins(1))?;
    assert!(claims.len() == 1 && claims[0].item.payload == news);
    let unread = group.claim(9, Duration::from_mins(1)).expect_err("of another form");
    assert!(unread.to_string().contains("message 2 of"), "{unread}");
    Ok(())
}

#[test]
fn the_records_of_a_topic_are_asked_for() -> Result<()> {
    let blog = Store::<Blog>::in_memory()?;
    blog.write(|txn| {
        txn.create(&author(1))?;
        txn.create_batch(&[post(7, 1, &[]), post(8, 2, &[])])
    })?;
    let news = blog.topic::<News>();
    assert_eq!(news.subscribers::<Post>().count()?, 2);
    let keys: Vec<_> = news.subscribers::<Post>().keys()?.collect::<Result<_>>()?;
    assert_eq!(keys, [7, 8].map(kit::models::PostPrimaryKey::from));
    assert_eq!(news.subscribers::<Author>().collect()?, [], "it subscribes to nothing");
    Ok(())
}

// S2-31: publishers have outbound rights, subscribers inbound ones.
#[test]
fn rights_say_who_publishes_and_who_receives() -> Result<()> {
    let root = clinic()?;
    let (nurse, doctor) = (root.session(&ticket(NURSE))?, root.session(&ticket(DOCTOR))?);
    let denied = |error: &Error| matches!(error.kind(), ErrorKind::PermissionDenied { .. });
    nurse.write(|txn| txn.publish::<Round>(&()).map(drop))?;
    assert!(denied(&doctor.write(|txn| txn.publish::<Round>(&())).expect_err("not his")));
    assert!(denied(&nurse.topic::<Round>().consumer("rounds").expect_err("not hers")));
    assert!(denied(&nurse.topic::<Round>().group("rounds").expect_err("not hers")));
    assert!(nurse.topic::<Round>().subscribers::<Note>().count().is_err());
    let rounds = doctor.topic::<Round>().consumer("rounds")?;
    assert_eq!(rounds.process(|_, _| Ok(()))?, 1);
    assert!(denied(&doctor.consumer("journal").expect_err("the owner's")));
    // The same consumer in other hands asks again.
    let _: Store<Clinic> = root.as_owner()?;
    Ok(())
}

mod enrolled {
    use netabase::{NetabaseDefinition, NetabaseModel, NetabaseTopic};
    use serde::{Deserialize, Serialize};

    #[derive(NetabaseTopic)]
    pub(super) struct Front;
    #[derive(NetabaseTopic)]
    pub(super) struct Archive;

    /// Some stories are on the front page, all are in the archive.
    #[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
    #[netabase(subscribe(Archive), subscribe(Front, when = Story::is_new))]
    pub(super) struct Story {
        #[primary_key]
        pub(super) id: u64,
        pub(super) day: u32,
    }

    impl Story {
        fn is_new(&self) -> bool {
            self.day > 10
        }

        pub(super) fn is_fresh(&self) -> bool {
            self.day > 20
        }
    }

    #[derive(NetabaseDefinition)]
    #[netabase(topics(Front, Archive))]
    pub(super) enum Paper {
        Story(Story),
    }

    pub(super) mod later {
        use super::*;

        /// The same with another condition.
        #[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
        #[netabase(rename = "Story", subscribe(Front, when = Story2::is_fresh), subscribe(Archive))]
        pub(in super::super) struct Story2 {
            #[primary_key]
            id: u64,
            day: u32,
        }

        impl Story2 {
            fn is_fresh(&self) -> bool {
                Story { id: self.id, day: self.day }.is_fresh()
            }
        }

        #[derive(NetabaseDefinition)]
        #[netabase(rename = "Paper", topics(Front, Archive))]
        pub(in super::super) enum Paper2 {
            Story(Story2),
        }
    }
}

#[test]
fn a_condition_says_which_records_are_enrolled() -> Result<()> {
    use enrolled::{Archive, Front, Paper, Story, later};
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("paper.redb");
    {
        let paper = Store::<Paper>::open(&file)?;
        let count = || -> Result<(u64, u64)> {
            let front = paper.topic::<Front>().subscribers::<Story>().count()?;
            Ok((front, paper.topic::<Archive>().subscribers::<Story>().count()?))
        };
        paper.write(|txn| (0..30).try_for_each(|id| txn.create(&Story { id, day: id as u32 })))?;
        assert_eq!(count()?, (19, 30));
        paper.write(|txn| txn.update(&Story { id: 29, day: 0 }))?;
        paper.write(|txn| txn.update(&Story { id: 0, day: 99 }))?;
        paper.write(|txn| txn.delete::<Story>(11).map(drop))?;
        assert_eq!(count()?, (18, 29));
        assert!(paper.verify(|_| {})?.is_clean());
    }
    // Another condition is another index: it is filled anew.
    let paper = Store::<later::Paper2>::open(&file)?;
    assert_eq!(paper.topic::<Front>().subscribers::<later::Story2>().count()?, 9);
    assert!(paper.verify(|_| {})?.is_clean());
    Ok(())
}
