//! Checks JSONPath queries: forms outside RFC 9535 that the parser accepts are rejected, expensive ones are
//! warnings.

use jsonpath_rust::parser::model::{
    Comparable, Filter, FilterAtom, FnArg, JpQuery, Segment, Selector, Test, TestFunction,
};

use crate::diag::{Diagnostic, Findings, Span};

/// Why a parsed query is not valid, if it is not.
#[must_use]
pub fn refuse(query: &JpQuery) -> Option<String> {
    let mut survey = Survey::default();
    survey.segments(&query.segments, 0);
    survey.invalid
}

/// Warns of queries whose cost grows faster than the record.
pub fn check(query: &JpQuery, span: Span, findings: &mut Findings) {
    let mut survey = Survey::default();
    survey.segments(&query.segments, 0);
    let costly = [
        (
            survey.descents > 1,
            "the path descends with `..` more than once",
            "spell out the members, or use a single `..`",
        ),
        (
            survey.regexes > 0,
            "the path has a regex, which is compiled again for every element",
            "use the step `filter` or `find` with `matches`",
        ),
        (
            survey.absolute > 0,
            "the filter reads the whole record again for every element",
            "use the step `find` with a condition",
        ),
    ];
    for (found, message, help) in costly {
        if found {
            findings.push(Diagnostic::warning("R210", span, message, help));
        }
    }
}

#[derive(Default)]
struct Survey {
    descents: usize,
    regexes: usize,
    absolute: usize,
    invalid: Option<String>,
}

impl Survey {
    fn segments(&mut self, segments: &[Segment], filters: usize) {
        for segment in segments {
            match segment {
                Segment::Descendant(inner) => {
                    self.descents += 1;
                    self.segments(std::slice::from_ref(inner), filters);
                }
                Segment::Selector(selector) => self.selector(selector, filters),
                Segment::Selectors(selectors) => selectors.iter().for_each(|s| self.selector(s, filters)),
            }
        }
    }

    fn selector(&mut self, selector: &Selector, filters: usize) {
        if let Selector::Filter(filter) = selector {
            if filters > 0 {
                self.refuse("a filter is inside a filter, which jsonpath-rust does not evaluate correctly");
            }
            self.filter(filter, filters + 1);
        }
    }

    fn filter(&mut self, filter: &Filter, filters: usize) {
        match filter {
            Filter::Or(parts) | Filter::And(parts) => parts.iter().for_each(|part| self.filter(part, filters)),
            Filter::Atom(FilterAtom::Filter { expr, .. }) => self.filter(expr, filters),
            Filter::Atom(FilterAtom::Test { expr, .. }) => self.test(expr, filters),
            Filter::Atom(FilterAtom::Comparison(comparison)) => {
                let (left, right) = comparison.vals();
                self.comparable(left, filters);
                self.comparable(right, filters);
            }
        }
    }

    fn test(&mut self, test: &Test, filters: usize) {
        match test {
            Test::RelQuery(segments) => self.segments(segments, filters),
            Test::AbsQuery(query) => {
                self.absolute += 1;
                self.segments(&query.segments, filters);
            }
            Test::Function(function) => {
                if matches!(**function, TestFunction::Length(_) | TestFunction::Value(_) | TestFunction::Count(_)) {
                    self.refuse("`length`, `value` and `count` return a value, which must be compared with something");
                }
                self.function(function, filters);
            }
        }
    }

    fn comparable(&mut self, comparable: &Comparable, filters: usize) {
        match comparable {
            Comparable::Function(function) => self.function(function, filters),
            Comparable::SingularQuery(query) if query.to_string().starts_with('$') => self.absolute += 1,
            Comparable::SingularQuery(_) | Comparable::Literal(_) => {}
        }
    }

    fn function(&mut self, function: &TestFunction, filters: usize) {
        match function {
            TestFunction::Custom(name, _) => self.refuse(format!("`{name}` is not a function of RFC 9535")),
            TestFunction::Length(argument) => {
                if many(argument) {
                    self.refuse("`length` takes a path that selects one value");
                }
                self.argument(argument, filters);
            }
            TestFunction::Value(argument) | TestFunction::Count(argument) => self.argument(argument, filters),
            TestFunction::Search(left, right) | TestFunction::Match(left, right) => {
                self.regexes += 1;
                self.argument(left, filters);
                self.argument(right, filters);
            }
        }
    }

    fn argument(&mut self, argument: &FnArg, filters: usize) {
        match argument {
            FnArg::Literal(_) => {}
            FnArg::Test(test) => match &**test {
                Test::Function(function) => self.function(function, filters),
                query => self.test(query, filters),
            },
            FnArg::Filter(filter) => self.filter(filter, filters),
        }
    }

    fn refuse(&mut self, message: impl Into<String>) {
        self.invalid.get_or_insert(message.into());
    }
}

/// Whether an argument is a query that may find several places.
fn many(argument: &FnArg) -> bool {
    let FnArg::Test(test) = argument else { return false };
    let segments = match &**test {
        Test::RelQuery(segments) => segments,
        Test::AbsQuery(query) => &query.segments,
        Test::Function(_) => return false,
    };
    !segments.iter().all(|segment| matches!(segment, Segment::Selector(Selector::Name(_) | Selector::Index(_))))
}
