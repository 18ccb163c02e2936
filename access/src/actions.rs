//! What can be done to an appliance.

use std::fmt;
use std::str::FromStr;

/// What an action acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The appliance.
    Appliance,
    /// A region.
    Region,
    /// A circuit.
    Circuit,
    /// A job.
    Job,
}

impl Action {
    /// Whether only who has a token may do it, whatever rules say: what is asked belongs to somebody.
    #[must_use]
    pub fn needs_token(self) -> bool {
        let of_job = matches!(self.kind(), Kind::Job | Kind::Circuit);
        of_job || matches!(self, Self::ListJobs | Self::Sum | Self::Compute)
    }
}

/// Lists the actions, once.
macro_rules! actions {
    ($($(#[doc = $doc:literal])+ $variant:ident, $name:literal, $kind:ident;)*) => {
        /// What can be done.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action {
            $($(#[doc = $doc])+ $variant,)*
        }

        impl Action {
            /// Every action.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its name in rules.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// What it acts on.
            #[must_use]
            pub fn kind(self) -> Kind {
                match self {
                    $(Self::$variant => Kind::$kind,)*
                }
            }
        }
    };
}

actions! {
    /// Whether the appliance is up and ready, and what it signs with.
    SeeStatus, "see-status", Appliance;
    /// What programs' lookups gave.
    SeeLookups, "see-lookups", Appliance;
    /// Metrics.
    SeeMetrics, "see-metrics", Appliance;
    /// What was done, and for whom.
    SeeAudit, "see-audit", Appliance;
    /// Profiles.
    SeeProfiles, "see-profiles", Appliance;
    /// A new profile.
    PutProfile, "put-profile", Appliance;
    /// What is known of evaluation keys.
    SeeKeys, "see-keys", Appliance;
    /// A new evaluation key, or one less.
    ManageKeys, "manage-keys", Appliance;
    /// Circuits, and what verifies their proofs.
    SeeCircuits, "see-circuits", Appliance;
    /// A new circuit, a part of one, or one less.
    ManageCircuits, "manage-circuits", Appliance;
    /// Another appliance's result.
    PutResult, "put-result", Appliance;
    /// One of those less.
    RemoveResult, "remove-result", Appliance;
    /// A witness to be proved.
    UploadWitness, "upload-witness", Appliance;
    /// How much of a file was received.
    SeeUploads, "see-uploads", Appliance;
    /// What was received of a file, to be forgotten.
    RemoveUpload, "remove-upload", Appliance;
    /// Jobs that may be seen.
    ListJobs, "list-jobs", Appliance;
    /// A region's roster.
    ManageRegion, "manage-region", Region;
    /// A batch of submissions.
    Submit, "submit", Region;
    /// A proved sum.
    Sum, "sum", Region;
    /// A program on sums.
    Compute, "compute", Region;
    /// A proof of a circuit.
    Prove, "prove", Circuit;
    /// Where a job stands.
    SeeJob, "see-job", Job;
    /// What it came to.
    FetchResult, "fetch-result", Job;
    /// That it is not to be done.
    CancelJob, "cancel-job", Job;
    /// That it is to be forgotten once it has ended, with its result.
    ForgetJob, "forget-job", Job;
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Action {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|action| action.name() == text);
        found.copied().ok_or_else(|| format!("{text:?} is no action"))
    }
}
