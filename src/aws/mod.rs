//! What is Amazon's: who we are to its services.

pub mod credentials;
