//! What a run and whoever watches it tell each other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Shared by a run and its watcher: how far it is, and whether it should stop.
#[derive(Debug, Default)]
pub struct Watch {
    bytes: AtomicU64,
    frames: AtomicU64,
    stop: Arc<AtomicBool>,
    stop_at_once: AtomicBool,
}

impl Watch {
    /// Bytes read from the inputs so far, as they are stored.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Frames read so far.
    pub fn frames(&self) -> u64 {
        self.frames.load(Ordering::Relaxed)
    }

    /// Asks the run to stop reading and to finish what it has; asked again, to leave it.
    pub fn stop(&self) {
        if self.stop.swap(true, Ordering::Relaxed) {
            self.stop_at_once.store(true, Ordering::Relaxed);
        }
    }

    /// Whether the run was asked a second time to stop.
    pub(crate) fn is_stopped_at_once(&self) -> bool {
        self.stop_at_once.load(Ordering::Relaxed)
    }

    /// Whether the run was asked to stop.
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// The word to stop, for readers that outlive the run.
    pub(crate) fn stop_flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stop)
    }

    pub(crate) fn advance(&self, bytes: u64, frames: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.frames.fetch_add(frames, Ordering::Relaxed);
    }
}
