//! What stands behind a request on its connection, and the end of what is sent.

use super::*;

fn answers(server: &Server, bytes: &[u8]) -> Vec<u16> {
    statuses(&send(&server.base, bytes, Then::Wait))
}

/// A request behind which the connection ends.
fn last() -> String {
    String::from_utf8(health("x: last")).unwrap()
}

/// A body that is shorter than was said is not followed by somebody else's request; what follows an error is not
/// answered as if there had been none.
#[tokio::test(flavor = "multi_thread")]
async fn requests_behind_others() {
    let (_shop, server) = shop().await;
    let (health, last) = ("GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n", last());
    assert_eq!(answers(&server, (health.repeat(99) + &last).as_bytes()), [200; 100]);
    // More bytes than were announced are a request, and none.
    let longer = post("/v1/jobs", &format!("{JSON}content-length: 2\r\n"), "{}rubbish\r\n\r\n");
    assert_eq!(answers(&server, &longer), [400, 400]);
    // What is said to be in a body is in it.
    let inside = post("/v1/jobs", &format!("{JSON}{}", length(last.len())), &last);
    assert_eq!(statuses(&send(&server.base, &inside, Then::HalfClose)), [400]);
    // A good request behind one that is refused is one; behind one that is none it is not.
    assert_eq!(answers(&server, &[get("/nothing", ""), last.clone().into()].concat()), [404, 200]);
    let text = post("/v1/jobs", "content-type: text/plain\r\ncontent-length: 2\r\n", "{}");
    assert_eq!(answers(&server, &[text, last.clone().into()].concat()), [415, 200]);
    assert_eq!(answers(&server, &[get("/healthz", "x : a\r\n"), last.into()].concat()), [400]);
    assert_eq!(server.panics(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_lengths_one_counts_and_nothing_is_smuggled_behind_it() {
    let (_shop, server) = shop().await;
    let last = last();
    // Where there are both, chunks count, and the connection ends: what comes behind is nobody's.
    for (body, status) in [("{}", 400), (JOB, 202)] {
        let both = format!("{JSON}content-length: {}\r\n{CHUNKED}", body.len());
        let request = post("/v1/jobs", &both, &format!("{}{last}", chunks(body)));
        assert_eq!(answers(&server, &request), [status], "{body}");
    }
    let smuggled = format!("0\r\n\r\n{last}");
    let both = format!("{JSON}{CHUNKED}{}", length(smuggled.len()));
    assert_eq!(answers(&server, &post("/v1/jobs", &both, &smuggled)), [400]);
    // Two that are equal are one; what is behind the body is the next request.
    let equal = format!("{JSON}content-length: 2\r\ncontent-length: 2\r\n");
    assert_eq!(answers(&server, &post("/v1/jobs", &equal, &format!("{{}}{last}"))), [400, 200]);
}

/// There is no HTTP/2 and no WebSocket anywhere: what comes as their frames is no request.
#[tokio::test(flavor = "multi_thread")]
async fn upgrades_that_there_are_not_are_ignored() {
    let (_shop, server) = shop().await;
    let upgrade =
        get("/healthz", "connection: upgrade, close\r\nupgrade: h2c\r\nhttp2-settings: AA\r\n");
    let answer = send(&server.base, &upgrade, Then::Wait);
    assert!(statuses(&answer) == [200] && !answer.contains("101"), "{answer}");
    let socket = get(
        "/healthz",
        "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    );
    let framed = [&socket[..], b"\x81\xff\x80\0\0\0\0\0\0\0"].concat();
    assert_eq!(answers(&server, &framed), [200, 400]);
}

/// Of those who closed their side once they had asked, most were not answered, when it was first done.
#[tokio::test(flavor = "multi_thread")]
async fn who_has_said_all_is_answered() {
    let (_shop, server) = shop().await;
    let closed = |bytes: &[u8]| statuses(&send(&server.base, bytes, Then::HalfClose));
    let job = post("/v1/jobs", &format!("{JSON}{}", length(JOB.len())), JOB);
    let chunked = post("/v1/jobs", &format!("{JSON}{CHUNKED}"), &chunks(JOB));
    for _ in 0..50 {
        assert_eq!(closed(&get("/healthz", "")), [200]);
        assert_eq!(closed(&get("/v1/jobs/0", "")), [404]);
        assert_eq!(closed(&job), [202]);
        assert_eq!(closed(&chunked), [202]);
    }
}
