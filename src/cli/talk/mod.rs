//! What goes to stderr and comes from the keyboard: words, progress, the prompt, Ctrl-C.

pub mod ask;
pub mod progress;
pub mod prompt;
pub mod script;
pub mod signals;
pub mod words;
