//! Lists what of the matchers of strings, headers and queries is honoured.

use super::Form::{HeaderName, HeaderValue, Plain};
use super::Kind::{Bool, List, Message, Text, Wrapped};
use super::Shape::Member;
use super::core::INT64_RANGE;
use super::macros::messages;
use super::{MANY, NOT_EMPTY, STRING, UINT32};

messages! {
    message STRING_MATCHER "envoy.type.matcher.v3.StringMatcher" {
        1 exact: STRING, in "match_pattern" => "";
        2 prefix: NOT_EMPTY, in "match_pattern" => "";
        3 suffix: NOT_EMPTY, in "match_pattern" => "";
        5 safe_regex: Message(&REGEX_MATCHER), in "match_pattern" => "";
        7 contains: NOT_EMPTY, in "match_pattern" => "";
        6 ignore_case: Bool => "";
    } needs ["match_pattern"] without {
        8 custom: Member,
    }
    message REGEX_MATCHER "envoy.type.matcher.v3.RegexMatcher" {
        1 google_re2: Message(&REGEX_MATCHER_GOOGLE_RE2) => "taken and empty: there is one engine, whose syntax is RE2's without its rarities";
        2 regex: NOT_EMPTY => "";
    }
    message REGEX_MATCHER_GOOGLE_RE2 "envoy.type.matcher.v3.RegexMatcher.GoogleRE2" {
        1 max_program_size: Wrapped(&UINT32) => "taken and not used";
    }
    message REGEX_MATCH_AND_SUBSTITUTE "envoy.type.matcher.v3.RegexMatchAndSubstitute" {
        1 pattern: Message(&REGEX_MATCHER) => required "";
        2 substitution: Text(HeaderValue, 0, MANY) => "`\\1` for the first group, `\\0` for all";
    }
    message LIST_STRING_MATCHER "envoy.type.matcher.v3.ListStringMatcher" {
        1 patterns: List(&Message(&STRING_MATCHER), 1, MANY) => "";
    }
    message PATH_MATCHER "envoy.type.matcher.v3.PathMatcher" {
        1 path: Message(&STRING_MATCHER) => required "";
    }
    message HEADER_MATCHER "envoy.config.route.v3.HeaderMatcher" {
        1 name: Text(HeaderName, 1, MANY) => "";
        4 exact_match: STRING, in "header_match_specifier" => "";
        11 safe_regex_match: Message(&REGEX_MATCHER), in "header_match_specifier" => "";
        6 range_match: Message(&INT64_RANGE), in "header_match_specifier" => "";
        7 present_match: Bool, in "header_match_specifier" => "";
        9 prefix_match: NOT_EMPTY, in "header_match_specifier" => "";
        10 suffix_match: NOT_EMPTY, in "header_match_specifier" => "";
        12 contains_match: NOT_EMPTY, in "header_match_specifier" => "";
        13 string_match: Message(&STRING_MATCHER), in "header_match_specifier" => "";
        8 invert_match: Bool => "";
        14 treat_missing_header_as_empty: Bool => "";
    }
    message QUERY_PARAMETER_MATCHER "envoy.config.route.v3.QueryParameterMatcher" {
        1 name: Text(Plain, 1, 1_024) => "";
        5 string_match: Message(&STRING_MATCHER), in "query_parameter_match_specifier" => "";
        6 present_match: Bool, in "query_parameter_match_specifier" => "";
    }
}
