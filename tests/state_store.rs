//! The state store: versioned values under hierarchical keys, in memory and in a file alike. S3-1, S3-2, S3-6..S3-18, S3-25.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, UNIX_EPOCH};

use netabase::state::EventKind::{Created, Deleted, Updated};
use netabase::state::{AsyncStateStore, EventKind, Op, State, StateEvent, StateStore};
use netabase::{ErrorKind, Result, Store};
use serde::{Deserialize, Serialize};

/// Runs a test on a store in memory and on one in a file: both behave alike.
fn on_both(test: impl Fn(&StateStore) -> Result<()>) -> Result<()> {
    test(&StateStore::in_memory()?)?;
    let folder = tempfile::tempdir().expect("a folder");
    test(&StateStore::open(folder.path().join("state.redb"))?)
}

#[test]
fn values_have_versions_and_times() -> Result<()> {
    let now = Arc::new(AtomicU64::new(100));
    let seconds = now.clone();
    let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
    let store = Store::<State>::builder().in_memory().clock(move || at(seconds.load(Ordering::Relaxed)));
    let state = StateStore::from(store.open()?);
    assert_eq!((state.get("/a")?, state.version("/a")?, state.exists("/a")?), (None, 0, false));
    assert_eq!(state.set("/a", b"one")?, 1);
    now.store(200, Ordering::Relaxed);
    assert_eq!(state.set("/a", b"two")?, 2);
    let entry = state.get("/a")?.expect("it is there");
    assert_eq!((&*entry.key, &*entry.value, entry.version), ("/a", &b"two"[..], 2));
    assert_eq!((entry.created_at, entry.updated_at), (at(100), at(200)));
    assert!(state.delete("/a")? && !state.delete("/a")?);
    assert_eq!((state.version("/a")?, state.exists("/a")?), (0, false));
    assert_eq!(state.set("/a", b"three")?, 3, "versions never go back");
    Ok(())
}

#[test]
fn a_prefix_is_text_and_nothing_more() -> Result<()> {
    on_both(|state| {
        for key in ["/w/a", "/w/b", "/w/ab", "/w%/a", "/w_", "/x/w/a", "/w", "/W/a"] {
            state.set(key, b"")?;
        }
        assert_eq!(state.list("/w/")?, ["/w/a", "/w/ab", "/w/b"]);
        assert_eq!(state.list("/w/a")?, ["/w/a", "/w/ab"]);
        assert_eq!(state.list("/w")?, ["/w", "/w%/a", "/w/a", "/w/ab", "/w/b", "/w_"]);
        assert_eq!(state.list("/w%")?, ["/w%/a"]);
        assert_eq!(state.list("/w_")?, ["/w_"]);
        assert_eq!(state.list("")?.len(), 8);
        assert_eq!(state.list("/none/")?, [""; 0]);
        assert!(matches!(state.list("/w/*").expect_err("no pattern").kind(), ErrorKind::InvalidKey { .. }));
        Ok(())
    })
}

#[test]
fn what_is_no_key_is_refused_everywhere() -> Result<()> {
    on_both(|state| {
        for key in ["", "a", "/", "/a/", "/a//b", "/a*", "/a\u{7}", &format!("/{}", "x".repeat(1024))] {
            let refused = [
                state.get(key).map(drop),
                state.set(key, b"").map(drop),
                state.set_json(key, &1).map(drop),
                state.get_json::<u8>(key).map(drop),
                state.delete(key).map(drop),
                state.exists(key).map(drop),
                state.version(key).map(drop),
                state.compare_and_set(key, 0, b"").map(drop),
                state.create_if_not_exists(key, b"").map(drop),
                state.apply([Op::set("/ok", b""), Op::check(key, 0)]),
                state.apply([Op::set(key, b"")]),
                state.apply([Op::delete(key)]),
            ];
            for refused in refused {
                assert!(matches!(refused.expect_err(key).kind(), ErrorKind::InvalidKey { .. }), "{key:?}");
            }
        }
        assert!(state.list("")?.is_empty());
        let text = state.get("/a//b").expect_err("no key").to_string();
        assert_eq!(
            text,
            "invalid key: \"/a//b\": a key has something between any two `/`, and does not end with one"
        );
        Ok(())
    })
}

#[test]
fn compare_and_set_and_create_tell_who_was_first() -> Result<()> {
    on_both(|state| {
        assert_eq!(state.compare_and_set("/a", 0, b"1")?, 1);
        let conflict = state.compare_and_set("/a", 0, b"2").expect_err("it is there");
        assert!(matches!(conflict.kind(), ErrorKind::VersionConflict { expected: 0, found: 1, .. }));
        assert_eq!(state.compare_and_set("/a", 1, b"2")?, 2);
        let conflict = state.compare_and_set("/b", 4, b"2").expect_err("it is absent");
        assert!(matches!(conflict.kind(), ErrorKind::VersionConflict { expected: 4, found: 0, .. }));
        assert!(state.create_if_not_exists("/b", b"x")? && !state.create_if_not_exists("/b", b"y")?);
        assert_eq!(state.get("/b")?.map(|entry| entry.value), Some(b"x".to_vec()));
        Ok(())
    })
}

#[test]
fn steps_are_taken_together_or_not_at_all() -> Result<()> {
    on_both(|state| {
        state.set("/from", b"load")?;
        let migrate = || {
            state.apply([
                Op::check("/from", 1),
                Op::check("/to", 0),
                Op::set("/to", b"load"),
                Op::delete("/from"),
                // They are taken in order.
                Op::check("/to", 1),
            ])
        };
        migrate()?;
        assert_eq!(state.list("/")?, ["/to"]);
        let conflict = migrate().expect_err("it is done");
        assert_eq!(conflict.to_string(), "Entry /from has version 0, not 1: read it again");
        let half = state.apply([Op::set("/other", b""), Op::check("/to", 9)]);
        assert!(half.is_err() && !state.exists("/other")?);
        Ok(())
    })
}

#[test]
fn json_comes_back_and_other_bytes_are_told() -> Result<()> {
    #[derive(Serialize, Deserialize, Debug, PartialEq)]
    struct Workload {
        name: String,
        replicas: u32,
    }
    on_both(|state| {
        let web = Workload { name: "web".into(), replicas: 3 };
        state.set_json("/workloads/web", &web)?;
        assert_eq!(state.get_json("/workloads/web")?, Some(web));
        assert_eq!(
            state.get("/workloads/web")?.expect("it is there").value,
            br#"{"name":"web","replicas":3}"#
        );
        state.set("/bad", b"{")?;
        let error = state.get_json::<Workload>("/bad").expect_err("it is cut off");
        assert!(error.is_user() && error.to_string().starts_with("reading /bad as JSON: "), "{error}");
        Ok(())
    })
}

#[test]
fn a_pattern_is_one_key_or_all_that_begin_with_it() -> Result<()> {
    on_both(|state| {
        let mut one = state.watch("/a/1")?;
        let mut some = state.watch("/a/*")?;
        let mut all = state.watch("*")?;
        state.set("/a/1", b"x")?;
        state.set("/a/1", b"y")?;
        state.set("/b", b"z")?;
        state.apply([Op::set("/a/2", b""), Op::delete("/a/1"), Op::set("/c", b"")])?;
        state.set("/a", b"")?;
        let told = |watcher: &mut netabase::state::StateWatcher| -> Result<Vec<(EventKind, String)>> {
            let mut told = Vec::new();
            while let Some(event) = watcher.try_next() {
                let StateEvent { kind, key, .. } = event?;
                told.push((kind, key));
            }
            Ok(told)
        };
        let is = |told: Vec<(EventKind, String)>, expected: &[(EventKind, &str)]| {
            assert_eq!(told.iter().map(|(kind, key)| (*kind, &**key)).collect::<Vec<_>>(), expected);
        };
        is(told(&mut one)?, &[(Created, "/a/1"), (Updated, "/a/1"), (Deleted, "/a/1")]);
        is(told(&mut some)?, &[(Created, "/a/1"), (Updated, "/a/1"), (Deleted, "/a/1"), (Created, "/a/2")]);
        assert_eq!(told(&mut all)?.len(), 7);
        for pattern in ["/a/*/b", "a", "", "/a/"] {
            assert!(matches!(
                state.watch(pattern).expect_err("no pattern").kind(),
                ErrorKind::InvalidKey { .. }
            ));
        }
        Ok(())
    })
}

#[test]
fn writers_of_one_key_lose_nothing() -> Result<()> {
    on_both(|state| {
        state.set("/n", b"0")?;
        let add = || -> Result<()> {
            let mut done = 0;
            while done < 10 {
                let entry = state.get("/n")?.expect("it is there");
                let next: u64 = String::from_utf8_lossy(&entry.value).parse::<u64>().expect("a number") + 1;
                match state.compare_and_set("/n", entry.version, next.to_string()) {
                    Ok(_) => done += 1,
                    Err(error) if matches!(error.kind(), ErrorKind::VersionConflict { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        };
        thread::scope(|scope| {
            let writers: Vec<_> = (0..6).map(|_| scope.spawn(add)).collect();
            writers.into_iter().try_for_each(|writer| writer.join().expect("it writes"))
        })?;
        assert_eq!(state.get_json::<u64>("/n")?, Some(60));
        Ok(())
    })
}

#[test]
fn a_file_is_opened_again() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("state.redb");
    StateStore::open(&file)?.set("/a", vec![0, 255, 7])?;
    let state = StateStore::open(&file)?;
    assert_eq!(state.get("/a")?.map(|entry| (entry.value, entry.version)), Some((vec![0, 255, 7], 1)));
    Ok(())
}

// S3-19: the same under Tokio.
#[tokio::test]
async fn async_code_has_the_same_verbs() -> Result<()> {
    let state = AsyncStateStore::in_memory().await?;
    let mut watcher = state.watch("/a*")?;
    assert_eq!(state.set("/a", b"1").await?, 1);
    assert_eq!(state.compare_and_set("/a", 1, b"2").await?, 2);
    assert!(state.create_if_not_exists("/b", b"").await?);
    state.set_json("/ab", 7).await?;
    assert_eq!(state.get_json::<u32>("/ab").await?, Some(7));
    state.apply([Op::check("/b", 1), Op::delete("/a")]).await?;
    assert_eq!(state.list("").await?, ["/ab", "/b"]);
    assert!(!state.exists("/a").await? && state.version("/b").await? == 1 && state.delete("/b").await?);
    assert_eq!(state.get("/a").await?, None);
    drop(state);
    let kinds: Vec<_> = std::iter::from_fn(|| watcher.next())
        .map(|event| event.map(|event| event.kind))
        .collect::<Result<_>>()?;
    assert_eq!(kinds, [EventKind::Created, EventKind::Updated, EventKind::Created, EventKind::Deleted]);
    Ok(())
}
