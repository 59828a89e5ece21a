//! Places in a record, as a tree of member names: what rules read, as far as it is known without a record.

/// A step from a place to one below it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PlaceStep {
    /// The member with this name.
    Member(String),
    /// Any element or member.
    Any,
}

/// Places in a record. Names are compared without regard to case, as rules may read members in another spelling.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    whole: bool,
    members: Vec<(String, Places)>,
    any: Option<Box<Places>>,
}

impl Places {
    /// Adds the place at a path, with everything below it.
    pub(super) fn add(&mut self, path: &[PlaceStep]) {
        let Some((step, rest)) = path.split_first() else {
            self.whole = true;
            return;
        };
        match step {
            PlaceStep::Any => self.any.get_or_insert_default().add(rest),
            PlaceStep::Member(name) => {
                let name = name.to_lowercase();
                match self.members.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, below)) => below.add(rest),
                    None => {
                        let mut below = Self::default();
                        below.add(rest);
                        self.members.push((name, below));
                    }
                }
            }
        }
    }

    /// Adds other places.
    pub(super) fn merge(&mut self, other: &Self) {
        self.whole |= other.whole;
        for (name, below) in &other.members {
            match self.members.iter_mut().find(|(known, _)| known == name) {
                Some((_, own)) => own.merge(below),
                None => self.members.push((name.clone(), below.clone())),
            }
        }
        if let Some(any) = &other.any {
            self.any.get_or_insert_default().merge(any);
        }
    }

    /// Whether everything is among the places.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    fn is_empty(&self) -> bool {
        !self.whole && self.members.is_empty() && self.any.is_none()
    }

    /// The places in a member.
    #[must_use]
    pub fn in_member(&self, name: &str) -> Self {
        let mut found = self.in_element();
        if !self.whole && !self.members.is_empty() {
            let name = name.to_lowercase();
            let below = self.members.iter().find(|(known, _)| *known == name);
            below.iter().for_each(|(_, below)| found.merge(below));
        }
        found
    }

    /// The places in an element of a list.
    #[must_use]
    pub fn in_element(&self) -> Self {
        match &self.any {
            _ if self.whole => Self { whole: true, ..Self::default() },
            Some(any) => (**any).clone(),
            None => Self::default(),
        }
    }

    /// Whether a place is among others, or contains one of them.
    #[must_use]
    pub fn touch(&self, other: &Self) -> bool {
        if self.is_empty() || other.is_empty() {
            return false;
        }
        if self.whole || other.whole {
            return true;
        }
        let is_below_any = |one: &Self, other: &Self| {
            one.any.as_ref().is_some_and(|any| {
                other.any.as_ref().is_some_and(|others| any.touch(others))
                    || other.members.iter().any(|(_, below)| any.touch(below))
            })
        };
        is_below_any(self, other)
            || is_below_any(other, self)
            || self.members.iter().any(|(name, below)| {
                other.members.iter().any(|(others, others_below)| name == others && below.touch(others_below))
            })
    }

    /// The names of all members that are among the places or lead to them.
    pub fn names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.add_names(&mut names);
        names
    }

    fn add_names<'s>(&'s self, names: &mut Vec<&'s str>) {
        for (name, below) in &self.members {
            names.push(name);
            below.add_names(names);
        }
        self.any.iter().for_each(|any| any.add_names(names));
    }
}

/// What rules read of a record, as far as it is known without one.
#[derive(Debug, Default)]
pub struct ReadPlaces {
    /// What `credential` reads, directly or through working values and claims.
    pub credential: Places,
    /// What is under `ignore` and read by nothing.
    pub ignored: Places,
    /// What each rule reads, by its place in the rule file.
    pub rules: Vec<(crate::diag::Span, Places)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(paths: &[&str]) -> Places {
        let mut places = Places::default();
        for path in paths {
            let steps = path.split('.').filter(|name| !name.is_empty()).map(|name| match name {
                "*" => PlaceStep::Any,
                name => PlaceStep::Member(name.to_owned()),
            });
            places.add(&steps.collect::<Vec<_>>());
        }
        places
    }

    #[test]
    fn a_place_contains_what_is_below_it() {
        let all = places(&["a.b", "list.*.hash"]);
        assert!(all.in_member("A").in_member("b").in_member("c").is_whole());
        assert!(!all.in_member("a").is_whole() && !all.in_member("a").in_member("c").is_whole());
        assert!(all.in_member("list").in_element().in_member("hash").is_whole());
        assert!(!all.in_member("list").in_element().in_member("id").is_whole());
    }

    #[test]
    fn places_touch_if_one_contains_the_other() {
        for (one, other, wanted) in [
            ("a.b", "a", true),
            ("a", "a.b", true),
            ("a.b", "a.c", false),
            ("a.*.x", "a.k", true),
            ("a.*.x", "a.k.y", false),
            ("", "a", true),
        ] {
            assert_eq!(places(&[one]).touch(&places(&[other])), wanted, "{one} {other}");
            assert_eq!(places(&[other]).touch(&places(&[one])), wanted, "{other} {one}");
        }
        assert!(!Places::default().touch(&places(&[""])));
    }
}
