//! The tables of docs/figures.md as benchmarks print them, for `benches/figures` to take.

/// A row: what was measured, what came out, what is wanted.
pub struct Row {
    /// What was measured.
    pub what: String,
    /// What came out.
    pub figure: String,
    /// What is wanted.
    pub goal: &'static str,
}

/// Prints the table.
pub fn table(rows: &[Row]) {
    println!("| what | figure | goal |\n|---|---|--:|");
    for Row { what, figure, goal } in rows {
        println!("| {what} | {figure} | {goal} |");
    }
}

/// The middle of some figures.
pub fn median(figures: impl IntoIterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.into_iter().collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap()
}
