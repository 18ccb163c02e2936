//! Devices, grouped into regions, with their readings cut into epochs.
//!
//! An epoch is a device's next `slots` readings: a day of readings, if one is taken every five
//! minutes and `slots` is 288. The last epoch holds what is left.

use std::collections::BTreeMap;

use pulseproof_sdk::Name;
use rand::Rng;

use crate::dataset::Dataset;

/// Most devices of a cohort.
pub const DEVICES_MAX: usize = 100_000;

/// A device that will submit readings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub name: Name,
    /// Raw readings of each epoch.
    pub epochs: Vec<Vec<i64>>,
}

/// A region and its devices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// Its name.
    pub name: Name,
    /// Its devices, ordered by name.
    pub members: Vec<Member>,
}

/// Which devices there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// How many devices: as many as there are subjects if `None`.
    pub devices: Option<usize>,
    /// How many regions: one per ten devices, rounded, if `None`.
    pub regions: Option<usize>,
    /// Most epochs of a device.
    pub epochs_max: usize,
    /// Readings of one epoch.
    pub slots: usize,
}

/// Why there is no such cohort.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CohortError {
    /// A number that must be at least one, or is over its limit.
    #[error("{field}: {got} is not between 1 and {limit}")]
    OutOfRange {
        /// The option.
        field: &'static str,
        /// Its value.
        got: usize,
        /// The largest that is allowed.
        limit: usize,
    },
}

impl Shape {
    /// Groups the data's subjects into regions. Beyond the subjects, a device's epochs are drawn
    /// from all epochs of all subjects: real days, in a new order.
    ///
    /// # Errors
    /// A number is zero or over its limit.
    pub fn apply(&self, data: &Dataset, rng: &mut impl Rng) -> Result<Vec<Region>, CohortError> {
        let devices = self.devices.unwrap_or(data.subjects.len());
        check("devices", devices, DEVICES_MAX)?;
        check("slots", self.slots, 1 << 20)?;
        check("epochs", self.epochs_max, usize::MAX)?;
        let regions = self.regions.unwrap_or_else(|| (devices + 5) / 10).max(1);
        check("regions", regions, devices)?;

        let mut members = self.subjects(data);
        self.resample(&mut members, devices, rng);
        members.truncate(devices);
        let mut rest = members.into_iter();
        let share = |index: usize| devices / regions + usize::from(index < devices % regions);
        let region = |index: usize| {
            let mut members: Vec<_> = rest.by_ref().take(share(index)).collect();
            members.sort_by(|a, b| a.name.cmp(&b.name));
            Region { name: name(&format!("region-{:0>3}", index + 1)), members }
        };
        Ok((0..regions).map(region).collect())
    }

    /// One device per subject.
    fn subjects(&self, data: &Dataset) -> Vec<Member> {
        let mut taken: BTreeMap<Name, usize> = BTreeMap::new();
        let member = |(subject, readings): (&String, &Vec<i64>)| {
            let epochs = readings.chunks(self.slots).take(self.epochs_max).map(Vec::from).collect();
            Member { name: unique(&mut taken, subject), epochs }
        };
        data.subjects.iter().map(member).collect()
    }

    fn resample(&self, members: &mut Vec<Member>, devices: usize, rng: &mut impl Rng) {
        let days: Vec<Vec<i64>> = members.iter().flat_map(|m| m.epochs.iter().cloned()).collect();
        let epochs = members.iter().map(|m| m.epochs.len()).max().unwrap_or(0);
        for index in members.len()..devices {
            let drawn = (0..epochs).map(|_| days[rng.gen_range(0..days.len())].clone()).collect();
            members
                .push(Member { name: name(&format!("device-{:0>5}", index + 1)), epochs: drawn });
        }
    }
}

/// The subject's name with everything a [`Name`] cannot hold replaced, and a number if that
/// collides.
fn unique(taken: &mut BTreeMap<Name, usize>, subject: &str) -> Name {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    let mut text: String = subject.chars().map(plain).take(56).collect();
    if text.is_empty() {
        text.push('_');
    }
    let seen = taken.entry(name(&text)).or_default();
    *seen += 1;
    if *seen == 1 { name(&text) } else { name(&format!("{text}.{seen}")) }
}

fn name(text: &str) -> Name {
    text.parse().expect("made of allowed characters, 1 to 64 of them")
}

fn check(field: &'static str, got: usize, limit: usize) -> Result<(), CohortError> {
    if (1..=limit).contains(&got) {
        Ok(())
    } else {
        Err(CohortError::OutOfRange { field, got, limit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    fn apply(devices: Option<usize>, regions: Option<usize>) -> Result<Vec<Region>, CohortError> {
        let shape = Shape { devices, regions, epochs_max: 99, slots: 288 };
        shape.apply(&Dataset::hall_2018(), &mut StdRng::seed_from_u64(1))
    }

    #[test]
    fn the_subjects_form_two_regions_of_about_ten_with_a_week_each() {
        let regions = apply(None, None).unwrap();
        assert_eq!(regions.iter().map(|r| r.members.len()).collect::<Vec<_>>(), [10, 9]);
        let members = regions.iter().flat_map(|region| &region.members);
        assert!(members.clone().all(|member| member.epochs.len() == 7));
        assert_eq!(members.flat_map(|m| &m.epochs).map(Vec::len).sum::<usize>(), 34_890);
    }

    #[test]
    fn more_devices_live_days_of_the_subjects() {
        let regions = apply(Some(53), Some(5)).unwrap();
        let sizes: Vec<_> = regions.iter().map(|r| r.members.len()).collect();
        assert_eq!(sizes, [11, 11, 11, 10, 10]);
        let data = Dataset::hall_2018();
        let days: Vec<_> = data.subjects.values().flat_map(|r| r.chunks(288)).collect();
        let last = &regions[4].members[9];
        assert_eq!(last.name.as_str(), "device-00053");
        assert!(last.epochs.iter().all(|epoch| days.contains(&epoch.as_slice())));
    }

    #[test]
    fn numbers_out_of_range_are_named() {
        for (devices, regions) in
            [(Some(0), None), (Some(DEVICES_MAX + 1), None), (Some(5), Some(6))]
        {
            assert!(apply(devices, regions).is_err());
        }
    }

    #[test]
    fn any_subject_name_becomes_a_device_name() {
        let mut taken = BTreeMap::new();
        let names: Vec<_> =
            ["Jürgen 1", "J_rgen_1", "", "J/rgen 1"].map(|s| unique(&mut taken, s)).into();
        let names: Vec<_> = names.iter().map(Name::as_str).collect();
        assert_eq!(names, ["J_rgen_1", "J_rgen_1.2", "_", "J_rgen_1.3"]);
    }
}
