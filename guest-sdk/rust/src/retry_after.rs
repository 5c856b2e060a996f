//! `Retry-After` (RFC 9110, section 10.2.3).

/// The seconds to wait; a fraction is rounded up. A date counts from the response's own `Date`, so a component needs no
/// clock for it.
pub(crate) fn seconds(retry_after: &str, date: Option<&str>) -> Option<u32> {
    let text = retry_after.trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.len() + fraction.len() > 0
        && fraction.bytes().all(|byte| byte.is_ascii_digit())
        && let Ok(seconds) = format!("0{whole}").parse::<u32>()
    {
        return seconds.checked_add(u32::from(fraction.bytes().any(|digit| digit != b'0')));
    }
    let until = unix_seconds(text)?;
    let now = unix_seconds(date?.trim())?;
    u32::try_from((until - now).max(0)).ok()
}

/// An `IMF-fixdate` (RFC 9110, section 5.6.7) as seconds since 1970: `Sun, 06 Nov 1994 08:49:37 GMT`.
fn unix_seconds(date: &str) -> Option<i64> {
    let mut words = date.split_once(", ")?.1.split(' ');
    let day: i64 = words.next()?.parse().ok()?;
    let month = words.next()?;
    let year: i64 = words.next()?.parse().ok()?;
    let mut clock = words.next()?.split(':').map(str::parse::<i64>);
    let (hour, minute, second) = (clock.next()?.ok()?, clock.next()?.ok()?, clock.next()?.ok()?);
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = i64::try_from(months.iter().position(|name| *name == month)?).ok()? + 1;
    if !(1970..=9999).contains(&year) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    // Days since 1970, counted in years that begin in March, so that a leap day ends one.
    let (shifted_year, shifted_month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = shifted_year / 4 - shifted_year / 100 + shifted_year / 400;
    let days = shifted_year * 365 + leap_days + (shifted_month * 153 + 2) / 5 + day - 1 - 719_468;
    Some(days * 86_400 + hour * 3_600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_read_as_they_are() {
        assert_eq!(seconds(" 120 ", None), Some(120));
    }

    #[test]
    fn case_24_a_fraction_is_rounded_up() {
        for (text, rounded) in [("299.997", 300), ("0.5", 1), ("5.0", 5), (".5", 1)] {
            assert_eq!(seconds(text, None), Some(rounded), "{text}");
        }
        for odd in [".", "1.2.3", "-1.5", "1.x", "99999999999.5"] {
            assert_eq!(seconds(odd, None), None, "{odd}");
        }
    }

    #[test]
    fn a_date_counts_from_the_date_of_the_answer() {
        assert_eq!(unix_seconds("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(unix_seconds("Thu, 29 Feb 2024 00:00:00 GMT"), Some(1_709_164_800));
        let (later, now) = ("Fri, 01 Mar 2024 00:00:10 GMT", "Thu, 29 Feb 2024 23:59:40 GMT");
        assert_eq!(seconds(later, Some(now)), Some(30));
        assert_eq!(seconds(now, Some(later)), Some(0));
        assert_eq!(seconds(later, None), None);
    }

    #[test]
    fn nonsense_is_no_time() {
        for text in ["", "soon", "-1", "Sun, 06 Now 1994 08:49:37 GMT", "Sun, 6"] {
            assert_eq!(seconds(text, Some("Sun, 06 Nov 1994 08:49:37 GMT")), None, "{text}");
        }
    }
}
