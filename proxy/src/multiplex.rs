//! Carries the streams of a connection of HTTP/2: one task moves its bytes, others ask and answer on it.

mod books;
pub mod client;
mod driver;
mod ending;
mod leave;
mod line;
pub mod server;
mod shared;

pub use books::Books;
pub use driver::{Driver, Ended};
pub use ending::Ending;
pub use shared::Shared;
