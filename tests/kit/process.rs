//! Processes to be killed: this test binary once more, with one test to run and its work in the environment.

use std::env;
use std::ffi::OsStr;
use std::io::Write;
use std::process::{Child, Command, Stdio};

/// Starts a test in a process of its own, with these variables in its environment.
pub fn spawn(test: &str, variables: &[(&str, &OsStr)]) -> Child {
    Command::new(env::current_exe().expect("this binary"))
        .args(["--exact", test, "--nocapture"])
        .envs(variables.iter().copied())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts")
}

/// Tells the parent a line.
pub fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).expect("the parent reads");
}

/// Numbers that differ from run to run; a failure names the round.
pub fn random(below: u64) -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0) % below
}
