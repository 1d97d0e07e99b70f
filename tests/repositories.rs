//! Several definitions share a file: one snapshot, one commit, and each of them stays what it is alone. S2-42.

use std::sync::Arc;

use kit::company::{Company, Employee, Note, Project, Shift, Staff, Task, Work, employee, project};
use kit::memory::Memory;
use kit::models::{Author, Blog, News, Post, author, post};
use netabase::engine::Engine;
use netabase::{
    CustomIndex, Error, ErrorKind, Link, NetabaseDefinition, NetabaseModel, NetabaseRepository, Repository,
    RepositoryRead, Result, Store,
};
use serde::{Deserialize, Serialize};

fn in_memory() -> Result<Repository<Company>> {
    Repository::in_memory()
}

fn note(id: u64, text: &str) -> Note {
    Note { id, text: text.into() }
}

fn assert_clean(repository: &Repository<Company>) -> Result<()> {
    let report = repository.verify(|_| {})?;
    assert!(report.is_clean(), "{report}");
    Ok(())
}

/// How many employees and projects there are.
fn counts(snapshot: &RepositoryRead<Company>) -> Result<(u64, u64)> {
    Ok((snapshot.definition::<Staff>().len::<Employee>()?, snapshot.definition::<Work>().len::<Project>()?))
}

#[test]
fn one_commit_is_for_all_definitions() -> Result<()> {
    let company = in_memory()?;
    let before = company.begin_read()?;
    let mut txn = company.begin_write()?;
    txn.definition::<Staff>().create(&employee(1, "ada"))?;
    txn.definition::<Work>().create(&project(1))?;
    // A scope sees what others did in the same transaction, and nobody outside does.
    assert_eq!(txn.definition::<Staff>().get::<Employee>(1)?, Some(employee(1, "ada")));
    assert_eq!(counts(&company.begin_read()?)?, (0, 0));
    txn.commit()?;
    assert_eq!(counts(&company.begin_read()?)?, (1, 1));
    assert_eq!(counts(&before)?, (0, 0), "a snapshot stays what it is");
    assert_clean(&company)
}

#[test]
fn what_is_not_committed_leaves_nothing_in_any_definition() -> Result<()> {
    let company = in_memory()?;
    let fill = |txn: &mut netabase::RepositoryWrite<Company>| {
        txn.definition::<Staff>().create(&employee(1, "ada"))?;
        txn.definition::<Work>().create(&project(1))
    };
    let mut aborted = company.begin_write()?;
    fill(&mut aborted)?;
    aborted.abort();
    let mut dropped = company.begin_write()?;
    fill(&mut dropped)?;
    drop(dropped);
    let refused = company.write(|txn| {
        fill(txn)?;
        Err::<(), _>(Error::user("no"))
    });
    assert!(refused.expect_err("refused").is_user());
    assert_eq!(counts(&company.begin_read()?)?, (0, 0));
    Ok(())
}

#[test]
fn an_operation_that_fails_leaves_no_trace() -> Result<()> {
    let company = in_memory()?;
    company.write(|txn| {
        txn.definition::<Staff>().create(&employee(1, "ada"))?;
        let mut work = txn.definition::<Work>();
        let batch = [project(1), project(2), project(1)];
        assert!(work.create_batch(&batch).expect_err("twice").is_already_exists());
        work.create(&project(3))
    })?;
    assert_eq!(counts(&company.begin_read()?)?, (1, 1));
    assert_clean(&company)
}

// The second definition's models are not numbered as in its enum, and nothing mistakes them for those of the first.
#[test]
fn every_definition_has_links_cascades_and_keys_of_its_own() -> Result<()> {
    let company = in_memory()?;
    let (first, second) = company.write(|txn| {
        let first = txn.definition::<Staff>().create_auto(&mut employee(0, "ada"))?;
        txn.definition::<Staff>().create(&Shift { id: 1, employee: Link::new(1) })?;
        let mut work = txn.definition::<Work>();
        work.create_auto(&mut project(0))?;
        let second = work.create_auto(&mut project(0))?;
        // The target of a deferred link may come later.
        work.create(&Task { id: 1, project: Link::new(9) })?;
        work.create(&project(9))?;
        work.create(&Task { id: 2, project: Link::new(9) })?;
        Ok((first, second))
    })?;
    assert_eq!((first.0, second.0), (1, 2));

    let nowhere = company.write(|txn| {
        txn.definition::<Staff>().create(&employee(7, "bob"))?;
        txn.definition::<Work>().create(&Task { id: 3, project: Link::new(8) })
    });
    let nowhere = nowhere.expect_err("it leads nowhere");
    assert!(
        matches!(nowhere.kind(), ErrorKind::MissingReference { model: "Task", target: "Project", .. }),
        "{nowhere}"
    );

    let followed = company.write(|txn| {
        let followed = txn.definition::<Work>().rekey(9, |project: &mut Project| project.id = 90)?;
        assert_eq!(txn.definition::<Work>().query().filter(Task::PROJECT.eq(90)).count()?, 2);
        Ok(followed)
    })?;
    assert_eq!(followed, 2);
    company.write(|txn| txn.definition::<Work>().delete::<Project>(90))?;
    let snapshot = company.begin_read()?;
    assert_eq!(snapshot.definition::<Work>().len::<Task>()?, 0, "they went with it");
    assert_eq!(snapshot.definition::<Staff>().len::<Shift>()?, 1);
    assert_eq!(counts(&snapshot)?, (1, 2));
    assert_clean(&company)?;
    let rebuilt = company.rebuild_indexes(|_| {})?;
    // A name, a shift with its link, two states.
    assert_eq!((rebuilt.rows, rebuilt.unreadable), (4, 0));
    assert_clean(&company)
}

#[test]
fn a_model_of_two_definitions_has_two_tables() -> Result<()> {
    let company = in_memory()?;
    company.write(|txn| {
        txn.definition::<Staff>().create(&note(1, "a"))?;
        txn.definition::<Work>().create_batch(&[note(1, "b"), note(2, "b")])
    })?;
    let snapshot = company.begin_read()?;
    let (staff, work) = (snapshot.definition::<Staff>(), snapshot.definition::<Work>());
    assert_eq!((staff.get::<Note>(1)?, work.get::<Note>(1)?), (Some(note(1, "a")), Some(note(1, "b"))));
    assert_eq!(staff.query().filter(Note::TEXT.eq("b")).count()?, 0);
    assert_eq!(work.query().filter(Note::TEXT.eq("b")).collect()?, [note(1, "b"), note(2, "b")]);
    // A token of one is none of the other.
    let token = work.query::<Note>().limit(1).page(None)?.next;
    assert_eq!(work.query::<Note>().page(token.as_ref())?.items, [note(2, "b")]);
    let refused = staff.query::<Note>().page(token.as_ref()).unwrap_err();
    assert!(matches!(refused.kind(), ErrorKind::InvalidToken { .. }), "{refused}");
    assert_clean(&company)
}

/// The models of the blog once more.
#[derive(NetabaseDefinition)]
#[netabase(topics(News))]
enum Journal {
    Post(Post),
    Author(Author),
}

#[derive(NetabaseRepository)]
enum Press {
    Blog(Blog),
    Journal(Journal),
}

#[test]
fn links_stay_in_their_definition_where_another_lists_the_same_models() -> Result<()> {
    let press = Repository::<Press>::in_memory()?;
    let other = Author { country: Some("GB".into()), ..author(1) };
    press.write(|txn| {
        let mut blog = txn.definition::<Blog>();
        blog.create_batch(&[author(1), author(2)])?;
        blog.create(&post(7, 1, &[]))?;
        drop(blog);
        let mut journal = txn.definition::<Journal>();
        journal.create(&other)?;
        journal.create_batch(&[post(8, 1, &[]), post(9, 1, &[])])?;
        // A scope is read from as a transaction is.
        assert_eq!(Link::<Author>::new(1).get(&journal)?, Some(other.clone()));
        Ok(())
    })?;
    let snapshot = press.begin_read()?;
    let (blog, journal) = (snapshot.definition::<Blog>(), snapshot.definition::<Journal>());
    let with = |posts: Vec<(Post, Option<Author>)>| -> Vec<_> {
        posts.into_iter().map(|(post, author)| (post.id, author)).collect()
    };
    let included = with(journal.query().include(Post::AUTHOR).collect()?);
    assert_eq!(included, [(8, Some(other.clone())), (9, Some(other.clone()))]);
    assert_eq!(with(blog.query().include(Post::AUTHOR).collect()?), [(7, Some(author(1)))]);
    let posts = journal.query::<Author>().include(Post::AUTHOR.inverse()).collect()?;
    let posts: Vec<_> = posts.iter().flat_map(|(_, posts)| posts.iter().map(|post| post.id)).collect();
    assert_eq!(posts, [8, 9]);
    assert_eq!(journal.walk(Post::AUTHOR.inverse().then(Post::AUTHOR)).from(1).keys()?.count(), 1);
    assert_eq!(Link::<Author>::new(2).get(&journal)?, None);
    assert_eq!(Link::<Author>::new(2).get(&blog)?, Some(author(2)));
    Ok(())
}

#[test]
fn snapshots_go_to_threads_and_outlive_the_repository() -> Result<()> {
    let company = in_memory()?;
    company.write(|txn| txn.definition::<Staff>().create(&employee(1, "ada")))?;
    let snapshot = company.begin_read()?;
    drop(company);
    let work = snapshot.definition::<Work>();
    let other = snapshot.clone();
    let found = std::thread::spawn(move || other.definition::<Staff>().get::<Employee>(1)).join();
    assert_eq!(found.expect("it ends")?, Some(employee(1, "ada")));
    drop(snapshot);
    assert!(work.is_empty::<Project>()?);
    Ok(())
}

#[test]
fn a_file_is_a_store_and_a_repository() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("company.redb");
    Store::<Staff>::create(&path)?.write(|txn| txn.create(&employee(1, "ada")))?;
    let other = Store::<Work>::open(&path).expect_err("it is not there");
    let expected = ErrorKind::OtherDefinition { expected: "Work", found: vec!["Staff".into()] };
    assert_eq!(*other.kind(), expected);
    let read_only = Repository::<Company>::builder().path(&path).read_only(true).open();
    assert_eq!(*read_only.expect_err("it cannot be added").kind(), expected);

    // The other definition is added.
    let company = Repository::<Company>::open(&path)?;
    company.write(|txn| txn.definition::<Work>().create(&project(1)))?;
    assert_eq!(counts(&company.begin_read()?)?, (1, 1));
    assert_clean(&company)?;
    drop(company);

    // A store of one leaves those of the other alone, and calls nothing of it unknown.
    let staff = Store::<Staff>::open_checked(&path)?;
    staff.write(|txn| txn.create(&employee(2, "bob")))?;
    staff.rebuild_indexes(|_| {})?;
    assert!(staff.verify(|_| {})?.is_clean());
    drop(staff);
    assert_eq!(Store::<Work>::open(&path)?.len::<Project>()?, 1);
    let company = Repository::<Company>::builder().path(&path).read_only(true).open_checked()?;
    assert_eq!(counts(&company.begin_read()?)?, (2, 1));
    assert!(matches!(company.begin_write().expect_err("read only").kind(), ErrorKind::ReadOnly));
    Ok(())
}

#[test]
fn a_file_of_other_definitions_is_refused() -> Result<()> {
    let engine: Arc<dyn Engine> = Arc::new(Memory::default());
    drop(Store::<Blog>::builder().engine(engine.clone()).open()?);
    let error =
        Repository::<Company>::builder().engine(engine.clone()).open().expect_err("another program's");
    let expected = ErrorKind::OtherDefinition { expected: "Staff", found: vec!["Blog".into()] };
    assert_eq!(*error.kind(), expected);
    assert!(Store::<Blog>::builder().engine(engine).open()?.verify(|_| {})?.is_clean());
    Ok(())
}

#[test]
fn all_definitions_of_a_new_file_come_in_one_commit() -> Result<()> {
    let engine = Arc::new(kit::counting::Counting::new(Memory::default()));
    let company = Repository::<Company>::builder().engine(engine.clone()).open()?;
    assert_eq!(engine.counts().commits(), 1);
    drop(company);
    drop(Repository::<Company>::builder().engine(engine.clone()).open()?);
    assert_eq!(engine.counts().commits(), 1, "nothing is left to do");
    Ok(())
}

/// The next release of both definitions.
mod grown {
    use super::*;

    #[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
    pub(super) struct Project {
        #[primary_key(auto)]
        pub(super) id: u64,
        #[secondary_key]
        pub(super) state: String,
        #[secondary_key(unique)]
        pub(super) hours: u32,
    }

    #[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
    pub(super) struct Task {
        #[primary_key]
        pub(super) id: u64,
        #[relation(on_delete = "cascade", references = "deferred")]
        pub(super) project: Link<Project>,
    }

    #[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
    pub(super) struct Employee {
        #[primary_key(auto)]
        pub(super) id: u64,
        #[secondary_key(unique)]
        pub(super) name: String,
        #[secondary_key]
        pub(super) hours: u32,
    }

    #[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
    pub(super) struct Shift {
        #[primary_key]
        pub(super) id: u64,
        #[relation(on_delete = "cascade")]
        pub(super) employee: Link<Employee>,
    }

    #[derive(NetabaseDefinition)]
    pub(super) enum Staff {
        Employee(Employee),
        Shift(Shift),
        Note(Note),
    }

    /// It has notes no more.
    #[derive(NetabaseDefinition)]
    pub(super) enum Work {
        Project(Project),
        Task(Task),
    }

    #[derive(NetabaseRepository)]
    pub(super) enum Company {
        Work(Work),
        Staff(Staff),
    }
}

/// A repository with so many employees and projects; the projects have these hours.
fn filled(hours: impl Fn(u32) -> u32) -> Result<Arc<dyn Engine>> {
    let engine: Arc<dyn Engine> = Arc::new(Memory::default());
    Repository::<Company>::builder().engine(engine.clone()).open()?.write(|txn| {
        for id in 0..300 {
            txn.definition::<Staff>().create(&employee(id, &format!("e{id}")))?;
            txn.definition::<Work>().create(&Project { hours: hours(id as u32), ..project(id) })?;
        }
        Ok(())
    })?;
    Ok(engine)
}

#[test]
fn every_definition_grows_with_the_program() -> Result<()> {
    let engine = filled(|id| id)?;
    let builder = Repository::<grown::Company>::builder().engine(engine.clone()).staging_limit(2000);
    let error = builder.clone().open().expect_err("what is only in the file is not dropped unasked");
    let ErrorKind::SchemaMismatch { differences } = error.kind() else { panic!("{error}") };
    let unasked = "in Work: the model Note is only in the file, where `discard(\"Note\")` drops it";
    assert!(differences.iter().any(|text| text == unasked), "{differences:?}");
    // Staff could have grown, and did not: all fit or nothing happens.
    drop(Repository::<Company>::builder().engine(engine.clone()).open()?);
    // The other definition has a model of that name, too.
    assert!(builder.clone().discard::<grown::Staff>("Note").open().is_err());

    let company = builder.discard::<grown::Work>("Note").open()?;
    let snapshot = company.begin_read()?;
    let work = snapshot.definition::<grown::Work>();
    assert_eq!(work.query().filter(grown::Project::HOURS.eq(7)).count()?, 1);
    let staff = snapshot.definition::<grown::Staff>();
    assert_eq!(staff.query().filter(grown::Employee::HOURS.eq(0)).count()?, 300);
    assert!(staff.is_empty::<Note>()?);
    let report = company.verify(|_| {})?;
    assert!(report.is_clean(), "{report}");
    assert!(!engine.table_names()?.contains(&"Work/Note".to_owned()));
    Ok(())
}

#[test]
fn records_that_do_not_allow_it_leave_their_definition_as_it_was() -> Result<()> {
    for staging in [2000, 1 << 20] {
        let engine = filled(|_| 7)?;
        let builder = Repository::<grown::Company>::builder().engine(engine.clone()).staging_limit(staging);
        let error = builder.discard::<grown::Work>("Note").open().expect_err("not unique");
        assert!(matches!(error.kind(), ErrorKind::NotUnique { total: 299, .. }), "{error}");
        let company = Repository::<Company>::builder().engine(engine).open()?;
        assert_eq!(counts(&company.begin_read()?)?, (300, 300));
        assert_clean(&company)?;
    }
    Ok(())
}

#[test]
fn a_definition_that_is_no_longer_listed_stays() -> Result<()> {
    #[derive(NetabaseRepository)]
    enum Less {
        Staff(Staff),
    }

    let engine = filled(|id| id)?;
    let less = Repository::<Less>::builder().engine(engine.clone()).open()?;
    assert!(less.verify(|_| {})?.is_clean());
    less.write(|txn| txn.definition::<Staff>().delete::<Employee>(1))?;
    drop(less);
    let company = Repository::<Company>::builder().engine(engine).open()?;
    assert_eq!(counts(&company.begin_read()?)?, (299, 300));
    assert_clean(&company)
}

// A test would wait for ever if the turn were passed on before the engine is free.
#[test]
fn a_forgotten_scope_dooms_its_transaction() -> Result<()> {
    let company = in_memory()?;
    let mut txn = company.begin_write()?;
    txn.definition::<Staff>().create(&employee(1, "ada"))?;
    std::mem::forget(txn.definition::<Staff>());
    let lost = |error: Error| assert_eq!(*error.kind(), ErrorKind::ScopeLost);
    lost(txn.definition::<Work>().create(&project(1)).expect_err("lost"));
    lost(txn.definition::<Work>().create_batch(&[project(1)]).expect_err("lost"));
    lost(txn.definition::<Staff>().get::<Employee>(1).expect_err("lost"));
    lost(txn.commit().expect_err("lost"));
    assert_eq!(counts(&company.begin_read()?)?, (0, 0));
    assert_eq!(*company.begin_write().expect_err("nobody has ended it").kind(), ErrorKind::Nested);
    Ok(())
}

#[test]
fn a_transaction_that_is_moved_out_of_its_scope_commits_nothing() -> Result<()> {
    let (company, store) = (in_memory()?, Store::<Staff>::in_memory()?);
    let mut own = store.begin_write()?;
    own.create(&employee(2, "bob"))?;
    let mut txn = company.begin_write()?;
    let mut scope = txn.definition::<Staff>();
    scope.create(&employee(1, "ada"))?;
    std::mem::swap(&mut *scope, &mut own);
    drop(scope);
    assert_eq!(*own.commit().expect_err("it is part of another").kind(), ErrorKind::ScopeLost);
    assert_eq!(*txn.commit().expect_err("part of it is gone").kind(), ErrorKind::ScopeLost);
    assert_eq!(counts(&company.begin_read()?)?, (0, 0));
    assert!(store.is_empty::<Employee>()?);
    // Both have ended, so others have their turn.
    store.write(|txn| txn.create(&employee(1, "ada")))?;
    company.write(|txn| txn.definition::<Staff>().create(&employee(1, "ada")))
}

#[test]
fn a_panic_in_a_scope_leaves_the_transaction_whole() -> Result<()> {
    let company = in_memory()?;
    let mut txn = company.begin_write()?;
    txn.definition::<Work>().create(&project(1))?;
    let stopped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let mut staff = txn.definition::<Staff>();
        let records = [employee(1, "ada"), employee(2, "bob")];
        staff.create_batch(records.iter().inspect(|record| assert!(record.id < 2, "as it is meant to be")))
    }));
    assert!(stopped.is_err());
    txn.definition::<Staff>().create(&employee(3, "eve"))?;
    txn.commit()?;
    assert_eq!(counts(&company.begin_read()?)?, (1, 1));
    assert_clean(&company)
}

#[test]
fn tools_find_definitions_and_models_by_name() -> Result<()> {
    let company = in_memory()?;
    let names: Vec<_> = company.definitions().iter().map(|definition| definition.name).collect();
    assert_eq!(names, ["Staff", "Work"]);
    let models = company.definition("Work").map(|work| work.models.iter().map(|model| model.name).collect());
    assert_eq!(models, Some(vec!["Note", "Project", "Task"]));
    let task = company.model("Work", "Task").expect("it is there");
    assert_eq!((task.relations[0].name, task.relations[0].target), ("project", "Project"));
    assert!(company.model("Staff", "Task").is_none() && company.definition("Shop").is_none());
    Ok(())
}

struct Words;

impl CustomIndex<Note> for Words {
    type Key = String;
    type Value = ();
    const NAME: &'static str = "words";
    const COLUMNS: &'static [&'static str] = &["text"];

    fn extract(&self, note: &Note, out: &mut Vec<String>) {
        out.extend(note.text.split_whitespace().map(str::to_lowercase));
    }
    fn value(&self, _: &Note) {}
}

#[test]
fn a_registered_index_is_that_of_one_definition() -> Result<()> {
    let engine: Arc<dyn Engine> = Arc::new(Memory::default());
    let builder = Repository::<Company>::builder().engine(engine.clone());
    let company = builder.index::<Work, Note, _>(Words).open()?;
    company.write(|txn| {
        txn.definition::<Staff>().create(&note(1, "a typed word"))?;
        txn.definition::<Work>().create(&note(2, "Typed"))
    })?;
    let snapshot = company.begin_read()?;
    assert_eq!(snapshot.definition::<Work>().query().filter(Words::handle().eq("typed")).count()?, 1);
    assert!(snapshot.definition::<Staff>().query().filter(Words::handle().eq("typed")).count().is_err());
    assert_clean(&company)?;
    // The other definition has no part in it.
    assert!(Store::<Staff>::builder().engine(engine.clone()).open().is_ok());
    assert!(Store::<Work>::builder().engine(engine.clone()).open().is_err());
    assert!(Store::<Work>::builder().engine(engine).index::<Note, _>(Words).open().is_ok());
    Ok(())
}
