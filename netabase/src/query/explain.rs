//! What a query does, told as data and as text.

use std::fmt;

use super::plan::{COUNTED, Piece, Plan, Repeats, rows_of};
use super::residual::Residual;
use super::source::Source;
use super::walk::Walk;
use crate::error::Result;
use crate::model::NetabaseModel;

/// One step of a query, with the steps it takes its rows from.
///
/// It prints as text, a line for each step, the last one first:
///
/// ```text
/// limit 20: 20 rows
///   test of 1 condition: 20 rows
///     index kind, one key: 5000 rows expected, 61 read
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explain {
    /// what it does
    pub step: Step,
    /// rows that it is expected to give, if that is known
    pub estimate: Option<u64>,
    /// rows that it gave, if the query ran
    pub actual: Option<u64>,
    /// where its rows come from
    pub inputs: Vec<Explain>,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// nothing, as the conditions contradict each other
    Nothing,
    /// reads records by primary key
    Table(Asked),
    /// reads rows of an index, a relation or a topic
    Index(&'static str, Asked),
    /// keeps the rows that all inputs have
    Meet,
    /// gives the rows of its inputs, each record once
    Union,
    /// tests this many conditions on each record
    Test(usize),
    /// sorts in memory, where at most this many records are kept
    Sort(usize),
    /// leaves out the first of these numbers, and ends after the second
    Limit(usize, usize),
}

/// What a table is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Asked {
    /// all rows
    All,
    /// the rows of this many keys
    Keys(usize),
    /// the rows between two keys
    Range,
}

impl Explain {
    fn new(step: Step, estimate: Option<u64>, inputs: Vec<Explain>) -> Self {
        Explain { step, estimate, actual: None, inputs }
    }

    /// Every step of the tree, this one first.
    pub fn steps(&self) -> Vec<&Explain> {
        let mut steps = vec![self];
        let mut at = 0;
        while let Some(step) = steps.get(at).copied() {
            steps.extend(&step.inputs);
            at += 1;
        }
        steps
    }

    fn write(&self, depth: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:indent$}{}", "", self.step, indent = depth * 2)?;
        match (self.estimate, self.actual) {
            (Some(expected), Some(read)) => write!(f, ": {} expected, {read} read", rows(expected))?,
            (Some(expected), None) => write!(f, ": {} expected", rows(expected))?,
            (None, Some(read)) => write!(f, ": {}", rows(read))?,
            (None, None) => {}
        }
        for input in &self.inputs {
            writeln!(f)?;
            input.write(depth + 1, f)?;
        }
        Ok(())
    }
}

fn rows(count: u64) -> String {
    if count == 1 { "1 row".to_owned() } else { format!("{count} rows") }
}

impl fmt::Display for Explain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(0, f)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Nothing => f.write_str("nothing: the conditions contradict each other"),
            Step::Table(asked) => write!(f, "records, {asked}"),
            Step::Index(name, asked) => write!(f, "index {name}, {asked}"),
            Step::Meet => f.write_str("those in all of"),
            Step::Union => f.write_str("those in any of"),
            Step::Test(1) => f.write_str("test of 1 condition"),
            Step::Test(conditions) => write!(f, "test of {conditions} conditions"),
            Step::Sort(most) => write!(f, "sort, keeping at most {most}"),
            Step::Limit(0, limit) => write!(f, "limit {limit}"),
            Step::Limit(offset, usize::MAX) => write!(f, "offset {offset}"),
            Step::Limit(offset, limit) => write!(f, "offset {offset}, limit {limit}"),
        }
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Asked::All => f.write_str("all"),
            Asked::Keys(1) => f.write_str("one key"),
            Asked::Keys(keys) => write!(f, "{keys} keys"),
            Asked::Range => f.write_str("a range"),
        }
    }
}

/// What stands above the tables.
pub(super) struct Above {
    /// records that a sort keeps, if there is one
    pub(super) sort: Option<usize>,
    pub(super) offset: usize,
    pub(super) limit: usize,
}

/// The steps of a plan.
pub(super) fn tell<M: NetabaseModel>(source: &Source<'_>, plan: &Plan<M>, above: &Above) -> Result<Explain> {
    let leaf = |pieces: &[Piece]| {
        let estimate = rows_of(source, pieces, COUNTED)?;
        Ok(Explain::new(step_of(source, pieces)?, estimate, Vec::new()))
    };
    let groups = groups(&plan.pieces).map(leaf).collect::<Result<Vec<_>>>()?;
    let mut tree = match <[Explain; 1]>::try_from(groups) {
        Ok([only]) if plan.repeats != Repeats::Never => Explain::new(Step::Union, None, vec![only]),
        Ok([only]) => only,
        Err(none) if none.is_empty() => Explain::new(Step::Nothing, Some(0), none),
        Err(groups) => Explain::new(Step::Union, sum(&groups), groups),
    };
    if !plan.meet.is_empty() {
        let mut inputs = vec![tree];
        for piece in &plan.meet {
            inputs.push(leaf(std::slice::from_ref(piece))?);
        }
        tree = Explain::new(Step::Meet, None, inputs);
    }
    if !plan.residual.is_empty() {
        tree = Explain::new(Step::Test(plan.residual.len()), None, vec![tree]);
    }
    if let Some(most) = above.sort {
        tree = Explain::new(Step::Sort(most), None, vec![tree]);
    }
    if (above.offset, above.limit) != (0, usize::MAX) {
        tree = Explain::new(Step::Limit(above.offset, above.limit), None, vec![tree]);
    }
    Ok(tree)
}

fn sum(inputs: &[Explain]) -> Option<u64> {
    inputs.iter().map(|input| input.estimate).try_fold(0_u64, |sum, rows| Some(sum.saturating_add(rows?)))
}

/// Pieces of one table that follow each other.
fn groups(pieces: &[Piece]) -> impl Iterator<Item = &[Piece]> {
    pieces.chunk_by(|a, b| a.part == b.part)
}

fn step_of(source: &Source<'_>, pieces: &[Piece]) -> Result<Step> {
    let asked = match pieces {
        [Piece { range, .. }] if range.is_all() => Asked::All,
        pieces if pieces.iter().all(|piece| piece.range.as_point().is_some()) => Asked::Keys(pieces.len()),
        _ => Asked::Range,
    };
    Ok(match pieces.first() {
        Some(Piece { part: part @ 1.., .. }) => Step::Index(source.tables()?.part(*part)?.name, asked),
        _ => Step::Table(asked),
    })
}

/// Runs the plan and notes what each step gave.
pub(super) fn run<M: NetabaseModel>(
    tree: &mut Explain,
    plan: Plan<M>,
    walk: Walk<'_>,
    above: &Above,
) -> Result<()> {
    let sizes: Vec<usize> = groups(&plan.pieces).map(<[Piece]>::len).collect();
    // Where nothing is tested no record is read.
    let walk = if plan.residual.is_empty() { walk.keys_only() } else { walk };
    let mut walk = walk.counting();
    let mut residual = Residual::new(plan.residual, walk.source())?;
    let (mut met, mut passed, mut given) = (0_u64, 0_u64, 0_u64);
    let number = |records: usize| u64::try_from(records).unwrap_or(u64::MAX);
    let (offset, limit) = (number(above.offset), number(above.limit));
    // A sort reads all.
    while given < limit || above.sort.is_some() {
        if !walk.advance()? {
            break;
        }
        met += 1;
        if !residual.is_empty() {
            let Some(bytes) = walk.record()? else { continue };
            if !residual.hold(walk.key(), &walk.decode(&bytes)?)? {
                continue;
            }
        }
        passed += 1;
        given = passed.saturating_sub(offset).min(limit);
    }
    let mut step = Some(tree);
    while let Some(here) = step {
        here.actual = Some(match here.step {
            Step::Limit(..) => given,
            Step::Sort(most) => passed.min(number(most)),
            Step::Test(_) => passed,
            _ => met,
        });
        match here.step {
            Step::Limit(..) | Step::Sort(_) | Step::Test(_) => step = here.inputs.first_mut(),
            _ => {
                note_tables(here, &sizes, &walk);
                step = None;
            }
        }
    }
    Ok(())
}

/// The rows that were read of each table.
fn note_tables(tree: &mut Explain, sizes: &[usize], walk: &Walk<'_>) {
    let (own, others) = match tree.step {
        Step::Meet => match tree.inputs.split_first_mut() {
            Some((own, others)) => (own, others),
            None => return,
        },
        _ => (tree, &mut [][..]),
    };
    for (input, rows) in others.iter_mut().zip(walk.counts_beside()) {
        input.actual = Some(rows);
    }
    let counts = walk.counts();
    let mut from = 0;
    let mut totals = sizes.iter().map(|size| {
        let total = counts.iter().skip(from).take(*size).sum();
        from += size;
        total
    });
    match own.step {
        Step::Union => own.inputs.iter_mut().zip(totals).for_each(|(input, rows)| input.actual = Some(rows)),
        _ => own.actual = totals.next().or(Some(0)),
    }
}
