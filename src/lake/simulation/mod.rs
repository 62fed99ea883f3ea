//! The protocol, simulated.

mod time;

pub use time::Time;
