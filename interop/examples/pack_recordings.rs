//! Writes the repository's own copy of the recordings and generated vectors from the folder `shared`.

use std::error::Error;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let files = interop::data::originals()?;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/recordings.jsonl.gz");
    interop::data::pack(&files, BufWriter::new(File::create(&path)?))?;
    println!("{} files in {}", files.len(), path.display());
    Ok(())
}
