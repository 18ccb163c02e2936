//! Layouts: what is planned, what is refused, and how a plan travels.

use pulseproof_packing::{
    DecryptError, Layout, LayoutError, LayoutRequest, ListTotal, Quantity, Scale, head_room,
};

fn request() -> LayoutRequest {
    let scale = Scale { decimals: 0, minimum: 40, maximum: 400 };
    LayoutRequest { scale, inside: (70, 180), slots: 288, summands_max: 160, totals: false }
}

fn refused(change: impl FnOnce(&mut LayoutRequest)) -> LayoutError {
    let mut request = request();
    change(&mut request);
    Layout::plan(request).expect_err("the request cannot be served")
}

#[test]
fn a_day_of_glucose() {
    let layout = Layout::plan(request()).unwrap();
    assert_eq!(layout.request(), &request());
    // Squares take 25 bits, values 16, the two counts 8 each: 288 + 288 + 192 bodies of 27.
    assert_eq!((layout.plaintext_bits(), layout.words()), (27, 2048 + 672));
    assert_eq!(Layout::plan(request()), Ok(layout));
}

#[test]
fn plaintexts_are_as_wide_as_the_noise_allows() {
    for summands_max in [1, 3, 10, 50, 160, 1000, 5000] {
        let layout = Layout::plan(LayoutRequest { summands_max, slots: 24, ..request() }).unwrap();
        let room = head_room(summands_max).unwrap();
        assert_eq!(layout.plaintext_bits(), room.plaintext_bits);
        assert!(layout.noise_bits().all(|bits| room.noise_max < 1 << (bits - 1)));
    }
}

#[test]
fn senseless_requests_are_refused() {
    assert_eq!(
        refused(|request| request.scale.decimals = 19),
        LayoutError::Decimals { found: 19, limit: 18 }
    );
    for maximum in [40, 39, i64::MIN] {
        assert_eq!(
            refused(|request| request.scale.maximum = maximum),
            LayoutError::EmptyScale { minimum: 40, maximum }
        );
    }
    for (low, high) in [(181, 180), (39, 180), (70, 401)] {
        assert_eq!(
            refused(|request| request.inside = (low, high)),
            LayoutError::Inside { low, high, minimum: 40, maximum: 400 }
        );
    }
    assert_eq!(refused(|request| request.slots = 0), LayoutError::NoSlots);
    assert_eq!(refused(|request| request.summands_max = 0), LayoutError::NoSummands);
}

#[test]
fn requests_that_do_not_fit_are_refused() {
    let error = refused(|request| request.slots = 2000);
    assert!(matches!(error, LayoutError::TooManyBodies { limit: 2048, .. }), "{error}");
    assert!(error.to_string().ends_with(
        "bodies of 27 bits, at most 2048 fit: lower slots, summands_max or the value range"
    ));
    let error = refused(|request| request.slots = usize::MAX);
    assert!(matches!(error, LayoutError::TooManyBodies { .. }), "{error}");
    for summands_max in [1 << 30, 1 << 36, u64::MAX] {
        assert_eq!(
            refused(|request| {
                request.summands_max = summands_max;
                request.slots = 1;
            }),
            LayoutError::NoHeadRoom { summands_max }
        );
    }
    assert_eq!(
        refused(|request| {
            request.scale.minimum = i64::MIN;
            request.scale.maximum = i64::MAX;
        }),
        LayoutError::TotalTooLarge { field: Quantity::SumOfSquares }
    );
}

#[test]
fn only_the_request_travels() {
    let layout = Layout::plan(request()).unwrap();
    let json = serde_json::to_string(&layout).unwrap();
    assert_eq!(
        json,
        r#"{"scale":{"decimals":0,"minimum":40,"maximum":400},"inside":[70,180],"slots":288,"summands_max":160,"totals":false}"#
    );
    assert_eq!(serde_json::from_str::<Layout>(&json).unwrap(), layout);
}

#[test]
fn totals_have_bodies_of_their_own() {
    let without = Layout::plan(request()).unwrap();
    let with = Layout::plan(LayoutRequest { totals: true, ..request() }).unwrap();
    assert_eq!(with.words(), without.words() + 4);
    assert_ne!(with.id(), without.id());
    assert_eq!(without.body_of(ListTotal::Mean), None);
    // 288 readings of 360 from each of 160 devices are below 2^24, their means below 2^16.
    let bodies = ListTotal::ALL.map(|total| with.body_of(total).unwrap());
    assert_eq!(bodies.map(|(_, bits)| bits), [25, 25, 25, 22]);
    let first = without.words() - 2048;
    assert_eq!(bodies.map(|(body, _)| body), [first, first + 1, first + 2, first + 3]);
    assert_eq!(with.maximum_of(ListTotal::Sum, 10), 10 * 288 * 360);
    assert_eq!(with.maximum_of(ListTotal::Mean, 10), 3600);
}

#[test]
fn totals_do_without_spare_bits_where_there_are_none() {
    let request = LayoutRequest { totals: true, summands_max: 400, ..request() };
    let layout = Layout::plan(request).unwrap();
    // The largest sum has 26 bits.
    assert_eq!((layout.plaintext_bits(), layout.body_of(ListTotal::Sum).unwrap().1), (26, 26));
}

#[test]
fn totals_of_too_many_lists_count_modulo_their_width() {
    let request = LayoutRequest { totals: true, summands_max: 1000, ..request() };
    let layout = Layout::plan(request).unwrap();
    // The largest sum has 27 bits.
    let (body, bits) = layout.body_of(ListTotal::Sum).unwrap();
    assert_eq!(bits, 25);
    let list = layout.encode(&[400; 288]).unwrap();
    let plaintexts = |factor: u64| {
        let words = list.iter().map(|word| word.wrapping_mul(factor));
        words.zip(layout.noise_bits()).map(|(word, noise)| word >> noise).collect::<Vec<_>>()
    };
    for summands in [1, 10, 1000] {
        let mut plaintexts = plaintexts(summands);
        let totals = layout.decode(&plaintexts, summands).unwrap();
        assert_eq!(totals.sum, 360 * 288 * u128::from(summands));
        plaintexts[body] ^= 1 << 24;
        let total = ListTotal::Sum;
        let refused = layout.decode(&plaintexts, summands);
        assert_eq!(refused, Err(DecryptError::Inconsistent { total }));
    }
}

#[test]
fn totals_that_do_not_fit_are_refused() {
    // One list's sum has 20 bits, and noise leaves 18.
    let scale = Scale { decimals: 0, minimum: 40, maximum: 70_040 };
    let request =
        LayoutRequest { scale, totals: true, slots: 8, summands_max: 1 << 17, ..request() };
    let error = Layout::plan(request).unwrap_err();
    let total = ListTotal::Count;
    assert_eq!(error, LayoutError::ListTotalTooWide { total, needed: 20, available: 18 });
}

#[test]
fn tampered_requests_are_refused() {
    let json = serde_json::to_string(&Layout::plan(request()).unwrap()).unwrap();
    for (from, to, complaint) in [
        ("288", "2000", "at most 2048 fit"),
        ("288", "-1", "invalid value"),
        ("160", "0", "summands_max is 0"),
        ("[70,180]", "[70,500]", "within the scale"),
        ("\"maximum\":400", "\"maximum\":10", "scale.maximum is 10"),
        ("\"slots\"", "\"places\"", "unknown field `places`"),
        ("\"slots\":288", "\"slots\":288,\"plaintext_bits\":40", "unknown field `plaintext_bits`"),
        (",\"summands_max\":160", "", "missing field `summands_max`"),
    ] {
        assert!(json.contains(from));
        let error = serde_json::from_str::<Layout>(&json.replace(from, to)).unwrap_err();
        assert!(error.to_string().contains(complaint), "{to}: {error}");
    }
}

#[test]
fn the_id_is_frozen() {
    let id = |request| {
        let id = Layout::plan(request).unwrap().id();
        id.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    assert_eq!(id(request()), "5dd61c542daf91dd8e0f9b07b321ba85e7efb19fddbbd38ad85b4a67feb473dd");
    let scale = Scale { decimals: 6, minimum: -5_000_000_000, maximum: 7_000_000_000 };
    let wide =
        LayoutRequest { scale, inside: (-1, 1), slots: 5, summands_max: 100_000, totals: false };
    assert_eq!(id(wide), "c47383ab6820d8ccbbf4fe62b0cd6096127d5211f5e0521a4da892fcbc856751");
}

#[test]
fn the_id_names_every_part_of_the_request() {
    let mut ids = vec![Layout::plan(request()).unwrap().id()];
    let changes: [fn(&mut LayoutRequest); 7] = [
        |request| request.scale.decimals = 1,
        |request| request.scale.minimum = 39,
        |request| request.scale.maximum = 399,
        |request| request.inside.0 = 71,
        |request| request.inside.1 = 181,
        |request| request.slots = 287,
        |request| request.summands_max = 159,
    ];
    for change in changes {
        let mut request = request();
        change(&mut request);
        ids.push(Layout::plan(request).unwrap().id());
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 8);
}
