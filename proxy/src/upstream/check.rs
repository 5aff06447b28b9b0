//! Asks hosts how they are.

mod change;
pub mod exchange;
mod http2;
pub mod plain;
pub mod run;
pub mod session;
#[cfg(test)]
mod tests;
