//! What the head comment of a rule file says: the product, one sentence, and the forms of records that it reads.
//!
//! The comment begins with `Users of PRODUCT.`, and after the words `from any of these:`, or `from:`, each form has an
//! indented line: its name, two or more spaces, and what is to be known about it, which may go on in lines that are
//! indented further.

/// The lines of the head comment, without the `#` and the space after it.
fn comment(text: &str) -> Vec<&str> {
    let lines = text.lines().map_while(|line| line.strip_prefix('#'));
    lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect()
}

/// The first sentence of the head comment; otherwise the value of `about`, or nothing.
pub(super) fn sentence(text: &str) -> String {
    let paragraph: Vec<&str> = comment(text).into_iter().take_while(|line| !line.trim().is_empty()).collect();
    let paragraph = paragraph.join(" ");
    // a full stop ends the sentence only before a capital: `(RFC 7643), v. 2`
    let end = paragraph.match_indices(". ").map(|(at, _)| at).find(|at| {
        let rest = paragraph.get(at + 2..).unwrap_or("");
        rest.starts_with(|c: char| c.is_uppercase())
    });
    let sentence = end.and_then(|end| paragraph.get(..=end)).unwrap_or(&paragraph).trim();
    if sentence.is_empty() { format!("{}.", member(text, "about")) } else { sentence.to_owned() }
}

/// The product: what the first sentence of the head comment names after `of`, up to a colon or a comma outside of brackets.
pub(super) fn product(text: &str) -> Option<String> {
    if comment(text).is_empty() {
        return None;
    }
    let sentence = sentence(text);
    let (_, of) = sentence.split_once(" of ")?;
    let mut depth = 0_usize;
    let end = of.char_indices().find(|(_, c)| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && matches!(c, ',' | ':')
    });
    let named = end.and_then(|(end, _)| of.get(..end)).unwrap_or(of).trim_end_matches('.');
    let bare = ["an ", "any ", "a ", "the "].iter().find_map(|article| named.strip_prefix(article));
    Some(bare.unwrap_or(named).to_owned())
}

/// The forms of records, each as its name, or as its name and the beginning of what is to be known about it.
pub(super) fn formats(text: &str) -> Vec<String> {
    let lines = comment(text);
    let begins = |line: &str| line.ends_with("from any of these:") || line.ends_with("from:");
    let list = lines.iter().skip_while(|line| !begins(line)).skip(1).take_while(|line| line.starts_with("  "));
    // a name has two spaces before it; lines that go on with the text of the one above have more
    let names = list.filter_map(|line| line.strip_prefix("  ")).filter(|line| !line.starts_with(' '));
    names.map(|line| line.split("  ").next().unwrap_or(line).trim().to_owned()).collect()
}

/// The value of a member at the top of a YAML text, as written.
fn member(text: &str, name: &str) -> String {
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    value.unwrap_or("").trim().trim_matches('"').to_owned()
}
