//! Writes the sample capture that the tool embeds: `cargo run -p wirecraft-cli --example make_sample -- cli/sample/sample.pcapng`.

mod build;
mod frames;

fn main() -> std::io::Result<()> {
    match std::env::args_os().nth(1) {
        Some(path) => std::fs::write(path, frames::capture()),
        None => Err(std::io::Error::other("which file to write?")),
    }
}
