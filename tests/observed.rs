//! Services are told of transactions and queries: spans with ids, counters, and how long they took; no value of a record. S2-58.

use std::fmt::{Debug, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use kit::bank::{Account, Bank, account};
use kit::memory::{Answer, Memory};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use netabase::{Error, Result, Store};
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
    tracing::subscriber::with_default(spans.clone(), work)?;
    assert_eq!(
        *spans.0.lock().unwrap(),
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
