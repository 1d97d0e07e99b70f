//! Topics: messages are published with a transaction and kept until all who wait for them have them; rights say who may do which.
//! S2-17, S2-24, S2-31, S2-43, S2-45, C27.

use std::time::Duration;

use kit::bank::{Account, Alert, Alerts, Bank, account};
use kit::clinic::{Clinic, DOCTOR, NURSE, Note, Round, clinic, ticket};
use kit::models::{Author, Blog, News, Post, author, post};
use netabase::{Error, ErrorKind, Result, Store};

fn alert(account: u64) -> Alert {
    Alert { account, text: format!("look at {account}") }
}

#[test]
fn a_message_comes_with_its_transaction_and_goes_when_all_have_it() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("bank.redb");
    let rows = |bank: &Store<Bank>| -> Result<u64> {
        let tables = bank.stats()?.tables;
        Ok(tables.iter().find(|table| table.name == "netabase.outbox").map_or(0, |table| table.rows))
    };
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
