//! In which order messages start: the longest first, so that lanes run empty together at the end.

/// Messages that are ordered together: a bound on the scratch.
pub(crate) const WINDOW: usize = 256;
/// Lengths in blocks that are told apart; longer ones are all one.
const CLASSES: usize = 64;
const LAST_CLASS: u8 = 63;

/// The order of up to [`WINDOW`] messages.
pub(crate) struct Order {
    messages: [u8; WINDOW],
    /// `messages` says something; otherwise they start as they come.
    sorted: bool,
}

impl Order {
    pub(crate) const fn new() -> Self {
        Self { messages: [0; WINDOW], sorted: false }
    }

    /// Orders `count` messages by their lengths in blocks. Where every message gets a lane at once the order says nothing, nor does it if all are of
    /// one length.
    #[inline]
    pub(crate) fn sort(&mut self, count: usize, lanes: usize, blocks_of: impl Fn(usize) -> usize) {
        if count <= lanes {
            return;
        }
        let mut classes = [0_u8; WINDOW];
        let mut differences = 0;
        let class_of = |message| LAST_CLASS.saturating_sub(u8::try_from(blocks_of(message)).unwrap_or(LAST_CLASS));
        let first = class_of(0);
        for (message, class) in classes.iter_mut().enumerate().take(count) {
            // Class 0 has the longest.
            *class = class_of(message);
            differences |= *class ^ first;
        }
        if differences == 0 {
            return;
        }
        // Messages of each class, then where each class starts.
        let mut starts = [0_u16; CLASSES];
        for class in classes.iter().take(count) {
            if let Some(start) = starts.get_mut(usize::from(*class)) {
                *start = start.wrapping_add(1);
            }
        }
        let mut sum = 0_u16;
        for start in &mut starts {
            sum = sum.wrapping_add(core::mem::replace(start, sum));
        }
        for (message, class) in (0..=u8::MAX).zip(&classes).take(count) {
            if let Some(start) = starts.get_mut(usize::from(*class)) {
                if let Some(place) = self.messages.get_mut(usize::from(*start)) {
                    *place = message;
                }
                *start = start.wrapping_add(1);
            }
        }
        self.sorted = true;
    }

    /// Whether messages start in another order than they came.
    #[inline]
    pub(crate) const fn is_sorted(&self) -> bool {
        self.sorted
    }

    /// The message that starts after `before` others.
    #[inline]
    pub(crate) fn at(&self, before: usize) -> usize {
        match self.messages.get(before) {
            Some(message) if self.sorted => usize::from(*message),
            _ => before,
        }
    }
}
