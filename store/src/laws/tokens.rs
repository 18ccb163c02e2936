//! Tokens, as they come and go.

use pulseproof_sdk::access::{ApiToken, Role};

use super::Place;
use super::world::{TERM, World, name};
use crate::Clock as _;
use crate::tokens::StoredToken;

fn token(world: &World, who: &str, role: Role) -> StoredToken {
    let token = ApiToken::random().unwrap();
    StoredToken {
        id: token.id(),
        digest: token.digest(),
        name: name(who),
        role,
        regions: None,
        created: world.clock.now(),
        expires: None,
        revoked: None,
    }
}

pub async fn a_token_is_good_until_it_expires_or_is_revoked(place: &dyn Place) {
    let world = World::new(place).await;
    let (store, start) = (&world.store, world.clock.now());
    let regions = Some([name("north"), name("south")].into());
    let lasting = StoredToken { regions, ..token(&world, "gateway-7", Role::Gateway) };
    store.add_token(&lasting).await.unwrap();
    world.clock.pass(TERM);
    let expires = Some(world.clock.now().after(TERM));
    let passing = StoredToken { expires, ..token(&world, "ann", Role::Auditor) };
    store.add_token(&passing).await.unwrap();
    assert_eq!(store.tokens().await.unwrap(), [lasting.clone(), passing.clone()]);
    assert_eq!(store.token(passing.id).await.unwrap(), Some(passing.clone()));
    assert!(passing.is_good(start) && passing.is_good(world.clock.now()));
    world.clock.pass(TERM);
    assert!(!passing.is_good(world.clock.now()) && lasting.is_good(world.clock.now()));

    let unknown = token(&world, "nobody", Role::Operator);
    assert!(store.token(unknown.id).await.unwrap().is_none());
    assert!(!store.revoke_token(unknown.id).await.unwrap());
    assert!(store.revoke_token(lasting.id).await.unwrap());
    assert!(!store.revoke_token(lasting.id).await.unwrap());
    let revoked = store.token(lasting.id).await.unwrap().unwrap();
    assert_eq!(revoked.revoked, Some(world.clock.now()));
    // A clock that goes back gives nothing back.
    assert!(!revoked.is_good(start));
    // A second one of the same name is another one.
    assert!(store.add_token(&lasting).await.is_err());
}
