//! The command-line program.

fn main() -> std::process::ExitCode {
    landfall::cli::run()
}
