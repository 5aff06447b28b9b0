//! Gathers what all writers of a scope have counted, name by name.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::cell::Writer;
use super::histogram::{Bins, Histogram};

/// Cells that are resolved together: one allocation for each writer, names in the program's text.
pub trait Group: Default + Send + Sync + 'static {
    /// Shows each cell with its name within the scope.
    fn visit(&self, visitor: &mut Visitor<'_>);
}

/// A field of a group.
pub(super) trait Visit {
    fn visit(&self, name: &'static str, visitor: &mut Visitor<'_>);
}

/// Declares a [`Group`]: each field with its kind of cell and its name within the scope.
macro_rules! group {
    ($(#[$meta:meta])* $name:ident { $($field:ident: $cell:ty = $suffix:literal,)* }) => {
        $(#[$meta])*
        // Cells of two writers never share a cache line.
        #[derive(Debug, Default)]
        #[repr(align(64))]
        pub struct $name {
            $(#[doc = concat!("`", $suffix, "`.")] pub $field: $cell,)*
        }

        impl $crate::stats::Group for $name {
            fn visit(&self, visitor: &mut $crate::stats::Visitor<'_>) {
                $($crate::stats::group::Visit::visit(&self.$field, $suffix, visitor);)*
            }
        }
    };
}
pub(super) use group;

/// What a name has come to over its writers.
#[derive(Debug, Clone)]
pub(super) enum Sum {
    /// `always`: whether it shows before anything was counted.
    Counter {
        value: u64,
        used: bool,
        always: bool,
    },
    Gauge {
        value: u64,
        used: bool,
    },
    Wide {
        value: u64,
        used: bool,
    },
    Histogram {
        bins: Bins,
        always: bool,
    },
    Text(String),
}

pub(super) type Sums = BTreeMap<Cow<'static, str>, Sum>;

/// Takes the cells of one writer after the other and sums them.
#[derive(Debug)]
pub struct Visitor<'a> {
    pub(super) writer: Writer,
    /// The name of a statistic on its own, which no group names.
    pub(super) single: &'a str,
    pub(super) sums: &'a mut Sums,
}

impl Visitor<'_> {
    fn entry(&mut self, name: impl Into<Cow<'static, str>>, empty: Sum) -> &mut Sum {
        let name = match self.single {
            "" => name.into(),
            single => single.to_owned().into(),
        };
        self.sums.entry(name).or_insert(empty)
    }

    pub(super) fn counter(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        amount: u64,
        always: bool,
    ) {
        let empty = Sum::Counter {
            value: 0,
            used: false,
            always,
        };
        if let Sum::Counter { value, used, .. } = self.entry(name, empty) {
            *value = value.wrapping_add(amount);
            *used |= amount > 0;
        }
    }

    pub(super) fn marked(&mut self, name: &'static str, amount: u64, written: bool) {
        self.counter(name, amount, true);
        if let Some(Sum::Counter { used, .. }) = self.sums.get_mut(name) {
            *used |= written;
        }
    }

    pub(super) fn gauge(&mut self, name: impl Into<Cow<'static, str>>, amount: u64, written: bool) {
        if let Sum::Gauge { value, used } = self.entry(name, EMPTY_GAUGE) {
            *value = value.wrapping_add(amount);
            *used |= written;
        }
    }

    pub(super) fn wide(&mut self, name: &'static str, amount: u64, written: bool) {
        let empty = Sum::Wide {
            value: 0,
            used: false,
        };
        if let Sum::Wide { value, used } = self.entry(name, empty) {
            *value = value.wrapping_add(amount);
            *used |= written;
        }
    }

    pub(super) fn flag(&mut self, name: &'static str, raised: bool, written: bool) {
        if let Sum::Gauge { value, used } = self.entry(name, EMPTY_GAUGE) {
            *value |= u64::from(raised);
            *used |= written;
        }
    }

    pub(super) fn own_counter(&mut self, name: &str, amount: u64) {
        let name = format!("{}.{name}", self.writer.name());
        self.counter(name, amount, true);
    }

    pub(super) fn own_gauge(&mut self, name: &str, amount: u64, written: bool) {
        let name = format!("{}.{name}", self.writer.name());
        self.gauge(name, amount, written);
    }

    pub(super) fn histogram(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        histogram: &Histogram,
        always: bool,
    ) {
        let empty = Sum::Histogram {
            bins: Bins::default(),
            always,
        };
        if let Sum::Histogram { bins, .. } = self.entry(name, empty) {
            histogram.add_to(bins);
        }
    }

    pub(super) fn text(&mut self, name: impl Into<Cow<'static, str>>, value: String) {
        *self.entry(name, Sum::Text(String::new())) = Sum::Text(value);
    }
}

const EMPTY_GAUGE: Sum = Sum::Gauge {
    value: 0,
    used: false,
};
