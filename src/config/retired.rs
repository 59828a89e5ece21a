//! Former settings: a file that still has one works, with a warning.

use super::tree::{Step, Tree};
use crate::diag::{Diagnostic, Findings};

/// A setting that is ignored.
struct Retired {
    section: &'static str,
    key: &'static str,
    why: &'static str,
    help: &'static str,
}

/// All retired settings.
const RETIRED: &[Retired] = &[Retired {
    section: "service",
    key: "nonces",
    why: "`service.nonces` is ignored: signed calls are recorded in the ledger, which all processes share",
    help: "remove the setting, and the file it refers to",
}];

/// Leaves retired settings out, with a warning for each.
pub(super) fn leave_out(tree: &mut Tree, findings: &mut Findings) {
    for Retired { section, key, why, help } in RETIRED {
        let place = tree.member(section).and_then(|section| section.value.member(key)).map(|member| member.key_span);
        let steps = [Step::Key((*section).to_owned()), Step::Key((*key).to_owned())];
        if let (Some(place), Some(node)) = (place, tree.at_mut(&steps)) {
            node.rejected = true;
            findings.push(Diagnostic::warning("R501", place, *why, *help));
        }
    }
}

/// Whether a key of a section is retired.
pub(super) fn is_retired(section: &str, key: &str) -> bool {
    RETIRED.iter().any(|retired| retired.section == section && retired.key == key)
}
