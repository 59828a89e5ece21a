//! Findings as text for people, as plain lines, and as JSON.
