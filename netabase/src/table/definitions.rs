//! Which models are whose, where several definitions share a layout, and what one of them lets another do.

use super::layout::{Layout, Place};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{NetabaseDefinition, NetabaseModel};
use crate::schema::Access;

impl Layout {
    /// Recorded names of the definitions, each with the number of its models.
    pub(crate) fn definitions(&self) -> impl Iterator<Item = (&'static str, usize)> {
        self.places.iter().map(|place| (place.schema.name, place.models.len()))
    }

    /// A model's definition by its recorded name, and the model's place in it.
    pub(crate) fn place_in_definition(&self, ordinal: usize) -> Option<(&'static str, usize)> {
        let place = self.place_of(ordinal)?;
        Some((place.schema.name, ordinal.checked_sub(place.models.start)?))
    }

    /// Recorded name of a model's definition.
    pub(crate) fn definition_of(&self, ordinal: usize) -> &'static str {
        self.place_of(ordinal).map_or("", |place| place.schema.name)
    }

    /// Whether the changes of a model are kept in the journal.
    pub(crate) fn is_journaled(&self, ordinal: usize) -> bool {
        let model = self.models.get(ordinal).is_some_and(|tables| tables.schema.journal);
        model || self.place_of(ordinal).is_some_and(|place| place.schema.journal)
    }

    /// The number of a model in the definition of another one, as several definitions may list it.
    pub(crate) fn ordinal_of<M: NetabaseModel>(&self, beside: usize) -> Result<usize> {
        let found = self.place_of(beside).and_then(|place| self.find::<M>(place));
        found.ok_or_else(|| Error::new(ErrorKind::UnknownModel { model: M::NAME }))
    }

    /// The number of a definition.
    pub(crate) fn place<D: NetabaseDefinition>(&self) -> Result<usize> {
        // Two types of one name are not the same definition.
        let is_it = |place: &Place| {
            let readers = self.models.get(place.models.clone()).unwrap_or_default().iter();
            place.schema.name == D::NAME
                && readers
                    .map(|tables| tables.reader.type_id())
                    .eq(D::READERS.iter().map(|reader| reader.type_id()))
        };
        let unknown = || Error::new(ErrorKind::UnknownDefinition { definition: D::NAME });
        self.places.iter().position(is_it).ok_or_else(unknown)
    }

    /// The number of a model in the definition of this name.
    pub(crate) fn ordinal_in<M: NetabaseModel>(&self, definition: &'static str) -> Result<usize> {
        let place = self.places.iter().find(|place| place.schema.name == definition);
        let place = place.ok_or_else(|| Error::new(ErrorKind::UnknownDefinition { definition }))?;
        self.find::<M>(place).ok_or_else(|| Error::new(ErrorKind::UnknownModel { model: M::NAME }))
    }

    /// The number of a model that has a relation to another one. `part`: the number of the relation's table.
    /// `home`: a model of the definition that asks. Of several, one that it may read.
    pub(crate) fn linking<C: NetabaseModel>(
        &self,
        (home, target): (usize, usize),
        part: usize,
    ) -> Result<Option<usize>> {
        let incoming = self.model(target)?.incoming.iter().filter(|incoming| incoming.part == part);
        let is_of =
            |ordinal: &usize| self.models.get(*ordinal).is_some_and(|tables| tables.reader.is_of::<C>());
        let found: Vec<_> = incoming.map(|incoming| incoming.ordinal).filter(is_of).collect();
        let granted = found.iter().find(|ordinal| self.check_granted(home, **ordinal).is_ok());
        Ok(granted.or(found.first()).copied())
    }

    fn find<M: NetabaseModel>(&self, place: &Place) -> Option<usize> {
        let of_model =
            |number: &usize| self.models.get(*number).is_some_and(|tables| tables.reader.is_of::<M>());
        place.models.clone().find(of_model)
    }

    fn place_of(&self, ordinal: usize) -> Option<&Place> {
        self.places.iter().find(|place| place.models.contains(&ordinal))
    }

    /// Refuses a step from a model to one of another definition that does not let that be read.
    pub(crate) fn check_granted(&self, from: usize, to: usize) -> Result<()> {
        let (Some(from), Some(to)) = (self.place_of(from), self.place_of(to)) else {
            return Err(Error::internal("no model of that number"));
        };
        let (definition, to) = (from.schema.name, to.schema);
        if to.grants_to(definition) >= Access::Read {
            return Ok(());
        }
        Err(Error::new(ErrorKind::NotGranted { definition, to: to.name }))
    }
}
