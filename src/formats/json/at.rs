//! Finds the list at a path, and records what is skipped on the way.

use super::{Around, Json, Scanned, State, name_of};
use crate::formats::reading::{How, Paths};
use crate::formats::reject::MARK;
use crate::formats::scan::Text;
use crate::rules::RecordsPath;

/// How deeply skipped members are searched for lists, for the message about a wrong path.
const LIST_DEPTH: usize = 3;

/// The result of following a member of the path.
enum Followed {
    /// The list; its first element is next.
    List,
    /// `null` instead of the list: some programs write an empty list this way.
    Null,
    /// Not on the path.
    OffPath,
}

impl Json {
    /// Enters the document that starts here, up to the list at a path.
    pub(super) fn find(&mut self, path: &RecordsPath) -> Scanned<()> {
        let mut lists = Paths::default();
        match self.descend(path, &RecordsPath::default(), &mut lists)? {
            Followed::List => {
                self.reading.taken(path, How::Requested);
                (self.state, self.around, self.list) =
                    (State::List { is_first: true }, Around::Requested, path.clone());
                Ok(())
            }
            Followed::Null => {
                self.reading.taken(path, How::Requested);
                Ok(())
            }
            Followed::OffPath => {
                let message = format!("there is no list at `{path}`; {}", lists.where_lists_are());
                self.scan.stop(&message)
            }
        }
    }

    /// Enters the object at a position on the path, and skips it if it does not contain the list.
    fn descend(&mut self, path: &RecordsPath, here: &RecordsPath, lists: &mut Paths) -> Scanned<Followed> {
        let (level, last) = (here.names().len(), path.names().len().saturating_sub(1));
        let (mut followed, mut is_first) = (Followed::OffPath, true);
        self.scan.take()?;
        while !self.scan.take_token(b'}')? {
            if !std::mem::take(&mut is_first) {
                self.expect(b',', "expected `,` or `}` after a member")?;
            }
            let name = name_of(&self.key()?);
            let place = here.member(&name);
            if level == 0 && name == MARK {
                return self.scan.stop(
                    "these records were rejected before and are single records: leave out the path of the records",
                );
            }
            if path.names().get(level) != Some(&name) {
                self.pass(place, lists)?;
                continue;
            }
            match self.scan.peek_token()? {
                Some(b'[') if level == last => {
                    self.scan.take()?;
                    return Ok(Followed::List);
                }
                Some(b'n') => {
                    self.scan.value(&mut Text::default(), 0)?;
                    followed = Followed::Null;
                }
                Some(b'{') if level < last => match self.descend(path, &place, lists)? {
                    Followed::List => return Ok(Followed::List),
                    inner => followed = inner,
                },
                _ => self.note_lists(&place, lists)?,
            }
        }
        Ok(followed)
    }

    /// Skips a member that is not on the path.
    fn pass(&mut self, place: RecordsPath, lists: &mut Paths) -> Scanned<()> {
        self.note_lists(&place, lists)?;
        self.reading.passed(place);
        Ok(())
    }

    /// Skips a value, and records the lists in it.
    fn note_lists(&mut self, place: &RecordsPath, lists: &mut Paths) -> Scanned<()> {
        match self.scan.peek_token()? {
            Some(b'{') if place.names().len() < LIST_DEPTH => {
                self.scan.take()?;
                let mut is_first = true;
                while !self.scan.take_token(b'}')? {
                    if !std::mem::take(&mut is_first) {
                        self.expect(b',', "expected `,` or `}` after a member")?;
                    }
                    let name = name_of(&self.key()?);
                    self.note_lists(&place.member(&name), lists)?;
                }
                return Ok(());
            }
            Some(b'[') => lists.add(place.clone()),
            _ => {}
        }
        self.scan.value(&mut Text::default(), 0)
    }

    /// Reads the text after the list, up to the end of all enclosing objects.
    pub(super) fn rest_of_requested(&mut self) -> Scanned<()> {
        let path = self.list.clone();
        for level in (0..path.names().len()).rev() {
            let names = path.names().get(..level).unwrap_or_default();
            let here = names.iter().fold(RecordsPath::default(), |here, name| here.member(name));
            while !self.scan.take_token(b'}')? {
                self.expect(b',', "expected `,` or `}` after a member")?;
                let name = name_of(&self.key()?);
                let place = here.member(&name);
                if path.names().get(level) == Some(&name) {
                    return self.scan.stop(&format!("`{place}` appears twice"));
                }
                self.scan.value(&mut Text::default(), 0)?;
                self.reading.passed(place);
            }
        }
        Ok(())
    }
}
