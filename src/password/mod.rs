//! Every stored hash, proved safely.
