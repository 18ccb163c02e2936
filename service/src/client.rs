//! Whose a request is, for everything that is counted per client.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request};

/// Somebody who asks. Whoever finds out who it is puts it among a request's extensions; of others, the address counts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Client(Arc<str>);

impl Client {
    /// Somebody by this name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// Whose a request is.
    #[must_use]
    pub fn of(request: &Request) -> Self {
        if let Some(known) = request.extensions().get::<Self>() {
            return known.clone();
        }
        match request.extensions().get::<ConnectInfo<SocketAddr>>() {
            Some(ConnectInfo(address)) => Self::at(address.ip()),
            None => Self::new("nobody"),
        }
    }

    /// Somebody of whom only the address is known.
    #[must_use]
    pub fn at(address: IpAddr) -> Self {
        Self::new(&format!("address {}", site(address)))
    }

    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Who has one IPv6 address has all that begin with the same 64 bits.
pub(crate) fn site(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)))
        }
        address => address,
    }
}
