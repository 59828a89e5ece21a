//! "Did you mean": the known word that was probably meant.

use std::cmp::Reverse;

/// The fewest letters of a word that counts as the beginning of another one. Two letters begin too many words.
const SHORTEST_PREFIX: usize = 3;

/// Words that are too common to compare.
const FILLERS: &[&str] = &["to", "is", "of", "in", "by", "as", "and", "or", "the", "a", "from", "with", "not", "has"];

/// The candidate that was probably meant, for "did you mean" lines. Letter case, `_`, `-` and spaces do not matter. In
/// this order: a candidate that begins with what was written, one of the same words in another order, one with few
/// different letters,
/// one that what was written begins with, and one that shares at least half of its words.
pub fn closest<'c>(written: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let wanted = Spelling::of(written);
    candidates
        .into_iter()
        .filter_map(|candidate| Some((wanted.likeness(&Spelling::of(candidate))?, candidate)))
        .min()
        .map(|(_, candidate)| candidate)
}

/// A word, normalized for comparison.
struct Spelling {
    /// Its parts, in the order of the text.
    tokens: Vec<String>,
    joined: String,
}

/// How similar a candidate is to what was written; the least is the best.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Likeness {
    /// The candidate is longer, by this many letters.
    Begins(usize),
    /// The same words in another order.
    Reordered,
    /// This many letters differ, and whether the number of parts differs.
    Letters(usize, bool),
    /// What was written is longer, by this many letters.
    GoesOn(usize),
    /// The share of common words in percent, largest first, and how many words the candidate has.
    Shares(Reverse<usize>, usize),
}

impl Spelling {
    fn of(word: &str) -> Self {
        let mut tokens = vec![String::new()];
        let mut before_was_lower = false;
        for c in word.chars() {
            let is_letter = c.is_alphanumeric();
            if (!is_letter || (c.is_uppercase() && before_was_lower)) && tokens.last().is_some_and(|t| !t.is_empty()) {
                tokens.push(String::new());
            }
            if let (true, Some(token)) = (is_letter, tokens.last_mut()) {
                token.extend(c.to_lowercase());
            }
            before_was_lower = c.is_lowercase();
        }
        tokens.retain(|token| !token.is_empty());
        // a name without letters and digits is compared as it is
        let joined = if tokens.is_empty() { word.to_owned() } else { tokens.concat() };
        Self { tokens, joined }
    }

    fn likeness(&self, candidate: &Self) -> Option<Likeness> {
        let (written, known) = (self.joined.as_str(), candidate.joined.as_str());
        let (letters, of_known) = (written.chars().count(), known.chars().count());
        if letters >= SHORTEST_PREFIX && known.starts_with(written) {
            return Some(Likeness::Begins(of_known - letters));
        }
        if self.sorted() == candidate.sorted() {
            return Some(Likeness::Reordered);
        }
        let distance = strsim::damerau_levenshtein(written, known);
        if distance <= (letters.max(of_known) / 3).max(1) {
            return Some(Likeness::Letters(distance, self.tokens.len() != candidate.tokens.len()));
        }
        if of_known > SHORTEST_PREFIX && of_known * 2 >= letters && written.starts_with(known) {
            return Some(Likeness::GoesOn(letters - of_known));
        }
        self.shares(candidate)
    }

    fn sorted(&self) -> Vec<&str> {
        let mut sorted: Vec<&str> = self.tokens.iter().map(String::as_str).collect();
        sorted.sort_unstable();
        sorted
    }

    fn shares(&self, candidate: &Self) -> Option<Likeness> {
        let telling = |tokens: &[String]| tokens.iter().filter(|token| !FILLERS.contains(&token.as_str())).count();
        let common = candidate
            .tokens
            .iter()
            .filter(|token| {
                token.len() >= SHORTEST_PREFIX && !FILLERS.contains(&token.as_str()) && self.tokens.contains(token)
            })
            .count();
        let all = telling(&self.tokens).max(telling(&candidate.tokens)).max(1);
        let percent = common * 100 / all;
        (percent >= 50).then_some(Likeness::Shares(Reverse(percent), candidate.tokens.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant() {
        let known = [
            "lowercase",
            "trim",
            "trim_start",
            "parse_json",
            "date",
            "date_parts",
            "format_date",
            "split",
            "split_lines",
            "to_integer",
            "is_integer",
            "starts_with",
            "from",
            "first_name",
            "email.value",
            "email.verified",
        ];
        for (written, meant) in [
            ("lower", Some("lowercase")),
            ("tri", Some("trim")),
            ("to_int", Some("to_integer")),
            ("splitt", Some("split")),
            ("form", Some("format_date")),
            ("frm", Some("from")),
            ("json_parse", Some("parse_json")),
            ("jsonParse", Some("parse_json")),
            ("dateFormat", Some("format_date")),
            ("lower_case", Some("lowercase")),
            ("LowerCase", Some("lowercase")),
            ("firstName", Some("first_name")),
            ("starts", Some("starts_with")),
            ("email", Some("email.value")),
            ("email.verfied", Some("email.verified")),
            ("date_of_birth", Some("date")),
            ("to", None),
            ("x", None),
            ("zebra", None),
        ] {
            assert_eq!(closest(written, known), meant, "{written}");
        }
    }

    #[test]
    fn names_without_letters_do_not_panic() {
        for written in ["", "-", "ß", "_é", "\u{0}", "%%%"] {
            let _ = closest(written, ["a", "", "-", "été"]);
        }
    }
}
