//! Attributes: `#[netabase(name, name = value, name(..))]` and the field attributes of the same form.

use proc_macro2::{Ident, TokenStream};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, LitInt, LitStr, Meta, Path, Token};

use crate::errors::Errors;

/// Attributes that the design has and the code does not, yet.
const LATER: &[&str] = &[
    "access",
    "aggregate",
    "auto",
    "blob",
    "builder",
    "class",
    "covering",
    "encrypted",
    "grants",
    "history",
    "index",
    "journal",
    "mode",
    "on_delete",
    "payload",
    "versioned",
    "when",
];

pub(super) fn unraw(ident: &Ident) -> String {
    ident.unraw().to_string()
}

/// One item between the parentheses.
pub(super) struct Arg {
    ident: Ident,
    name: String,
    value: Value,
}

enum Value {
    None,
    Text(LitStr),
    Number(LitInt),
    List(TokenStream),
}

impl Parse for Arg {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        // `crate` is a keyword.
        let ident = Ident::parse_any(input)?;
        let value = if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            if input.peek(LitInt) { Value::Number(input.parse()?) } else { Value::Text(input.parse()?) }
        } else if input.peek(syn::token::Paren) {
            let content;
            syn::parenthesized!(content in input);
            Value::List(content.parse()?)
        } else {
            Value::None
        };
        Ok(Arg { name: ident.to_string(), ident, value })
    }
}

/// All items of the attributes of one name.
pub(super) struct Args;

impl Args {
    pub(super) fn of(attrs: &[Attribute], name: &str, errors: &mut Errors) -> Vec<Arg> {
        let mut all: Vec<Arg> = Vec::new();
        for attr in attrs.iter().filter(|attr| attr.path().is_ident(name)) {
            let parsed = match &attr.meta {
                Meta::Path(_) => continue,
                meta => meta
                    .require_list()
                    .and_then(|list| list.parse_args_with(Punctuated::<Arg, Token![,]>::parse_terminated)),
            };
            for arg in errors.take(parsed).into_iter().flatten() {
                if all.iter().any(|known| known.ident == arg.ident) {
                    errors.at(&arg.ident, format!("`{}` is given twice: remove one", arg.ident));
                } else {
                    all.push(arg);
                }
            }
        }
        all
    }
}

impl Arg {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn ident(&self) -> &Ident {
        &self.ident
    }

    /// An attribute that has no place here.
    pub(super) fn refuse(&self, errors: &mut Errors) {
        let name = self.name();
        if LATER.contains(&name) {
            errors.at(&self.ident, format!("`{name}` is not built yet: remove it for now"));
        } else {
            errors.at(&self.ident, format!("netabase knows no attribute `{name}` in this place"));
        }
    }

    fn expected(&self, form: &str, errors: &mut Errors) {
        errors.at(&self.ident, format!("write `{}{form}`", self.ident));
    }

    /// `name` alone.
    pub(super) fn flag(&self, errors: &mut Errors) -> bool {
        if !matches!(self.value, Value::None) {
            errors.at(&self.ident, format!("`{}` takes no value", self.ident));
        }
        true
    }

    /// `name = ".."`
    fn text(&self, errors: &mut Errors) -> Option<&LitStr> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => {
                self.expected(" = \"..\"", errors);
                None
            }
        }
    }

    /// A recorded name: it becomes part of a table's name.
    pub(super) fn name_text(&self, errors: &mut Errors) -> Option<String> {
        let text = self.text(errors)?;
        let name = text.value();
        if name.is_empty() || name.contains(['/', '\0']) {
            errors.at(text, "a recorded name has at least one character and no `/`");
            return None;
        }
        Some(name)
    }

    pub(super) fn path(&self, errors: &mut Errors) -> Option<Path> {
        let path = self.text(errors)?.parse();
        errors.take(path)
    }

    pub(super) fn as_ident(&self, errors: &mut Errors) -> Option<Ident> {
        let ident = self.text(errors)?.parse();
        errors.take(ident)
    }

    pub(super) fn byte(&self, errors: &mut Errors) -> Option<u8> {
        match &self.value {
            Value::Number(number) => match number.base10_parse::<u8>() {
                Ok(byte) => Some(byte),
                Err(_) => {
                    errors.at(number, "a version is a number from 0 to 255");
                    None
                }
            },
            _ => {
                self.expected(" = 1", errors);
                None
            }
        }
    }

    /// `name(Path, Path)`
    pub(super) fn paths(&self, errors: &mut Errors) -> Vec<Path> {
        match &self.value {
            Value::List(tokens) => {
                let parser = Punctuated::<Path, Token![,]>::parse_terminated;
                let paths = syn::parse::Parser::parse2(parser, tokens.clone());
                errors.take(paths).into_iter().flatten().collect()
            }
            _ => {
                self.expected("(Name, ..)", errors);
                Vec::new()
            }
        }
    }
}

/// Serde attributes whose output postcard cannot read back.
pub(super) fn refuse_serde(attrs: &[Attribute], errors: &mut Errors) {
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("serde")) {
        let Ok(list) = attr.meta.require_list() else { continue };
        let mut names = Vec::new();
        // What does not parse is serde's to report.
        let _ = list.parse_nested_meta(|meta| {
            names.extend(meta.path.get_ident().cloned());
            if meta.input.peek(Token![=]) {
                meta.value()?.parse::<syn::Expr>()?;
            } else if meta.input.peek(syn::token::Paren) {
                let content;
                syn::parenthesized!(content in meta.input);
                content.parse::<TokenStream>()?;
            }
            Ok(())
        });
        for name in names {
            let refused = [
                "skip_serializing_if",
                "flatten",
                "untagged",
                "tag",
                "content",
                "skip_serializing",
                "skip_deserializing",
            ];
            if refused.iter().any(|refused| name == refused) {
                errors.at(
                    &name,
                    format!(
                        "a record with `#[serde({name})]` cannot be read back, because netabase stores fields by \
                         position and not by name: remove it"
                    ),
                );
            }
        }
    }
}
