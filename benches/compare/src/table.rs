//! The results: one table, or JSON.

use crate::args::{Args, Name};
use crate::rounds::{Cell, Results};
use crate::workload;

/// Prints a row for each workload and a column for each engine.
pub(crate) fn print(args: &Args, results: &Results) {
    let workloads = results.workloads();
    println!("{} records, {} rounds. In each cell: the median over the rounds,", args.records, args.rounds);
    println!(
        "its ratio to redb by hand, and the least and the most of the rounds; - where an engine takes no part.\n"
    );
    let mut rows = vec![vec!["workload".to_owned()]; 1];
    rows.extend(workloads.iter().map(|workload| vec![(*workload).to_owned()]));
    for engine in &results.engines {
        let cells =
            workloads.iter().map(|workload| results.cell(workload, *engine).map(|cell| (*workload, cell)));
        for (row, text) in rows.iter_mut().zip(column(*engine, cells.collect())) {
            row.push(text);
        }
    }
    let widths: Vec<usize> = (0..=results.engines.len())
        .map(|at| rows.iter().filter_map(|row| row.get(at)).map(String::len).max().unwrap_or(0))
        .collect();
    for row in rows {
        let line: Vec<String> =
            row.iter().zip(&widths).map(|(text, width)| format!("{text:<width$}")).collect();
        println!("{}", line.join("  ").trim_end());
    }
}

/// A heading and the cells, their parts aligned.
fn column(engine: Name, cells: Vec<Option<(&str, Cell)>>) -> Vec<String> {
    let texts: Vec<[String; 3]> = cells
        .into_iter()
        .map(|cell| {
            let Some((workload, cell)) = cell else { return ["-".into(), String::new(), String::new()] };
            let show = |value| if workload::is_bytes(workload) { bytes(value) } else { time(value) };
            let ratio = cell.ratio.map_or_else(|| "-".into(), |ratio| format!("x{ratio:.2}"));
            [show(cell.median), ratio, format!("{}-{}", show(cell.min), show(cell.max))]
        })
        .collect();
    let wide = |at: usize| texts.iter().filter_map(|text| text.get(at)).map(String::len).max().unwrap_or(0);
    let (first, second) = (wide(0), wide(1));
    let lines =
        texts.iter().map(|[median, ratio, spread]| format!("{median:>first$} {ratio:>second$} {spread}"));
    std::iter::once(engine.to_string()).chain(lines).collect()
}

/// Prints a line for each workload and engine.
pub(crate) fn print_json(results: &Results) {
    for workload in results.workloads() {
        for engine in &results.engines {
            if let Some(Cell { median, ratio, min, max }) = results.cell(workload, *engine) {
                let ratio = ratio.map_or_else(|| "null".into(), |ratio| format!("{ratio:.4}"));
                println!(
                    "{{\"workload\":\"{workload}\",\"engine\":\"{engine}\",\"median_ns\":{median:.1},\
                     \"ratio_to_redb\":{ratio},\"min\":{min:.1},\"max\":{max:.1}}}"
                );
            }
        }
    }
}

/// Three digits that count.
fn time(nanoseconds: f64) -> String {
    scaled(nanoseconds, 1000.0, &["ns", "us", "ms", "s"])
}

fn bytes(bytes: f64) -> String {
    scaled(bytes, 1024.0, &["B", "KiB", "MiB", "GiB"])
}

fn scaled(mut value: f64, step: f64, units: &[&str]) -> String {
    let (mut unit, mut rest) = ("", units.iter());
    while let Some(next) = rest.next() {
        unit = next;
        // What would be rounded up to a whole step is shown in the next unit.
        if value < step - 0.5 || rest.len() == 0 {
            break;
        }
        value /= step;
    }
    let digits = if value < 9.995 { 2 } else { usize::from(value < 99.95) };
    format!("{value:.digits$}{unit}")
}
