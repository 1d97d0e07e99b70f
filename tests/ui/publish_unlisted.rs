// Messages go to topics that the definition lists, and say what those say. S2-43.
use netabase::{NetabaseDefinition, NetabaseModel, NetabaseTopic, Store};
use serde::{Deserialize, Serialize};

#[derive(NetabaseModel, Serialize, Deserialize)]
struct Order {
    #[primary_key]
    id: u64,
}

#[derive(Serialize, Deserialize)]
struct Paid(u64);

#[derive(NetabaseTopic)]
#[netabase(payload(Paid))]
struct Payments;

#[derive(NetabaseTopic)]
struct Other;

#[derive(NetabaseDefinition)]
#[netabase(topics(Payments))]
enum Shop {
    Order(Order),
}

fn main() {
    let shop = Store::<Shop>::in_memory().unwrap();
    let _ = shop.topic::<Other>();
    let _ = shop.write(|txn| txn.publish::<Other>(&()));
    let _ = shop.write(|txn| txn.publish::<Payments>(&7));
}
