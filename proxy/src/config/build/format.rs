//! Reads texts with command operators.

use crate::config::cursor::Text;
use crate::config::model::format::{Format, GrpcStatusForm, HeaderChoice, Operator, Piece, Plain};

/// Reads a text; what is wrong is told.
pub(super) fn format(text: &Text<'_>) -> Option<Format> {
    match parse(text.value) {
        Ok(format) => Some(format),
        Err((message, hint)) => {
            text.refuse(message, hint);
            None
        }
    }
}

/// What is wrong and what to do about it.
type Wrong = (String, String);

/// Reads a text.
pub(super) fn parse(text: &str) -> Result<Format, Wrong> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        plain.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            plain.push('%');
            rest = after;
            continue;
        }
        if !plain.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
        }
        let (piece, after) = operator(rest)?;
        pieces.push(piece);
        rest = after;
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    Ok(Format { pieces })
}

/// `NAME(argument):length%`, and what stands behind it.
fn operator(text: &str) -> Result<(Piece, &str), Wrong> {
    let unfinished = || {
        let message = "an operator that has no end".to_owned();
        (message, "write %% for a percent sign".to_owned())
    };
    let belongs = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    let length = text.bytes().take_while(|byte| belongs(*byte)).count();
    let (name, mut rest) = text.split_at(length);
    if name.is_empty() {
        return Err(unfinished());
    }
    let mut argument = None;
    if let Some(open) = rest.strip_prefix('(') {
        let (inner, after) = open.split_once(')').ok_or_else(unfinished)?;
        argument = Some(inner);
        rest = after;
    }
    let mut at_most = None;
    if let Some(open) = rest.strip_prefix(':') {
        let digits = open.bytes().take_while(u8::is_ascii_digit).count();
        at_most = Some(open[..digits].parse().map_err(|_| unfinished())?);
        rest = &open[digits..];
    }
    let rest = rest.strip_prefix('%').ok_or_else(unfinished)?;
    let operator = named(name, argument)?;
    Ok((Piece::Operator { operator, at_most }, rest))
}

fn named(name: &str, argument: Option<&str>) -> Result<Operator, Wrong> {
    let wrong = |message: String| Err((message, String::new()));
    let header = || match argument {
        Some(argument) if !argument.is_empty() => {
            let (name, other) = match argument.split_once('?') {
                Some((name, other)) => (name, Some(other.to_lowercase())),
                None => (argument, None),
            };
            let name = name.to_lowercase();
            Ok(HeaderChoice { name, other })
        }
        _ => Err((
            format!("`%{name}%` needs a header, as in `%{name}(x-name)%`"),
            String::new(),
        )),
    };
    Ok(match name {
        "REQ" => Operator::RequestHeader(header()?),
        "RESP" => Operator::ResponseHeader(header()?),
        "TRAILER" => Operator::Trailer(header()?),
        "START_TIME" => Operator::StartTime(argument.unwrap_or_default().to_owned()),
        "GRPC_STATUS" => Operator::GrpcStatus(match argument {
            None | Some("" | "CAMEL_STRING") => GrpcStatusForm::CamelString,
            Some("SNAKE_STRING") => GrpcStatusForm::SnakeString,
            Some("NUMBER") => GrpcStatusForm::Number,
            Some(other) => return wrong(format!("`{other}` is no form of a gRPC status")),
        }),
        "ENVIRONMENT" => match argument {
            Some(variable) if !variable.is_empty() => Operator::Environment(variable.to_owned()),
            _ => return wrong("`%ENVIRONMENT%` needs the name of a variable".to_owned()),
        },
        _ => {
            let known = Plain::ALL.iter().find(|plain| plain.word() == name);
            match (known, argument) {
                (Some(plain), None) => Operator::Plain(*plain),
                (Some(_), Some(_)) => return wrong(format!("`%{name}%` takes no argument")),
                (None, _) => {
                    let message = format!("mesh-proxy does not honour the operator `%{name}%`");
                    return Err((
                        message,
                        "docs/envoy-subset.md lists the operators".to_owned(),
                    ));
                }
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::config::model::format::{Operator, Piece, Plain};

    #[test]
    fn reads_operators() {
        let format = parse("a%%b %REQ(X-A?:PATH):10%%PROTOCOL%c").unwrap();
        assert_eq!(format.pieces.len(), 4);
        assert_eq!(format.pieces[0], Piece::Text("a%b ".to_owned()));
        let Piece::Operator { operator, at_most } = &format.pieces[1] else {
            panic!("{format:?}")
        };
        let Operator::RequestHeader(choice) = operator else {
            panic!("{operator:?}")
        };
        assert_eq!(
            (&*choice.name, choice.other.as_deref()),
            ("x-a", Some(":path"))
        );
        assert_eq!(*at_most, Some(10));
        let plain = Operator::Plain(Plain::Protocol);
        let expected = Piece::Operator {
            operator: plain,
            at_most: None,
        };
        assert_eq!(format.pieces[2], expected);
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for wrong in [
            "%",
            "100%",
            "%FOO%",
            "%REQ%",
            "%REQ(a%",
            "%PROTOCOL(x)%",
            "%REQ(a):x%",
            "% a%",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
