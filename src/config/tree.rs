//! The settings as written, as a tree: variables are replaced, and every node has its place and a mark if it was
//! rejected.

use zeroize::Zeroizing;

use super::environment::{Environment, expand};
use super::needs::Unneeded;
use crate::diag::{Diagnostic, Findings, Span};
use crate::ports::HookPoint;
use crate::rules::{Node, NodeKind, ScalarStyle};

/// What becomes of a setting with variables that are not set.
enum Unset {
    /// It is left out.
    Rejected,
    /// It has the text that is written.
    AsWritten,
}

/// A node of the settings.
#[derive(Debug)]
pub(super) struct Tree {
    pub span: Span,
    pub kind: TreeKind,
    /// Whether a mistake was reported here; the rest is read as if this node had not been written.
    pub rejected: bool,
}

/// What a node is.
#[derive(Debug)]
pub(super) enum TreeKind {
    /// A scalar; only a plain one can be null, a boolean or a number.
    Scalar { text: Zeroizing<String>, plain: bool },
    /// A list.
    List(Vec<Tree>),
    /// A map.
    Map(Vec<Member>),
}

/// A key with its value.
#[derive(Debug)]
pub(super) struct Member {
    pub key: String,
    pub key_span: Span,
    pub value: Tree,
}

/// A step into a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// The value of a key.
    Key(String),
    /// An element; rejected elements are not counted.
    Index(usize),
}

impl Tree {
    /// Builds the tree of a node. Variables that are not set are reported, and their nodes are rejected.
    pub fn new(node: &Node, environment: &Environment<'_>, findings: &mut Findings) -> Self {
        let mut reject = |_: &str, _: Span, unset: Vec<Diagnostic>| {
            unset.into_iter().for_each(|finding| findings.push(finding));
            Unset::Rejected
        };
        Self::build(node, "", environment, &mut reject)
    }

    /// The same, without a word about variables that are not set where nobody needs them.
    pub fn of_needed(
        node: &Node,
        environment: &Environment<'_>,
        unneeded: &mut Unneeded,
        findings: &mut Findings,
    ) -> Self {
        let mut judge = |path: &str, place: Span, unset: Vec<Diagnostic>| {
            if unneeded.allows(path) {
                unneeded.note(place, unset);
                return Unset::AsWritten;
            }
            unset.into_iter().for_each(|finding| findings.push(finding));
            Unset::Rejected
        };
        Self::build(node, "", environment, &mut judge)
    }

    /// `unset` decides about a setting with variables that are not set, from its path, its place and the findings.
    fn build(
        node: &Node,
        path: &str,
        environment: &Environment<'_>,
        unset: &mut dyn FnMut(&str, Span, Vec<Diagnostic>) -> Unset,
    ) -> Self {
        let mut rejected = false;
        let kind = match &node.kind {
            NodeKind::Scalar(scalar) => {
                let plain = scalar.style == ScalarStyle::Plain;
                let text = if is_script(path) {
                    Zeroizing::new(scalar.text.clone())
                } else {
                    expand(&scalar.text, environment).unwrap_or_else(|problems| {
                        let finding = |problem: super::environment::Unset| {
                            Diagnostic::error("R504", node.part(problem.at), problem.message, problem.help)
                        };
                        match unset(path, node.span, problems.into_iter().map(finding).collect()) {
                            Unset::AsWritten => Zeroizing::new(scalar.text.clone()),
                            Unset::Rejected => {
                                rejected = true;
                                Zeroizing::default()
                            }
                        }
                    })
                };
                TreeKind::Scalar { text, plain }
            }
            NodeKind::List(items) => {
                TreeKind::List(items.iter().map(|item| Self::build(item, path, environment, unset)).collect())
            }
            NodeKind::Map(entries) => {
                let members = entries.iter().map(|entry| {
                    let path = if path.is_empty() { entry.key.clone() } else { format!("{path}.{}", entry.key) };
                    let value = Self::build(&entry.value, &path, environment, unset);
                    Member { key: entry.key.clone(), key_span: entry.key_span, value }
                });
                TreeKind::Map(members.collect())
            }
        };
        Self { span: node.span, kind, rejected }
    }

    /// The scalar's text, and whether it is plain.
    pub fn scalar(&self) -> Option<(&str, bool)> {
        match &self.kind {
            TreeKind::Scalar { text, plain } => Some((text.as_str(), *plain)),
            _ => None,
        }
    }

    /// Whether this is a plain `null`, `~` or empty.
    pub fn is_null(&self) -> bool {
        matches!(self.scalar(), Some(("" | "~" | "null" | "Null" | "NULL", true)))
    }

    /// The members of a map, including rejected ones.
    pub fn members(&self) -> &[Member] {
        match &self.kind {
            TreeKind::Map(members) => members,
            _ => &[],
        }
    }

    /// The member with a key, rejected or not.
    pub fn member(&self, key: &str) -> Option<&Member> {
        self.members().iter().find(|member| member.key == key)
    }

    /// What this node is, in the user's terms.
    pub fn shape(&self) -> &'static str {
        match &self.kind {
            TreeKind::Map(_) => "a map",
            TreeKind::List(_) => "a list",
            TreeKind::Scalar { .. } if self.is_null() => "nothing",
            TreeKind::Scalar { .. } => "text",
        }
    }

    /// The node at a path, for marking.
    pub fn at_mut(&mut self, steps: &[Step]) -> Option<&mut Self> {
        let Some((step, rest)) = steps.split_first() else { return Some(self) };
        let next = match (step, &mut self.kind) {
            (Step::Key(key), TreeKind::Map(members)) => {
                &mut members.iter_mut().find(|member| member.key == *key)?.value
            }
            (Step::Index(at), TreeKind::List(items)) => items.iter_mut().filter(|item| !item.rejected).nth(*at)?,
            _ => return None,
        };
        next.at_mut(rest)
    }

    /// The node at a path.
    pub fn at(&self, steps: &[Step]) -> Option<&Self> {
        let Some((step, rest)) = steps.split_first() else { return Some(self) };
        let next = match (step, &self.kind) {
            (Step::Key(key), TreeKind::Map(_)) => &self.member(key)?.value,
            (Step::Index(at), TreeKind::List(items)) => items.iter().filter(|item| !item.rejected).nth(*at)?,
            _ => return None,
        };
        next.at(rest)
    }

    /// Whether a setting such as `login.floor` is written, and not a default.
    pub fn is_written(&self, path: &str) -> bool {
        let steps: Vec<Step> = path.split('.').map(|name| Step::Key(name.to_owned())).collect();
        self.at(&steps).is_some()
    }

    /// The place of a setting such as `service.tls.key`, or of the nearest enclosing setting that is written. `None` if
    /// anything on the path was rejected, or an element of the list that it leads to: a finding about it would be misleading.
    pub fn place(&self, path: &str) -> Option<Span> {
        let (mut node, mut span) = (self, Span { end: self.span.start, ..self.span });
        for name in path.split('.') {
            let next = match &node.kind {
                TreeKind::Map(_) => node.member(name).map(|member| {
                    let is_leaf = matches!(member.value.kind, TreeKind::Scalar { .. }) && !member.value.is_null();
                    (if is_leaf { member.value.span } else { member.key_span }, &member.value)
                }),
                TreeKind::List(items) => {
                    name.parse().ok().and_then(|at: usize| items.get(at)).map(|item| (item.span, item))
                }
                TreeKind::Scalar { .. } => None,
            };
            let Some((found, below)) = next else { return Some(span) };
            if below.rejected {
                return None;
            }
            (node, span) = (below, found);
        }
        let is_whole = !matches!(&node.kind, TreeKind::List(items) if items.iter().any(|item| item.rejected));
        is_whole.then_some(span)
    }
}

/// Whether the setting is a script: in scripts, `${…}` is part of the language.
fn is_script(path: &str) -> bool {
    path.strip_prefix("hooks.").is_some_and(|name| HookPoint::ALL.iter().any(|point| point.name() == name))
}
