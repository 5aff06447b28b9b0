//! Speaks HTTP/2 (RFC 9113) as a state machine that bytes go into and come out of.
//!
//! A client and a server, with nothing between them but the two buffers:
//!
//! ```
//! use mesh_proxy::http::message::{RequestHead, ResponseHead};
//! use mesh_proxy::http2::{Connection, Event, SendError, Settings};
//!
//! let mut client = Connection::client(Settings::default());
//! let mut server = Connection::server(Settings::default());
//! let mut head = RequestHead::default();
//! head.method.extend_from_slice(b"POST");
//! head.scheme.extend_from_slice(b"https");
//! head.authority.extend_from_slice(b"example.com");
//! head.path.extend_from_slice(b"/");
//! let stream = client.open(&head, false)?;
//! let sent = client.send_data(stream, b"hello", true)?;
//! assert_eq!(sent, 5);
//!
//! let mut input = client.output();
//! let mut request = RequestHead::default();
//! let response = ResponseHead { status: 200, ..ResponseHead::default() };
//! while let Some(event) = server.receive(&mut input) {
//!     match event {
//!         Event::Request { .. } => server.take_request(&mut request),
//!         Event::Data { stream, data, end } => {
//!             server.release(stream, data.len());
//!             if end {
//!                 server.send_response(stream, &response, true)?;
//!             }
//!         }
//!         _ => {}
//!     }
//! }
//! let written = client.output().len();
//! client.wrote(written);
//! assert_eq!(request.path, b"/");
//!
//! let mut input = server.output();
//! let answered = std::iter::from_fn(|| client.receive(&mut input))
//!     .any(|event| event == Event::Response { stream, end: true });
//! assert!(answered);
//! # Ok::<(), SendError>(())
//! ```

mod connection;
mod error;
mod event;
mod field;
mod frame;
mod guard;
mod head;
mod hpack;
mod output;
mod settings;
mod statistics;
mod streams;

pub use connection::Connection;
pub use error::{Cause, ErrorCode, Failure, SendError};
pub use event::Event;
pub use frame::PREFACE;
pub use settings::{Settings, Underscores};
pub use statistics::Statistics;
pub use streams::StreamId;
