//! Each verb for many records is one operation, and says what the verb for one says. S2-8.

use kit::models::{Author, Blog, author};
use netabase::{Result, Store};

#[test]
fn every_verb_has_one() -> Result<()> {
    let store = Store::<Blog>::in_memory()?;
    let country = |id, country: &str| Author { country: Some(country.into()), ..author(id) };
    store.write(|txn| {
        txn.create_batch(&[author(1), author(2)])?;
        assert_eq!(txn.upsert_batch(&[country(2, "FR"), author(3), author(4)])?, 2);
        txn.update_batch([&country(1, "FR"), &country(3, "DE")])?;
        assert_eq!(txn.replace_batch(&[country(4, "FR")])?, [author(4)]);
        txn.update_with_batch([1_u64, 2], |author: &mut Author| author.country = None)?;
        assert_eq!(txn.delete_batch::<Author>([1_u64, 9])?, 1);
        assert_eq!(txn.take_batch::<Author>([2_u64, 9])?, [Some(author(2)), None]);
        Ok(())
    })?;
    let snapshot = store.begin_read()?;
    assert_eq!(snapshot.query::<Author>().collect()?, [country(3, "DE"), country(4, "FR")]);
    assert_eq!(
        snapshot.get_many::<Author>([4_u64, 1, 3])?,
        [Some(country(4, "FR")), None, Some(country(3, "DE"))]
    );
    assert_eq!(snapshot.query::<Author>().filter(Author::COUNTRY.is_none()).count()?, 0);
    Ok(())
}
