//! The settings, and what a change of each brings.

use std::cmp::Ordering;

use netabase::Result;
use netabase::state::{AsyncStateStore, StateEvent};

/// Keys, and what they are if nobody has set them.
pub(crate) const DEFAULTS: [(&str, &str); 2] = [("/config/workers", "4"), ("/config/level", "\"info\"")];

/// What the program works with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Settings {
    pub(crate) workers: u32,
    pub(crate) level: String,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { workers: 4, level: "info".to_owned() }
    }
}

/// Writes what nobody has set.
pub(crate) async fn fill(state: &AsyncStateStore) -> Result<()> {
    for (key, value) in DEFAULTS {
        state.create_if_not_exists(key, value).await?;
    }
    Ok(())
}

/// Reads all settings.
pub(crate) async fn load(state: &AsyncStateStore) -> Result<Settings> {
    let Settings { workers, level } = Settings::default();
    Ok(Settings {
        workers: state.get_json("/config/workers").await?.unwrap_or(workers),
        level: state.get_json("/config/level").await?.unwrap_or(level),
    })
}

impl Settings {
    /// Takes over what changed; says what was done about it.
    pub(crate) fn react(&mut self, event: &StateEvent) -> String {
        match &*event.key {
            "/config/workers" => match read(event) {
                Ok(workers) => self.resize(workers.unwrap_or(Settings::default().workers)),
                Err(text) => format!("keeps {} workers: {text} is no number", self.workers),
            },
            "/config/level" => match read(event) {
                Ok(level) => {
                    self.level = level.unwrap_or(Settings::default().level);
                    format!("logs at {}", self.level)
                }
                Err(text) => format!("logs at {} still: {text} is no text", self.level),
            },
            other => format!("knows nothing of {other}"),
        }
    }

    fn resize(&mut self, workers: u32) -> String {
        let before = std::mem::replace(&mut self.workers, workers);
        match workers.cmp(&before) {
            Ordering::Greater => format!("starts {} workers", workers - before),
            Ordering::Less => format!("stops {} workers", before - workers),
            Ordering::Equal => format!("has {workers} workers already"),
        }
    }
}

/// The value of an event, `None` if it was deleted, or the text that is no JSON of a `T`.
fn read<T: serde::de::DeserializeOwned>(event: &StateEvent) -> Result<Option<T>, String> {
    let Some(value) = &event.value else { return Ok(None) };
    serde_json::from_slice(value).map(Some).map_err(|_| String::from_utf8_lossy(value).into_owned())
}
