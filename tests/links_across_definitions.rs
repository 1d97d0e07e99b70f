//! Links into another definition of the file: read, kept whole and followed as those within one, where that one grants it.
//! S2-19, S2-23, S2-29, S2-41.

use std::path::Path;

use kit::market::{Catalog, Maker, Product, ProductPrimaryKey, Review, Reviews};
use netabase::{
    Error, ErrorKind, Link, NetabaseDefinition, NetabaseModel, NetabaseRepository, Repository, Result, Store,
};
use serde::{Deserialize, Serialize};

#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Customer {
    #[primary_key]
    id: u64,
    #[relation(on_delete = "set_null")]
    favourite: Option<Link<Product, Catalog>>,
}

#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Order {
    #[primary_key]
    id: u64,
    #[relation(on_delete = "cascade")]
    customer: Link<Customer>,
    #[relation]
    products: Vec<Link<Product, Catalog>>,
}

/// A join model, whose key holds a key of the other definition.
#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Price {
    #[primary_key]
    #[relation(on_delete = "cascade")]
    product: Link<Product, Catalog>,
    #[primary_key]
    day: u32,
    cents: i64,
}

#[derive(NetabaseDefinition)]
enum Shop {
    Customer(Customer),
    Order(Order),
    Price(Price),
}

#[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Clerk {
    #[primary_key]
    id: u64,
}

#[derive(NetabaseDefinition)]
enum Office {
    Clerk(Clerk),
}

#[derive(NetabaseRepository)]
enum Market {
    Shop(Shop),
    Catalog(Catalog),
    Reviews(Reviews),
    Office(Office),
}

fn product(id: u64) -> Product {
    Product { id, maker: Link::new("acme") }
}

fn order(id: u64, customer: u64, products: &[u64]) -> Order {
    Order { id, customer: Link::new(customer), products: products.iter().map(|id| Link::new(*id)).collect() }
}

/// Products 1 to 3; customers 1 and 2, who like product 1; orders of 1 and 2, and of 2.
fn fill(market: &Repository<Market>) -> Result<()> {
    market.write(|txn| {
        let mut catalog = txn.definition::<Catalog>();
        catalog.create(&Maker { name: "acme".into() })?;
        catalog.create_batch(&[product(1), product(2), product(3)])?;
        drop(catalog);
        let mut shop = txn.definition::<Shop>();
        for id in 1..=2 {
            shop.create(&Customer { id, favourite: Some(Link::new(1)) })?;
        }
        shop.create_batch(&[order(1, 1, &[1, 2]), order(2, 2, &[2])])?;
        shop.create(&Price { product: Link::new(3), day: 1, cents: 100 })?;
        drop(shop);
        txn.definition::<Reviews>().create(&Review { id: 1, product: Link::new(3), stars: 4 })
    })
}

fn filled() -> Result<Repository<Market>> {
    let market = Repository::in_memory()?;
    fill(&market)?;
    Ok(market)
}

fn assert_clean(market: &Repository<Market>) -> Result<()> {
    let report = market.verify(|_| {})?;
    assert!(report.is_clean(), "{report}");
    Ok(())
}

#[test]
fn links_are_read_where_the_definition_that_holds_them_is() -> Result<()> {
    let market = filled()?;
    let link = Link::<Product, Catalog>::new(2);
    let snapshot = market.begin_read()?.definition::<Shop>();
    assert_eq!(link.get(&snapshot)?, Some(product(2)));
    assert_eq!(link.load(&snapshot)?.require()?, &product(2));
    assert_eq!(link.borrow(&snapshot).get()?, Some(&product(2)));
    assert_eq!(link.hydrate(&product(2))?.into_link(), link);
    market.write(|txn| {
        txn.definition::<Catalog>().create(&product(4))?;
        let shop = txn.definition::<Shop>();
        let staged = Link::<Product, Catalog>::new(4);
        assert_eq!(staged.get(&shop)?, Some(product(4)), "what this transaction wrote");
        assert_eq!(staged.get(&*shop)?, Some(product(4)));
        assert!(Link::<Product, Catalog>::new(9).require(&shop).is_err());
        Ok(())
    })?;
    // From where they lead to, too.
    assert_eq!(link.get(&market.begin_read()?.definition::<Catalog>())?, Some(product(2)));
    Ok(())
}

#[test]
fn queries_include_what_is_at_the_other_end() -> Result<()> {
    let market = filled()?;
    let shop = market.begin_read()?.definition::<Shop>();
    let orders = shop.query::<Order>().include((Order::CUSTOMER, Order::PRODUCTS)).collect()?;
    let products: Vec<_> = orders.iter().map(|(_, (_, products))| products.clone()).collect();
    assert_eq!(products, [vec![product(1), product(2)], vec![product(2)]]);
    // Through the other definition, and on in it.
    let makers = shop.query::<Customer>().include(Customer::FAVOURITE.include(Product::MAKER)).collect()?;
    let acme = Some(Maker { name: "acme".into() });
    assert!(makers.iter().all(|(_, found)| *found == Some((product(1), acme.clone()))), "{makers:?}");
    // From the other end: reviews are open to all.
    let catalog = market.begin_read()?.definition::<Catalog>();
    let reviewed = catalog.query::<Product>().include(Review::PRODUCT.inverse()).collect()?;
    let stars: Vec<usize> = reviewed.iter().map(|(_, reviews)| reviews.len()).collect();
    assert_eq!(stars, [0, 0, 1]);
    Ok(())
}

#[test]
fn a_definition_that_grants_nothing_is_not_read_from_the_other_end() -> Result<()> {
    let market = filled()?;
    let catalog = market.begin_read()?.definition::<Catalog>();
    let refused = catalog.query::<Product>().include(Order::PRODUCTS.inverse()).collect();
    let refused = refused.expect_err("the shop does not let the catalog read it");
    let kind = ErrorKind::NotGranted { definition: "Catalog", to: "Shop" };
    assert_eq!(format!("{:?}", refused.kind()), format!("{kind:?}"));
    assert!(refused.to_string().contains("grants(Catalog = \"read\")"), "{refused}");
    let edges = Order::PRODUCTS.inverse().then(Order::PRODUCTS);
    assert!(catalog.walk::<Product, _>(edges).from(1).keys().is_err());
    Ok(())
}

#[test]
fn walks_go_through_the_other_definition() -> Result<()> {
    let market = filled()?;
    let shop = market.begin_read()?.definition::<Shop>();
    // Customers who bought the same.
    let same =
        Order::CUSTOMER.inverse().then(Order::PRODUCTS).then(Order::PRODUCTS.inverse()).then(Order::CUSTOMER);
    let reached = shop.walk::<Customer, _>(same).from(1).depth(1..).iter()?;
    let reached: Vec<_> =
        reached.map(|visit| visit.map(|(_, customer)| customer.id)).collect::<Result<_>>()?;
    assert_eq!(reached, [2]);
    Ok(())
}

#[test]
fn links_are_kept_whole() -> Result<()> {
    let market = filled()?;
    let missing = market.write(|txn| txn.definition::<Shop>().create(&order(3, 1, &[9])));
    let missing = missing.expect_err("there is no product 9");
    assert!(matches!(missing.kind(), ErrorKind::MissingReference { model: "Order", target: "Product", .. }));

    let refused = market.write(|txn| txn.definition::<Catalog>().delete::<Product>(2));
    let refused = refused.expect_err("two orders have it");
    assert!(
        matches!(
            refused.kind(),
            ErrorKind::StillReferenced { by: "Order", relation: "products", count: 2, .. }
        ),
        "{refused}"
    );

    // A cascade, and a link that is taken out.
    market.write(|txn| {
        let mut catalog = txn.definition::<Catalog>();
        assert!(catalog.delete::<Product>(3)?);
        drop(catalog);
        txn.definition::<Shop>().delete::<Order>(1)?;
        txn.definition::<Catalog>().delete::<Product>(1)
    })?;
    let snapshot = market.begin_read()?;
    let shop = snapshot.definition::<Shop>();
    assert_eq!((shop.len::<Price>()?, snapshot.definition::<Reviews>().len::<Review>()?), (0, 0));
    assert_eq!(shop.get::<Customer>(1)?, Some(Customer { id: 1, favourite: None }));
    assert_eq!(shop.query().filter(Customer::FAVOURITE.is_none()).count()?, 2);

    // The key of a price holds that of its product.
    market.write(|txn| {
        let late = Review { id: 2, product: Link::new(5), stars: 1 };
        txn.definition::<Reviews>().create(&late)?;
        txn.definition::<Catalog>().create(&product(5))?;
        txn.definition::<Shop>().create(&Price { product: Link::new(5), day: 1, cents: 5 })?;
        assert_eq!(txn.definition::<Catalog>().rekey(5, |product: &mut Product| product.id = 50)?, 2);
        Ok(())
    })?;
    let snapshot = market.begin_read()?;
    assert!(snapshot.definition::<Shop>().contains::<Price>((ProductPrimaryKey(50), 1))?);
    assert_eq!(snapshot.definition::<Reviews>().query().filter(Review::PRODUCT.eq(50)).count()?, 1);

    let nowhere = market
        .write(|txn| txn.definition::<Reviews>().create(&Review { id: 3, product: Link::new(77), stars: 1 }));
    assert!(matches!(nowhere.expect_err("deferred").kind(), ErrorKind::MissingReference { .. }));
    assert_clean(&market)
}

#[test]
fn a_grant_opens_the_other_definition_within_the_transaction() -> Result<()> {
    let market = filled()?;
    market.write(|txn| {
        let mut office = txn.definition::<Office>();
        office.create(&Clerk { id: 1 })?;
        office.definition::<Catalog>()?.create(&product(8))?;
        office.create(&Clerk { id: 2 })
    })?;
    let dropped = market.write(|txn| {
        txn.definition::<Office>().definition::<Catalog>()?.create(&product(9))?;
        Err::<(), _>(Error::user("no"))
    });
    assert!(dropped.is_err());
    let shop = market.begin_read()?.definition::<Shop>();
    let catalog = shop.definition::<Catalog>()?;
    assert_eq!((catalog.contains::<Product>(8)?, catalog.contains::<Product>(9)?), (true, false));
    assert_eq!(market.begin_read()?.definition::<Office>().len::<Clerk>()?, 2);

    // A store of its own has no other definition.
    let office = Store::<Office>::in_memory()?;
    let error = office.begin_read()?.definition::<Catalog>().expect_err("not there");
    assert!(matches!(error.kind(), ErrorKind::UnknownDefinition { definition: "Catalog" }), "{error}");
    let error = office.write(|txn| txn.definition::<Catalog>()?.create(&product(1))).expect_err("not there");
    assert!(matches!(error.kind(), ErrorKind::UnknownDefinition { .. }), "{error}");
    office.write(|txn| {
        assert!(txn.definition::<Catalog>().is_err());
        txn.create(&Clerk { id: 1 })
    })?;
    assert_eq!(office.len::<Clerk>()?, 1);
    Ok(())
}

fn market_in(folder: &Path) -> Result<Repository<Market>> {
    Repository::open(folder.join("market.redb"))
}

// Else a product could be deleted, and the orders of it would be left behind.
#[test]
fn a_definition_is_not_written_without_those_that_link_into_it() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let market = market_in(folder.path())?;
    fill(&market)?;
    drop(market);
    let path = folder.path().join("market.redb");
    let refused = Store::<Catalog>::open(&path).expect_err("the shop would be left behind");
    assert!(matches!(refused.kind(), ErrorKind::LinkedFrom { definition: "Catalog", .. }), "{refused}");
    let text = refused.to_string();
    assert!(
        text.contains("`Customer.favourite` of `Shop`") || text.contains("`Review.product` of `Reviews`")
    );
    let read_only = Store::<Catalog>::builder().path(&path).read_only(true).open()?;
    assert_eq!(read_only.len::<Product>()?, 3);
    drop(read_only);
    // Nobody links into the office.
    Store::<Office>::open(&path)?.write(|txn| txn.create(&Clerk { id: 3 }))?;
    assert_clean(&market_in(folder.path())?)
}

/// The shop, with a link that names no definition.
mod other {
    use super::{Deserialize, Link, NetabaseDefinition, NetabaseModel, Product, Serialize};
    use kit::market::Maker;

    #[derive(NetabaseModel, Serialize, Deserialize)]
    pub(super) struct Customer {
        #[primary_key]
        pub(super) id: u64,
        #[relation(on_delete = "set_null")]
        pub(super) favourite: Option<Link<Product>>,
    }

    #[derive(NetabaseDefinition)]
    pub(super) enum Shop {
        Customer(Customer),
        Product(Product),
        Maker(Maker),
    }
}

#[test]
fn the_file_knows_where_a_link_leads() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    fill(&market_in(folder.path())?)?;
    let refused = Store::<other::Shop>::builder()
        .path(folder.path().join("market.redb"))
        .discard("Order")
        .discard("Price")
        .open()
        .expect_err("another link");
    assert!(refused.to_string().contains("in \"Catalog\""), "{refused}");
    Ok(())
}

/// A definition that has products of its own, and links to those of the catalog.
mod mall {
    use super::{Catalog, Deserialize, Link, Maker, NetabaseDefinition, NetabaseModel, NetabaseRepository};
    use super::{Product, Reviews, Serialize};

    #[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
    pub(super) struct Basket {
        #[primary_key]
        pub(super) id: u64,
        #[relation(on_delete = "cascade")]
        pub(super) product: Link<Product, Catalog>,
    }

    #[derive(NetabaseDefinition)]
    pub(super) enum Shop {
        Basket(Basket),
        Product(Product),
        Maker(Maker),
    }

    #[derive(NetabaseRepository)]
    pub(super) enum Mall {
        Catalog(Catalog),
        Shop(Shop),
        Reviews(Reviews),
    }
}

fn filled_mall(
    builder: netabase::Builder<mall::Mall, Repository<mall::Mall>>,
) -> Result<Repository<mall::Mall>> {
    let mall = builder.in_memory().open()?;
    let owner = mall.as_owner()?;
    owner.write(|txn| {
        let mut catalog = txn.definition::<Catalog>();
        catalog.create(&Maker { name: "acme".into() })?;
        catalog.create_batch(&[product(1), product(2)])?;
        drop(catalog);
        let mut shop = txn.definition::<mall::Shop>();
        shop.create(&Maker { name: "own".into() })?;
        shop.create(&Product { id: 1, maker: Link::new("own") })?;
        shop.create(&mall::Basket { id: 1, product: Link::new(1) })
    })?;
    Ok(mall)
}

#[test]
fn a_model_of_two_definitions_is_not_taken_for_the_other() -> Result<()> {
    let mall = filled_mall(Repository::builder())?;
    let shop = mall.begin_read()?.definition::<mall::Shop>();
    let along = shop.query::<mall::Basket>().include(mall::Basket::PRODUCT).collect()?;
    assert_eq!(along[0].1, Some(product(1)), "the catalog's");
    // No basket links to the shop's own product 1.
    let inverse = shop.query::<Product>().include(mall::Basket::PRODUCT.inverse()).collect();
    assert!(matches!(inverse.expect_err("none leads here").kind(), ErrorKind::UnknownModel { .. }));
    let edges = mall::Basket::PRODUCT.then(mall::Basket::PRODUCT.inverse());
    let visited = shop.walk::<mall::Basket, _>(edges).from(1).keys()?.count();
    assert_eq!(visited, 1, "there and back stays in the shop");
    let out = mall::Basket::PRODUCT.inverse().then(mall::Basket::PRODUCT);
    assert!(shop.walk::<Product, _>(out).from(1).keys().is_err());
    Ok(())
}

#[test]
fn the_trust_of_one_policy_is_for_its_own_definition() -> Result<()> {
    use netabase::policy::{Policy, Rights, Role, Ticket};
    const CLERK: Role = Role::new("clerk");
    let catalog = Policy::<Catalog>::new().allow(CLERK, Rights::<Product>::new().all()).trust_cascades();
    let mall = filled_mall(Repository::builder().policy(catalog))?;
    let clerk = mall.session(&Ticket::new([CLERK]))?;
    assert!(clerk.write(|txn| txn.definition::<Catalog>().delete::<Product>(2))?, "nobody has it");
    let refused = clerk.write(|txn| txn.definition::<Catalog>().delete::<Product>(1));
    let refused = refused.expect_err("a basket of a definition that is closed to him");
    assert!(matches!(refused.kind(), ErrorKind::PermissionDenied { .. }), "{refused}");
    let moved =
        clerk.write(|txn| txn.definition::<Catalog>().rekey(1, |product: &mut Product| product.id = 9));
    assert!(matches!(moved.expect_err("likewise").kind(), ErrorKind::PermissionDenied { .. }));
    assert_eq!(mall.as_owner()?.begin_read()?.definition::<mall::Shop>().len::<mall::Basket>()?, 1);
    Ok(())
}
