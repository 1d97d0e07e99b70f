//! Services are told of transactions and queries: spans with ids, counters, and how long they took; no value of a record. S2-58.

use std::fmt::{Debug, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use kit::bank::{Account, Bank, account};
use kit::company::{Company, Staff, Work};
use kit::memory::{Answer, Memory};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use netabase::{Error, Repository, Result, Store};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// What a program does: a commit, one that is given up, a read, a query, and a commit that meets another one.
fn work() -> Result<()> {
    let engine = Memory::default();
    let bank = Store::<Bank>::builder().engine(Arc::new(engine.clone())).open()?;
    bank.write(|txn| txn.create(&account(1, 5)))?;
    bank.write(|txn| txn.create(&account(2, 5)).and(Err::<(), _>(Error::user("no")))).expect_err("it fails");
    bank.begin_read()?.get::<Account>(1)?;
    bank.query::<Account>().filter(Account::OWNER.eq("ada")).collect()?;
    engine.answer([Answer::Conflict]);
    bank.write(|txn| txn.create(&account(3, 5)))
}

/// How often something of this name was counted while the work was done.
fn count(name: &str, work: impl FnOnce() -> Result<()>) -> Result<Vec<(String, u64)>> {
    let recorder = DebuggingRecorder::new();
    let told = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, work)?;
    let of_name = |(key, _, _, value): (metrics_util::CompositeKey, _, _, DebugValue)| match value {
        DebugValue::Counter(count) if key.key().name() == name => {
            Some((key.key().labels().map(|label| label.value().to_owned()).collect(), count))
        }
        _ => None,
    };
    Ok(told.snapshot().into_vec().into_iter().filter_map(of_name).collect())
}

#[test]
fn each_thing_is_counted_as_what_it_is() -> Result<()> {
    let watched = count("netabase_queries", || {
        let bank = Store::<Bank>::in_memory()?;
        bank.watch::<Account>().filter(Account::OWNER.eq("ada")).begin().map(drop)
    })?;
    assert_eq!(watched, [], "a watcher is no query");
    let read = count("netabase_reads", || {
        let company = Repository::<Company>::in_memory()?;
        let snapshot = company.begin_read()?;
        snapshot.definition::<Staff>();
        snapshot.definition::<Work>();
        Ok(())
    })?;
    assert_eq!(read, [(String::new(), 1)]);
    let failed = count("netabase_writes", || {
        let engine = Memory::default();
        let bank = Store::<Bank>::builder().engine(Arc::new(engine.clone())).open()?;
        engine.answer([Answer::Fails]);
        bank.write(|txn| txn.create(&account(1, 0))).expect_err("it fails");
        Ok(())
    })?;
    assert_eq!(failed, [("failed".to_owned(), 1)]);
    Ok(())
}

/// Keeps spans as lines, with what was noted of them.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Vec<String>>>, Arc<AtomicU64>);

struct Line<'l>(&'l mut String);

impl Visit for Line<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Ids go through the process.
        let _ = match field.name() {
            "id" => write!(self.0, " id"),
            name => write!(self.0, " {name}={value:?}"),
        };
    }
}

impl Subscriber for Spans {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "netabase"
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut line = span.metadata().name().to_owned();
        span.record(&mut Line(&mut line));
        self.0.lock().unwrap().push(line);
        Id::from_u64(self.1.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        let at = usize::try_from(span.into_u64() - 1).expect("small");
        values.record(&mut Line(&mut self.0.lock().unwrap()[at]));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[test]
fn transactions_and_queries_have_spans() -> Result<()> {
    let spans = Spans::default();
    tracing::subscriber::with_default(spans.clone(), || {
        // Another test may be the first to come by a span, and nobody listens there.
        work()?;
        tracing::callsite::rebuild_interest_cache();
        spans.0.lock().unwrap().push("again".into());
        spans.1.fetch_add(1, Ordering::Relaxed);
        work()
    })?;
    let lines = spans.0.lock().unwrap();
    let again = lines.iter().position(|line| line == "again").expect("it was noted");
    assert_eq!(
        lines[again + 1..],
        [
            "write id outcome=\"committed\"",
            "write id outcome=\"aborted\"",
            "read id",
            "query id model=\"Account\"",
            "write id outcome=\"conflict\"",
            "write id outcome=\"committed\"",
        ]
    );
    Ok(())
}

#[test]
fn transactions_and_queries_are_counted_and_timed() -> Result<()> {
    let recorder = DebuggingRecorder::new();
    let told = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, work)?;
    let mut lines = Vec::new();
    for (key, _, _, value) in told.snapshot().into_vec() {
        let labels: Vec<_> = key.key().labels().map(|label| label.value().to_owned()).collect();
        let count = match value {
            DebugValue::Counter(count) => format!("{count}"),
            DebugValue::Histogram(times) => {
                assert!(times.iter().all(|seconds| seconds.0 >= 0.0));
                format!("{} times", times.len())
            }
            DebugValue::Gauge(_) => panic!("there is none"),
        };
        lines.push(format!("{} {} {count}", key.key().name(), labels.join(" ")));
    }
    lines.sort();
    assert_eq!(
        lines,
        [
            "netabase_queries Account 1",
            "netabase_query_seconds Account 1 times",
            "netabase_read_seconds  1 times",
            "netabase_reads  1",
            "netabase_write_seconds aborted 1 times",
            "netabase_write_seconds committed 2 times",
            "netabase_write_seconds conflict 1 times",
            "netabase_writes aborted 1",
            "netabase_writes committed 2",
            "netabase_writes conflict 1",
        ]
    );
    Ok(())
}

#[test]
fn checkpoints_are_counted_and_timed() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let recorder = DebuggingRecorder::new();
    let told = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || -> Result<()> {
        let bank = Store::<Bank>::open(folder.path().join("bank.redb"))?;
        (1..=3).try_for_each(|id| bank.write(|txn| txn.create(&account(id, 5))))?;
        bank.checkpoint()
    })?;
    let told: Vec<_> = told.snapshot().into_vec();
    let of_name = |name: &str| {
        let mut found = told.iter().filter(|(key, ..)| key.key().name() == name);
        found.next().map(|(_, _, _, value)| value).expect("it is told")
    };
    assert!(matches!(of_name("netabase_checkpoints"), DebugValue::Counter(1)));
    assert!(
        matches!(of_name("netabase_checkpoint_seconds"), DebugValue::Histogram(times) if times.len() == 1)
    );
    assert!(matches!(of_name("netabase_journal_bytes"), DebugValue::Gauge(_)));
    Ok(())
}
