//! Checks of what definitions and models let each other do, which run while the user's program is compiled.

use super::check::{Message, same};
use super::{Access, DefinitionSchema, Grant, ModelSchema};

/// What a list gives to somebody: by name, or else to all.
const fn access_of(grants: &[Grant], name: &str) -> Access {
    let (mut grants, mut to_all) = (grants, Access::None);
    while let Some((grant, others)) = grants.split_first() {
        match grant.to {
            None => to_all = grant.access,
            Some(to) if same(to, name) => return grant.access,
            Some(_) => {}
        }
        grants = others;
    }
    to_all
}

impl DefinitionSchema {
    /// What the definition lets another one do, by that one's recorded name. What is granted to it by name counts
    /// before what is granted to all. To itself it is open.
    pub const fn grants_to(&self, definition: &str) -> Access {
        if same(self.name, definition) {
            return Access::Write;
        }
        access_of(self.grants, definition)
    }

    /// Stops the compiler when the definition does not let another one do so much.
    #[track_caller]
    pub(crate) const fn assert_granted(&self, definition: &str, access: Access) {
        if self.grants_to(definition) as u8 >= access as u8 {
            return;
        }
        let (does, word) = match access {
            Access::Write => ("` changes models of `", "write"),
            Access::Read | Access::None => ("` reads models of `", "read"),
        };
        let message = [
            "`",
            definition,
            does,
            self.name,
            "`, which does not grant it: add #[netabase(grants(",
            definition,
            " = \"",
            word,
            "\"))] to `enum ",
            self.name,
            "`",
        ];
        panic!("{}", Message::of(&message).text());
    }

    /// Stops the compiler when a definition links into another one, and is to be opened without it.
    #[track_caller]
    pub(crate) const fn assert_alone(&self) {
        self.assert_links_within(&[self], "a store of its own");
    }

    #[track_caller]
    pub(super) const fn assert_links_within(&self, definitions: &[&DefinitionSchema], place: &str) {
        let mut models = self.models;
        while let Some((model, others)) = models.split_first() {
            let mut relations = model.relations;
            while let Some((relation, rest)) = relations.split_first() {
                if let Some(target) = relation.definition
                    && !has_name(definitions, target)
                {
                    let message = [
                        "definition `",
                        self.name,
                        "` cannot be in ",
                        place,
                        " without `",
                        target,
                        "`, as the field `",
                        relation.name,
                        "` of `",
                        model.name,
                        "` links into it: list both in one enum with #[derive(NetabaseRepository)]",
                    ];
                    panic!("{}", Message::of(&message).text());
                }
                relations = rest;
            }
            models = others;
        }
    }
}

/// Stops the compiler when a model follows its links to one that does not let it. `definition`: that of the targets, where links
/// name it.
#[track_caller]
pub(super) const fn check_inbound(model: &ModelSchema, targets: &[&ModelSchema], definition: Option<&str>) {
    let mut relations = model.relations;
    while let Some((relation, rest)) = relations.split_first() {
        let leads_there = match (relation.definition, definition) {
            (None, None) => true,
            (Some(named), Some(definition)) => same(named, definition),
            _ => false,
        };
        let mut others = targets;
        while let Some((target, left)) = others.split_first() {
            let is_followed =
                leads_there && same(target.name, relation.target) && !matches!(relation.access, Access::None);
            if is_followed && !target.is_open_to(model.name) {
                let message = [
                    "the field `",
                    relation.name,
                    "` of `",
                    model.name,
                    "` links to `",
                    target.name,
                    "`, whose inbound access leaves it out: add `",
                    model.name,
                    " = \"read\"` to `inbound(..)` of `",
                    target.name,
                    "`, or `access = \"none\"` to the relation, which is not followed then",
                ];
                panic!("{}", Message::of(&message).text());
            }
            others = left;
        }
        relations = rest;
    }
}

impl ModelSchema {
    /// Whether the links of another model may be followed to this one.
    pub(crate) const fn is_open_to(&self, model: &str) -> bool {
        match self.inbound {
            None => true,
            Some(grants) => !matches!(access_of(grants, model), Access::None),
        }
    }
}

const fn has_name(definitions: &[&DefinitionSchema], name: &str) -> bool {
    let mut rest = definitions;
    while let Some((definition, others)) = rest.split_first() {
        if same(definition.name, name) {
            return true;
        }
        rest = others;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_counts_before_all() {
        let grants = [
            Grant::new(Some("Shop"), Access::None),
            Grant::new(None, Access::Read),
            Grant::new(Some("Office"), Access::Write),
        ];
        let found = ["Shop", "Office", "Other"].map(|name| access_of(&grants, name));
        assert_eq!(found, [Access::None, Access::Write, Access::Read]);
        assert_eq!(access_of(&[], "Shop"), Access::None);
    }
}
