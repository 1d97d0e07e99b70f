#[allow(deprecated, clippy::all, clippy::pedantic)]
const _: () = {
    use ::netabase::__private as _netabase;
    #[automatically_derived]
    impl _netabase::Key for Slot {
        const WIDTH: ::core::option::Option<usize> = _netabase::width_sum(
            &[<String as _netabase::Key>::WIDTH, <u32 as _netabase::Key>::WIDTH],
        );
        const TYPE: _netabase::KeyType = _netabase::KeyType::Named(
            "Slot",
            &[
                ("room", &<String as _netabase::Key>::TYPE),
                ("day", &<u32 as _netabase::Key>::TYPE),
            ],
        );
        fn encode_part(&self, out: &mut ::std::vec::Vec<u8>) -> _netabase::Result<()> {
            _netabase::Key::encode_part(&self.room, out)?;
            _netabase::Key::encode_part(&self.day, out)
        }
        fn encode_tail(&self, out: &mut ::std::vec::Vec<u8>) -> _netabase::Result<()> {
            _netabase::Key::encode_part(&self.room, out)?;
            _netabase::Key::encode_tail(&self.day, out)
        }
        fn decode_part(bytes: &mut &[u8]) -> _netabase::Result<Self> {
            ::core::result::Result::Ok(Self {
                room: _netabase::Key::decode_part(bytes)?,
                day: _netabase::Key::decode_part(bytes)?,
            })
        }
        fn decode_tail(mut bytes: &[u8]) -> _netabase::Result<Self> {
            ::core::result::Result::Ok(Self {
                room: _netabase::Key::decode_part(&mut bytes)?,
                day: _netabase::Key::decode_tail(bytes)?,
            })
        }
    }
    #[automatically_derived]
    impl _netabase::AsKey<Slot> for Slot {
        fn write_part(&self, out: &mut ::std::vec::Vec<u8>) -> _netabase::Result<()> {
            _netabase::Key::encode_part(self, out)
        }
        fn write_tail(&self, out: &mut ::std::vec::Vec<u8>) -> _netabase::Result<()> {
            _netabase::Key::encode_tail(self, out)
        }
    }
    #[automatically_derived]
    impl<
        __Q0: _netabase::AsKey<String>,
        __Q1: _netabase::AsKey<u32>,
    > _netabase::AsKey<Slot> for (__Q0, __Q1) {
        fn write_part(&self, out: &mut ::std::vec::Vec<u8>) -> _netabase::Result<()> {
            _netabase::AsKey::<(String, u32)>::write_part(self, out)
        }
        fn write_tail(&self, out: &mut ::std::vec::Vec<u8>) -> _netabase::Result<()> {
            _netabase::AsKey::<(String, u32)>::write_tail(self, out)
        }
    }
    #[automatically_derived]
    impl<__Q0: _netabase::AsKey<String>> _netabase::KeyPrefix<Slot> for (__Q0,) {
        fn write_prefix(&self, out: &mut ::std::vec::Vec<u8>) -> _netabase::Result<()> {
            _netabase::AsKey::write_part(&self.0, out)?;
            ::core::result::Result::Ok(())
        }
    }
    #[automatically_derived]
    impl<__Q0: _netabase::AsKey<String>> _netabase::LeadingKeys<Slot> for (__Q0,) {
        type Next = u32;
        const IS_LAST: bool = true;
    }
};
