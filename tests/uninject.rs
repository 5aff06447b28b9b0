//! What a user relies on when a sidecar is taken out: ours to the byte, ours after a reformatting, other meshes' without residue.

mod support;

mod uninject {
    mod foreign;
    mod ours;
}
