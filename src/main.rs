//! The command line program: arguments, run, exit code.

fn main() -> std::process::ExitCode {
    landfall::cli::run()
}
