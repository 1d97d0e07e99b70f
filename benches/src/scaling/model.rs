//! The records: the same model with 0, 1, 4 and 16 indexes.

use netabase::model::ModelOf;
use netabase::query::Filter;
use netabase::{NetabaseDefinition, NetabaseModel};
use serde::{Deserialize, Serialize};

/// A model with indexes of plain numbers.
pub trait Model: NetabaseModel<PrimaryKey: From<u64>> + ModelOf<Self::Store> + PartialEq {
    /// The definition that has only this model.
    type Store: NetabaseDefinition;
    /// As many numbers as the model has indexes.
    type Keys: AsRef<[u32]>;
    /// How many indexes there are.
    const INDEXES: usize;

    /// A record; `key` gives the value of each indexed field by its place.
    fn new(id: u64, number: u32, key: impl Fn(usize) -> u32, text: String) -> Self;
    /// The number of the record.
    fn id(&self) -> u64;
    /// The values of the indexed fields.
    fn keys(&self) -> Self::Keys;
    /// The plain number.
    fn number(&self) -> u32;
    /// The plain text.
    fn text(&self) -> &str;
    /// The records with this value in the indexed field at `place`; `None` if there is no such field.
    fn filter(place: usize, value: u32) -> Option<Filter<Self>>;
}

macro_rules! model {
    ($doc:literal $Model:ident $Store:ident: $count:literal $($place:literal $key:ident $KEY:ident)*) => {
        #[doc = $doc]
        #[derive(NetabaseModel, Serialize, Deserialize, Clone, Debug, PartialEq)]
        pub struct $Model {
            /// the number of the record
            #[primary_key]
            pub id: u64,
            $(
                /// shared by about 100 records
                #[secondary_key]
                pub $key: u32,
            )*
            /// without an index
            pub number: u32,
            /// what makes the record as large as it should be
            pub text: String,
        }

        #[doc = concat!("A store of [`", stringify!($Model), "`] alone.")]
        #[derive(NetabaseDefinition)]
        pub enum $Store {
            /// its only model
            $Model($Model),
        }

        impl Model for $Model {
            type Store = $Store;
            type Keys = [u32; $count];
            const INDEXES: usize = $count;

            // Without indexes there is nothing to ask for.
            #[allow(unused_variables)]
            fn new(id: u64, number: u32, key: impl Fn(usize) -> u32, text: String) -> Self {
                $Model { id, $($key: key($place),)* number, text }
            }

            fn id(&self) -> u64 {
                self.id
            }

            fn keys(&self) -> [u32; $count] {
                [$(self.$key),*]
            }

            fn number(&self) -> u32 {
                self.number
            }

            fn text(&self) -> &str {
                &self.text
            }

            #[allow(unused_variables)]
            fn filter(place: usize, value: u32) -> Option<Filter<Self>> {
                match place {
                    $($place => Some(Self::$KEY.eq(value)),)*
                    _ => None,
                }
            }
        }
    };
}

model!("No indexes." Plain PlainStore: 0);
model!("One index." Single SingleStore: 1 0 key_0 KEY_0);
model!("Four indexes." Four FourStore: 4 0 key_0 KEY_0 1 key_1 KEY_1 2 key_2 KEY_2 3 key_3 KEY_3);
model!("Sixteen indexes." Sixteen SixteenStore: 16
    0 key_0 KEY_0 1 key_1 KEY_1 2 key_2 KEY_2 3 key_3 KEY_3
    4 key_4 KEY_4 5 key_5 KEY_5 6 key_6 KEY_6 7 key_7 KEY_7
    8 key_8 KEY_8 9 key_9 KEY_9 10 key_10 KEY_10 11 key_11 KEY_11
    12 key_12 KEY_12 13 key_13 KEY_13 14 key_14 KEY_14 15 key_15 KEY_15);
