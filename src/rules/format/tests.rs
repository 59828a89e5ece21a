use proptest::prelude::*;

use super::*;

fn formatted(text: &str) -> String {
    let once = format(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(format(&once).as_ref(), Ok(&once), "twice");
    once
}

#[test]
fn a_whole_file() {
    let text = "\
# yaml-language-server: $schema=x


account:
    # who
    username:   { from: $.login }   # trailing   \t
    email.value:
        from:
        - $.mail
        -   $.other   # second


        # no domain literals
        do: [ email,
              lowercase
        ]
    custom:
        script: |
            if a {

                b   
            }


# the name
name: x
tests:
-   name: one
    record:
       id: 1
-
    name: two
    about: >-
     folded
     text
landfall: 1
# the end
";
    insta::assert_snapshot!(formatted(text), @r#"
    # yaml-language-server: $schema=x
    landfall: 1

    # the name
    name: x

    account:
      # who
      username: { from: $.login }  # trailing
      email.value:
        from:
          - $.mail
          - $.other  # second

        # no domain literals
        do: [ email,
              lowercase
        ]
      custom:
        script: |
          if a {

              b   
          }
    tests:
      - name: one
        record:
          id: 1
      -
        name: two
        about: >-
          folded
          text
    # the end
    "#);
}

#[test]
fn formatting_is_idempotent() {
    for text in [
        "a: 1\n",
        "a:\n  - b: 1\n    c: 2\n  - - x\n    - y\n  # end of a\nb: |\n  x\n",
        "- a\n- b\n",
        "[ a ]\n",
        "a: {\n  b: c\n}\n",
        "---\na: 1\n",
        "a: 'x\n\n  y'\nb: \"x\\\n  y\"\n",
        "a: &x\n  b: 1\nc: *x\n",
        "a: |2-\n    x\n   y\nb: 2\n",
        "a: |+\n  x\n\n\nb: 2\n",
        "a:\n  - &x b: 1\n    c: 2\n    # c\n  - *x\n",
        "name: &x n\nlandfall: *x\n",
        "scalar\n",
    ] {
        assert_eq!(formatted(text), text);
    }
}

#[test]
fn changes() {
    let cases = [
        ("\u{feff}a: 1\r\n\r\n\r\nb: |\r\n   x\r\n   y\r\n", "a: 1\n\nb: |\n  x\n  y\n"),
        ("\n\na:\n- 1\n-  2", "a:\n  - 1\n  - 2\n"),
        ("a:\n      |4\n       x\n", "a:\n  |2\n     x\n"),
        ("a:\n     'x\n y'\n", "a:\n  'x\n  y'\n"),
        ("a:\n    - |\n       x\n    -   - y\n        - z\n", "a:\n  - |\n    x\n  - - y\n    - z\n"),
        (
            "tests: []\n# n\n\n# about name\nname: x\n\nlandfall: 1\n",
            "landfall: 1\n\n# about name\nname: x\ntests: []\n# n\n",
        ),
        ("b: 1\nname: x\nzz: 2\nlandfall: 1\n", "b: 1\nlandfall: 1\nname: x\nzz: 2\n"),
        ("a:\n# c\n    b: 1\n    # d\n# e\nc: 1\n", "a:\n# c\n  b: 1\n  # d\n# e\nc: 1\n"),
    ];
    for (text, expected) in cases {
        assert_eq!(formatted(text), expected, "{text:?}");
    }
}

#[test]
fn blanks_are_one_where_the_usual_spelling_has_one() {
    let cases = [
        ("a:    x   y  # z\n", "a: x   y  # z\n"),
        ("a:   {b:  1,c : [d,  'e  f' ]}\n", "a: { b: 1, c: [ d, 'e  f' ] }\n"),
        ("a: {  }\nb: [\n]\nc: []\n", "a: { }\nb: [\n]\nc: []\n"),
        ("a: {\"b\":1,\n    c:   2   }\n", "a: { \"b\": 1,\n    c: 2 }\n"),
        ("a:   |2-   # why\n    x   y  \n", "a: |2-  # why\n    x   y  \n"),
        ("a:   'x  #  y'   #   z  z\n", "a: 'x  #  y'  #   z  z\n"),
        ("a:  b#c\n", "a: b#c\n"),
        ("a:   &x   [b,c]\nd:   *x\n", "a: &x   [ b, c ]\nd: *x\n"),
        ("-   a:  1\n    b:   2\n", "- a: 1\n  b: 2\n"),
        ("\"a  b\"  :   $.x\n", "\"a  b\": $.x\n"),
        ("a:   >\n  x   y\n  z   \nb:  1\n", "a: >\n  x   y\n  z   \nb: 1\n"),
    ];
    for (text, expected) in cases {
        let found = format(text).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!(found, expected, "{text:?}");
        assert_eq!(format(&found).as_ref(), Ok(&found), "twice");
    }
}

#[test]
fn the_order_that_people_chose_is_kept() {
    let text = "let:\n  b: $.b\n  a: $.a\naccounts: $.members\nadmit:\n  - where: $a\n";
    assert_eq!(formatted(text), text);
    let text = "name: x\naccount:\n  username: $b\nlet: { b: $.b }\ncredential: $.c\nadmit: []\n";
    let wanted = "name: x\nlet: { b: $.b }\nadmit: []\naccount:\n  username: $b\ncredential: $.c\n";
    assert_eq!(formatted(text), wanted);
}

#[test]
fn unreadable_files_are_not_formatted() {
    for text in ["", "a: [", "a: 1\na: 2\n", "a: !x 1\n"] {
        assert_eq!(format(text), Err(FormatError::Unreadable), "{text:?}");
    }
}

/// Writes a random file: each choice of how to write it takes the next number.
struct Writer {
    choices: std::vec::IntoIter<u8>,
    out: String,
}

impl Writer {
    fn choose(&mut self, of: u8) -> u8 {
        self.choices.next().unwrap_or(0) % of
    }

    fn noise(&mut self, indent: usize) {
        for _ in 0..self.choose(3) {
            let line = match self.choose(4) {
                0 => format!("{}# comment  ", " ".repeat(indent)),
                1 => "# far left".to_owned(),
                2 => format!("{}# right", " ".repeat(indent + 3)),
                _ => "  ".to_owned(),
            };
            self.out += &line;
            self.out.push('\n');
        }
    }

    fn map(&mut self, indent: usize, depth: usize, mut on_line: bool) {
        for index in 0..=self.choose(4) {
            if !std::mem::take(&mut on_line) {
                self.noise(indent);
                self.out += &" ".repeat(indent);
            }
            let key = if depth == 0 { KEYS[17 - usize::from(index)].to_owned() } else { format!("k{index}") };
            self.out += &format!("{key}:");
            self.value(indent, depth, false);
        }
    }

    fn list(&mut self, indent: usize, depth: usize, mut on_line: bool) {
        for _ in 0..=self.choose(3) {
            if !std::mem::take(&mut on_line) {
                self.noise(indent);
                self.out += &" ".repeat(indent);
            }
            self.out.push('-');
            self.value(indent, depth, true);
        }
    }

    fn value(&mut self, indent: usize, depth: usize, dash: bool) {
        let deeper = indent + 1 + usize::from(self.choose(4));
        let blanks = 1 + usize::from(self.choose(3));
        let pad = " ".repeat(deeper);
        match self.choose(if depth > 3 { 6 } else { 9 }) {
            0 => self.out += " plain # c \n",
            1 => self.out += &format!(" 'quoted\n\n{pad}over lines'\n"),
            2 => self.out += &format!(" [ a,\n{pad}{{ b: c }} ]\n"),
            3 => self.out += &format!(" |\n\n{pad}if x {{  \n{pad}  y\n\n{pad}}}\n\n"),
            4 => self.out += &format!(" >-\n{pad}folded\n{pad}text\n"),
            5 => self.out += "\n",
            6 if dash => {
                self.out += &" ".repeat(blanks);
                self.map(indent + 1 + blanks, depth + 1, true);
            }
            7 if dash => {
                self.out += &" ".repeat(blanks);
                self.list(indent + 1 + blanks, depth + 1, true);
            }
            6 | 7 => {
                self.out += "  # c\n";
                let at = if self.choose(2) == 0 { indent } else { deeper };
                self.list(at, depth + 1, false);
            }
            _ => {
                self.out.push('\n');
                self.map(deeper, depth + 1, false);
            }
        }
    }
}

proptest! {
    #[test]
    fn odd_files_are_formatted_or_rejected(pieces in prop::collection::vec(prop::sample::select(vec![
        "a", "b: ", "- ", "\n", "\n  ", "\n    ", " ", ": ", "? ", "'", "\"", "\\", "|2-\n", "|+\n", ">\n", "[", "]", "{", "}",
        "&x ", "*x", "# c", "é", "\t", "---\n", "...\n", "\r", "name: x\n", "landfall: 1\n",
    ]), 0..30)) {
        let text = pieces.concat();
        if let Ok(once) = format(&text) {
            prop_assert_eq!(format(&once), Ok(once));
        }
    }

    #[test]
    fn any_file_keeps_its_meaning(choices in prop::collection::vec(any::<u8>(), 1..200)) {
        let mut writer = Writer { choices: choices.into_iter(), out: String::new() };
        writer.map(0, 0, false);
        let text = writer.out;
        let once = formatted(&text);
        let words = |text: &str| {
            let mut words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            words.sort();
            words
        };
        prop_assert_eq!(words(&once), words(&text));
        // what looks blank may be the content of a block
        let is_short = |line: &str| line == line.trim_end() || line.trim().is_empty() || line.ends_with("{  ");
        prop_assert!(once.lines().all(is_short), "{}", once);
    }
}
