//! The horizontal axis: evenly spaced places with labels, as no indexes at all have none on a logarithmic axis.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, ValueFormatter};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::Ranged;

/// Room beside the outer places.
const MARGIN: f64 = 0.35;

/// The places' labels, in order.
pub(crate) struct Places {
    labels: Vec<String>,
    axis: RangedCoordf64,
}

impl Places {
    pub(crate) fn new(labels: Vec<String>) -> Self {
        let end = place(labels.len()) - 1.0 + MARGIN;
        Places { labels, axis: (-MARGIN..end.max(MARGIN)).into() }
    }
}

/// Where the place with this number is.
pub(crate) fn place(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::MAX, f64::from)
}

impl Ranged for Places {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        self.axis.map(value, limit)
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        (0..self.labels.len()).map(place).collect()
    }

    fn range(&self) -> Range<f64> {
        self.axis.range()
    }
}

impl ValueFormatter<f64> for Places {
    fn format_ext(&self, value: &f64) -> String {
        let own = self.labels.iter().enumerate().find(|(number, _)| (place(*number) - value).abs() < 0.01);
        own.map(|(_, label)| label.clone()).unwrap_or_default()
    }
}
