//! Finding the sender's subspace again after a loss of 2^32 packets or more (RFC 4303 appendix A3).

use super::Window;

/// Counts packets that fail authentication one after another, and says when to look for the sender in later subspaces.
///
/// ```
/// use ipsec_wire::replay::{Resync, Window};
///
/// let window = Window::new(64, true, [0u64; 2])?;
/// let mut resync = Resync::new(3, 2);
/// assert!(!resync.failed() && !resync.failed() && resync.failed());
/// // The packet's ICV is tried with each; where one holds the number is marked, and `succeeded` is called.
/// assert_eq!(resync.candidates(&window, 7).collect::<Vec<_>>(), [1 << 32 | 7, 2 << 32 | 7]);
/// # Ok::<(), ipsec_wire::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resync {
    failures: u32,
    trigger: u32,
    tries: u32,
}

impl Resync {
    /// `trigger`: failures in a row after which to try, local policy; 0 never does. `tries`: subspaces to try with one packet, which
    /// bounds the work that a forged packet costs.
    #[must_use]
    pub const fn new(trigger: u32, tries: u32) -> Self {
        Self { failures: 0, trigger, tries }
    }

    /// A packet of the SA failed authentication. Whether to try now: at the trigger, and at each multiple of it after.
    #[must_use]
    pub const fn failed(&mut self) -> bool {
        self.failures = self.failures.saturating_add(1);
        match self.failures.checked_rem(self.trigger) {
            Some(rest) => rest == 0,
            None => false,
        }
    }

    /// A packet of the SA was authenticated: the count starts again.
    pub const fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// Failures since the last packet that was authenticated.
    #[must_use]
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// The numbers that a packet with these lower 32 bits would have in the subspaces behind the one that [`Window::infer`] says, nearest
    /// first. None without extended numbers.
    pub fn candidates<S>(&self, window: &Window<S>, low: u32) -> impl Iterator<Item = u64> + use<S> {
        let inferred = window.infer(low).filter(|_| window.is_extended());
        // What would lie before the first number of all has its next chance in the first subspace.
        let first = match inferred {
            Some(number) => number.checked_add(1 << 32),
            None => Some(u64::from(low)).filter(|_| window.is_extended() && window.highest() >> 32 == 0),
        };
        let tries = usize::try_from(self.tries).unwrap_or(usize::MAX);
        core::iter::successors(first, |number| number.checked_add(1 << 32)).take(tries)
    }
}
