//! A progress bar for long work that prints nothing meanwhile.

use std::io::IsTerminal;
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};

/// Frames between two looks at the bar.
const STEP: u64 = 1024;

/// The bar, if anybody is there to see it.
pub(crate) struct Progress(Option<ProgressBar>);

impl Progress {
    /// A bar over the octets of `file` on standard error; none unless that and standard output are terminals.
    pub(crate) fn over(file: Option<&Path>) -> Self {
        let seen = std::io::stdout().is_terminal() && std::io::stderr().is_terminal();
        let len = file.filter(|_| seen).and_then(|file| std::fs::metadata(file).ok()).map(|metadata| metadata.len());
        Self(len.map(|len| {
            let bar = ProgressBar::new(len);
            if let Ok(style) = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {eta}") {
                bar.set_style(style);
            }
            bar
        }))
    }

    /// Shows that `octets` are read, at frame number `frame`.
    pub(crate) fn at(&self, frame: u64, octets: usize) {
        if let Some(bar) = self.0.as_ref().filter(|_| frame.is_multiple_of(STEP)) {
            bar.set_position(u64::try_from(octets).unwrap_or(u64::MAX));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
