//! Settings that there were once: a file that still has one works, and is told so.

use super::tree::{Step, Tree};
use crate::diag::{Diagnostic, Findings};

/// A setting that is ignored.
struct Retired {
    section: &'static str,
    key: &'static str,
    why: &'static str,
    help: &'static str,
}

/// All of them.
const RETIRED: &[Retired] = &[Retired {
    section: "service",
    key: "nonces",
    why: "`service.nonces` is ignored: signed calls are remembered in the ledger, which all processes share",
    help: "remove it, and the file that it names",
}];

/// Leaves them out of what is read, and tells of each.
pub(super) fn leave_out(tree: &mut Tree, findings: &mut Findings) {
    for Retired { section, key, why, help } in RETIRED {
        let place = tree.member(section).and_then(|section| section.value.member(key)).map(|member| member.key_span);
        let steps = [Step::Key((*section).to_owned()), Step::Key((*key).to_owned())];
        if let (Some(place), Some(node)) = (place, tree.at_mut(&steps)) {
            node.refused = true;
            findings.push(Diagnostic::warning("R501", place, *why, *help));
        }
    }
}
