//! Shapes of types, read from how they are written.

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{GenericArgument, PathArguments, Type, parse_quote};

/// `T` of `Name<T>`, with or without a path before it.
pub(crate) fn argument<'t>(ty: &'t Type, name: &str) -> Option<&'t Type> {
    let Type::Path(path) = ungrouped(ty) else { return None };
    let last = path.path.segments.last().filter(|last| path.qself.is_none() && last.ident == name)?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first() {
        Some(GenericArgument::Type(ty)) if arguments.args.len() == 1 => Some(ty),
        _ => None,
    }
}

/// The target of `Link<Target>` or `Link<Target, Definition>`.
pub(crate) fn link(ty: &Type) -> Option<&Type> {
    link_arguments(ty).map(|(target, _)| target)
}

/// The definition that a link names.
pub(crate) fn link_definition(ty: &Type) -> Option<&Type> {
    link_arguments(ty).and_then(|(_, definition)| definition)
}

fn link_arguments(ty: &Type) -> Option<(&Type, Option<&Type>)> {
    let Type::Path(path) = ungrouped(ty) else { return None };
    let last = path.path.segments.last().filter(|last| path.qself.is_none() && last.ident == "Link")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    let mut arguments = arguments.args.iter();
    match (arguments.next(), arguments.next(), arguments.next()) {
        (Some(GenericArgument::Type(target)), None, _) => Some((target, None)),
        (Some(GenericArgument::Type(target)), Some(GenericArgument::Type(definition)), None) => {
            Some((target, Some(definition)))
        }
        _ => None,
    }
}

/// Whether the type is written with this one word.
pub(crate) fn is(ty: &Type, name: &str) -> bool {
    matches!(ungrouped(ty), Type::Path(path) if path.qself.is_none() && path.path.is_ident(name))
}

/// The last word of a path: `String` of `std::string::String`.
pub(crate) fn ends_with(ty: &Type, name: &str) -> bool {
    matches!(ungrouped(ty), Type::Path(path)
        if path.qself.is_none() && path.path.segments.last().is_some_and(|last| last.ident == name))
}

/// A macro may wrap a type in an invisible group.
fn ungrouped(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => ungrouped(&group.elem),
        Type::Paren(paren) => ungrouped(&paren.elem),
        ty => ty,
    }
}

/// Whether one of these words stands anywhere in the type.
pub(crate) fn mentions(ty: &Type, names: &[&str]) -> bool {
    fn stand_in(tokens: TokenStream, names: &[&str]) -> bool {
        tokens.into_iter().any(|tree| match tree {
            TokenTree::Ident(ident) => names.iter().any(|name| ident == name),
            TokenTree::Group(group) => stand_in(group.stream(), names),
            TokenTree::Punct(_) | TokenTree::Literal(_) => false,
        })
    }
    stand_in(ty.to_token_stream(), names)
}

/// A type that owns text or bytes, and the one that borrows them.
pub(crate) struct Borrowed {
    /// with its full path, as a type may be called `String` and be another
    pub(crate) owned: Type,
    pub(crate) borrowed: Type,
}

/// `&'v str` for `String`, `&'v [u8]` for `Vec<u8>`, also within an `Option` or `Vec`. The two have the same encoding.
pub(crate) fn borrowed(ty: &Type) -> Option<Borrowed> {
    let pair = |owned, borrowed| Some(Borrowed { owned, borrowed });
    if ends_with(ty, "String") {
        return pair(parse_quote!(::std::string::String), parse_quote!(&'v str));
    }
    if argument(ty, "Vec").is_some_and(|element| is(element, "u8")) {
        return pair(parse_quote!(::std::vec::Vec<u8>), parse_quote!(&'v [u8]));
    }
    let within = |outer: &str| argument(ty, outer).and_then(borrowed);
    if let Some(Borrowed { owned, borrowed }) = within("Option") {
        return pair(
            parse_quote!(::core::option::Option<#owned>),
            parse_quote!(::core::option::Option<#borrowed>),
        );
    }
    let Borrowed { owned, borrowed } = within("Vec")?;
    pair(parse_quote!(::std::vec::Vec<#owned>), parse_quote!(::std::vec::Vec<#borrowed>))
}

/// What to say of a type that looks like a key and cannot be one.
pub(crate) fn refused(ty: &Type) -> Option<&'static str> {
    if is(ty, "usize") {
        Some("`usize` is no key, because its size differs between machines: use `u64`")
    } else if is(ty, "isize") {
        Some("`isize` is no key, because its size differs between machines: use `i64`")
    } else {
        None
    }
}

/// The type with `Self` replaced by the name it stands for.
pub(crate) fn without_self(ty: &Type, name: &Ident) -> Type {
    let replaced = replace_self(ty.to_token_stream(), name);
    syn::parse2(replaced).unwrap_or_else(|_| ty.clone())
}

fn replace_self(tokens: TokenStream, name: &Ident) -> TokenStream {
    let replace = |tree| match tree {
        TokenTree::Ident(ident) if ident == "Self" => TokenTree::Ident({
            let mut name = name.clone();
            name.set_span(ident.span());
            name
        }),
        TokenTree::Group(group) => {
            let mut replaced = Group::new(group.delimiter(), replace_self(group.stream(), name));
            replaced.set_span(group.span());
            TokenTree::Group(replaced)
        }
        tree => tree,
    };
    tokens.into_iter().map(replace).collect()
}
