//! How often an address may ask. Decided before a body is read.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use pulseproof_sdk::Problem;

use crate::Refusal;
use crate::client::site;

/// Addresses remembered before those that have been quiet are forgotten.
const ADDRESSES_MAX: usize = 1 << 16;

/// Lets each address ask so often, all at once or one by one.
#[derive(Debug)]
pub struct Rate {
    limiter: DefaultKeyedRateLimiter<IpAddr>,
    per_minute: NonZeroU32,
}

impl Rate {
    /// So many requests a minute from each address.
    pub fn new(per_minute: NonZeroU32) -> Self {
        Self { limiter: RateLimiter::keyed(Quota::per_minute(per_minute)), per_minute }
    }

    fn check(&self, address: IpAddr) -> Result<(), Problem> {
        if self.limiter.len() > ADDRESSES_MAX {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(&site(address)).map_err(|_| {
            let most = self.per_minute.get().into();
            let detail = format!("more than {most} requests a minute; ask again later");
            Problem::new(429, "too-many-requests", detail).limit(most)
        })
    }
}

/// Turns away who asks too often.
pub async fn limit(
    State(rate): State<Arc<Rate>>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    match rate.check(address.ip()) {
        Ok(()) => next.run(request).await,
        Err(problem) => Refusal::from(problem).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_its_own_allowance() {
        let rate = Rate::new(NonZeroU32::new(3).unwrap());
        let ask = |address: &str| rate.check(address.parse().unwrap());
        for _ in 0..3 {
            ask("192.0.2.1").unwrap();
            ask("2001:db8::1").unwrap();
        }
        for address in ["192.0.2.1", "::ffff:192.0.2.1", "2001:db8::2:1"] {
            let problem = ask(address).unwrap_err();
            assert_eq!((problem.status, problem.limit), (429, Some(3)), "{address}");
        }
        ask("192.0.2.2").unwrap();
        ask("2001:db8:0:1::1").unwrap();
    }
}
