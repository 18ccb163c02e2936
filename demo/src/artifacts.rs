//! What is left for `pulseproof verify`: each result, and what it takes to verify it.

use std::path::Path;

use pulseproof_files::{Readers, write_bytes};
use pulseproof_kernels::Curve;

use crate::parties::Parties;
use crate::rounds::Round;

/// Writes them into a folder, which is made if it is missing.
pub(crate) fn leave<C: Curve>(
    folder: &Path,
    parties: &Parties<C>,
    rounds: &[Round<C>],
) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let leave =
        |name: String, bytes: &[u8]| write_bytes(&folder.join(name), Readers::Everybody, bytes);
    leave("srs.verifying-key".to_owned(), &parties.prover.srs().verifying_key.to_bytes())?;
    let profile = parties.profile.described();
    leave(format!("{}.profile", profile.digest()), &profile.to_bytes())?;
    for region in &parties.regions {
        let name = &region.roster.region;
        leave(format!("{name}.roster.json"), &serde_json::to_vec_pretty(&region.roster)?)?;
        let appliances = serde_json::to_vec_pretty(&[parties.identity.public()])?;
        leave(format!("{name}.appliances.json"), &appliances)?;
    }
    for round in rounds {
        let region = &parties.regions[round.region].roster.region;
        leave(format!("{region}.epoch-{}.result", round.epoch), &round.result_bytes)?;
    }
    Ok(())
}
