//! Starts everybody: makes keys, plans the packing, enrols the devices, and opens the services' ports.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use pulseproof_fhe::{Layout, LayoutRequest, Scale, generate_keys};
use pulseproof_kernels::Curve;
use pulseproof_medguard::authority::{Authority, Policy, Setup};
use pulseproof_medguard::cloud::Cloud;
use pulseproof_medguard::device::{Device, Profile};
use pulseproof_medguard::gateway::Gateway;
use pulseproof_medguard::trust::TrustAnchors;
use pulseproof_sdk::Roster;
use pulseproof_sdk::access::Role;
use pulseproof_sdk::client::{ApplianceClient, ClientError, HttpService};
use pulseproof_sdk::identity::AppliancePublicKey;
use pulseproof_sdk::signing::DeviceKey;
use pulseproof_server::{Access, Config, Machine, Prover, identity};
use pulseproof_service::{Doors, Running};
use rand::rngs::OsRng;
use reqwest::Method;

use crate::doors::Porter;
use crate::parties::{Parties, Region};
use crate::{DemoError, Options, Tamper, cohort};

impl<C: Curve> Parties<C> {
    /// Everybody whom the options ask for.
    pub async fn start(machine: Machine<C>, options: &Options) -> Result<Self, DemoError> {
        let (prover, policy) = (Arc::clone(&machine.prover), Policy::default());
        let members = members(options, &policy)?;
        let layout = packing(options, &members)?;
        let (secret_key, public_key) = generate_keys();
        let srs = Arc::new(prover.srs().clone());
        let profile = Arc::new(Profile::proved(layout.clone(), public_key.clone(), srs)?);
        let engines = asks(options).then(|| Arc::clone(&machine.engines));
        let (store, vault) = (options.folder.join("appliance"), options.folder.join("authority"));

        let porter = Porter::new(&options.folder.join("tls"), &store).await?;
        let appliance_service = start_appliance(machine, store.clone(), porter.doors()?).await?;
        let url = format!("https://{}", appliance_service.address);
        let mut regions = Vec::with_capacity(members.len());
        for region in members {
            let token = porter.token("gateway", Role::Gateway, Some(&region.name)).await?;
            regions.push(enrol(region, &profile, porter.client(&url, token)?));
        }
        let operator = porter.token("operator", Role::Operator, None).await?;
        let operator = porter.client(&url, operator)?;
        register(&operator, &profile, &regions).await?;
        let clinician = porter.token("clinician", Role::Clinician, None).await?;
        let appliance = porter.client(&url, clinician)?;
        porter.leave().await;

        let trust = trust(&*prover, &profile, &regions, appliance.identity().await?);
        let setup = Setup {
            secret_key,
            public_key,
            layout,
            trust: trust.clone(),
            policy: policy.clone(),
            engines,
            vault: vault.clone(),
        };
        let opened = Authority::open(setup).await?;
        let evaluation_key = opened.evaluation_key();
        let authority_service = start_authority(opened).await?;
        let authority = HttpService::new(authority_service.url())?;
        if evaluation_key.is_some() {
            let request = authority.request(Method::GET, "/v1/evaluation-key");
            operator.put_evaluation_key(authority.bytes(request).await?).await?;
        }
        let cloud_service = start_cloud(Cloud::new(trust, authority.clone())).await?;
        Ok(Self {
            profile,
            prover,
            regions,
            cloud: HttpService::new(cloud_service.url())?,
            authority,
            appliance,
            identity: identity::open(&store)?,
            policy,
            vault,
            evaluation_key,
            services: vec![cloud_service, authority_service, appliance_service],
        })
    }
}

/// Whether anything is asked of encrypted sums.
fn asks(options: &Options) -> bool {
    options.alerts.epochs > 0 || options.tamper.is_some_and(Tamper::asks)
}

/// Who has which readings, in regions that the authority decrypts something of.
fn members(options: &Options, policy: &Policy) -> Result<Vec<cohort::Region>, DemoError> {
    let regions = options.shape.apply(&options.data, &mut OsRng)?;
    let least = policy.devices_min;
    match regions.iter().find(|region| region.members.len() < least) {
        None => Ok(regions),
        Some(thin) => {
            let (region, devices) = (thin.name.clone(), thin.members.len());
            Err(DemoError::ThinRegion { region, devices, least })
        }
    }
}

/// A packing whose sums may be of everything that there is.
fn packing(options: &Options, regions: &[cohort::Region]) -> Result<Layout, DemoError> {
    let epochs =
        regions.iter().flat_map(|region| &region.members).map(|member| member.epochs.len());
    let (minimum, maximum) = options.range;
    Ok(Layout::plan(LayoutRequest {
        scale: Scale { decimals: options.data.decimals, minimum, maximum },
        inside: options.inside,
        slots: options.shape.slots,
        summands_max: epochs.sum::<usize>() as u64,
        totals: true,
    })?)
}

/// Gives each member a device with a key of its own, and all of them a roster and a gateway.
fn enrol<C: Curve>(
    region: cohort::Region,
    profile: &Arc<Profile<C>>,
    appliance: ApplianceClient,
) -> Region<C> {
    let name = region.name;
    let (mut devices, mut keys, mut readings) = (Vec::new(), Vec::new(), Vec::new());
    for member in region.members {
        let key = DeviceKey::generate(&mut OsRng);
        let own = DeviceKey::from_seed(key.seed());
        devices.push(Device::new(name.clone(), member.name, own, Arc::clone(profile)));
        keys.push(key);
        readings.push(member.epochs);
    }
    let listed: BTreeMap<_, _> =
        devices.iter().map(|device| (device.name().clone(), device.public_key())).collect();
    let words = profile.layout.words();
    let roster = Roster {
        region: name.clone(),
        words: u32::try_from(words).expect("a layout has at most 4096 words"),
        profile: profile.digest(),
        devices: listed,
    };
    Region { gateway: Gateway::new(name, appliance), roster, devices, keys, readings }
}

/// Tells the appliance what words mean, and who may submit them.
async fn register<C: Curve>(
    appliance: &ApplianceClient,
    profile: &Profile<C>,
    regions: &[Region<C>],
) -> Result<(), ClientError> {
    appliance.put_profile(&profile.described()).await?;
    for region in regions {
        appliance.register(&region.roster).await?;
    }
    Ok(())
}

/// What cloud and authority trust: these regions, and the one appliance.
fn trust<C: Curve>(
    prover: &dyn Prover<C>,
    profile: &Profile<C>,
    regions: &[Region<C>],
    appliance: AppliancePublicKey,
) -> TrustAnchors<C> {
    let rosters = regions.iter().map(|region| &region.roster);
    TrustAnchors {
        key: prover.srs().verifying_key.clone(),
        rosters: rosters.clone().map(|roster| (roster.region.clone(), roster.clone())).collect(),
        profiles: vec![Arc::clone(&profile.lists)],
        appliances: rosters.map(|roster| (roster.region.clone(), vec![appliance])).collect(),
    }
}

/// Starts an appliance that lets in whoever has a token, over TLS.
async fn start_appliance<C: Curve>(
    machine: Machine<C>,
    store: PathBuf,
    doors: Doors,
) -> io::Result<Running> {
    let access = Access::Rules(pulseproof_access::DEFAULT.to_owned());
    let config = Config { access, doors, ..Config::new(store) };
    Running::start(|listener, stopped| async move {
        let stopped = async { drop(stopped.await) };
        let served = pulseproof_server::serve(listener, machine, config, stopped).await;
        served.map_err(io::Error::other)
    })
    .await
}

async fn start_authority<C: Curve>(authority: Authority<C>) -> io::Result<Running> {
    Running::start(|listener, stopped| authority.serve(listener, async { drop(stopped.await) }))
        .await
}

async fn start_cloud<C: Curve>(cloud: Cloud<C>) -> io::Result<Running> {
    Running::start(|listener, stopped| cloud.serve(listener, async { drop(stopped.await) })).await
}
