//! Configuration that is changed while the program runs, and a task that follows it without asking.
//!
//! ```sh
//! cargo run --example config
//! ```
//!
//! The task sleeps until a value changes. Tokio is not needed for that: a watcher is a stream, which any executor can poll.

mod settings;

use std::future::poll_fn;
use std::pin::Pin;

use futures_core::Stream;
use netabase::state::{AsyncStateStore, StateEvent, StateWatcher};
use netabase::{Error, ErrorKind, Result};

use crate::settings::{Settings, fill, load};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let folder = tempfile::tempdir().map_err(Error::user)?;
    let state = AsyncStateStore::open(folder.path().join("config.redb")).await?;
    run(state).await.map(drop)
}

/// Returns what the follower had in the end, and what it reacted to.
async fn run(state: AsyncStateStore) -> Result<(Settings, Vec<String>)> {
    fill(&state).await?;
    // Watch first, then read: what is written in between is told. The other way round it would be lost.
    let watcher = state.watch("/config/*")?;
    let settings = load(&state).await?;
    println!("begins with {settings:?}");
    let follower = tokio::spawn(follow(watcher, settings));

    let version = state.version("/config/workers").await?;
    state.compare_and_set("/config/workers", version, "8").await?;
    // Whoever has read the old value and does not know of the new one is told.
    match state.compare_and_set("/config/workers", version, "2").await {
        Err(error) if matches!(error.kind(), ErrorKind::VersionConflict { .. }) => {
            println!("refused: {error}");
        }
        other => drop(other?),
    }
    let version = state.version("/config/workers").await?;
    state.compare_and_set("/config/workers", version, "2").await?;
    state.set_json("/config/level", "debug").await?;
    // Not what is expected there: the follower keeps what it has.
    state.set("/config/workers", "many").await?;
    state.delete("/config/level").await?;

    // The follower has no handle of the store, so it ends with the last one.
    drop(state);
    follower.await.map_err(Error::user)?
}

/// Follows the changes until the store is closed.
async fn follow(mut watcher: StateWatcher, mut settings: Settings) -> Result<(Settings, Vec<String>)> {
    let mut reactions = Vec::new();
    while let Some(event) = next(&mut watcher).await {
        let reaction = settings.react(&event?);
        println!("  {reaction}");
        reactions.push(reaction);
    }
    println!("ends with {settings:?}");
    Ok((settings, reactions))
}

/// The next event. `futures` and `tokio-stream` have this as `StreamExt::next`.
async fn next(watcher: &mut StateWatcher) -> Option<Result<StateEvent>> {
    poll_fn(|task| Pin::new(&mut *watcher).poll_next(task)).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::DEFAULTS;

    #[tokio::test]
    async fn each_change_is_reacted_to() -> Result<()> {
        let (settings, reactions) = run(AsyncStateStore::in_memory().await?).await?;
        assert_eq!(settings, Settings { workers: 2, ..Settings::default() });
        assert_eq!(
            reactions,
            [
                "starts 4 workers",
                "stops 6 workers",
                "logs at debug",
                "keeps 2 workers: many is no number",
                "logs at info"
            ]
        );
        Ok(())
    }

    #[tokio::test]
    async fn what_is_configured_stays() -> Result<()> {
        let state = AsyncStateStore::in_memory().await?;
        state.set("/config/workers", "7").await?;
        fill(&state).await?;
        assert_eq!(load(&state).await?, Settings { workers: 7, ..Settings::default() });
        assert_eq!(state.version("/config/workers").await?, 1);
        assert_eq!(state.list("/config/").await?.len(), DEFAULTS.len());
        Ok(())
    }

    #[tokio::test]
    async fn a_follower_sleeps_until_something_changes() -> Result<()> {
        let state = AsyncStateStore::in_memory().await?;
        let mut watcher = state.watch("/config/workers")?;
        let waits = tokio::spawn(async move { next(&mut watcher).await });
        state.set("/elsewhere", "1").await?;
        tokio::task::yield_now().await;
        assert!(!waits.is_finished());
        state.set("/config/workers", "3").await?;
        let event = waits.await.map_err(Error::user)?.expect("the store is open")?;
        assert_eq!(event.value.as_deref(), Some(&b"3"[..]));
        Ok(())
    }
}
