//! With the feature `tracing`, each decision is an event: door, model, and whether it was allowed. No value is in it. S4-40.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use kit::clinic::{NURSE, Note, Patient, clinic, patient, ticket};
use netabase::Result;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Keeps the events of netabase as lines.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, " {field}={value:?}");
    }
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("netabase::")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        assert_eq!(*event.metadata().level(), Level::DEBUG);
        let mut line = Line(String::new());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[test]
fn a_decision_is_an_event_without_values() -> Result<()> {
    let store = clinic()?;
    let nurse = store.session(&ticket(NURSE))?;
    let lines = Lines::default();
    tracing::subscriber::with_default(lines.clone(), || -> Result<()> {
        nurse.get::<Patient>(1)?;
        assert!(nurse.len::<Note>().is_err());
        assert!(nurse.write(|txn| txn.update(&patient(2, 2, 2))).is_err());
        store.as_owner()?.get::<Patient>(2).map(drop)
    })?;
    let expected = [
        " message=decision door=\"get\" model=\"Patient\" allowed=true",
        " message=decision door=\"len\" model=\"Note\" allowed=false",
        " message=decision door=\"update\" model=\"Patient\" allowed=true",
        " message=decision door=\"update\" model=\"Patient\" allowed=false",
    ];
    assert_eq!(*lines.0.lock().unwrap(), expected);
    Ok(())
}
