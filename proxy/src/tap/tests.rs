//! Tests what watchers see, and that nothing is shown without them.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::{Expression, Moment, Options, Seen, Tap, Watching};
use crate::config::model::listener::Direction;
use crate::facts::{LogContext, test_downstream};
use crate::http::headers::Headers;
use crate::http::message::RequestHead;

fn show(tap: &Tap, moment: Moment, status: u16) {
    let downstream = test_downstream();
    let head = RequestHead {
        method: b"GET".to_vec(),
        path: b"/".to_vec(),
        headers: Headers::from([("authorization", "secret"), ("x-id", "7")]),
        ..RequestHead::default()
    };
    let context = LogContext {
        request: Some(&head),
        status,
        ..LogContext::new(&downstream)
    };
    tap.show(&Seen {
        moment,
        listener: "in",
        direction: Direction::Inbound,
        context,
    });
}

async fn next(watching: &mut Watching) -> Value {
    let line = poll_fn(|context| watching.poll_line(context)).await;
    serde_json::from_str(&line).unwrap()
}

#[tokio::test(start_paused = true)]
async fn who_watches_sees_what_was_asked_for_and_no_other_header() {
    let tap = Arc::new(Tap::default());
    assert!(!tap.is_watched());
    let options = Options {
        filter: Some(Expression::parse("status >= 500 && request_headers.x-id == 7").unwrap()),
        headers: vec!["x-id".into()],
        begins: false,
        rate: 100,
    };
    let mut watching = tap.watch(options).unwrap();
    assert!(tap.is_watched());
    show(&tap, Moment::Begin, 0);
    show(&tap, Moment::End, 200);
    show(&tap, Moment::End, 503);
    let line = next(&mut watching).await;
    assert_eq!(line["status"], 503);
    assert_eq!(line["direction"], "inbound");
    assert_eq!(line["request_headers"], serde_json::json!({ "x-id": "7" }));
    assert!(!line.to_string().contains("secret"));
    drop(watching);
    assert!(!tap.is_watched());
}

#[tokio::test(start_paused = true)]
async fn what_is_left_out_is_counted() {
    let tap = Arc::new(Tap::default());
    let options = Options {
        begins: true,
        rate: 2000,
        ..Options::default()
    };
    let mut watching = tap.watch(options).unwrap();
    let mut slow = tap
        .watch(Options {
            rate: 1,
            ..Options::default()
        })
        .unwrap();
    for _ in 0..1100 {
        show(&tap, Moment::End, 200);
    }
    assert_eq!(next(&mut slow).await["limited"], 1099);
    assert_eq!(next(&mut slow).await["event"], "end");
    let lost = next(&mut watching).await;
    assert_eq!(
        (&lost["event"], &lost["dropped"]),
        (&"lost".into(), &76.into())
    );
    for _ in 0..1024 {
        assert_eq!(next(&mut watching).await["event"], "end");
    }
    show(&tap, Moment::Begin, 0);
    assert_eq!(next(&mut watching).await["event"], "begin");
    let none = tokio::time::timeout(Duration::from_secs(5), next(&mut watching));
    assert!(none.await.is_err());
}
