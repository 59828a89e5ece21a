//! The way to the list at a path, and what is passed on it.

use super::{Around, Json, Scanned, State, name_of};
use crate::formats::reading::{How, Paths};
use crate::formats::reject::MARK;
use crate::formats::scan::Text;
use crate::rules::RecordsPath;

/// How deep lists are looked for in members that are passed, for the message of a wrong path.
const LIST_DEPTH: usize = 3;

/// What a member on the way leads to.
enum Way {
    /// The list; its first element is next.
    List,
    /// `null` in place of the list, as some programs write a list without elements.
    Null,
    /// Elsewhere.
    Elsewhere,
}

impl Json {
    /// Goes into the document that begins here, to the list at a path.
    pub(super) fn find(&mut self, path: &RecordsPath) -> Scanned<()> {
        let mut lists = Paths::default();
        match self.descend(path, &RecordsPath::default(), &mut lists)? {
            Way::List => {
                self.reading.taken(path, How::Asked);
                (self.state, self.around, self.list) = (State::List { is_first: true }, Around::Asked, path.clone());
                Ok(())
            }
            Way::Null => {
                self.reading.taken(path, How::Asked);
                Ok(())
            }
            Way::Elsewhere => {
                let message = format!("there is no list at `{path}`; {}", lists.where_lists_are());
                self.scan.stop(&message)
            }
        }
    }

    /// Goes into the object at a place on the way, and through it when it does not lead to the list.
    fn descend(&mut self, path: &RecordsPath, here: &RecordsPath, lists: &mut Paths) -> Scanned<Way> {
        let (level, last) = (here.names().len(), path.names().len().saturating_sub(1));
        let (mut way, mut is_first) = (Way::Elsewhere, true);
        self.scan.take()?;
        while !self.scan.take_token(b'}')? {
            if !std::mem::take(&mut is_first) {
                self.expect(b',', "expected `,` or `}` after a member")?;
            }
            let name = name_of(&self.key()?);
            let place = here.member(&name);
            if level == 0 && name == MARK {
                return self
                    .scan
                    .stop("these records were rejected before and stand alone: leave the path of records out");
            }
            if path.names().get(level) != Some(&name) {
                self.pass(place, lists)?;
                continue;
            }
            match self.scan.peek_token()? {
                Some(b'[') if level == last => {
                    self.scan.take()?;
                    return Ok(Way::List);
                }
                Some(b'n') => {
                    self.scan.value(&mut Text::default(), 0)?;
                    way = Way::Null;
                }
                Some(b'{') if level < last => match self.descend(path, &place, lists)? {
                    Way::List => return Ok(Way::List),
                    inner => way = inner,
                },
                _ => self.note_lists(&place, lists)?,
            }
        }
        Ok(way)
    }

    /// Skips a member beside the way.
    fn pass(&mut self, place: RecordsPath, lists: &mut Paths) -> Scanned<()> {
        self.note_lists(&place, lists)?;
        self.reading.passed(place);
        Ok(())
    }

    /// Skips a value, and notes the lists in it.
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

    /// Reads what stands behind the list, out of all objects around it.
    pub(super) fn rest_of_asked(&mut self) -> Scanned<()> {
        let path = self.list.clone();
        for level in (0..path.names().len()).rev() {
            let names = path.names().get(..level).unwrap_or_default();
            let here = names.iter().fold(RecordsPath::default(), |here, name| here.member(name));
            while !self.scan.take_token(b'}')? {
                self.expect(b',', "expected `,` or `}` after a member")?;
                let name = name_of(&self.key()?);
                let place = here.member(&name);
                if path.names().get(level) == Some(&name) {
                    return self.scan.stop(&format!("`{place}` is there twice"));
                }
                self.scan.value(&mut Text::default(), 0)?;
                self.reading.passed(place);
            }
        }
        Ok(())
    }
}
