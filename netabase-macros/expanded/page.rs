///Primary key of [`Page`].
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
#[netabase(crate = "::netabase", rename = "PagePrimaryKey")]
#[allow(dead_code, deprecated, non_camel_case_types)]
pub struct PagePrimaryKey(pub String);
///A stored [`Page`], read without copying its text and bytes.
#[derive(::netabase::__private::serde::Deserialize, Debug)]
#[serde(crate = "::netabase::__private::serde")]
#[allow(dead_code, deprecated)]
pub struct PageView<'v> {
    /// where it is
    #[serde(borrow)]
    pub path: &'v str,
    #[serde(borrow)]
    pub html: ::core::option::Option<&'v str>,
    #[serde(with = "compressed")]
    pub image: Vec<u8>,
    pub size: u64,
}
#[allow(deprecated, clippy::all, clippy::pedantic)]
const _: () = {
    use ::netabase::__private as _netabase;
    #[automatically_derived]
    impl _netabase::NetabaseModel for Page {
        type PrimaryKey = PagePrimaryKey;
        type SecondaryKeys = _netabase::NoKeys;
        type RelationalKeys = _netabase::NoKeys;
        type SubscriptionKeys = _netabase::NoKeys;
        const NAME: &'static str = "Page";
        const SCHEMA: &'static _netabase::ModelSchema = &_netabase::ModelSchema {
            name: "Page",
            version: 1u8,
            fields: &[
                _netabase::FieldSchema::new("path", "String"),
                _netabase::FieldSchema::new("html", "Option<String>"),
                _netabase::FieldSchema::new(
                    "image",
                    "#[serde(with = \"compressed\")] Vec<u8>",
                ),
                _netabase::FieldSchema::new("size", "u64"),
            ],
            primary: &["path"],
            key: <PagePrimaryKey as _netabase::Key>::TYPE,
            key_width: <PagePrimaryKey as _netabase::Key>::WIDTH,
            indexes: &[],
            relations: &[],
            topics: &[],
            topic_conditions: &[],
            access: _netabase::Operations::ALL,
            inbound: ::core::option::Option::None,
            class: ::core::option::Option::None,
            journal: false,
            versioned: false,
        };
        fn primary_key(&self) -> PagePrimaryKey {
            PagePrimaryKey(::core::clone::Clone::clone(&self.path))
        }
        fn encode_key(&self, out: &mut ::std::vec::Vec<u8>) -> _netabase::Result<()> {
            _netabase::Key::encode_tail(&self.path, out)
        }
        fn entries(&self, _: &mut _netabase::Entries) -> _netabase::Result<()> {
            ::core::result::Result::Ok(())
        }
    }
    #[allow(dead_code)]
    impl Page {
        ///`path`: the primary key
        pub const PATH: _netabase::Index<Page, PagePrimaryKey> = _netabase::Index::new(
            0,
        );
        ///`html`: no index
        pub const HTML: _netabase::Field<Page, Option<String>> = _netabase::Field::new(
            "html",
            |model| &model.html,
        );
        ///`image`: no index
        pub const IMAGE: _netabase::Field<Page, Vec<u8>> = _netabase::Field::new(
            "image",
            |model| &model.image,
        );
        ///`size`: no index
        pub const SIZE: _netabase::Field<Page, u64> = _netabase::Field::new(
            "size",
            |model| &model.size,
        );
    }
    impl ::core::convert::From<String> for PagePrimaryKey {
        fn from(key: String) -> Self {
            PagePrimaryKey(key)
        }
    }
    impl ::core::convert::From<&str> for PagePrimaryKey {
        fn from(key: &str) -> Self {
            PagePrimaryKey(key.into())
        }
    }
    impl _netabase::ModelKey for PagePrimaryKey {
        type Model = Page;
    }
    impl _netabase::AsKey<PagePrimaryKey> for Page {
        fn write_part(&self, out: &mut ::std::vec::Vec<u8>) -> _netabase::Result<()> {
            _netabase::write_key_part(self, out)
        }
        fn write_tail(&self, out: &mut ::std::vec::Vec<u8>) -> _netabase::Result<()> {
            _netabase::NetabaseModel::encode_key(self, out)
        }
    }
    impl<__D: _netabase::NetabaseDefinition> _netabase::LinksIn<__D> for Page {}
    #[automatically_derived]
    impl _netabase::Viewed for Page {
        type View<'v> = PageView<'v>;
    }
    #[allow(dead_code)]
    fn borrowed_fields_are_what_they_are_called(record: &Page) {
        let _: &::std::string::String = &record.path;
        let _: &::core::option::Option<::std::string::String> = &record.html;
    }
};
