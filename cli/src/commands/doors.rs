//! Whom `pulseproof serve` lets in, and how.

use std::net::{Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use clap::builder::NonEmptyStringValueParser;
use pulseproof_access::{DEFAULT, Policy};
use pulseproof_server::Access;
use pulseproof_service::Doors;
use pulseproof_service::doors::hosts::Hosts;
use pulseproof_service::doors::tls::{Tls, TlsFiles};
use pulseproof_store::Tokens;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::policy::read;
use crate::output::complain;
use crate::store::{OpenStore, exists};

/// Most descriptors that are asked for: more are of no use.
const DESCRIPTORS_MAX: u64 = 16_384;

/// Whom to let in, and how.
#[derive(Debug, clap::Args)]
pub(super) struct DoorArgs {
    /// Certificate of this appliance, and those between it and its authority, in PEM
    #[arg(long, value_name = "FILE")]
    tls_certificate: Option<PathBuf>,
    /// The certificate's key, in PEM
    #[arg(long, value_name = "FILE")]
    tls_key: Option<PathBuf>,
    /// Certificates, in PEM, of who vouches for clients: they need one then, beside their tokens
    #[arg(long, value_name = "FILE")]
    client_authority: Option<PathBuf>,
    /// Rules, in Cedar, on who may do what [default: those of `pulseproof policy show`]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// A name that this appliance is called by; may be given again. Requests to other names are refused
    #[arg(long = "host", value_name = "NAME", value_parser = host_name)]
    hosts: Vec<String>,
    /// Listen off this machine without TLS or without tokens, and why that is safe: a proxy in front does both, say
    #[arg(long, value_name = "WHY", value_parser = NonEmptyStringValueParser::new())]
    exposed: Option<String>,
}

impl DoorArgs {
    /// What that comes to, and the reasons why not.
    pub(super) async fn open(
        self,
        listen: SocketAddr,
        store: &Path,
    ) -> Result<(Access, Doors, Hosts), Box<dyn std::error::Error>> {
        let is_here = is_here(listen);
        let has_tokens = has_tokens(store).await?;
        let access = match (&self.policy, has_tokens) {
            (Some(path), _) => Access::Rules(read(path)?),
            (None, true) => Access::Rules(DEFAULT.to_owned()),
            (None, false) => Access::Open,
        };
        let tls = self.tls()?;
        if !is_here {
            self.check_exposed(listen, tls.is_some(), access != Access::Open)?;
        }
        if access == Access::Open {
            let who = if is_here { "this machine" } else { "the network" };
            complain(&format!(
                "OPEN: no token was made, so whoever is on {who} may do everything; `pulseproof tokens create` \
                 makes one"
            ));
        }
        let any_name = access != Access::Open && !is_here && self.hosts.is_empty();
        let hosts = if any_name { Hosts::any() } else { Hosts::these(self.hosts) };
        ask_for_descriptors();
        let doors = Doors { tls, ..Doors::default() };
        Ok((access, doors, hosts))
    }

    /// Looks at what can be looked at without the store.
    ///
    /// # Errors
    /// A file that is named cannot be used, or there is no TLS where there has to be.
    pub(super) fn check(&self, listen: SocketAddr) -> Result<(), Box<dyn std::error::Error>> {
        if let Some(path) = &self.policy {
            Policy::read(&read(path)?)?;
        }
        let tls = self.tls()?;
        if !is_here(listen) {
            self.check_exposed(listen, tls.is_some(), true)?;
        }
        Ok(())
    }

    fn tls(&self) -> Result<Option<Tls>, Box<dyn std::error::Error>> {
        let (certificate, key) = match (&self.tls_certificate, &self.tls_key) {
            (Some(certificate), Some(key)) => (certificate, key),
            (Some(_), None) => return Err("--tls-certificate needs --tls-key".into()),
            (None, Some(_)) => return Err("--tls-key needs --tls-certificate".into()),
            (None, None) if self.client_authority.is_some() => {
                return Err("--client-authority needs --tls-certificate and --tls-key".into());
            }
            (None, None) => return Ok(None),
        };
        Ok(Some(Tls::read(&TlsFiles {
            certificate: certificate.clone(),
            key: key.clone(),
            client_authority: self.client_authority.clone(),
        })?))
    }

    /// Off this machine, everybody on the way can read and ask, unless something is done about it.
    fn check_exposed(&self, listen: SocketAddr, tls: bool, tokens: bool) -> Result<(), String> {
        let mut missing = Vec::new();
        if !tls {
            missing.push("no TLS (--tls-certificate and --tls-key)");
        }
        if !tokens {
            missing.push("no tokens (`pulseproof tokens create`)");
        }
        match &self.exposed {
            _ if missing.is_empty() => Ok(()),
            Some(why) => {
                complain(&format!("EXPOSED on {listen}: {}; because: {why}", missing.join(", ")));
                Ok(())
            }
            None => Err(format!(
                "{listen} is not only this machine, and there are {}; --exposed WHY goes on all the same",
                missing.join(" and ")
            )),
        }
    }
}

fn is_here(listen: SocketAddr) -> bool {
    listen.ip().to_canonical().is_loopback()
}

/// Whether any token was ever made: of a store whose tokens are all revoked nobody may do anything.
async fn has_tokens(folder: &Path) -> Result<bool, Box<dyn std::error::Error>> {
    if !exists(folder) {
        return Ok(false);
    }
    let opened = OpenStore::open(folder).await?;
    let tokens = opened.store.tokens().await;
    opened.close().await;
    Ok(!tokens?.is_empty())
}

/// A name as it stands in addresses, without scheme and port: nothing else could ever be asked for.
fn host_name(text: &str) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
    let is_v6 = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let is_v6 = is_v6.is_some_and(|inner| inner.parse::<Ipv6Addr>().is_ok());
    if is_v6 || (!text.is_empty() && text.bytes().all(plain)) {
        return Ok(text.to_owned());
    }
    Err("expected a name or an address alone, without scheme and port, such as edge.example"
        .to_owned())
}

/// Asks for as many descriptors as this process may have: each connection takes one.
fn ask_for_descriptors() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.unwrap_or(DESCRIPTORS_MAX).min(DESCRIPTORS_MAX);
    if current.is_some_and(|current| current < wanted) {
        // Those that there are will do.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum });
    }
}
