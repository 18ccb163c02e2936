//! How `pulseproof demo` shows the answers to encrypted questions.

use pulseproof_demo::{Alert, Alerts, Bit, Question};

use crate::output::{say, table};

pub(super) fn print(alerts: &Alerts, unit: &str) {
    let above = format!("mean above {} {unit}", alerts.above);
    let name = |question: Question| match question {
        Question::Above => above.trim_end().to_owned(),
        Question::Spike => "spike".to_owned(),
        Question::Trend => "trend".to_owned(),
    };
    if !alerts.answers.is_empty() {
        say("Computed by the authority on encrypted sums, next to the same computed in the clear:");
        let row = |alert: &Alert| {
            [
                alert.region.to_string(),
                alert.epoch.to_string(),
                name(alert.question),
                answer(alert),
                alert.lookups.to_string(),
                format!("{:.0}", alert.compute_ms),
            ]
        };
        let header = ["region", "epoch", "question", "answer", "bootstraps", "ms"];
        say(&table(header, alerts.answers.iter().map(row)));
        let compared: Vec<_> = alerts.answers.iter().filter_map(|a| a.same_outputs).collect();
        let same = compared.iter().filter(|&&same| same).count();
        say(&format!(
            "all answers after {:.0} ms; of {} of them the appliance computed the outputs too: {same} of {} \
             are the authority's, word for word",
            alerts.answered_ms,
            compared.len(),
            compared.len()
        ));
    }
    for skipped in &alerts.skipped {
        let (region, epoch, question) = (&skipped.region, skipped.epoch, name(skipped.question));
        say(&format!("not asked: {question} in {region} epoch {epoch}: {}", skipped.reason));
    }
}

/// As the authority decrypted it, next to the plain one.
fn answer(alert: &Alert) -> String {
    let read = |value: fn(&Bit) -> bool| match alert.question {
        Question::Trend => {
            let found = alert.bits.iter().find(|bit| value(bit));
            found.map_or("level", |bit| bit.name.as_str()).to_owned()
        }
        _ => if alert.bits.iter().any(value) { "yes" } else { "no" }.to_owned(),
    };
    let sign = if alert.equal { "=" } else { "≠" };
    format!("{} {sign} {}", read(|bit| bit.encrypted), read(|bit| bit.plain))
}
