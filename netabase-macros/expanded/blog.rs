///A model of [`Blog`], without its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(dead_code, deprecated, non_camel_case_types)]
pub enum BlogKind {
    ///`Author`
    Author,
    ///`Post`
    Post,
}
///A primary key of one of the models of [`Blog`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(dead_code, deprecated, private_interfaces, non_camel_case_types)]
pub enum BlogKeys {
    ///`Author`
    Author(<Author as ::netabase::NetabaseModel>::PrimaryKey),
    ///`Post`
    Post(<Post as ::netabase::NetabaseModel>::PrimaryKey),
}
///What became of a record of one of the models of [`Blog`].
#[derive(Debug)]
#[allow(dead_code, deprecated, private_interfaces, non_camel_case_types)]
pub enum BlogChange {
    ///`Author`
    Author(::netabase::change::Change<Author>),
    ///`Post`
    Post(::netabase::change::Change<Post>),
}
#[allow(deprecated, clippy::all, clippy::pedantic)]
const _: () = {
    use ::netabase::__private as _netabase;
    #[automatically_derived]
    impl _netabase::NetabaseDefinition for Blog {
        type Kind = BlogKind;
        type Keys = BlogKeys;
        type Changes = BlogChange;
        const NAME: &'static str = "Blog";
        const SCHEMA: &'static _netabase::DefinitionSchema = &_netabase::DefinitionSchema {
            name: "Blog",
            models: &[
                <Author as _netabase::NetabaseModel>::SCHEMA,
                <Post as _netabase::NetabaseModel>::SCHEMA,
            ],
            topics: &[<Feed as _netabase::NetabaseTopic>::NAME],
            grants: &[],
            journal: false,
        };
        const READERS: &'static [&'static _netabase::RecordReader] = &[
            <Author as _netabase::NetabaseModel>::READER,
            <Post as _netabase::NetabaseModel>::READER,
        ];
        fn read_change(
            number: usize,
            change: &_netabase::RawChange<'_>,
        ) -> _netabase::Result<BlogChange> {
            match number {
                0 => change.read().map(BlogChange::Author),
                1 => change.read().map(BlogChange::Post),
                _ => ::core::result::Result::Err(change.unknown()),
            }
        }
    }
    const _: () = {
        <Blog as _netabase::NetabaseDefinition>::SCHEMA.check();
        <Author as _netabase::LinksIn<Blog>>::GRANTED;
        <Post as _netabase::LinksIn<Blog>>::GRANTED;
    };
    #[automatically_derived]
    impl _netabase::ModelOf<Blog> for Author {
        const ORDINAL: usize = 0;
    }
    #[automatically_derived]
    impl ::core::convert::From<Author> for Blog {
        fn from(record: Author) -> Self {
            Blog::Author(record)
        }
    }
    #[automatically_derived]
    impl _netabase::ModelOf<Blog> for Post {
        const ORDINAL: usize = 1;
    }
    #[automatically_derived]
    impl ::core::convert::From<Post> for Blog {
        fn from(record: Post) -> Self {
            Blog::Post(record)
        }
    }
    #[automatically_derived]
    impl _netabase::TopicOf<Blog> for Feed {}
    #[automatically_derived]
    impl ::core::convert::From<&Blog> for BlogKeys {
        fn from(record: &Blog) -> Self {
            match record {
                Blog::Author(record) => {
                    BlogKeys::Author(_netabase::NetabaseModel::primary_key(record))
                }
                Blog::Post(record) => {
                    BlogKeys::Post(_netabase::NetabaseModel::primary_key(record))
                }
            }
        }
    }
    #[automatically_derived]
    impl ::core::convert::From<&BlogKeys> for BlogKind {
        fn from(key: &BlogKeys) -> Self {
            match key {
                BlogKeys::Author(_) => BlogKind::Author,
                BlogKeys::Post(_) => BlogKind::Post,
            }
        }
    }
};
