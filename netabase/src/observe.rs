//! What services are told of transactions and queries: spans for `tracing`, counters and times for `metrics`. Each behind its
//! feature; without them nothing of this is there.

#[cfg(any(feature = "tracing", feature = "metrics"))]
use std::sync::{Arc, OnceLock};

/// A transaction or a query, from its beginning until its last part is dropped.
#[derive(Clone, Debug)]
pub(crate) struct Observed {
    #[cfg(any(feature = "tracing", feature = "metrics"))]
    inner: Option<Arc<Inner>>,
}

#[cfg(any(feature = "tracing", feature = "metrics"))]
#[derive(Debug)]
struct Inner {
    #[cfg(feature = "tracing")]
    span: tracing::Span,
    #[cfg(feature = "metrics")]
    kind: Kind,
    /// recorded name; empty for transactions
    #[cfg(feature = "metrics")]
    model: &'static str,
    /// The time for a histogram, which reaches nothing that is stored.
    #[cfg(feature = "metrics")]
    began: std::time::Instant,
    outcome: OnceLock<Outcome>,
}

/// What is observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Read,
    Write,
    Query,
}

/// How a write transaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Committed,
    /// it met another one
    Conflict,
    Failed,
}

#[cfg(not(any(feature = "tracing", feature = "metrics")))]
#[allow(clippy::unused_self, reason = "the features have something in it")]
impl Observed {
    #[inline]
    pub(crate) fn begin(_: Kind, _: &'static str) -> Self {
        Observed {}
    }

    #[inline]
    pub(crate) fn none() -> Self {
        Observed {}
    }

    #[inline]
    pub(crate) fn end(&self, _: Outcome) {}

    #[inline]
    pub(crate) fn within<T>(&self, work: impl FnOnce() -> T) -> T {
        work()
    }
}

#[cfg(any(feature = "tracing", feature = "metrics"))]
#[cfg_attr(not(feature = "tracing"), allow(clippy::unused_self, reason = "the span is in it"))]
impl Observed {
    /// Begins. `model`: what a query asks for, by its recorded name.
    pub(crate) fn begin(kind: Kind, model: &'static str) -> Self {
        #[cfg(not(feature = "metrics"))]
        let _ = model;
        let inner = Inner {
            #[cfg(feature = "tracing")]
            span: span(kind, model),
            #[cfg(feature = "metrics")]
            kind,
            #[cfg(feature = "metrics")]
            model,
            #[cfg(feature = "metrics")]
            began: std::time::Instant::now(),
            outcome: OnceLock::new(),
        };
        #[cfg(not(feature = "tracing"))]
        let _ = kind;
        Observed { inner: Some(Arc::new(inner)) }
    }

    /// What nobody is told of.
    pub(crate) fn none() -> Self {
        Observed { inner: None }
    }

    /// Notes how a write transaction ended. One that is not told has been aborted.
    pub(crate) fn end(&self, outcome: Outcome) {
        if let Some(inner) = &self.inner {
            let _ = inner.outcome.set(outcome);
        }
    }

    /// Does something as a part of it.
    pub(crate) fn within<T>(&self, work: impl FnOnce() -> T) -> T {
        #[cfg(feature = "tracing")]
        return match &self.inner {
            Some(inner) => inner.span.in_scope(work),
            None => work(),
        };
        #[cfg(not(feature = "tracing"))]
        return work();
    }
}

#[cfg(feature = "tracing")]
fn span(kind: Kind, model: &'static str) -> tracing::Span {
    use std::sync::atomic::{AtomicU64, Ordering};

    /// Ids of transactions and queries, for as long as the process lives.
    static IDS: AtomicU64 = AtomicU64::new(1);
    let id = IDS.fetch_add(1, Ordering::Relaxed);
    let outcome = tracing::field::Empty;
    match kind {
        Kind::Read => tracing::debug_span!(target: "netabase", "read", id),
        Kind::Write => tracing::debug_span!(target: "netabase", "write", id, outcome),
        Kind::Query => tracing::debug_span!(target: "netabase", "query", id, model),
    }
}

#[cfg(any(feature = "tracing", feature = "metrics"))]
impl Drop for Inner {
    fn drop(&mut self) {
        let outcome = match self.outcome.get() {
            Some(Outcome::Committed) => "committed",
            Some(Outcome::Conflict) => "conflict",
            Some(Outcome::Failed) => "failed",
            None => "aborted",
        };
        #[cfg(feature = "tracing")]
        self.span.record("outcome", outcome);
        #[cfg(feature = "metrics")]
        {
            let seconds = self.began.elapsed().as_secs_f64();
            match self.kind {
                Kind::Read => {
                    metrics::counter!("netabase_reads").increment(1);
                    metrics::histogram!("netabase_read_seconds").record(seconds);
                }
                Kind::Write => {
                    metrics::counter!("netabase_writes", "outcome" => outcome).increment(1);
                    metrics::histogram!("netabase_write_seconds", "outcome" => outcome).record(seconds);
                }
                Kind::Query => {
                    metrics::counter!("netabase_queries", "model" => self.model).increment(1);
                    metrics::histogram!("netabase_query_seconds", "model" => self.model).record(seconds);
                }
            }
        }
    }
}

/// Notes a checkpoint that has ended. `began`: which reaches nothing that is stored.
#[cfg_attr(
    not(any(feature = "metrics", feature = "tracing")),
    allow(unused_variables, reason = "nobody asks")
)]
pub(crate) fn checkpoint(began: std::time::Instant) {
    #[cfg(feature = "metrics")]
    {
        metrics::counter!("netabase_checkpoints").increment(1);
        metrics::histogram!("netabase_checkpoint_seconds").record(began.elapsed().as_secs_f64());
    }
    #[cfg(feature = "tracing")]
    tracing::debug!(target: "netabase", seconds = began.elapsed().as_secs_f64(), "checkpoint");
}

/// Notes a writer that had to wait for a checkpoint.
#[cfg_attr(not(feature = "metrics"), allow(unused_variables, reason = "nobody asks"))]
pub(crate) fn checkpoint_pause(began: std::time::Instant) {
    #[cfg(feature = "metrics")]
    metrics::histogram!("netabase_checkpoint_pause_seconds").record(began.elapsed().as_secs_f64());
}

/// Notes how much the journal is ahead of the engine.
#[cfg_attr(not(feature = "metrics"), allow(unused_variables, reason = "nobody asks"))]
#[allow(clippy::cast_precision_loss, reason = "a gauge is about right")]
pub(crate) fn journal_bytes(bytes: u64) {
    #[cfg(feature = "metrics")]
    metrics::gauge!("netabase_journal_bytes").set(bytes as f64);
}

/// Notes that a store does without a journal, as there is no place for one.
#[cfg_attr(not(feature = "tracing"), allow(unused_variables, reason = "nobody asks"))]
pub(crate) fn no_journal(error: &dyn std::fmt::Display) {
    #[cfg(feature = "tracing")]
    tracing::warn!(target: "netabase", %error, "there is no place for a write-ahead journal");
}
