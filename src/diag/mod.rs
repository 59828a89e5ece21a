//! Findings about what people wrote.
