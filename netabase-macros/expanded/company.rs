#[allow(deprecated, clippy::all, clippy::pedantic)]
const _: () = {
    use ::netabase::__private as _netabase;
    #[automatically_derived]
    impl _netabase::NetabaseRepository for Company {
        const NAME: &'static str = "Company";
        const DEFINITIONS: &'static [&'static _netabase::DefinitionSchema] = &[
            <Staff as _netabase::NetabaseDefinition>::SCHEMA,
            <Work as _netabase::NetabaseDefinition>::SCHEMA,
        ];
        const READERS: &'static [&'static [&'static _netabase::RecordReader]] = &[
            <Staff as _netabase::NetabaseDefinition>::READERS,
            <Work as _netabase::NetabaseDefinition>::READERS,
        ];
    }
    const _: () = _netabase::DefinitionSchema::check_all(
        "Company",
        <Company as _netabase::NetabaseRepository>::DEFINITIONS,
    );
    #[automatically_derived]
    impl _netabase::DefinitionOf<Company> for Staff {
        const PLACE: usize = 0;
    }
    #[automatically_derived]
    impl ::core::convert::From<Staff> for Company {
        fn from(record: Staff) -> Self {
            Company::Staff(record)
        }
    }
    #[automatically_derived]
    impl _netabase::DefinitionOf<Company> for Work {
        const PLACE: usize = 1;
    }
    #[automatically_derived]
    impl ::core::convert::From<Work> for Company {
        fn from(record: Work) -> Self {
            Company::Work(record)
        }
    }
    #[allow(dead_code)]
    fn held(repository: &Company) {
        match repository {
            Company::Staff(held) => {
                let _: &Staff = held;
            }
            Company::Work(held) => {
                let _: &Work = held;
            }
        }
    }
};
