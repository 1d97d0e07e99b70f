//! Attributes: `#[netabase(name, name = value, name(..))]` and the field attributes of the same form.

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Lit, LitInt, LitStr, Meta, Path, Token};

use crate::errors::Errors;
use crate::model::Subscription;

/// Attributes that the design has and the code does not, yet.
const LATER: &[&str] = &["blob", "builder", "encrypted", "history", "mode"];

pub(super) fn unraw(ident: &Ident) -> String {
    ident.unraw().to_string()
}

/// One item between the parentheses.
#[derive(Clone)]
pub(super) struct Arg {
    ident: Ident,
    name: String,
    value: Value,
}

#[derive(Clone)]
enum Value {
    None,
    Text(LitStr),
    Number(LitInt),
    List(TokenStream),
    /// anything else behind `=`, which no attribute takes
    Other,
}

impl Parse for Arg {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        // `crate` is a keyword.
        let ident = Ident::parse_any(input)?;
        let value = if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            match input.parse::<syn::Expr>()? {
                Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Value::Text(text),
                Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => Value::Number(number),
                _ => Value::Other,
            }
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
                Meta::NameValue(meta) => {
                    errors.at(
                        meta,
                        format!("write `#[{name}(..)]`, with what you mean between the parentheses"),
                    );
                    continue;
                }
                Meta::List(list) => list.parse_args_with(Punctuated::<Arg, Token![,]>::parse_terminated),
            };
            for arg in errors.take(parsed).into_iter().flatten() {
                // A model has any number of indexes, and of conditions on topics.
                if arg.ident != "index"
                    && arg.ident != "subscribe"
                    && all.iter().any(|known| known.ident == arg.ident)
                {
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

    /// An attribute that has no place here, where only these have.
    pub(super) fn refuse(&self, known: &[&str], errors: &mut Errors) {
        let name = self.name();
        if LATER.contains(&name) {
            errors.at(&self.ident, format!("`{name}` is not built yet: remove it for now"));
        } else {
            let known: Vec<String> = known.iter().map(|known| format!("`{known}`")).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            errors.at(
                &self.ident,
                format!("netabase knows no attribute `{name}` in this place; it knows {known}"),
            );
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

    /// `name = ".."`, the text as it stands there.
    pub(super) fn literal(&self, errors: &mut Errors) -> Option<LitStr> {
        let text = self.text(errors)?;
        recorded_name(text, errors).map(|_| text.clone())
    }

    pub(super) fn name_text(&self, errors: &mut Errors) -> Option<String> {
        recorded_name(self.text(errors)?, errors)
    }

    /// What stands between the parentheses of `name(..)`.
    pub(super) fn list(&self, errors: &mut Errors) -> Option<TokenStream> {
        if let Value::List(tokens) = &self.value {
            return Some(tokens.clone());
        }
        self.expected("(..)", errors);
        None
    }

    pub(super) fn path(&self, errors: &mut Errors) -> Option<Path> {
        let path = self.text(errors)?.parse();
        errors.take(path)
    }

    pub(super) fn as_ident(&self, errors: &mut Errors) -> Option<Ident> {
        ident_of(self.text(errors)?, errors)
    }

    /// `name(word, word)`, each of them one of these words; gives the other names of them, where the words stand.
    pub(super) fn words(&self, known: &[(&str, &str)], errors: &mut Errors) -> Option<Vec<Ident>> {
        let parser = Punctuated::<Ident, Token![,]>::parse_terminated;
        let list = self.list(errors)?;
        let words = errors.take(syn::parse::Parser::parse2(parser, list))?;
        let mut found = Vec::new();
        for word in words {
            match known.iter().find(|(name, _)| word == name) {
                Some((_, name)) => found.push(Ident::new(name, word.span())),
                None => {
                    let known: Vec<String> = known.iter().map(|(name, _)| format!("`{name}`")).collect();
                    errors.at(&word, format!("`{}` is of {}", self.ident, known.join(", ")));
                }
            }
        }
        Some(found)
    }

    /// `name = ".."`, with one of these texts; gives the other name of it, where the text stands.
    pub(super) fn one_of(&self, known: &[(&str, &str)], errors: &mut Errors) -> Option<Ident> {
        one_of(&format!("`{}`", self.ident), self.text(errors)?, known, errors)
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

    /// `name`, or `name(Path, Path)`
    pub(super) fn maybe_paths(&self, errors: &mut Errors) -> Vec<Path> {
        match self.value {
            Value::None => Vec::new(),
            Value::List(_) => self.paths(errors),
            _ => {
                self.expected(&format!("`, or `{}(Name, ..)", self.ident), errors);
                Vec::new()
            }
        }
    }

    /// `name(Topic, Topic, when = path)`
    pub(super) fn subscriptions(&self, errors: &mut Errors) -> Vec<Subscription> {
        let Some(tokens) = self.list(errors) else { return Vec::new() };
        let parse = |input: ParseStream<'_>| {
            let (mut topics, mut when) = (Vec::new(), None);
            while !input.is_empty() {
                let path: Path = input.parse()?;
                if path.is_ident("when") && input.peek(Token![=]) {
                    input.parse::<Token![=]>()?;
                    if when.replace(input.parse::<Path>()?).is_some() {
                        return Err(syn::Error::new_spanned(path, "`when` is given twice: remove one"));
                    }
                } else {
                    topics.push(path);
                }
                if !input.is_empty() {
                    input.parse::<Token![,]>()?;
                }
            }
            Ok((topics, when))
        };
        let parsed = errors.take(syn::parse::Parser::parse2(parse, tokens));
        if parsed.as_ref().is_some_and(|(topics, _)| topics.is_empty()) {
            errors.at(&self.ident, "name the topics: `subscribe(Topic, ..)`");
        }
        let (topics, when) = parsed.unwrap_or_default();
        topics.into_iter().map(|topic| Subscription { topic, when: when.clone() }).collect()
    }

    /// `name(Path)`
    pub(super) fn one_path(&self, errors: &mut Errors) -> Option<Path> {
        let mut paths = self.paths(errors);
        if paths.len() > 1 {
            errors.at(&self.ident, format!("`{}` takes one type", self.ident));
        }
        paths.pop()
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

/// One of these texts; gives the other name of it, where the text stands.
pub(super) fn one_of(
    what: &str,
    text: &LitStr,
    known: &[(&str, &str)],
    errors: &mut Errors,
) -> Option<Ident> {
    let found = known.iter().find(|(name, _)| *name == text.value());
    if found.is_none() {
        let known: Vec<String> = known.iter().map(|(name, _)| format!("{name:?}")).collect();
        errors.at(text, format!("{what} is one of {}", known.join(", ")));
    }
    found.map(|(_, name)| Ident::new(name, text.span()))
}

/// A recorded name: it becomes part of a table's name.
pub(super) fn recorded_name(text: &LitStr, errors: &mut Errors) -> Option<String> {
    let name = text.value();
    if name.is_empty() || name.contains(['/', '.', '\0']) {
        errors.at(text, "a recorded name has at least one character and no `/` or `.`");
        return None;
    }
    Some(name)
}

/// The name of a handle.
pub(super) fn ident_of(text: &LitStr, errors: &mut Errors) -> Option<Ident> {
    let ident = text.parse().ok();
    if ident.is_none() {
        errors.at(text, "a handle is a name for a constant, as in `handle = \"CREATED\"`");
    }
    ident
}

/// Attributes of ours that stand where they mean nothing, or twice.
pub(super) fn misplaced(attrs: &[Attribute], belongs: &str, names: &[&str], errors: &mut Errors) {
    for name in names {
        for attr in attrs.iter().filter(|attr| attr.path().is_ident(name)) {
            errors.at(attr, format!("`#[{name}]` belongs {belongs}"));
        }
    }
}

pub(super) fn given_twice(attrs: &[Attribute], name: &str, errors: &mut Errors) {
    for attr in attrs.iter().filter(|attr| attr.path().is_ident(name)).skip(1) {
        errors.at(attr, format!("`#[{name}]` is given twice: remove one"));
    }
}

/// Serde attributes whose output postcard cannot read back.
pub(super) fn refuse_serde(attrs: &[Attribute], errors: &mut Errors) {
    const REFUSED: &[&str] = &[
        "skip_serializing_if",
        "flatten",
        "untagged",
        "tag",
        "content",
        "skip_serializing",
        "skip_deserializing",
    ];
    for name in serde_names(attrs) {
        if REFUSED.iter().any(|refused| name == refused) {
            errors.at(
                &name,
                format!(
                    "a record with `#[serde({name})]` cannot be read back, because netabase stores fields by position \
                     and not by name: remove it"
                ),
            );
        }
    }
}

/// A key that is not stored would be another one when the record is read.
pub(super) fn refuse_skipped(attrs: &[Attribute], errors: &mut Errors) {
    let skips = ["skip", "skip_serializing", "skip_deserializing"];
    for name in serde_names(attrs).iter().filter(|name| skips.iter().any(|skip| *name == skip)) {
        errors.at(name, "a key is stored with its record: remove `skip`");
    }
}

/// Serde attributes by which something else than the fields is stored, which the file's schema would not know.
pub(super) fn refuse_conversions(attrs: &[Attribute], errors: &mut Errors) {
    let conversions = ["from", "try_from", "into", "remote"];
    for name in serde_names(attrs).iter().filter(|name| conversions.iter().any(|other| *name == other)) {
        let message = format!(
            "`#[serde({name})]` stores something else than the fields, which the file's schema would not know: remove it, \
             and put the other type into a field"
        );
        errors.at(name, message);
    }
}

/// Serde attributes of a field that decide what its bytes are, as the schema records them before its type.
pub(super) fn wire(attrs: &[Attribute]) -> String {
    let decides = ["skip", "with", "serialize_with", "deserialize_with"];
    let of = serde_items(attrs).into_iter().filter(|(name, _)| decides.iter().any(|other| name == other));
    of.map(|(name, value)| format!("#[serde({name}{value})] ")).collect::<Vec<_>>().concat()
}

/// The names between the parentheses of `#[serde(..)]`.
fn serde_names(attrs: &[Attribute]) -> Vec<Ident> {
    serde_items(attrs).into_iter().map(|(name, _)| name).collect()
}

/// The same with what is given to them: `` = "module"``.
fn serde_items(attrs: &[Attribute]) -> Vec<(Ident, String)> {
    let mut names = Vec::new();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("serde")) {
        let Ok(list) = attr.meta.require_list() else { continue };
        // What does not parse is serde's to report.
        let _ = list.parse_nested_meta(|meta| {
            let name = meta.path.get_ident().cloned();
            let mut given = String::new();
            if meta.input.peek(Token![=]) {
                given = format!(" = {}", meta.value()?.parse::<Expr>()?.to_token_stream());
            } else if meta.input.peek(syn::token::Paren) {
                let content;
                syn::parenthesized!(content in meta.input);
                content.parse::<TokenStream>()?;
            }
            names.extend(name.map(|name| (name, given)));
            Ok(())
        });
    }
    names
}
