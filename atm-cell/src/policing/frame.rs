//! Early and partial packet discard.

use crate::PayloadType;

/// Room in front of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Room {
    /// For this cell and for a frame that starts with it.
    Free,
    /// For this cell, but not for another frame (the queue is over its early discard threshold).
    NoNewFrame,
    /// None: the queue is full, or the policer discards the cell.
    None,
}

/// What becomes of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FrameVerdict {
    /// It goes on.
    Forward,
    /// It is dropped.
    Discard,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
enum State {
    /// The last cell of the frame before went on, or nothing of any frame did.
    #[default]
    Between,
    /// Cells of this frame went on, and none was dropped.
    Inside,
    /// Nothing of this frame went on: all of it is dropped, its last cell too.
    Skipping,
    /// A part of this frame went on and a part was dropped: only a last cell helps the receiver now.
    Damaged,
}

/// Early packet discard and partial packet discard of one AAL5 connection (TM 4.0 section 5.9).
///
/// ```text
///              first cell, Room::Free                  a cell is dropped
///  +---------+ ---------------------> +--------+ -----------------------> +---------+
///  | between | <--------------------- | inside |                          | damaged | all but the last cell: dropped
///  +---------+     last cell          +--------+                          +---------+
///    |     ^ ^                                                                 |
///    |     | +------------------------------ last cell goes on ----------------+
///    v     | last cell, dropped
///  +----------+
///  | skipping | first cell found no room: the whole frame is dropped
///  +----------+
/// ```
///
/// The last cell of a damaged frame goes on, as without it the frame would run into the next one and damage that too. Where it finds
/// no room the next frame is lost already, and is dropped up to its last cell. Only user data cells belong to frames: others go on
/// wherever there is room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct FrameDiscard {
    state: State,
    frames_hit: u64,
}

impl FrameDiscard {
    /// A connection between frames.
    #[must_use]
    pub const fn new() -> Self {
        Self { state: State::Between, frames_hit: 0 }
    }

    /// The next cell of the connection. `room` is asked only where it matters, so that a policer in it does not count cells that are
    /// dropped in any case.
    pub fn offer(&mut self, payload_type: PayloadType, room: impl FnOnce() -> Room) -> FrameVerdict {
        if !payload_type.is_user_data() {
            return if room() == Room::None { FrameVerdict::Discard } else { FrameVerdict::Forward };
        }
        let last = payload_type.sdu_type();
        let (verdict, state) = match self.state {
            State::Between => match room() {
                Room::Free => (FrameVerdict::Forward, State::Inside),
                Room::NoNewFrame | Room::None => {
                    self.frames_hit = self.frames_hit.saturating_add(1);
                    (FrameVerdict::Discard, State::Skipping)
                }
            },
            State::Inside => match room() {
                Room::Free | Room::NoNewFrame => (FrameVerdict::Forward, State::Inside),
                Room::None => {
                    // Without its last cell it runs into the next frame, which is lost with it.
                    self.frames_hit = self.frames_hit.saturating_add(if last { 2 } else { 1 });
                    (FrameVerdict::Discard, State::Damaged)
                }
            },
            State::Skipping => (FrameVerdict::Discard, State::Skipping),
            State::Damaged if last => match room() {
                Room::Free | Room::NoNewFrame => (FrameVerdict::Forward, State::Between),
                Room::None => {
                    self.frames_hit = self.frames_hit.saturating_add(1);
                    (FrameVerdict::Discard, State::Damaged)
                }
            },
            State::Damaged => (FrameVerdict::Discard, State::Damaged),
        };
        self.state = match state {
            State::Inside | State::Skipping if last => State::Between,
            state => state,
        };
        verdict
    }

    /// Frames that lost cells here, or are lost because the frame before lost its last cell.
    #[must_use]
    pub const fn frames_hit(&self) -> u64 {
        self.frames_hit
    }
}
