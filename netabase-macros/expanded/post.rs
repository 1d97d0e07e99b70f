///Primary key of [`Post`].
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
#[netabase(crate = "::netabase", rename = "PostPrimaryKey")]
#[allow(dead_code, deprecated, non_camel_case_types)]
pub struct PostPrimaryKey(pub u64);
///Secondary keys of [`Post`], with their values.
#[derive(Clone, Debug, PartialEq)]
#[allow(dead_code, deprecated, private_interfaces, non_camel_case_types)]
pub enum PostSecondaryKeys {
    ///an element of `tags`
    Tags(String),
}
///Relational keys of [`Post`], with their values.
#[derive(Clone, Debug, PartialEq)]
#[allow(dead_code, deprecated, private_interfaces, non_camel_case_types)]
pub enum PostRelationalKeys {
    ///`author`
    Author(<Author as ::netabase::NetabaseModel>::PrimaryKey),
}
///Topics that enrol every [`Post`].
#[derive(Clone, Debug, PartialEq)]
#[allow(dead_code, deprecated, private_interfaces, non_camel_case_types)]
pub enum PostSubscriptionKeys {
    ///`Feed`
    Feed,
}
#[allow(deprecated, clippy::all, clippy::pedantic)]
const _: () = {
    use ::netabase::__private as _netabase;
    #[automatically_derived]
    impl _netabase::NetabaseModel for Post {
        type PrimaryKey = PostPrimaryKey;
        type SecondaryKeys = PostSecondaryKeys;
        type RelationalKeys = PostRelationalKeys;
        type SubscriptionKeys = PostSubscriptionKeys;
        const NAME: &'static str = "Post";
        const SCHEMA: &'static _netabase::ModelSchema = &_netabase::ModelSchema {
            name: "Post",
            version: 1u8,
            fields: &[
                _netabase::FieldSchema::new("id", "u64"),
                _netabase::FieldSchema::new("tags", "Vec<String>"),
                _netabase::FieldSchema::new("author", "Link<Author>"),
                _netabase::FieldSchema::new("day", "u32"),
                _netabase::FieldSchema::new("body", "String"),
            ],
            primary: &["id"],
            key: <PostPrimaryKey as _netabase::Key>::TYPE,
            key_width: <PostPrimaryKey as _netabase::Key>::WIDTH,
            indexes: &[
                _netabase::IndexSchema::new::<
                    String,
                >("tags", _netabase::Shape::Each, false),
            ],
            relations: &[_netabase::relation::<Author>("author", _netabase::Shape::One)],
            topics: &[<Feed as _netabase::NetabaseTopic>::NAME],
            topic_conditions: &[],
            access: _netabase::Operations::ALL,
            inbound: ::core::option::Option::None,
            class: ::core::option::Option::None,
            journal: false,
            versioned: false,
        };
        fn primary_key(&self) -> PostPrimaryKey {
            PostPrimaryKey(::core::clone::Clone::clone(&self.id))
        }
        fn encode_key(&self, out: &mut ::std::vec::Vec<u8>) -> _netabase::Result<()> {
            _netabase::Key::encode_tail(&self.id, out)
        }
        fn entries(&self, out: &mut _netabase::Entries) -> _netabase::Result<()> {
            out.each(1, &self.tags)?;
            out.one(2, &self.author)?;
            ::core::result::Result::Ok(())
        }
        fn links(&mut self) -> ::std::vec::Vec<&mut dyn _netabase::Relinked> {
            ::std::vec![& mut self.author]
        }
    }
    #[allow(dead_code)]
    impl Post {
        ///`id`: the primary key
        pub const ID: _netabase::Index<Post, PostPrimaryKey> = _netabase::Index::new(0);
        ///`tags`: a secondary key
        pub const TAGS: _netabase::Index<Post, String, _netabase::Each> = _netabase::Index::new(
            1,
        );
        ///`author`: a relation
        pub const AUTHOR: _netabase::Index<
            Post,
            <Author as _netabase::NetabaseModel>::PrimaryKey,
        > = _netabase::Index::new(2);
        ///`day`: no index
        pub const DAY: _netabase::Field<Post, u32> = _netabase::Field::new(
            "day",
            |model| &model.day,
        );
        ///`body`: no index
        pub const BODY: _netabase::Field<Post, String> = _netabase::Field::new(
            "body",
            |model| &model.body,
        );
    }
    impl ::core::convert::From<u64> for PostPrimaryKey {
        fn from(key: u64) -> Self {
            PostPrimaryKey(key)
        }
    }
    impl _netabase::ModelKey for PostPrimaryKey {
        type Model = Post;
    }
    impl _netabase::AsKey<PostPrimaryKey> for Post {
        fn write_part(&self, out: &mut ::std::vec::Vec<u8>) -> _netabase::Result<()> {
            _netabase::write_key_part(self, out)
        }
        fn write_tail(&self, out: &mut ::std::vec::Vec<u8>) -> _netabase::Result<()> {
            _netabase::NetabaseModel::encode_key(self, out)
        }
    }
    impl _netabase::KeyValue<Post> for PostSecondaryKeys {
        fn filter(&self) -> _netabase::Filter<Post> {
            match self {
                PostSecondaryKeys::Tags(key) => Post::TAGS.value(key),
            }
        }
    }
    impl _netabase::KeyValue<Post> for PostRelationalKeys {
        fn filter(&self) -> _netabase::Filter<Post> {
            match self {
                PostRelationalKeys::Author(key) => Post::AUTHOR.value(key),
            }
        }
    }
    impl _netabase::KeyValue<Post> for PostSubscriptionKeys {
        fn filter(&self) -> _netabase::Filter<Post> {
            match self {
                PostSubscriptionKeys::Feed => {
                    _netabase::topic::<Post>(<Feed as _netabase::NetabaseTopic>::NAME)
                }
            }
        }
    }
    impl<__D: _netabase::NetabaseDefinition> _netabase::LinksIn<__D> for Post
    where
        Author: _netabase::ModelOf<__D>,
    {}
};
