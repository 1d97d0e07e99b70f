// Versions are for models that have them. S3-3.
use netabase::{NetabaseDefinition, NetabaseModel, Store};
use serde::{Deserialize, Serialize};

#[derive(NetabaseModel, Serialize, Deserialize)]
struct Setting {
    #[primary_key]
    id: u64,
}

#[derive(NetabaseDefinition)]
enum App {
    Setting(Setting),
}

fn main() {
    let store = Store::<App>::in_memory().unwrap();
    let _ = store.get_versioned::<Setting>(1);
    let _ = store.write(|txn| txn.update_if_version(&Setting { id: 1 }, 1));
}
