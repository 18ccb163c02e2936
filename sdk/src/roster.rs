//! Who belongs to a region, and what their vectors look like.

use std::collections::BTreeMap;

use pulseproof_prover::encoding::Writer;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::maps::each_once;
use crate::name::Name;
use crate::signing::DevicePublicKey;

/// Most devices a region may have.
pub const DEVICES_MAX: usize = 4096;

/// A region's devices with their public keys. Its hash is part of every proof's context, so a result
/// says for whom it speaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Roster {
    /// The region.
    pub region: Name,
    /// The words of each device's vector.
    pub words: u32,
    /// What the words mean: a hash of packing and encryption key, signed by every device.
    pub profile: Digest,
    /// The devices.
    #[serde(deserialize_with = "each_once")]
    pub devices: BTreeMap<Name, DevicePublicKey>,
}

impl Roster {
    /// A hash of the whole roster.
    pub fn digest(&self) -> Digest {
        let mut writer = Writer::default();
        writer.string(self.region.as_str().as_bytes()).u32(self.words).bytes(&self.profile.0);
        writer.length(self.devices.len());
        for (name, key) in &self.devices {
            writer.string(name.as_str().as_bytes()).bytes(&key.to_bytes());
        }
        Digest::of("pulseproof roster v1", &writer.finish())
    }
}
