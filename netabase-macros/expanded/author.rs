///Primary key of [`Author`].
#[derive(
    Clone,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    ::netabase::NetabaseKey,
    ::netabase::__private::serde::Serialize,
    ::netabase::__private::serde::Deserialize
)]
#[serde(crate = "::netabase::__private::serde", transparent)]
#[netabase(crate = "::netabase", rename = "AuthorPrimaryKey")]
#[allow(dead_code, deprecated, non_camel_case_types)]
pub struct AuthorPrimaryKey(pub u64);
///Secondary keys of [`Author`], with their values.
#[derive(Clone, Debug, PartialEq)]
#[allow(dead_code, deprecated, private_interfaces, non_camel_case_types)]
pub enum AuthorSecondaryKeys {
    ///`email`
    Email(String),
    ///`country`, or its absence
    Country(::core::option::Option<String>),
}
#[allow(deprecated, clippy::all, clippy::pedantic)]
const _: () = {
    use ::netabase::__private as _netabase;
    #[automatically_derived]
    impl _netabase::NetabaseModel for Author {
        type PrimaryKey = AuthorPrimaryKey;
        type SecondaryKeys = AuthorSecondaryKeys;
        type RelationalKeys = _netabase::NoKeys;
        type SubscriptionKeys = _netabase::NoKeys;
        const NAME: &'static str = "Author";
        const SCHEMA: &'static _netabase::ModelSchema = &_netabase::ModelSchema {
            name: "Author",
            version: 1u8,
            fields: &[
                _netabase::FieldSchema::new("id", "u64"),
                _netabase::FieldSchema::new("email", "String"),
                _netabase::FieldSchema::new("country", "Option<String>"),
            ],
            primary: &["id"],
            key: <AuthorPrimaryKey as _netabase::Key>::TYPE,
            key_width: <AuthorPrimaryKey as _netabase::Key>::WIDTH,
            indexes: &[
                _netabase::IndexSchema::new::<
                    String,
                >("email", _netabase::Shape::One, true),
                _netabase::IndexSchema::new::<
                    String,
                >("country", _netabase::Shape::Optional, false),
            ],
            relations: &[],
            topics: &[],
            topic_conditions: &[],
            access: _netabase::Operations::ALL,
            inbound: ::core::option::Option::None,
            class: ::core::option::Option::None,
            journal: false,
            versioned: false,
        };
        fn primary_key(&self) -> AuthorPrimaryKey {
            AuthorPrimaryKey(::core::clone::Clone::clone(&self.id))
        }
        fn encode_key(&self, out: &mut ::std::vec::Vec<u8>) -> _netabase::Result<()> {
            _netabase::Key::encode_tail(&self.id, out)
        }
        fn entries(&self, out: &mut _netabase::Entries) -> _netabase::Result<()> {
            out.one(1, &self.email)?;
            out.optional(2, &self.country)?;
            ::core::result::Result::Ok(())
        }
    }
    #[allow(dead_code)]
    impl Author {
        ///`id`: the primary key
        pub const ID: _netabase::Index<Author, AuthorPrimaryKey> = _netabase::Index::new(
            0,
        );
        ///`email`: a unique secondary key
        pub const EMAIL: _netabase::Index<Author, String> = _netabase::Index::new(1);
        ///`country`: a secondary key
        pub const COUNTRY: _netabase::Index<Author, String, _netabase::Optional> = _netabase::Index::new(
            2,
        );
    }
    impl ::core::convert::From<u64> for AuthorPrimaryKey {
        fn from(key: u64) -> Self {
            AuthorPrimaryKey(key)
        }
    }
    impl _netabase::ModelKey for AuthorPrimaryKey {
        type Model = Author;
    }
    impl _netabase::AsKey<AuthorPrimaryKey> for Author {
        fn write_part(&self, out: &mut ::std::vec::Vec<u8>) -> _netabase::Result<()> {
            _netabase::write_key_part(self, out)
        }
        fn write_tail(&self, out: &mut ::std::vec::Vec<u8>) -> _netabase::Result<()> {
            _netabase::NetabaseModel::encode_key(self, out)
        }
    }
    impl _netabase::KeyValue<Author> for AuthorSecondaryKeys {
        fn filter(&self) -> _netabase::Filter<Author> {
            match self {
                AuthorSecondaryKeys::Email(key) => Author::EMAIL.value(key),
                AuthorSecondaryKeys::Country(key) => Author::COUNTRY.value_or_none(key),
            }
        }
    }
    impl<__D: _netabase::NetabaseDefinition> _netabase::LinksIn<__D> for Author {}
};
