//! When a reading was taken.
//!
//! A clock's face is no instant: an hour comes twice every autumn, and a traveller's day has no certain
//! length. So a time either carries its offset, or the zone of the clock is known, or it is refused.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::{DateTime, Time};
use jiff::fmt::temporal::{DateTimeParser, Pieces};
use jiff::tz::{AmbiguousOffset, Disambiguation, OffsetConflict, TimeZone};

use pulseproof_packing::decimal::Decimal;

/// The zone of the clock that wrote local times, such as `Europe/Berlin`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// The zone of a clock that is never changed.
    pub const UTC: Self = Self(TimeZone::UTC);
}

impl FromStr for Zone {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let unknown = |_| {
            format!(
                "there is no time zone {name:?}: give a name of the IANA database, such as \
                 Europe/Berlin, or UTC"
            )
        };
        TimeZone::get(name).map(Self).map_err(unknown)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.iana_name().unwrap_or("this zone"))
    }
}

/// Why a text is no instant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Neither a date and time nor a number.
    #[error("is not a date and time, such as 2025-10-26T02:30:00+02:00, or a number")]
    Unreadable,
    /// Local, and nobody said where.
    #[error(
        "is a local time: say of which zone with --zone, such as --zone Europe/Berlin, or write its \
         offset, such as Z or +02:00"
    )]
    NoZone,
    /// Clocks were turned back over it.
    #[error("comes twice in {zone}: write its offset, which is {first} or {second}")]
    Twice {
        /// Where.
        zone: Zone,
        /// The offset the first time.
        first: String,
        /// The offset the second time.
        second: String,
    },
    /// Clocks were turned forward over it.
    #[error(
        "never comes in {zone}, where clocks skip it: the zone is another one's, or the time is wrong"
    )]
    Never {
        /// Where.
        zone: Zone,
    },
    /// A number among dates, or a date among numbers.
    #[error("cannot be compared with the times above: a table has dates or numbers, and not both")]
    OtherKind,
}

/// What the times of a table are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimeFormat {
    /// Instants.
    Date,
    /// Numbers that only order readings.
    Number,
}

/// An instant in nanoseconds since 1970, or a number in billionths: comparable with others of its kind.
pub(super) fn parse(text: &str, zone: Option<&Zone>) -> Result<(TimeFormat, i128), TimeError> {
    let text = text.trim();
    // Numbers come first: 20251026 could also be read as a date.
    if let Some(number) = Decimal::parse(text) {
        return Ok((TimeFormat::Number, number.finest()));
    }
    let pieces = Pieces::parse(text).map_err(|_| TimeError::Unreadable)?;
    let instant = if pieces.time_zone_annotation().is_some() {
        annotated(text)?
    } else if pieces.offset().is_some() {
        text.parse().map_err(|_| TimeError::Unreadable)?
    } else {
        let local = DateTime::from_parts(pieces.date(), pieces.time().unwrap_or(Time::midnight()));
        at(local, zone.ok_or(TimeError::NoZone)?)?
    };
    Ok((TimeFormat::Date, instant.as_nanosecond()))
}

/// A time that names its zone itself, as in `2025-10-26T02:30:00+02:00[Europe/Berlin]`.
fn annotated(text: &str) -> Result<Timestamp, TimeError> {
    let strict = DateTimeParser::new()
        .disambiguation(Disambiguation::Reject)
        .offset_conflict(OffsetConflict::Reject);
    strict.parse_zoned(text).map(|zoned| zoned.timestamp()).map_err(|_| TimeError::Unreadable)
}

fn at(local: DateTime, zone: &Zone) -> Result<Timestamp, TimeError> {
    let found = zone.0.to_ambiguous_timestamp(local);
    let zone = zone.clone();
    match found.offset() {
        AmbiguousOffset::Unambiguous { .. } => {
            found.unambiguous().map_err(|_| TimeError::Unreadable)
        }
        AmbiguousOffset::Fold { before, after } => {
            Err(TimeError::Twice { zone, first: format!("{before}"), second: format!("{after}") })
        }
        AmbiguousOffset::Gap { .. } => Err(TimeError::Never { zone }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds since 1970.
    fn seconds(text: &str, zone: Option<&str>) -> Result<i128, TimeError> {
        let zone = zone.map(|name| name.parse().unwrap());
        parse(text, zone.as_ref()).map(|(kind, time)| {
            assert_eq!(kind, TimeFormat::Date, "{text}");
            time / 1_000_000_000
        })
    }

    #[test]
    fn one_instant_is_one_number_however_it_is_written() {
        // `date -u -d 2025-10-26T00:30:00Z +%s`
        let instant = Ok(1_761_438_600);
        for text in [
            "2025-10-26T00:30:00Z",
            "2025-10-26t00:30:00z",
            "2025-10-26 00:30:00Z",
            "2025-10-26T00:30Z",
            "2025-10-26T00:30:00.000Z",
            "2025-10-26T02:30:00+02:00",
            "2025-10-26T02:30:00+0200",
            "2025-10-25T20:30:00-04",
            "2025-10-26T06:00:00+05:30",
            "2025-10-26T02:30:00+02:00[Europe/Berlin]",
            " 2025-10-26T00:30:00Z ",
        ] {
            assert_eq!(seconds(text, None), instant, "{text}");
            // An offset that is written counts, whatever the zone.
            assert_eq!(seconds(text, Some("Asia/Tokyo")), instant, "{text}");
        }
        assert_eq!(seconds("2025-10-26T00:30:00", Some("UTC")), instant);
        assert_eq!(seconds("2025-10-26T09:30:00", Some("Asia/Tokyo")), instant);
        assert_eq!(seconds("2025-10-25 20:30", Some("America/New_York")), instant);
        assert_eq!(seconds("2025-10-25", Some("UTC")), Ok(1_761_350_400));
    }

    #[test]
    fn the_hour_that_comes_twice_needs_its_offset() {
        let local = "2025-10-26T02:30:00";
        let berlin = Some("Europe/Berlin");
        assert_eq!(
            seconds(local, berlin).unwrap_err().to_string(),
            "comes twice in Europe/Berlin: write its offset, which is +02 or +01"
        );
        let first = seconds("2025-10-26T02:30:00+02:00", berlin).unwrap();
        assert_eq!(seconds("2025-10-26T02:30:00+01:00", berlin), Ok(first + 3600));
        // The hours around it come once.
        assert_eq!(seconds("2025-10-26T01:59:59", berlin), Ok(first - 1801));
        assert_eq!(seconds("2025-10-26T03:00:00", berlin), Ok(first + 5400));
    }

    #[test]
    fn the_hour_that_clocks_skip_is_refused() {
        let skipped = seconds("2025-03-30T02:30:00", Some("Europe/Berlin")).unwrap_err();
        assert!(matches!(skipped, TimeError::Never { .. }), "{skipped}");
        assert!(skipped.to_string().starts_with("never comes in Europe/Berlin"), "{skipped}");
        assert!(seconds("2025-03-30T02:30:00", Some("UTC")).is_ok());
    }

    #[test]
    fn without_offset_or_zone_there_is_no_instant() {
        for text in ["2025-10-26T01:30:00", "2025-10-26 01:30", "2025-10-26"] {
            assert_eq!(seconds(text, None), Err(TimeError::NoZone), "{text}");
        }
    }

    #[test]
    fn what_contradicts_itself_or_is_no_time_is_refused() {
        for text in [
            "yesterday",
            "",
            "26.10.2025 01:30",
            "2025-13-01T00:00:00Z",
            "2025-10-26T25:00:00Z",
            "2025-10-26T02:30:00+02:00[Asia/Tokyo]",
            "2025-10-26T02:30:00[Europe/Berlin]",
            "2025-10-26T02:30:00+02:00[No/Where]",
        ] {
            assert_eq!(seconds(text, Some("UTC")), Err(TimeError::Unreadable), "{text:?}");
        }
    }

    #[test]
    fn numbers_are_compared_to_the_last_digit() {
        let number = |text| parse(text, None).unwrap();
        assert_eq!(number("1761438600"), number("1761438600.0"));
        assert!(number("1761438600000.25").1 < number("1761438600000.5").1);
        assert_eq!(number("20251026").0, TimeFormat::Number);
    }

    #[test]
    fn zones_are_known_by_name() {
        assert_eq!("Europe/Berlin".parse::<Zone>().unwrap().to_string(), "Europe/Berlin");
        let unknown = "Europe/Atlantis".parse::<Zone>().unwrap_err();
        assert!(unknown.contains("\"Europe/Atlantis\"") && unknown.contains("IANA"), "{unknown}");
    }
}
