//! What reading and writing allocate, where laziness or reused buffers are promised.

use allocation_counter::measure;
use kit::models::{Author, Blog, Post, author, post};
use netabase::{Result, Store};

fn store(records: u64) -> Result<Store<Blog>> {
    let store = Store::<Blog>::in_memory()?;
    store.write(|txn| {
        txn.create_batch(&(0..records).map(author).collect::<Vec<_>>())?;
        txn.create_batch(&(0..records).map(|id| post(id, 1, &[])).collect::<Vec<_>>())
    })?;
    Ok(store)
}

// The key goes into a buffer of the thread's, and nothing is copied off the page.
#[test]
fn asking_for_a_record_that_is_not_there_allocates_nothing() -> Result<()> {
    let store = store(100)?;
    let snapshot = store.begin_read()?;
    assert!(!snapshot.contains::<Author>(5000)? && snapshot.contains::<Author>(5)?);
    let none = measure(|| assert!(!snapshot.contains::<Author>(5001).expect("it reads")));
    let one = measure(|| assert!(snapshot.contains::<Author>(7).expect("it reads")));
    assert_eq!((none.count_total, one.count_total), (0, 0));
    Ok(())
}

// Memory in use does not grow with what is walked over.
#[test]
fn a_walk_holds_one_row_at_a_time() -> Result<()> {
    let peak = |records| -> Result<u64> {
        let snapshot = store(records)?.begin_read()?;
        let walk = || {
            let query = snapshot.query::<Post>().filter(Post::DAY.eq(1).and(Post::AUTHOR.eq(1)));
            assert_eq!(query.iter().expect("it opens").count() as u64, records);
        };
        walk();
        Ok(measure(walk).bytes_max)
    };
    let (small, large) = (peak(100)?, peak(5000)?);
    assert!(large <= small + 16 * 1024, "{small} bytes for 100 records, {large} for 5000");
    Ok(())
}

// Staging a record allocates its rows and reads it back, in reused buffers: the value, long keys, a text field, and
// now and then a node of a tree.
#[test]
fn a_create_allocates_its_rows() -> Result<()> {
    let store = store(100)?;
    let mut txn = store.begin_write()?;
    let authors: Vec<Author> = (1000..1512).map(author).collect();
    let (first, rest) = authors.split_at(256);
    txn.create_batch(first)?;
    let many = measure(|| {
        for author in rest {
            txn.create(author).expect("it is new");
        }
    });
    let each = many.count_total as f64 / rest.len() as f64;
    println!("{each} allocations for a create with one unique and one optional index");
    assert!(each < 6.0, "{each} allocations for each create");
    Ok(())
}

// A get allocates the record's own fields; an update stages one value in place of another.
#[test]
fn a_get_and_an_update_allocate_little() -> Result<()> {
    let store = store(1000)?;
    let snapshot = store.begin_read()?;
    let get = || assert!(snapshot.get::<Author>(7).expect("it reads").is_some());
    get();
    assert_eq!(measure(get).count_total, 1, "the email");
    let mut txn = store.begin_write()?;
    let posts: Vec<Post> = (0..512).map(|id| Post { day: 2, ..post(id, 1, &[]) }).collect();
    let (first, rest) = posts.split_at(256);
    txn.update_batch(first)?;
    let many = measure(|| {
        for post in rest {
            txn.update(post).expect("it is there");
        }
    });
    let each = many.count_total as f64 / rest.len() as f64;
    println!("{each} allocations for an update of one index");
    assert!(each < 1.0, "{each} allocations for each update");
    Ok(())
}
