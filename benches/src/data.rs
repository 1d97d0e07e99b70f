//! A reproducible set of users, in random order.

use netabase::Link;

use crate::model::User;

/// Users beyond the stored ones, for the workloads that create some.
pub const SPARE: u32 = 1000;

/// Users to store, and users to add later.
#[derive(Debug)]
pub struct Data {
    /// what the store holds
    pub users: Vec<User>,
    /// [`SPARE`] users more
    pub spare: Vec<User>,
    /// places in `users`, in random order
    order: Vec<usize>,
    /// how many ages there are
    pub ages: u32,
}

impl Data {
    /// At least `records` users, rounded up to whole thousands so that every age has 1000.
    pub fn new(records: u32) -> Self {
        let ages = records.div_ceil(1000).max(1);
        let stored = ages * 1000;
        let mut random = Random(0x9E37_79B9_7F4A_7C15);
        let ids = random.shuffled(0..stored + SPARE);
        // Apart from the ids, or users of one name would lie side by side in the main table.
        let mut serials = random.shuffled(0..stored);
        serials.extend(stored..stored + SPARE);
        let mut users: Vec<User> =
            ids.into_iter().zip(serials).map(|(id, serial)| user(id, serial, ages)).collect();
        let spare = users.split_off(users.len() - SPARE as usize);
        let order = random.shuffled(0..users.len());
        Data { users, spare, order, ages }
    }

    /// The first `count` users of a random order that is always the same.
    pub fn pick(&self, count: usize) -> impl Iterator<Item = &User> {
        self.order.iter().take(count).filter_map(|&place| self.users.get(place))
    }
}

/// Everything but the id follows from the serial number.
fn user(id: u32, serial: u32, ages: u32) -> User {
    let (name, team) = (serial % (ages * 100), serial % (ages * 10));
    User {
        id: id.into(),
        name: format!("name-{name:011}"),
        age: serial % ages,
        team: Link::new(u64::from(team)),
        // Mixed, so that neighbours in the index are not neighbours in anything else.
        email: format!("{:08x}@example.org", serial.wrapping_mul(0x9E37_79B1)),
        bio: format!("{serial:0120}"),
    }
}

/// Marsaglia's xorshift.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn shuffled<T>(&mut self, items: impl Iterator<Item = T>) -> Vec<T> {
        let mut tagged: Vec<(u64, T)> = items.map(|item| (self.next(), item)).collect();
        tagged.sort_by_key(|(tag, _)| *tag);
        tagged.into_iter().map(|(_, item)| item).collect()
    }
}
