//! The written settings as a tree: variables replaced, every node with its place, refused nodes marked.

use zeroize::Zeroizing;

use super::environment::{Environment, expand};
use crate::diag::{Diagnostic, Findings, Span};
use crate::migrate::HookPoint;
use crate::rules::{Node, NodeKind, ScalarStyle};

/// A node of the settings.
#[derive(Debug)]
pub(super) struct Tree {
    pub span: Span,
    pub kind: TreeKind,
    /// Whether something was wrong here, was told, and the rest is read as if this had not been written.
    pub refused: bool,
}

/// What a node is.
#[derive(Debug)]
pub(super) enum TreeKind {
    /// A scalar; only a plain one can be nothing, a boolean or a number.
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
    /// An element, refused ones not counted.
    Index(usize),
}

impl Tree {
    /// The tree of a node. Variables that are not set are findings, and their nodes are refused.
    pub fn new(node: &Node, environment: &Environment<'_>, findings: &mut Findings) -> Self {
        Self::build(node, "", environment, findings)
    }

    fn build(node: &Node, path: &str, environment: &Environment<'_>, findings: &mut Findings) -> Self {
        let mut refused = false;
        let kind = match &node.kind {
            NodeKind::Scalar(scalar) => {
                let plain = scalar.style == ScalarStyle::Plain;
                let text = if is_script(path) {
                    Zeroizing::new(scalar.text.clone())
                } else {
                    expand(&scalar.text, environment).unwrap_or_else(|problems| {
                        refused = true;
                        for problem in problems {
                            let at = node.part(problem.at);
                            findings.push(Diagnostic::error("R504", at, problem.message, problem.help));
                        }
                        Zeroizing::default()
                    })
                };
                TreeKind::Scalar { text, plain }
            }
            NodeKind::List(items) => {
                TreeKind::List(items.iter().map(|item| Self::build(item, path, environment, findings)).collect())
            }
            NodeKind::Map(entries) => {
                let members = entries.iter().map(|entry| {
                    let path = if path.is_empty() { entry.key.clone() } else { format!("{path}.{}", entry.key) };
                    let value = Self::build(&entry.value, &path, environment, findings);
                    Member { key: entry.key.clone(), key_span: entry.key_span, value }
                });
                TreeKind::Map(members.collect())
            }
        };
        Self { span: node.span, kind, refused }
    }

    /// The scalar's text, and whether it is plain.
    pub fn scalar(&self) -> Option<(&str, bool)> {
        match &self.kind {
            TreeKind::Scalar { text, plain } => Some((text.as_str(), *plain)),
            _ => None,
        }
    }

    /// Whether this is a plain `null`, `~` or nothing at all.
    pub fn is_null(&self) -> bool {
        matches!(self.scalar(), Some(("" | "~" | "null" | "Null" | "NULL", true)))
    }

    /// The members of a map, refused ones included.
    pub fn members(&self) -> &[Member] {
        match &self.kind {
            TreeKind::Map(members) => members,
            _ => &[],
        }
    }

    /// The member of a key, refused or not.
    pub fn member(&self, key: &str) -> Option<&Member> {
        self.members().iter().find(|member| member.key == key)
    }

    /// What this is, in the words of somebody who writes settings.
    pub fn shape(&self) -> &'static str {
        match &self.kind {
            TreeKind::Map(_) => "a map",
            TreeKind::List(_) => "a list",
            TreeKind::Scalar { .. } if self.is_null() => "nothing",
            TreeKind::Scalar { .. } => "text",
        }
    }

    /// The node behind some steps, to be marked.
    pub fn at_mut(&mut self, steps: &[Step]) -> Option<&mut Self> {
        let Some((step, rest)) = steps.split_first() else { return Some(self) };
        let next = match (step, &mut self.kind) {
            (Step::Key(key), TreeKind::Map(members)) => {
                &mut members.iter_mut().find(|member| member.key == *key)?.value
            }
            (Step::Index(at), TreeKind::List(items)) => items.iter_mut().filter(|item| !item.refused).nth(*at)?,
            _ => return None,
        };
        next.at_mut(rest)
    }

    /// The node behind some steps.
    pub fn at(&self, steps: &[Step]) -> Option<&Self> {
        let Some((step, rest)) = steps.split_first() else { return Some(self) };
        let next = match (step, &self.kind) {
            (Step::Key(key), TreeKind::Map(_)) => &self.member(key)?.value,
            (Step::Index(at), TreeKind::List(items)) => items.iter().filter(|item| !item.refused).nth(*at)?,
            _ => return None,
        };
        next.at(rest)
    }

    /// Whether a setting such as `login.floor` is written, and is no default.
    pub fn is_written(&self, path: &str) -> bool {
        let steps: Vec<Step> = path.split('.').map(|name| Step::Key(name.to_owned())).collect();
        self.at(&steps).is_some()
    }

    /// The place of a setting such as `service.tls.key`; of the nearest setting around it that is written when it is not.
    /// None when something on the way was refused: what is said about it would be wrong.
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
            if below.refused {
                return None;
            }
            (node, span) = (below, found);
        }
        Some(span)
    }
}

/// Whether a script stands there: in scripts, `${…}` is their own.
fn is_script(path: &str) -> bool {
    path.strip_prefix("hooks.").is_some_and(|name| HookPoint::ALL.iter().any(|point| point.name() == name))
}
