//! The rules that hold the code together. Each failure names the file and the line. S2-26, S2-66.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Floors of `netabase/src`, lowest first, as docs/architecture.md draws them. A module imports lower floors only.
const FLOORS: &[&[&str]] = &[
    &["error", "clock", "observe"],
    &["key"],
    &["codec", "schema"],
    &["engine"],
    &["model"],
    &["permission"],
    &["overlay"],
    &["table", "wal"],
    &["maintenance", "change"],
    &["transaction"],
    &["query"],
    &["watch"],
    &["store"],
    &["journal", "async_store"],
    &["state"],
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every file with this ending below the folder.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() && name != "target" && name != ".git" && name != "wip" {
            found.extend(files(&path, ending));
        } else if path.extension().is_some_and(|extension| extension == ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn sources() -> Vec<PathBuf> {
    ["netabase/src", "netabase-macros/src"]
        .iter()
        .flat_map(|folder| files(&root().join(folder), "rs"))
        .collect()
}

/// Fails with all findings, a line each.
fn report(findings: Vec<(PathBuf, usize, String)>) {
    let mut text = String::new();
    for (path, line, what) in &findings {
        let path = path.strip_prefix(root()).unwrap_or(path);
        let _ = writeln!(text, "{}:{line}: {what}", path.display());
    }
    assert!(findings.is_empty(), "\n{text}");
}

/// Collects what `check` has to say of each line of code; comments and unit tests are left out.
fn each_line(
    paths: &[PathBuf],
    mut check: impl FnMut(&Path, &str) -> Option<String>,
) -> Vec<(PathBuf, usize, String)> {
    let mut findings = Vec::new();
    for path in paths {
        let text = fs::read_to_string(path).expect("it reads");
        for (line, code) in (1..).zip(text.lines()) {
            if code.starts_with("#[cfg(test)]") {
                break;
            }
            if !code.trim_start().starts_with("//")
                && let Some(what) = check(path, code)
            {
                findings.push((path.clone(), line, what));
            }
        }
    }
    findings
}

/// The module of `netabase/src` a file belongs to.
fn module(path: &Path) -> String {
    let inside = path.strip_prefix(root().join("netabase/src")).expect("it is inside");
    let first = inside.iter().next().expect("it has a name").to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

/// The modules that a line names behind `crate::`.
fn imported(code: &str) -> impl Iterator<Item = &str> {
    code.split("crate::").skip(1).filter(|rest| !rest.starts_with("__private")).map(|rest| {
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        &rest[..end]
    })
}

#[test]
fn imports_go_downwards() {
    let paths = files(&root().join("netabase/src"), "rs");
    let findings = each_line(&paths, |path, code| {
        let own = module(path);
        if own == "lib" {
            return None;
        }
        let Some(own_floor) = floor(&own) else {
            return Some(format!("`{own}` is on no floor: add it to FLOORS"));
        };
        imported(code).find_map(|other| {
            let upwards = other != own && floor(other).is_some_and(|other| other >= own_floor);
            upwards.then(|| {
                format!("`{own}` (floor {own_floor}) imports `{other}`, which does not lie below it")
            })
        })
    });
    report(findings);
}

#[test]
fn redb_is_named_in_one_folder() {
    let paths = files(&root().join("netabase/src"), "rs");
    let outside: Vec<_> =
        paths.into_iter().filter(|path| !path.to_string_lossy().contains("engine/redb")).collect();
    let names = |code: &str| {
        code.contains("redb::") && !code.contains("self::redb::") && !code.contains("super::redb::")
    };
    report(each_line(&outside, |_, code| names(code).then(|| "names redb".into())));
}

// Every file says what it is, is short, lies at most two folders deep, and belongs to the crate.
#[test]
fn files_are_small_and_introduced() {
    let mut findings = Vec::new();
    for path in sources() {
        let text = fs::read_to_string(&path).expect("it reads");
        if !text.starts_with("//! ") {
            findings.push((path.clone(), 1, "the first line is no `//!`".into()));
        }
        let lines = text.lines().take_while(|line| !line.starts_with("#[cfg(test)]")).count();
        // One enum cannot be in two files.
        let most = if path.ends_with("error/kind.rs") { 520 } else { 400 };
        if lines > most {
            let text = format!("more than {most} lines: one concept for each file");
            findings.push((path.clone(), lines, text));
        }
        if !text.is_ascii() {
            findings.push((path.clone(), 1, "not ASCII".into()));
        }
        let depth = path.strip_prefix(root()).expect("it is inside").components().count();
        if depth > 5 {
            findings.push((path.clone(), 1, "more than two folders below src".into()));
        }
        let stem = path.file_stem().expect("it has a name").to_string_lossy().into_owned();
        if !["lib", "mod"].contains(&&*stem) {
            let folder = path.parent().expect("it has one");
            let parent =
                ["mod.rs", "lib.rs"].iter().find_map(|name| fs::read_to_string(folder.join(name)).ok());
            if !parent.is_some_and(|parent| parent.contains(&format!("mod {stem};"))) {
                findings.push((path.clone(), 1, "no module declares this file".into()));
            }
        }
    }
    report(findings);
}

// I7: library code has no way to panic that a reader would have to reason about.
#[test]
fn library_code_does_not_panic() {
    const FORBIDDEN: &[&str] = &[
        ".unwrap()",
        ".expect(",
        "panic!(",
        "unreachable!(",
        "todo!(",
        "unimplemented!(",
        "dbg!(",
        "assert_eq!(",
    ];
    let paths = files(&root().join("netabase/src"), "rs");
    // `schema/check.rs` panics while the user's program is compiled, which is how it speaks.
    let library: Vec<_> = paths
        .into_iter()
        .filter(|path| {
            !["check.rs", "check_access.rs"].iter().any(|name| path.ends_with(Path::new("schema").join(name)))
        })
        .collect();
    report(each_line(&library, |_, code| {
        FORBIDDEN.iter().find(|word| code.contains(**word)).map(|word| format!("`{word}`"))
    }));
}

// I3: every function of the table floor that touches rows demands a permit, which only the guard can make.
#[test]
fn every_table_function_takes_a_permit() {
    let mut findings = Vec::new();
    for file in ["table/feed.rs", "table/read.rs", "table/record.rs", "table/sequence.rs", "table/write.rs"] {
        let path = root().join("netabase/src").join(file);
        let text = fs::read_to_string(&path).expect("it reads");
        let mut doors = 0;
        for (at, rest) in text.match_indices("pub(crate) fn ") {
            doors += 1;
            let signature = &text[at..at + text[at..].find('{').expect("a body")];
            if !signature.contains("&Permit<") {
                let line = text[..at].lines().count() + 1;
                findings.push((path.clone(), line, format!("{rest}.. takes no permit: {signature}")));
            }
        }
        assert!(doors >= 2, "{file} has doors");
    }
    // The owner's doors.
    for (file, door) in [
        ("fill.rs", "pub(crate) fn fill("),
        ("fill.rs", "pub(crate) fn advance("),
        ("verify.rs", "pub(crate) fn verify("),
    ] {
        let path = root().join("netabase/src/maintenance").join(file);
        let text = fs::read_to_string(&path).expect("it reads");
        let at = text.find(door).expect("the door");
        assert!(
            text[at..].split('{').next().is_some_and(|signature| signature.contains("&Permit<OwnerAccess>"))
        );
    }
    let read = |file: &Path| fs::read_to_string(file).expect("it reads");
    for file in files(&root().join("netabase/src"), "rs") {
        let made = read(&file).matches("Permit::of(").count();
        let is_guard = file.ends_with("permission/guard.rs");
        assert_eq!(
            made,
            if is_guard { 6 } else { 0 },
            "the guard makes a permit to read, one to write, one for what follows from a write, the owner's, and two for feeds: {file:?}"
        );
    }
    let permit = read(&root().join("netabase/src/permission/permit.rs"));
    let fields = permit.split("struct Permit<A> {").nth(1).and_then(|rest| rest.split('}').next());
    assert!(fields.is_some_and(|fields| !fields.contains("pub")), "its fields are private");
    report(findings);
}

// I3: the floors above the tables read and write through those functions, not past them.
#[test]
fn rows_are_reached_through_the_table_floor() {
    const PAST: &[&str] = &[
        "view.get(",
        "view.cursor(",
        "view.index_",
        "view.len(",
        "staged.get(",
        "staged.cursor(",
        "staged.index_",
        "staged.len(",
        ".put(",
        "insert_pair(",
        "remove_pair(",
    ];
    let folders = ["transaction", "query", "watch", "store", "journal"];
    let above: Vec<_> =
        folders.iter().flat_map(|name| files(&root().join("netabase/src").join(name), "rs")).collect();
    let past = |code: &str| PAST.iter().find(|call| code.contains(**call) && !code.contains("self.put("));
    report(each_line(&above, |_, code| {
        past(code).map(|call| format!("`{call}..)` goes past the table floor"))
    }));
}

// Words that belong to no finished code, and examples that nothing compiles.
#[test]
fn no_stubs_and_no_ignored_examples() {
    let words = ["TO".to_owned() + "DO", "FIX".to_owned() + "ME", "XX".to_owned() + "X"];
    let mut findings = Vec::new();
    for path in sources().into_iter().chain(files(&root().join("docs"), "md")) {
        let text = fs::read_to_string(&path).expect("it reads");
        for (line, code) in (1..).zip(text.lines()) {
            if words.iter().any(|word| code.contains(word)) {
                findings.push((path.clone(), line, "unfinished".into()));
            }
            if code.contains("```ignore") || code.contains("rust,ignore") {
                findings.push((path.clone(), line, "an example that is not compiled".into()));
            }
        }
    }
    report(findings);
}
