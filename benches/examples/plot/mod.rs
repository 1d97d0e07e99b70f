//! The sweeps as one SVG: a panel for each, ratios to redb by hand, a line for each operation.

mod places;

use std::error::Error;
use std::path::Path;

use netabase_benches::Result;
use netabase_benches::scaling::{Family, Operation, Sweep};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use places::{Places, place};

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
/// What plotters returns, whose errors cannot be sent to other threads.
type Drawn = std::result::Result<(), Box<dyn Error>>;

const PANEL: u32 = 560;
const HEIGHT: u32 = 620;
const LEGEND: u32 = 80;
const FONT: &str = "sans-serif";

/// Colours that those who see few can tell apart, in the order of `Operation::ALL`.
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(230, 159, 0),
    RGBColor(60, 60, 60),
];

/// Writes the plot to a file.
pub(crate) fn draw(sweeps: &[Sweep], path: &Path) -> Result<()> {
    draw_all(sweeps, path).map_err(|error| error.to_string().into())
}

fn draw_all(sweeps: &[Sweep], path: &Path) -> Drawn {
    let panels = u32::try_from(sweeps.len())?;
    // One panel alone is still as wide as the legend.
    let root = SVGBackend::new(path, ((panels * PANEL).max(2 * PANEL), HEIGHT)).into_drawing_area();
    root.fill(&WHITE)?;
    let (plots, bottom) = root.split_vertically(HEIGHT - LEGEND);
    let top = top(sweeps);
    for (sweep, area) in sweeps.iter().zip(plots.split_evenly((1, sweeps.len()))) {
        panel(sweep, &area, top)?;
    }
    legend(&bottom)?;
    Ok(root.present()?)
}

/// The end of the axis of ratios, which all panels share.
fn top(sweeps: &[Sweep]) -> f64 {
    let points = sweeps.iter().flat_map(|sweep| &sweep.families).flat_map(|family| &family.points);
    let ratios = points.flat_map(|point| &point.results).map(|(_, pair)| pair.ratio());
    ratios.fold(1.2, f64::max) * 1.08
}

fn panel(sweep: &Sweep, area: &Area<'_>, top: f64) -> Drawn {
    // The last family has the most points.
    let points = sweep.families.last().map(|family| family.points.as_slice()).unwrap_or_default();
    let places = Places::new(points.iter().map(|point| point.label.clone()).collect());
    let ends = places.range();
    let mut chart = ChartBuilder::on(area)
        .caption(sweep.title, (FONT, 26))
        .margin(12)
        .margin_right(20)
        .x_label_area_size(64)
        .y_label_area_size(72)
        .build_cartesian_2d(places, 0.0..top)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(RGBColor(225, 225, 225))
        .label_style((FONT, 20))
        .axis_desc_style((FONT, 21))
        .x_desc(sweep.axis)
        .y_desc("time, ratio to redb by hand")
        .y_label_formatter(&|ratio| format!("{ratio:.1}"))
        .draw()?;
    chart.draw_series(LineSeries::new([(ends.start, 1.0), (ends.end, 1.0)], BLACK.stroke_width(2)))?;
    for (number, family) in sweep.families.iter().enumerate() {
        for (operation, colour) in Operation::ALL.into_iter().zip(COLOURS) {
            let line = line(family, operation);
            if number == 0 {
                chart.draw_series(LineSeries::new(line.clone(), colour.stroke_width(3)))?;
                chart.draw_series(line.into_iter().map(|at| Circle::new(at, 5, colour.filled())))?;
            } else {
                chart.draw_series(DashedLineSeries::new(line.clone(), 7, 6, colour.stroke_width(2)))?;
                chart.draw_series(line.iter().map(|at| Circle::new(*at, 5, WHITE.filled())))?;
                chart.draw_series(line.iter().map(|at| Circle::new(*at, 5, colour.stroke_width(2))))?;
            }
        }
    }
    Ok(())
}

fn line(family: &Family, operation: Operation) -> Vec<(f64, f64)> {
    let ratios = family.points.iter().map(|point| Some(point.of(operation)?.ratio()));
    ratios.enumerate().filter_map(|(at, ratio)| Some((place(at), ratio?))).collect()
}

/// A colour for each operation, and what the two kinds of lines mean.
fn legend(area: &Area<'_>) -> Drawn {
    let text = TextStyle::from((FONT, 20).into_font()).pos(Pos::new(HPos::Left, VPos::Center));
    let mut x = 80;
    for (operation, colour) in Operation::ALL.into_iter().zip(COLOURS) {
        area.draw(&PathElement::new([(x, 20), (x + 34, 20)], colour.stroke_width(3)))?;
        area.draw(&Circle::new((x + 17, 20), 5, colour.filled()))?;
        area.draw(&Text::new(operation.name(), (x + 44, 20), text.clone()))?;
        x += 140;
    }
    let note = "Below the line at 1.0 netabase is faster. By number of records: filled with 4 indexes, hollow without.";
    Ok(area.draw(&Text::new(note, (80, 55), text))?)
}
