//! `#[derive(NetabaseKey)]`: a key of keys.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::Type;
use syn::ext::IdentExt;

use super::{key_type, scoped};
use crate::model::{Header, KeyForm, KeyInput, Part, Parts, Variant};
use crate::parse::ty;

pub(crate) fn key(input: &KeyInput) -> TokenStream {
    let Header { ident, name, .. } = &input.header;
    let (body, forms) = match &input.form {
        KeyForm::Struct(parts) => (of_struct(name, parts), cheaper_forms(ident, parts)),
        KeyForm::Enum(variants) => (of_enum(name, variants), quote!()),
    };
    scoped(
        &input.header,
        quote! {
            #[automatically_derived]
            impl _netabase::Key for #ident { #body }
            #[automatically_derived]
            impl _netabase::AsKey<#ident> for #ident {
                fn write_part(&self, out: &mut ::std::vec::Vec<u8>) -> _netabase::Result<()> {
                    _netabase::Key::encode_part(self, out)
                }
                fn write_tail(&self, out: &mut ::std::vec::Vec<u8>) -> _netabase::Result<()> {
                    _netabase::Key::encode_tail(self, out)
                }
            }
            #forms
        },
    )
}

fn of_struct(name: &str, Parts { parts, .. }: &Parts) -> TokenStream {
    let types: Vec<_> = parts.iter().map(|part| &part.ty).collect();
    let members: Vec<_> = parts.iter().map(|part| &part.member).collect();
    let fields = parts.iter().map(recorded);
    // `check` has seen to it that there is one.
    let Some((last, front)) = members.split_last() else { return quote!() };
    let front_and = |end: TokenStream| {
        quote! {
            #( _netabase::Key::encode_part(&self.#front, out)?; )*
            #end
        }
    };
    let part = front_and(quote!(_netabase::Key::encode_part(&self.#last, out)));
    let tail = front_and(quote!(_netabase::Key::encode_tail(&self.#last, out)));
    let mutable = (!front.is_empty()).then(|| quote!(mut));
    quote! {
        const WIDTH: ::core::option::Option<usize> = _netabase::width_sum(&[#(<#types as _netabase::Key>::WIDTH),*]);
        const TYPE: _netabase::KeyType =
            _netabase::KeyType::Named(#name, &[#(#fields),*]);
        fn encode_part(&self, out: &mut ::std::vec::Vec<u8>) -> _netabase::Result<()> { #part }
        fn encode_tail(&self, out: &mut ::std::vec::Vec<u8>) -> _netabase::Result<()> { #tail }
        fn decode_part(bytes: &mut &[u8]) -> _netabase::Result<Self> {
            ::core::result::Result::Ok(Self { #(#members: _netabase::Key::decode_part(bytes)?),* })
        }
        fn decode_tail(#mutable bytes: &[u8]) -> _netabase::Result<Self> {
            ::core::result::Result::Ok(Self {
                #(#front: _netabase::Key::decode_part(&mut bytes)?,)*
                #last: _netabase::Key::decode_tail(bytes)?
            })
        }
    }
}

fn of_enum(name: &str, variants: &[Variant]) -> TokenStream {
    let wide = variants.iter().any(|variant| variant.number > 255);
    let number_type = if wide { quote!(u32) } else { quote!(u8) };
    let plain = variants.iter().all(|variant| variant.parts.parts.is_empty());
    let width = if plain {
        quote!(<#number_type as _netabase::Key>::WIDTH)
    } else {
        quote!(::core::option::Option::None)
    };
    let types = variants.iter().map(|Variant { ident, number, parts, .. }| {
        let (ident, fields) = (ident.to_string(), parts.parts.iter().map(recorded));
        quote!((#ident, #number, &[#(#fields),*]))
    });
    let encode = variants.iter().map(|Variant { ident, number, parts, .. }| {
        let number = proc_macro2::Literal::u32_unsuffixed(*number);
        let (members, names) = bound(parts);
        quote! {
            Self::#ident { #(#members: #names),* } => {
                <#number_type as _netabase::Key>::encode_part(&#number, out)?;
                #( _netabase::Key::encode_part(#names, out)?; )*
            }
        }
    });
    let decode = variants.iter().map(|Variant { ident, number, parts, .. }| {
        let number = proc_macro2::Literal::u32_unsuffixed(*number);
        let members = parts.parts.iter().map(|part| &part.member);
        quote!(#number => Self::#ident { #(#members: _netabase::Key::decode_part(bytes)?),* })
    });
    quote! {
        const WIDTH: ::core::option::Option<usize> = #width;
        const TYPE: _netabase::KeyType = _netabase::KeyType::Enum(#name, &[#(#types),*]);
        fn encode_part(&self, out: &mut ::std::vec::Vec<u8>) -> _netabase::Result<()> {
            match self { #(#encode)* }
            ::core::result::Result::Ok(())
        }
        fn decode_part(bytes: &mut &[u8]) -> _netabase::Result<Self> {
            ::core::result::Result::Ok(match <#number_type as _netabase::Key>::decode_part(bytes)? {
                #(#decode,)*
                _ => return ::core::result::Result::Err(_netabase::unknown_variant(#name)),
            })
        }
    }
}

/// A field as the schema records it: without names, two fields of one type could change places unseen.
fn recorded(Part { member, ty }: &Part) -> TokenStream {
    let name = match member {
        syn::Member::Named(ident) => ident.unraw().to_string(),
        syn::Member::Unnamed(index) => index.index.to_string(),
    };
    quote!((#name, &<#ty as _netabase::Key>::TYPE))
}

/// The fields of a variant and names to bind them to.
fn bound(Parts { parts, .. }: &Parts) -> (Vec<&syn::Member>, Vec<Ident>) {
    let members = parts.iter().map(|part| &part.member).collect();
    (members, (0..parts.len()).map(|at| format_ident!("part{at}")).collect())
}

/// What else may stand for the key: the inner value of a newtype, a tuple of the fields, leading fields as prefix.
fn cheaper_forms(ident: &Ident, Parts { named, parts }: &Parts) -> TokenStream {
    match parts.as_slice() {
        [Part { ty, .. }] if !named => newtype_forms(ident, ty),
        [_] => quote!(),
        parts => tuple_forms(ident, parts),
    }
}

fn newtype_forms(ident: &Ident, inner: &Type) -> TokenStream {
    let key = key_type(inner);
    let mut forms = vec![as_key(ident, &key, &key)];
    if ty::ends_with(inner, "String") {
        let text: Type = syn::parse_quote!(str);
        forms.extend([as_key(ident, &text, &key), prefix(ident, &text, &key), prefix(ident, &key, &key)]);
    } else if ty::argument(inner, "Vec").is_some() {
        let bytes: Type = syn::parse_quote!([u8]);
        forms.extend([as_key(ident, &bytes, &key), prefix(ident, &bytes, &key), prefix(ident, &key, &key)]);
    } else if let Type::Tuple(tuple) = inner {
        let types: Vec<Type> = tuple.elems.iter().cloned().collect();
        forms.extend(prefixes(ident, &types));
    } else if !is_known_single(inner) {
        // A key struct inside: its prefixes are those of the newtype.
        for count in 1..=3 {
            let queries: Vec<_> = (0..count).map(|at| format_ident!("__Q{at}")).collect();
            forms.push(quote! {
                #[automatically_derived]
                impl<#(#queries),*> _netabase::KeyPrefix<#ident> for (#(#queries,)*)
                where
                    (#(#queries,)*): _netabase::KeyPrefix<#key>,
                {
                    fn write_prefix(&self, out: &mut ::std::vec::Vec<u8>) -> _netabase::Result<()> {
                        _netabase::KeyPrefix::<#key>::write_prefix(self, out)
                    }
                }
            });
        }
    }
    quote!(#(#forms)*)
}

/// Types without parts, for which there is nothing to say about prefixes.
fn is_known_single(ty: &Type) -> bool {
    const SINGLE: &[&str] = &[
        "u8",
        "u16",
        "u32",
        "u64",
        "u128",
        "i8",
        "i16",
        "i32",
        "i64",
        "i128",
        "f32",
        "f64",
        "bool",
        "char",
        "Uuid",
        "Timestamp",
        "Date",
        "NaiveDate",
    ];
    SINGLE.iter().any(|single| ty::ends_with(ty, single))
        || matches!(ty, Type::Array(_))
        || ty::link(ty).is_some()
        || ty::argument(ty, "DateTime").is_some()
}

/// `form` stands for the newtype `ident` as it does for the key inside.
fn as_key(ident: &Ident, form: &Type, key: &Type) -> TokenStream {
    quote! {
        #[automatically_derived]
        impl _netabase::AsKey<#ident> for #form {
            fn write_part(&self, out: &mut ::std::vec::Vec<u8>) -> _netabase::Result<()> {
                _netabase::AsKey::<#key>::write_part(self, out)
            }
            fn write_tail(&self, out: &mut ::std::vec::Vec<u8>) -> _netabase::Result<()> {
                _netabase::AsKey::<#key>::write_tail(self, out)
            }
        }
    }
}

fn prefix(ident: &Ident, form: &Type, key: &Type) -> TokenStream {
    quote! {
        #[automatically_derived]
        impl _netabase::KeyPrefix<#ident> for #form {
            fn write_prefix(&self, out: &mut ::std::vec::Vec<u8>) -> _netabase::Result<()> {
                _netabase::KeyPrefix::<#key>::write_prefix(self, out)
            }
        }
    }
}

/// `(1, "a")` for `Key { id: u32, name: String }`.
fn tuple_forms(ident: &Ident, parts: &[Part]) -> TokenStream {
    let types: Vec<Type> = parts.iter().map(|part| key_type(&part.ty)).collect();
    let queries: Vec<_> = (0..types.len()).map(|at| format_ident!("__Q{at}")).collect();
    let prefixes = prefixes(ident, &types);
    quote! {
        #[automatically_derived]
        impl<#(#queries: _netabase::AsKey<#types>),*> _netabase::AsKey<#ident> for (#(#queries,)*) {
            fn write_part(&self, out: &mut ::std::vec::Vec<u8>) -> _netabase::Result<()> {
                _netabase::AsKey::<(#(#types,)*)>::write_part(self, out)
            }
            fn write_tail(&self, out: &mut ::std::vec::Vec<u8>) -> _netabase::Result<()> {
                _netabase::AsKey::<(#(#types,)*)>::write_tail(self, out)
            }
        }
        #(#prefixes)*
    }
}

/// One impl for each number of leading parts.
fn prefixes(ident: &Ident, types: &[Type]) -> Vec<TokenStream> {
    let of = |count: usize| {
        let front: Vec<&Type> = types.iter().take(count).collect();
        let queries: Vec<_> = (0..count).map(|at| format_ident!("__Q{at}")).collect();
        let members = (0..count).map(syn::Index::from);
        let next = types.get(count);
        let is_last = count + 1 == types.len();
        quote! {
            #[automatically_derived]
            impl<#(#queries: _netabase::AsKey<#front>),*> _netabase::KeyPrefix<#ident> for (#(#queries,)*) {
                fn write_prefix(&self, out: &mut ::std::vec::Vec<u8>) -> _netabase::Result<()> {
                    #( _netabase::AsKey::write_part(&self.#members, out)?; )*
                    ::core::result::Result::Ok(())
                }
            }
            #[automatically_derived]
            impl<#(#queries: _netabase::AsKey<#front>),*> _netabase::LeadingKeys<#ident> for (#(#queries,)*) {
                type Next = #next;
                const IS_LAST: bool = #is_last;
            }
        }
    };
    (1..types.len()).map(of).collect()
}
