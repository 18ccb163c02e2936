//! A report as a picture: time over size, both logarithmic, a line for each subject. SVG is a few lines
//! of text, so no library draws it.

use std::fmt::Write;

use super::report::{Report, Row};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 440.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 150.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 50.0;
/// Told apart by people who do not see all colours, too (Okabe and Ito, 2008).
const COLOURS: [&str; 6] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];

/// A linear map of an interval to the picture.
struct Axis {
    from: f64,
    to: f64,
    start: f64,
    end: f64,
}

impl Axis {
    fn at(&self, value: f64) -> f64 {
        let share = (value - self.from) / (self.to - self.from);
        self.start + share * (self.end - self.start)
    }
}

/// The picture.
pub fn plot(report: &Report) -> String {
    let sizes = || report.rows.iter().map(|row| f64::from(row.log_n));
    let powers = || {
        let times = report.rows.iter().flat_map(|row| [row.times.min_ms, row.times.max_ms]);
        times.map(|ms| ms.max(1e-6).log10())
    };
    let least = |values: &mut dyn Iterator<Item = f64>| values.fold(f64::INFINITY, f64::min);
    let most = |values: &mut dyn Iterator<Item = f64>| values.fold(f64::NEG_INFINITY, f64::max);
    let (from, to) = (least(&mut sizes()), most(&mut sizes()));
    let x = Axis { from: from - 0.5, to: to + 0.5, start: LEFT, end: WIDTH - RIGHT };
    let (low, high) = (least(&mut powers()).floor(), most(&mut powers()).ceil());
    let y = Axis { from: low, to: high.max(low + 1.0), start: HEIGHT - BOTTOM, end: TOP };

    let mut svg = String::new();
    let _ = writeln!(
        svg,
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="white"/>
<text x="{LEFT}" y="20" font-size="14">{} over {}, median of {} runs</text>
<text x="{LEFT}" y="{}" fill="gray">{}, {}, {} threads; bars from least to most</text>"#,
        escape(&report.kernel),
        escape(&report.over),
        report.runs,
        HEIGHT - 8.0,
        escape(&report.processor),
        report.simd,
        report.threads,
    );
    grid(&mut svg, &x, &y);
    for (i, subject) in subjects(report).iter().enumerate() {
        let rows = report.rows.iter().filter(|row| &row.subject == subject);
        line(&mut svg, &x, &y, &rows.collect::<Vec<_>>(), COLOURS[i % COLOURS.len()]);
    }
    svg.push_str("</svg>\n");
    svg
}

/// The subjects in the order in which they appear.
fn subjects(report: &Report) -> Vec<String> {
    let mut subjects: Vec<String> = Vec::new();
    for row in &report.rows {
        if !subjects.contains(&row.subject) {
            subjects.push(row.subject.clone());
        }
    }
    subjects
}

fn grid(svg: &mut String, x: &Axis, y: &Axis) {
    let mut power = y.from;
    while power <= y.to {
        let at = y.at(power);
        let ms = 10f64.powf(power);
        let _ = writeln!(
            svg,
            r##"<path d="M{LEFT} {at:.1}H{:.1}" stroke="#ddd"/><text x="{:.1}" y="{:.1}" text-anchor="end">{ms} ms</text>"##,
            x.end,
            LEFT - 6.0,
            at + 4.0,
        );
        power += 1.0;
    }
    let mut size = x.from.ceil();
    while size <= x.to {
        let at = x.at(size);
        let _ = writeln!(
            svg,
            r##"<path d="M{at:.1} {TOP}V{:.1}" stroke="#eee"/><text x="{at:.1}" y="{:.1}" text-anchor="middle">2^{size}</text>"##,
            y.start,
            y.start + 18.0,
        );
        size += 1.0;
    }
}

fn line(svg: &mut String, x: &Axis, y: &Axis, rows: &[&Row], colour: &str) {
    let height = |ms: f64| y.at(ms.max(1e-6).log10());
    let points: Vec<String> = rows
        .iter()
        .map(|row| format!("{:.1},{:.1}", x.at(f64::from(row.log_n)), height(row.times.median_ms)))
        .collect();
    let _ = writeln!(
        svg,
        r#"<polyline points="{}" fill="none" stroke="{colour}" stroke-width="2"/>"#,
        points.join(" "),
    );
    for row in rows {
        let (at, middle) = (x.at(f64::from(row.log_n)), height(row.times.median_ms));
        let _ = writeln!(
            svg,
            r#"<path d="M{at:.1} {:.1}V{:.1}" stroke="{colour}"/><circle cx="{at:.1}" cy="{middle:.1}" r="3.5" fill="{colour}"/>"#,
            height(row.times.min_ms),
            height(row.times.max_ms),
        );
    }
    if let Some(last) = rows.last() {
        let _ = writeln!(
            svg,
            r#"<text x="{:.1}" y="{:.1}" fill="{colour}">{}</text>"#,
            x.at(f64::from(last.log_n)) + 10.0,
            height(last.times.median_ms) + 4.0,
            escape(&last.subject),
        );
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::bench::measure::Times;

    #[test]
    fn a_line_for_each_subject_within_the_picture() {
        let mut report = Report::new("ntt", "a<b".to_owned(), "elements/s", 3);
        for (subject, log_n, median_ms) in
            [("cpu", 10, 0.5), ("arkworks", 10, 1.0), ("cpu", 12, 2.0), ("arkworks", 12, 5.0)]
        {
            report.rows.push(Row {
                log_n,
                batch: 1,
                subject: subject.to_owned(),
                is_peer: subject != "cpu",
                cold_ms: None,
                times: Times { median_ms, min_ms: median_ms * 0.9, max_ms: median_ms * 1.2 },
                per_second: 1.0,
                to_peer: BTreeMap::new(),
                limit: None,
            });
        }
        let svg = plot(&report);
        assert_eq!(svg.matches("<polyline").count(), 2);
        assert_eq!(svg.matches("<circle").count(), 4);
        assert!(svg.contains("a&lt;b") && svg.ends_with("</svg>\n"));
        for circle in svg.split("cy=\"").skip(1) {
            let cy: f64 = circle.split('"').next().unwrap().parse().unwrap();
            assert!((TOP..=HEIGHT - BOTTOM).contains(&cy), "{cy}");
        }
    }
}
