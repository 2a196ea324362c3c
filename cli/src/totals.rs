//! What the commands have in common that take a capture's packets through a crate.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

/// What became of the frames of a capture.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    pub(crate) frames: u64,
    pub(crate) not_ip: u64,
    pub(crate) written: u64,
    pub(crate) dummies: u64,
    discards: BTreeMap<String, u64>,
}

impl Totals {
    pub(crate) fn discard(&mut self, reason: String) {
        let count = self.discards.entry(reason).or_default();
        *count = count.saturating_add(1);
    }

    pub(crate) fn discarded(&self) -> u64 {
        self.discards.values().fold(0, |sum, count| sum.saturating_add(*count))
    }

    pub(crate) fn print(&self, out: &mut dyn Write) -> Result<()> {
        writeln!(out, "{:<20}{:>12}", "frames", self.frames)?;
        writeln!(out, "{:<20}{:>12}", "without an IP packet", self.not_ip)?;
        writeln!(out, "{:<20}{:>12}", "packets written", self.written)?;
        if self.dummies > 0 {
            writeln!(out, "{:<20}{:>12}", "dummy packets", self.dummies)?;
        }
        writeln!(out, "{:<20}{:>12}", "discards", self.discarded())?;
        for (reason, count) in &self.discards {
            writeln!(out, "{count:>32}  {reason}")?;
        }
        Ok(())
    }
}

/// Random numbers of the system's, or of a seed.
pub(crate) fn random(seed: Option<u64>) -> Result<ChaCha20Rng> {
    if let Some(seed) = seed {
        return Ok(ChaCha20Rng::seed_from_u64(seed));
    }
    let mut seed = [0u8; 32];
    getrandom::fill(&mut seed).map_err(|error| anyhow!("no random numbers: {error}"))?;
    if seed == [0; 32] {
        bail!("the system's random numbers are all zero");
    }
    Ok(ChaCha20Rng::from_seed(seed))
}

/// A file to be written.
pub(crate) fn create(path: &Path) -> Result<BufWriter<File>> {
    Ok(BufWriter::new(File::create(path).with_context(|| path.display().to_string())?))
}
