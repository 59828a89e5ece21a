//! The memory of the program over more and more records from standard input.

use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use crate::options::Options;
use crate::{Row, data, grouped, program};

/// Measures whether memory grows with the number of records, where the system tells the memory of a program.
pub fn row(options: &Options) -> Row {
    let goal = "within 10 %";
    if resident_kib(std::process::id()).is_none() {
        return Row { what: "memory of `transform`".to_owned(), figure: "measured on Linux only".to_owned(), goal };
    }
    let peaks: Vec<f64> = options.inputs.iter().map(|records| peak_mib(options, *records)).collect();
    let (least, most) =
        peaks.iter().fold((f64::MAX, 0.0_f64), |(least, most), peak| (least.min(*peak), most.max(*peak)));
    let list = |texts: Vec<String>| texts.join(" / ");
    let inputs = list(options.inputs.iter().map(|records| grouped(*records)).collect());
    let figures = list(peaks.iter().map(|peak| format!("{peak:.1}")).collect());
    Row {
        what: format!("highest resident memory of `transform`, {inputs} different records from standard input"),
        figure: format!("{figures} MiB: {:.1} % apart", (most / least - 1.0) * 100.0),
        goal,
    }
}

fn peak_mib(options: &Options, records: u64) -> f64 {
    let mut child = program::transform(&options.program, Path::new("-")).stdin(Stdio::piped()).spawn().unwrap();
    let mut input = BufWriter::with_capacity(256 * 1024, child.stdin.take().unwrap());
    for number in 0..records {
        if number.is_multiple_of(500_000) {
            eprintln!("memory: {} of {} records", grouped(number), grouped(records));
        }
        writeln!(input, "{}", data::record(number)).unwrap();
    }
    input.flush().unwrap();
    // what it holds at the end of the input is seen even when it ends at once
    let mut most = resident_kib(child.id()).unwrap();
    drop(input);
    while let Some(now) = resident_kib(child.id()) {
        most = most.max(now);
        std::thread::sleep(Duration::from_millis(1));
    }
    program::finish(child, records);
    f64::from(most) / 1024.0
}

/// The highest resident memory of a program so far (`VmHWM`, proc(5)), in KiB; nothing when it has ended.
fn resident_kib(id: u32) -> Option<u32> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let figure = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    figure.trim().strip_suffix(" kB")?.parse().ok()
}
