//! Asks hosts how they are.

mod change;
pub mod exchange;
pub mod plain;
pub mod run;
pub mod session;
#[cfg(test)]
mod tests;
