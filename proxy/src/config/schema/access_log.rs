//! Lists what of access logs is honoured.

use super::Kind::{Any, Bool, Enum, List, Message, Struct, Word};
use super::Shape::Member;
use super::core::{RUNTIME_U_INT32, SUBSTITUTION_FORMAT_STRING};
use super::macros::{enumerations, messages};
use super::matcher::HEADER_MATCHER;
use super::{MANY, NOT_EMPTY, STRING};

messages! {
    message ACCESS_LOG "envoy.config.accesslog.v3.AccessLog" {
        1 name: STRING => "";
        2 filter: Message(&ACCESS_LOG_FILTER) => "";
        4 typed_config: Any(&[&FILE_ACCESS_LOG, &STDOUT_ACCESS_LOG, &STDERR_ACCESS_LOG]) => required "";
    }
    message ACCESS_LOG_FILTER "envoy.config.accesslog.v3.AccessLogFilter" {
        1 status_code_filter: Message(&STATUS_CODE_FILTER), in "filter_specifier" => "";
        2 duration_filter: Message(&DURATION_FILTER), in "filter_specifier" => "";
        3 not_health_check_filter: Message(&NOT_HEALTH_CHECK_FILTER), in "filter_specifier" => "";
        6 and_filter: Message(&AND_FILTER), in "filter_specifier" => "";
        7 or_filter: Message(&OR_FILTER), in "filter_specifier" => "";
        8 header_filter: Message(&HEADER_FILTER), in "filter_specifier" => "";
        9 response_flag_filter: Message(&RESPONSE_FLAG_FILTER), in "filter_specifier" => "";
        10 grpc_status_filter: Message(&GRPC_STATUS_FILTER), in "filter_specifier" => "";
    } needs ["filter_specifier"] without {
        4 traceable_filter: Member, 5 runtime_filter: Member, 11 extension_filter: Member,
        12 metadata_filter: Member, 13 log_type_filter: Member,
    }
    message STATUS_CODE_FILTER "envoy.config.accesslog.v3.StatusCodeFilter" {
        1 comparison: Message(&COMPARISON_FILTER) => required "";
    }
    message DURATION_FILTER "envoy.config.accesslog.v3.DurationFilter" {
        1 comparison: Message(&COMPARISON_FILTER) => required "milliseconds";
    }
    message NOT_HEALTH_CHECK_FILTER "envoy.config.accesslog.v3.NotHealthCheckFilter" {
    }
    message COMPARISON_FILTER "envoy.config.accesslog.v3.ComparisonFilter" {
        1 op: Enum(&COMPARISON_OPERATOR) => "";
        2 value: Message(&RUNTIME_U_INT32) => required "";
    }
    message AND_FILTER "envoy.config.accesslog.v3.AndFilter" {
        1 filters: List(&Message(&ACCESS_LOG_FILTER), 2, MANY) => "";
    }
    message OR_FILTER "envoy.config.accesslog.v3.OrFilter" {
        2 filters: List(&Message(&ACCESS_LOG_FILTER), 2, MANY) => "";
    }
    message HEADER_FILTER "envoy.config.accesslog.v3.HeaderFilter" {
        1 header: Message(&HEADER_MATCHER) => required "";
    }
    message RESPONSE_FLAG_FILTER "envoy.config.accesslog.v3.ResponseFlagFilter" {
        1 flags: List(&Word(&["LH", "UH", "UT", "LR", "UR", "UF", "UC", "UO", "NR", "DI", "FI", "RL", "UAEX", "RLSE", "DC", "URX", "SI", "IH", "DPE", "UMSDR", "RFCF", "NFCF", "DT", "UPE", "NC", "OM", "DF", "DO", "DR", "UDO"]), 0, MANY) => "any flag when empty";
    }
    message GRPC_STATUS_FILTER "envoy.config.accesslog.v3.GrpcStatusFilter" {
        1 statuses: List(&Enum(&GRPC_STATUS), 0, MANY) => "";
        2 exclude: Bool => "";
    }
    message FILE_ACCESS_LOG "envoy.extensions.access_loggers.file.v3.FileAccessLog" {
        1 path: NOT_EMPTY => "";
        2 format: STRING, in "access_log_format" => "";
        3 json_format: Struct, in "access_log_format" => "";
        4 typed_json_format: Struct, in "access_log_format" => "";
        5 log_format: Message(&SUBSTITUTION_FORMAT_STRING), in "access_log_format" => "";
    }
    message STDOUT_ACCESS_LOG "envoy.extensions.access_loggers.stream.v3.StdoutAccessLog" {
        1 log_format: Message(&SUBSTITUTION_FORMAT_STRING) => "";
    }
    message STDERR_ACCESS_LOG "envoy.extensions.access_loggers.stream.v3.StderrAccessLog" {
        1 log_format: Message(&SUBSTITUTION_FORMAT_STRING) => "";
    }
}

enumerations! {
    enum COMPARISON_OPERATOR "envoy.config.accesslog.v3.ComparisonFilter.Op" {
        0 EQ, 1 GE, 2 LE, 3 NE,
    }
    enum GRPC_STATUS "envoy.config.accesslog.v3.GrpcStatusFilter.Status" {
        0 OK, 1 CANCELED, 2 UNKNOWN, 3 INVALID_ARGUMENT, 4 DEADLINE_EXCEEDED, 5 NOT_FOUND,
        6 ALREADY_EXISTS, 7 PERMISSION_DENIED, 8 RESOURCE_EXHAUSTED, 9 FAILED_PRECONDITION,
        10 ABORTED, 11 OUT_OF_RANGE, 12 UNIMPLEMENTED, 13 INTERNAL, 14 UNAVAILABLE, 15 DATA_LOSS,
        16 UNAUTHENTICATED,
    }
}
