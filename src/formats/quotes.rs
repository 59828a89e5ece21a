//! Where the rows of CSV begin, and quotes that the reader of rows does not mind: one that is never closed, and text behind a closing one. Both turn
//! several values, or several rows, into one value that nobody wrote (RFC 4180, section 2, points 5 to 7).

use std::collections::VecDeque;

/// A row of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    /// The offset of its first byte.
    pub start: u64,
    /// The number of line ends before it.
    pub lines: u64,
    /// Its first quote that is wrong.
    pub wrong: Option<Misquoted>,
}

/// A quote that is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Misquoted {
    /// The text ended before it was closed.
    Open {
        /// The number of line ends before the quote.
        lines: u64,
    },
    /// Text follows it.
    Continued,
}

/// Follows the rows and quotes of a text that is given in pieces.
#[derive(Debug)]
pub(super) struct Quotes {
    delimiter: u8,
    state: State,
    offset: u64,
    lines: u64,
    /// The number of line ends before the last opening quote.
    opened: u64,
    /// The rows that were not taken yet.
    rows: VecDeque<Row>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    RowStart,
    FieldStart,
    Unquoted,
    Quoted,
    /// After a quote inside a quoted value: the end of the value, or the first one of two.
    Closed,
}

impl Quotes {
    pub fn new(delimiter: u8) -> Self {
        Self { delimiter, state: State::RowStart, offset: 0, lines: 0, opened: 0, rows: VecDeque::new() }
    }

    /// Follows the next piece; an empty one is the end of the text.
    pub fn follow(&mut self, piece: &[u8]) {
        if piece.is_empty() && self.state == State::Quoted {
            self.report(Misquoted::Open { lines: self.opened });
        }
        for byte in piece {
            self.step(*byte);
            self.offset += 1;
            self.lines += u64::from(*byte == b'\n');
        }
    }

    fn step(&mut self, byte: u8) {
        let is_end = matches!(byte, b'\n' | b'\r');
        match self.state {
            State::Quoted if byte == b'"' => self.state = State::Closed,
            State::Quoted => {}
            State::Closed if byte == b'"' => self.state = State::Quoted,
            // empty rows are skipped
            State::RowStart if is_end => {}
            _ if is_end => self.state = State::RowStart,
            _ if byte == self.delimiter => self.enter(State::FieldStart),
            State::RowStart | State::FieldStart if byte == b'"' => {
                self.opened = self.lines;
                self.enter(State::Quoted);
            }
            State::Closed => {
                self.report(Misquoted::Continued);
                self.state = State::Unquoted;
            }
            _ => self.enter(State::Unquoted),
        }
    }

    fn enter(&mut self, state: State) {
        if self.state == State::RowStart {
            self.rows.push_back(Row { start: self.offset, lines: self.lines, wrong: None });
        }
        self.state = state;
    }

    fn report(&mut self, wrong: Misquoted) {
        if let Some(row) = self.rows.back_mut() {
            row.wrong.get_or_insert(wrong);
        }
    }

    /// Takes the first row that is left.
    pub fn row(&mut self) -> Option<Row> {
        self.rows.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The rows of a text that comes in pieces of this length.
    fn rows(text: &str, piece: usize) -> Vec<Row> {
        let mut quotes = Quotes::new(b',');
        text.as_bytes().chunks(piece).for_each(|piece| quotes.follow(piece));
        quotes.follow(b"");
        std::iter::from_fn(|| quotes.row()).collect()
    }

    /// The rows with wrong quotes: their offsets, and what is wrong.
    fn found(text: &str, piece: usize) -> Vec<(u64, Misquoted)> {
        rows(text, piece).into_iter().filter_map(|row| row.wrong.map(|wrong| (row.start, wrong))).collect()
    }

    #[test]
    fn wrong_quotes_are_found() {
        let open = |lines| Misquoted::Open { lines };
        for (text, wanted) in [
            ("a,b\n1,\"x\"\n", vec![]),
            ("\"a\"\"b\",\"\"\r\n\"\",\"c\nd\"", vec![]),
            ("5\" disk,it's 5\"\n", vec![]),
            ("a\n\n\"b", vec![(3, open(2))]),
            ("a,\"b\" c,\"d\" e\n", vec![(0, Misquoted::Continued)]),
            ("a,\"b\nc,d\ne,\"f\"\n\"g\"h\n", vec![(0, Misquoted::Continued), (15, Misquoted::Continued)]),
            ("a,\"b\n\"\",c\n", vec![(0, open(0))]),
        ] {
            for piece in 1..4 {
                assert_eq!(found(text, piece), wanted, "{text:?}");
            }
        }
    }

    #[test]
    fn rows_begin_after_line_ends() {
        let starts: Vec<_> =
            rows("a,b\r\n\r\n,\n\"x\ny\"\n\"\"\rz", 2).iter().map(|row| (row.start, row.lines)).collect();
        assert_eq!(starts, [(0, 0), (7, 2), (9, 3), (15, 5), (18, 5)]);
    }

    proptest! {
        /// What another writer quotes is never wrong.
        #[test]
        fn written_rows_are_right(rows in prop::collection::vec(prop::collection::vec("[a\",\r\n]{0,6}", 1..4), 1..4)) {
            let mut writer = ::csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
            rows.iter().for_each(|row| writer.write_record(row).unwrap());
            let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            prop_assert_eq!(found(&text, 3), vec![]);
        }

        /// Rows begin where the reader of rows finds them, also behind wrong quotes.
        #[test]
        fn rows_are_those_of_the_reader(text in "[a\",\r\n]{0,40}", piece in 1_usize..9) {
            let mut reader = ::csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
            let mut read = ::csv::ByteRecord::new();
            let mut ends = Vec::new();
            while reader.read_byte_record(&mut read).unwrap() {
                ends.push(usize::try_from(reader.position().byte()).unwrap());
            }
            let begins = std::iter::once(0).chain(ends.clone()).zip(&ends);
            let wanted: Vec<_> = begins
                .map(|(begin, end)| begin + text.as_bytes()[begin..*end].iter().position(|c| !matches!(c, b'\r' | b'\n')).unwrap())
                .collect();
            let starts: Vec<_> = rows(&text, piece).iter().map(|row| usize::try_from(row.start).unwrap()).collect();
            prop_assert_eq!(starts, wanted);
        }
    }
}
