//! Java's own types as generic calls of Dubbo Java return them: maps of what their getters give
//! (`PojoUtils.generalize`), which no caller can send back.

use dubhe::value::Map;
use dubhe::{Value, java};

/// The text, or the number, of the value that such a map is of.
pub(super) fn text(map: &Map) -> Option<Value> {
    let number = |name: &str| map.get(name).and_then(Value::as_i64);
    let small = |name: &str| number(name).and_then(|number| i32::try_from(number).ok());
    let word = |name: &str| map.get(name).and_then(Value::as_str);
    let id = |name: &str| map.get(name).and_then(|zone| zone.get("id")).and_then(Value::as_str);
    let clock = || {
        let (hour, minute, second) = (small("hour")?, small("minute")?, small("second")?);
        Some(format!("{hour:02}:{minute:02}:{second:02}.{:09}", small("nano")?))
    };
    let moment = || {
        let day = format!(
            "{:04}-{:02}-{:02}",
            small("year")?,
            small("monthValue")?,
            small("dayOfMonth")?
        );
        Some(format!("{day}T{}{}", clock()?, id("offset")?))
    };
    let text = match word("class")? {
        "java.util.Currency" => word("currencyCode")?.to_owned(),
        "java.util.UUID" => {
            let bits = |name| number(name).map(|bits| u128::from(bits.cast_unsigned()));
            let (high, low) = (bits("mostSignificantBits")?, bits("leastSignificantBits")?);
            java::Uuid(high << 64 | low).to_string()
        }
        "java.util.Locale" => match (word("language")?, word("country")?) {
            (language, "") => language.to_owned(),
            (language, country) => format!("{language}_{country}"),
        },
        "java.time.Instant" => {
            java::Instant { seconds: number("epochSecond")?, nanos: small("nano")? }.to_string()
        }
        "java.time.Duration" => {
            java::Duration { seconds: number("seconds")?, nanos: small("nano")? }.to_string()
        }
        "java.time.Period" => {
            let (years, months, days) = (small("years")?, small("months")?, small("days")?);
            java::Period { years, months, days }.to_string()
        }
        "java.time.Year" => return small("value").map(Value::Int),
        "java.time.YearMonth" => parsed::<java::YearMonth>(&format!(
            "{:04}-{:02}",
            small("year")?,
            small("monthValue")?
        ))?,
        "java.time.MonthDay" => parsed::<java::MonthDay>(&format!(
            "--{:02}-{:02}",
            small("monthValue")?,
            small("dayOfMonth")?
        ))?,
        "java.time.ZoneOffset" | "java.time.ZoneRegion" => word("id")?.to_owned(),
        "java.time.OffsetTime" => {
            parsed::<java::OffsetTime>(&format!("{}{}", clock()?, id("offset")?))?
        }
        "java.time.OffsetDateTime" => parsed::<java::OffsetDateTime>(&moment()?)?,
        "java.time.ZonedDateTime" => {
            parsed::<java::ZonedDateTime>(&format!("{}[{}]", moment()?, id("zone")?))?
        }
        _ => return None,
    };
    Some(text.into())
}

/// The text as the type prints it; none for one that it is not.
fn parsed<T: std::str::FromStr + ToString>(text: &str) -> Option<String> {
    text.parse::<T>().ok().map(|value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Results of Dubbo Java 3.3.6, without the rules of zones and other getters that say the same.
    #[test]
    fn maps_of_getters_are_texts_again() {
        for (map, value) in [
            (
                r#"{"mostSignificantBits":837158662534941964,"class":"java.util.UUID",
                    "leastSignificantBits":-7178883443597869551}"#,
                Value::from("0b9e2f5e-3d09-4d0c-9c5f-7b8b1c6a7e11"),
            ),
            (
                r#"{"nano":500000000,"epochSecond":1709202030,"class":"java.time.Instant"}"#,
                "2024-02-29T10:20:30.500Z".into(),
            ),
            (
                r#"{"zero":false,"seconds":5400,"nano":0,"class":"java.time.Duration"}"#,
                "PT1H30M".into(),
            ),
            (r#"{"months":2,"days":3,"class":"java.time.Period","years":1}"#, "P1Y2M3D".into()),
            (r#"{"leap":true,"class":"java.time.Year","value":2024}"#, Value::Int(2024)),
            (
                r#"{"month":"FEBRUARY","year":2024,"monthValue":2,"class":"java.time.YearMonth"}"#,
                "2024-02".into(),
            ),
            (r#"{"dayOfMonth":29,"monthValue":2,"class":"java.time.MonthDay"}"#, "--02-29".into()),
            (
                r#"{"offset":{"id":"+08:00"},"hour":10,"year":2024,"dayOfMonth":29,"monthValue":2,
                    "nano":0,"class":"java.time.OffsetDateTime","minute":20,"second":30}"#,
                "2024-02-29T10:20:30+08:00".into(),
            ),
            (
                r#"{"offset":{"id":"+08:00"},"hour":10,"year":2024,"dayOfMonth":29,"monthValue":2,
                    "nano":0,"class":"java.time.ZonedDateTime","minute":20,"second":30,
                    "zone":{"id":"Asia/Shanghai"}}"#,
                "2024-02-29T10:20:30+08:00[Asia/Shanghai]".into(),
            ),
            (r#"{"country":"CN","language":"zh","class":"java.util.Locale"}"#, "zh_CN".into()),
            (r#"{"symbol":"€","class":"java.util.Currency","currencyCode":"EUR"}"#, "EUR".into()),
            (r#"{"id":"Asia/Shanghai","class":"java.time.ZoneRegion"}"#, "Asia/Shanghai".into()),
            (r#"{"id":"+08:00","class":"java.time.ZoneOffset"}"#, "+08:00".into()),
            (
                r#"{"offset":{"id":"+08:00"},"hour":10,"nano":0,"class":"java.time.OffsetTime",
                    "minute":20,"second":30}"#,
                "10:20:30+08:00".into(),
            ),
        ] {
            let read = dubhe::json::from_str(map).unwrap();
            assert_eq!(text(read.as_map().unwrap()), Some(value), "{map}");
        }
        for other in [r#"{"class":"a.User","id":1}"#, r#"{"class":"java.time.Year"}"#, "{}"] {
            assert_eq!(
                text(dubhe::json::from_str(other).unwrap().as_map().unwrap()),
                None,
                "{other}"
            );
        }
    }
}
