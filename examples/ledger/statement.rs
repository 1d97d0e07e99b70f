//! Statements: CSV with a header, read line by line.

use std::collections::HashMap;
use std::error::Error;
use std::fmt::Display;
use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::str::FromStr;

use csv::{Position, ReaderBuilder, StringRecord, StringRecordsIntoIter, Trim};
use twox_hash::XxHash3_128;

use crate::Result;
use crate::model::Transaction;

/// The columns that are read. A statement must have the first three.
const COLUMNS: [&str; 6] = ["date", "merchant", "amount", "account", "category", "note"];
const NEEDED: usize = 3;

/// The transactions of a statement. After an error nothing of it should be kept.
pub(crate) struct Statement {
    name: String,
    /// where each of `COLUMNS` is
    places: [Option<usize>; COLUMNS.len()],
    /// columns that are not read
    pub(crate) unread: Vec<String>,
    /// fields of a line
    width: usize,
    records: StringRecordsIntoIter<Cursor<String>>,
    /// how many lines said the same
    seen: HashMap<u128, u32>,
}

/// Reads a file.
pub(crate) fn open(path: &Path) -> Result<Statement> {
    let name = path.display().to_string();
    let bytes = fs::read(path).map_err(|error| format!("cannot read `{name}`: {error}"))?;
    Statement::new(name, bytes)
}

impl Statement {
    /// Reads the header. The name is for messages.
    pub(crate) fn new(name: String, bytes: Vec<u8>) -> Result<Self> {
        let text = String::from_utf8(bytes).map_err(|error| {
            let valid = error.as_bytes().iter().take(error.utf8_error().valid_up_to());
            let line = valid.filter(|byte| **byte == b'\n').count() + 1;
            format!("`{name}`, line {line}: this is not UTF-8: save the file with that encoding")
        })?;
        let mut reader = ReaderBuilder::new().flexible(true).trim(Trim::All).from_reader(Cursor::new(text));
        let header = reader.headers().map_err(|error| format!("`{name}`: {error}"))?.clone();
        let names: Vec<String> = header.iter().map(str::to_lowercase).collect();
        let mut places = [None; COLUMNS.len()];
        for (place, column) in places.iter_mut().zip(COLUMNS) {
            let mut found = (0..).zip(&names).filter(|(_, name)| *name == column).map(|(at, _)| at);
            *place = found.next();
            if found.next().is_some() {
                return Err(format!("`{name}`, line 1: there are two columns `{column}`: rename one").into());
            }
        }
        if let Some((column, _)) = COLUMNS.iter().zip(places).take(NEEDED).find(|(_, place)| place.is_none())
        {
            let header = header.iter().collect::<Vec<_>>().join(",");
            return Err(format!(
                "`{name}`, line 1: there is no column `{column}` in the header `{header}`: it must name `date`, \
                 `merchant` and `amount`, with commas between the columns"
            )
            .into());
        }
        let unread = names.into_iter().filter(|name| !COLUMNS.contains(&name.as_str())).collect();
        let (width, records) = (header.len(), reader.into_records());
        Ok(Statement { name, places, unread, width, records, seen: HashMap::new() })
    }

    fn transaction(&mut self, record: &StringRecord) -> Result<Transaction> {
        if record.len() != self.width {
            return Err(format!(
                "`{}`, line {}: there are {} fields where the header has {}: put a field with a comma into \
                 double quotes",
                self.name,
                self.line(record),
                record.len(),
                self.width
            )
            .into());
        }
        let [date, merchant, amount, account, category, note] = self.places.map(|place| {
            let text = place.and_then(|place| record.get(place));
            text.unwrap_or_default()
        });
        if merchant.is_empty() {
            return Err(self.at(record, "merchant", "it is empty: write who was paid, or who paid"));
        }
        let date = self.parse(record, "date", date)?;
        let amount = self.parse(record, "amount", amount)?;
        let [merchant, account, category, note] = [merchant, account, category, note].map(str::to_owned);
        let mut transaction = Transaction { id: 0, date, merchant, amount, account, category, note };
        let seen = self.seen.entry(hash(&transaction, 0)).or_default();
        transaction.id = hash(&transaction, *seen);
        *seen += 1;
        Ok(transaction)
    }

    fn parse<T: FromStr<Err: Display>>(&self, record: &StringRecord, column: &str, text: &str) -> Result<T> {
        text.parse().map_err(|error: T::Err| self.at(record, column, error))
    }

    fn at(&self, record: &StringRecord, column: &str, what: impl Display) -> Box<dyn Error> {
        format!("`{}`, line {}, column `{column}`: {what}", self.name, self.line(record)).into()
    }

    /// Where the record begins. Its position is where the reader began to look for it: before empty lines, and between
    /// the two bytes that end a line on some systems.
    fn line(&self, record: &StringRecord) -> usize {
        let text = self.records.reader().get_ref().get_ref().as_bytes();
        let looked = record.position().map_or(0, Position::byte);
        let (before, behind) = text.split_at(usize::try_from(looked).unwrap_or(0).min(text.len()));
        let between = behind.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
        before.iter().chain(between).filter(|byte| **byte == b'\n').count() + 1
    }
}

impl Iterator for Statement {
    type Item = Result<Transaction>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.records.next()? {
                // An empty line, or a row of a spreadsheet that is.
                Ok(record) if record.iter().all(str::is_empty) => {}
                Ok(record) => return Some(self.transaction(&record)),
                Err(error) => return Some(Err(format!("`{}`: {error}", self.name).into())),
            }
        }
    }
}

/// The same for equal lines with as many before them, whatever the order of the columns and the form of the amount.
fn hash(line: &Transaction, before: u32) -> u128 {
    let Transaction { id: _, date, merchant, amount, account, category, note } = line;
    let mut bytes = Vec::new();
    for text in [&date.to_string(), merchant, &amount.to_string(), account, category, note] {
        bytes.extend_from_slice(text.as_bytes());
        // No text has this byte.
        bytes.push(0xFF);
    }
    bytes.extend_from_slice(&before.to_be_bytes());
    XxHash3_128::oneshot(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::amount::Amount;

    fn read(text: &[u8]) -> Result<Vec<Transaction>> {
        Statement::new("s.csv".to_owned(), text.to_vec())?.collect()
    }

    fn said(text: &str) -> String {
        read(text.as_bytes()).expect_err("refused").to_string()
    }

    #[test]
    fn the_header_may_be_in_another_order() {
        let usual = read(b"date,merchant,amount,note\n2025-01-31,Shop,-1.50,x\n").unwrap();
        let other =
            read(b"\xEF\xBB\xBFNote, AMOUNT ,balance,Date,Merchant\r\nx,-1.5,9,2025-01-31,Shop\r\n").unwrap();
        assert_eq!(usual, other);
        assert_eq!(
            (usual[0].amount, usual[0].note.as_str(), usual[0].account.as_str()),
            (Amount(-150), "x", "")
        );
        let statement =
            Statement::new("s.csv".to_owned(), b"date,merchant,amount,balance\n".to_vec()).unwrap();
        assert_eq!(statement.unread, ["balance"]);
    }

    #[test]
    fn quotes_and_empty_lines() {
        let text = "date,merchant,amount\n\n2025-01-31,\"Nut, Bolt \"\"and\"\" Co\",5\n   \n,,\n2025-02-01,\"a\nb\",6";
        let merchants: Vec<String> =
            read(text.as_bytes()).unwrap().into_iter().map(|line| line.merchant).collect();
        assert_eq!(merchants, ["Nut, Bolt \"and\" Co", "a\nb"]);
    }

    #[test]
    fn equal_lines_are_told_apart() {
        let head = "date,merchant,amount\n";
        let (a, b) = ("2025-01-31,Shop,5\n", "2025-01-31,Shop,6\n");
        let ids = |lines: &[&str]| -> Vec<u128> {
            let text = format!("{head}{}", lines.concat());
            read(text.as_bytes()).unwrap().iter().map(|line| line.id).collect()
        };
        let all = ids(&[a, a, b]);
        assert!(all[0] != all[1] && all[1] != all[2] && all[0] != all[2]);
        assert_eq!(ids(&[b, a, a]), [all[2], all[0], all[1]]);
    }

    #[test]
    fn an_error_names_its_place_and_a_cure() {
        let head = "date,merchant,amount\n2025-01-31,Shop,5\n";
        assert_eq!(
            said(&format!("{head}\n2025-01-31,Shop,\"5,00\"\n")),
            "`s.csv`, line 4, column `amount`: `5,00` is no amount: write it like 1234.50 or -12"
        );
        assert_eq!(
            said(&format!("{head}2025-02-30,Shop,5\n")),
            "`s.csv`, line 3, column `date`: `2025-02-30` is no day: write it like 2025-01-31"
        );
        assert_eq!(
            said(&format!("{head}2025-02-03, ,5\n")),
            "`s.csv`, line 3, column `merchant`: it is empty: write who was paid, or who paid"
        );
        assert_eq!(
            said(&format!("{head}2025-02-03,Nut, Bolt,5\n")),
            "`s.csv`, line 3: there are 4 fields where the header has 3: put a field with a comma into double quotes"
        );
        assert_eq!(
            said("date;merchant;amount\n"),
            "`s.csv`, line 1: there is no column `date` in the header `date;merchant;amount`: it must name `date`, \
             `merchant` and `amount`, with commas between the columns"
        );
        assert_eq!(
            said("date,merchant,amount,date\n"),
            "`s.csv`, line 1: there are two columns `date`: rename one"
        );
        let latin = read(b"date,merchant,amount\n2025-01-31,Caf\xE9,5\n").expect_err("refused").to_string();
        assert_eq!(latin, "`s.csv`, line 2: this is not UTF-8: save the file with that encoding");
    }
}
