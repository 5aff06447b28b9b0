//! Reads how statistics are kept.

use super::{matcher, seconds};
use crate::config::cursor::Cursor;
use crate::config::model::matcher::StringMatcher;
use crate::config::model::{Statistics, StatisticsFilter};

pub(super) fn statistics(bootstrap: &Cursor<'_>) -> Statistics {
    let interval = if bootstrap.flag("stats_flush_on_admin") {
        None
    } else {
        bootstrap
            .duration("stats_flush_interval")
            .or(Some(seconds(5)))
    };
    let config = bootstrap.message("stats_config");
    let settings = config
        .as_ref()
        .map(|it| it.messages("histogram_bucket_settings"));
    let buckets = settings
        .unwrap_or_default()
        .iter()
        .filter_map(bucket)
        .collect();
    if let Some(config) = &config
        && !config.flag_or("use_all_default_tags", true)
    {
        let message = "mesh-proxy always writes the default tags";
        config.refuse(
            "use_all_default_tags",
            message,
            "remove it, or set it to true",
        );
    }
    Statistics {
        filter: config
            .and_then(|it| filter(&it.message("stats_matcher")?))
            .unwrap_or_default(),
        interval,
        buckets,
    }
}

fn filter(cursor: &Cursor<'_>) -> Option<StatisticsFilter> {
    let list = |name: &str| Some(matcher::strings(&cursor.message(name)?, "patterns"));
    Some(match cursor.member("stats_matcher")? {
        "reject_all" if cursor.flag("reject_all") => StatisticsFilter::None,
        "reject_all" => StatisticsFilter::All,
        "exclusion_list" => StatisticsFilter::Except(list("exclusion_list")?),
        _ => StatisticsFilter::Only(list("inclusion_list")?),
    })
}

fn bucket(cursor: &Cursor<'_>) -> Option<(StringMatcher, Vec<f64>)> {
    let mut bounds = cursor.doubles("buckets");
    bounds.sort_by(f64::total_cmp);
    bounds.dedup();
    Some((matcher::string_in(cursor, "match")?, bounds))
}
