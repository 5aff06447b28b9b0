//! What a user relies on when a sidecar is put in: every skip, refusal, layout and update.

mod support;

mod inject {
    mod again;
    mod annotate;
    mod forms;
    mod habits;
    mod layouts;
    mod probes;
    mod refusals;
    mod skips;
}
