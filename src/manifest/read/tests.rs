//! The two readers against what they must find, against each other, and against libyaml.

mod agreement;
mod generate;
mod places;
