//! What a terminal shows while one waits. Work of less than a second shows nothing.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Work that is done sooner is not worth a flicker.
const PATIENCE: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(100);

const SPINNER: &str = "{spinner} {msg} ({elapsed})";
const BAR: &str = "{msg} [{bar:40}] {human_pos}/{human_len} ({elapsed})";

/// How far a piece of work is.
pub(crate) struct Bar {
    bar: ProgressBar,
    what: String,
}

impl Bar {
    /// `done` of `total` steps of `what`; turns the spinner into a bar.
    pub(crate) fn at(&mut self, what: &str, done: u64, total: u64) {
        if self.what != what {
            what.clone_into(&mut self.what);
            self.bar.set_message(self.what.clone());
        }
        if self.bar.length() != Some(total) {
            self.bar.set_length(total);
            self.bar.set_style(style(BAR).progress_chars("=> "));
        }
        self.bar.set_position(done);
    }
}

/// Does the work, and shows it on standard error from the second second on, if that is a terminal.
pub(crate) fn long<T>(what: &str, work: impl FnOnce(&mut Bar) -> T) -> T {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden())
        .with_style(style(SPINNER).tick_chars("|/-\\ "))
        .with_message(what.to_owned());
    let (done, wait) = mpsc::channel::<()>();
    let result = thread::scope(|scope| {
        let shown = bar.clone();
        let show = move || {
            if wait.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                shown.set_draw_target(ProgressDrawTarget::stderr());
                shown.enable_steady_tick(TICK);
            }
        };
        // Without a thread nothing is shown, and the work is done all the same.
        let _ = thread::Builder::new().spawn_scoped(scope, show);
        let result = work(&mut Bar { bar: bar.clone(), what: what.to_owned() });
        drop(done);
        result
    });
    bar.finish_and_clear();
    result
}

/// A template that does not parse, which is none of these, falls back to the usual one.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
