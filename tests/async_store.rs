//! The store under Tokio: the same verbs, bounded, and a future that is dropped leaves all of its work or none. S1-3.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kit::bank::{Account, Bank, Payment, account, payment};
use netabase::{AsyncStore, ErrorKind, Result};
use tokio::task::{JoinSet, yield_now};

#[tokio::test]
async fn the_verbs_are_those_of_a_store() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let bank = AsyncStore::<Bank>::open(folder.path().join("bank.redb")).await?;
    bank.create(account(1, 5)).await?;
    assert!(bank.upsert(account(2, 6)).await?);
    bank.update(account(2, 7)).await?;
    assert_eq!(bank.get::<Account>(2).await?, Some(account(2, 7)));
    assert_eq!(bank.get_many::<Account, _>(vec![2_u64, 9, 1]).await?.iter().flatten().count(), 2);
    assert!(bank.contains::<Account>(1).await? && !bank.is_empty::<Account>().await?);
    let rich = bank.query::<Account, _>(|query| query.filter(Account::OWNER.eq("ada")).count()).await?;
    assert_eq!((rich, bank.len::<Account>().await?), (2, 2));
    let both = bank.read(|snapshot| Ok((snapshot.get::<Account>(1)?, snapshot.len::<Payment>()?))).await?;
    assert_eq!(both, (Some(account(1, 5)), 0));
    assert_eq!(bank.take::<Account>(1).await?, Some(account(1, 5)));
    assert!(bank.delete::<Account>(2).await? && !bank.delete::<Account>(2).await?);
    let refused =
        bank.write(|txn| txn.create(&account(3, 0)).and_then(|()| txn.create(&account(3, 0)))).await;
    assert!(matches!(refused.expect_err("twice").kind(), ErrorKind::AlreadyExists { .. }));
    assert!(bank.is_empty::<Account>().await?);
    bank.create_batch(vec![account(1, 1), account(2, 2)]).await?;
    assert_eq!(bank.upsert_batch(vec![account(2, 3), account(3, 3)]).await?, 1);
    assert_eq!(bank.replace(account(3, 4)).await?, account(3, 3));
    bank.update_with(1, |account: &mut Account| account.cents += 1).await?;
    let cents = bank.read(|snapshot| snapshot.query::<Account>().collect()).await?;
    assert_eq!(cents.iter().map(|account| account.cents).collect::<Vec<_>>(), [2, 3, 4]);
    Ok(())
}

// Each write stores an account and its payment. Whatever is dropped, and when: both are there, or neither.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_future_committed_or_left_nothing() -> Result<()> {
    let bank = AsyncStore::<Bank>::in_memory().await?;
    let begun = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for id in 0..400_u64 {
        let (bank, begun) = (bank.clone(), begun.clone());
        tasks.spawn(async move {
            let work = bank.write(move |txn| {
                begun.fetch_add(1, Ordering::SeqCst);
                txn.create(&account(id, 1))?;
                txn.create(&payment(id, id))
            });
            // Some are dropped before they begin, some while they run, some not at all.
            match id % 4 {
                0 => work.await,
                1 => {
                    drop(work);
                    Ok(())
                }
                _ => match tokio::time::timeout(Duration::from_micros(id * 40), work).await {
                    Ok(done) => done,
                    Err(_) => Ok(()),
                },
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("it ends")?;
    }
    // Behind the last of those that had begun.
    bank.write(|_| Ok(())).await?;
    let accounts = bank.len::<Account>().await?;
    assert_eq!(accounts, begun.load(Ordering::SeqCst) as u64);
    assert!((100..=300).contains(&accounts), "{accounts}");
    bank.read(|snapshot| {
        for account in snapshot.query::<Account>().collect()? {
            assert!(snapshot.contains::<Payment>(account.id)?);
        }
        assert_eq!(snapshot.len::<Payment>()?, snapshot.len::<Account>()?);
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_reads_run_than_were_allowed() -> Result<()> {
    let bank = AsyncStore::<Bank>::in_memory().await?.with_reads(3);
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut tasks = JoinSet::new();
    for _ in 0..60 {
        let (bank, running, most) = (bank.clone(), running.clone(), most.clone());
        tasks.spawn(async move {
            bank.read(move |_| {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                std::thread::sleep(Duration::from_millis(1));
                running.fetch_sub(1, Ordering::SeqCst);
                Ok(())
            })
            .await
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("it ends")?;
    }
    assert_eq!(most.load(Ordering::SeqCst), 3);
    Ok(())
}

#[tokio::test]
async fn a_task_watches_while_others_write() -> Result<()> {
    use std::future::poll_fn;
    use std::pin::Pin;

    use futures_core::Stream;

    let bank = AsyncStore::<Bank>::in_memory().await?;
    let mut watcher = bank.watch::<Account>().begin()?;
    let watching = tokio::spawn(async move {
        let mut seen = 0;
        while let Some(notice) = poll_fn(|task| Pin::new(&mut watcher).poll_next(task)).await {
            seen += notice.expect("nobody lags").events.len();
        }
        seen
    });
    for id in 0..20 {
        bank.create(account(id, 0)).await?;
        yield_now().await;
    }
    drop(bank);
    assert_eq!(watching.await.expect("it ends"), 20);
    Ok(())
}

#[tokio::test]
async fn a_panic_comes_to_whoever_waits() -> Result<()> {
    let bank = AsyncStore::<Bank>::in_memory().await?;
    let same = bank.clone();
    let failed = tokio::spawn(async move {
        same.write(|txn| -> Result<()> {
            txn.create(&account(1, 0))?;
            panic!("on purpose")
        })
        .await
    });
    assert!(failed.await.expect_err("it panics").is_panic());
    assert!(bank.is_empty::<Account>().await?);
    bank.create(account(1, 0)).await
}

// Also where it waits for a thread and not for its turn.
#[test]
fn a_call_that_is_dropped_before_it_begins_does_nothing() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime =
        { runtime }.worker_threads(1).max_blocking_threads(1).enable_time().build().expect("it starts");
    let bank: AsyncStore<Bank> = netabase::Store::in_memory()?.into();
    runtime.block_on(async {
        let (send, receive) = std::sync::mpsc::channel::<()>();
        let busy = tokio::task::spawn_blocking(move || receive.recv());
        let late = tokio::time::timeout(Duration::from_millis(20), bank.create(account(1, 0))).await;
        assert!(late.is_err(), "the only thread is busy");
        send.send(()).expect("it waits");
        busy.await.expect("it ends").expect("it was told");
        assert!(bank.is_empty::<Account>().await?);
        Ok(())
    })
}
