//! Contributions to keys: ours and snarkjs's, one after the other, and both say that they hold.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use pulseproof_formats::Beacon;
use pulseproof_formats::elements::Check;
use pulseproof_formats::ptau::Ptau;
use pulseproof_formats::r1cs::{Limits, R1cs};
use pulseproof_formats::zkey::{self, Contents, Zkey};
use pulseproof_groth16::phase2;
use pulseproof_kernels::{Curve, CurveId, Scalar, with_curve};
use rand::rngs::OsRng;

use crate::tools::{Compiled, Outcome, Tools, prime};

/// Ours, theirs, our beacon.
pub fn contributed(
    tools: &Tools,
    name: &'static str,
    curve: CurveId,
    log_size: u32,
) -> Outcome<()> {
    with_curve!(curve, C => on::<C>(tools, name, log_size))
}

fn on<C: Curve>(tools: &Tools, name: &'static str, log_size: u32) -> Outcome<()> {
    let setup = tools.setup(name, C::ID, log_size)?;
    let (circuit, powers) = (&setup.circuit, tools.powers(C::ID, log_size)?);
    let file = |step: &str| tools.path(&format!("{}_{name}_{step}.zkey", prime(C::ID)));
    let [ours, theirs, last, other] = ["ours", "theirs", "last", "other"].map(file);

    let mut key = contents::<C>(&file("new"))?;
    phase2::contribute(&mut key, Some("ours".to_owned()), &mut OsRng, &mut |_, _| ())
        .map_err(|error| error.to_string())?;
    write(&ours, &key)?;
    assert!(tools.holds(circuit, log_size, &ours)?, "ours");
    let verbs = ["zkey", "contribute"].map(Path::new);
    let options = ["-e=tests", "--name=theirs"].map(Path::new);
    tools.snarkjs(&[verbs.as_slice(), &[&ours, &theirs], &options].concat())?;

    // The same beacon by both gives the same file.
    let mut key = contents::<C>(&theirs)?;
    let beacon = Beacon { value: vec![1, 2, 3, 254], iterations_log: 10 };
    phase2::beacon(&mut key, Some("last".to_owned()), beacon, &mut |_, _| ())
        .map_err(|error| error.to_string())?;
    write(&last, &key)?;
    let verbs = ["zkey", "beacon"].map(Path::new);
    let options = ["010203fe", "10", "-n=last"].map(Path::new);
    tools.snarkjs(&[verbs.as_slice(), &[&theirs, &other], &options].concat())?;
    assert!(bytes(&last)? == bytes(&other)?, "{}", last.display());

    assert!(tools.holds(circuit, log_size, &last)?, "last");
    let names = verified::<C>(circuit, &powers, &last)?;
    assert_eq!(names, ["ours", "theirs", "last"]);
    spoiled::<C>(tools, circuit, log_size, &last)
}

/// A key whose last point is another one: nobody takes it.
fn spoiled<C: Curve>(tools: &Tools, circuit: &Compiled, log_size: u32, path: &Path) -> Outcome<()> {
    let mut key = contents::<C>(path)?;
    let last = key.h.len() - 1;
    key.h[last] = key.h[0];
    let spoiled = path.with_extension("spoiled.zkey");
    write(&spoiled, &key)?;
    assert!(!tools.holds(circuit, log_size, &spoiled)?, "{}", spoiled.display());
    let refused = verified::<C>(circuit, &tools.powers(C::ID, log_size)?, &spoiled).unwrap_err();
    assert!(refused.starts_with("H: "), "{refused}");
    Ok(())
}

fn open<C: Curve>(path: &Path) -> Outcome<Zkey<C, BufReader<File>>> {
    let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Zkey::open(BufReader::new(file)).map_err(|error| format!("{}: {error}", path.display()))
}

fn contents<C: Curve>(path: &Path) -> Outcome<Contents<C>> {
    open(path)?.contents(Check::Full).map_err(|error| format!("{}: {error}", path.display()))
}

fn write<C: Curve>(path: &Path, key: &Contents<C>) -> Outcome<()> {
    let mut sink = File::create(path).map_err(|error| format!("{}: {error}", path.display()))?;
    zkey::write(&mut sink, key).map_err(|error| format!("{}: {error}", path.display()))
}

fn bytes(path: &Path) -> Outcome<Vec<u8>> {
    std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Who contributed, if we find a key to be the circuit's and the ceremony's.
fn verified<C: Curve>(circuit: &Compiled, powers: &Path, path: &Path) -> Outcome<Vec<String>> {
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", circuit.name);
    let source = File::open(&circuit.r1cs).map_err(|error| failed(&error))?;
    let constraints = R1cs::<Scalar<C>>::read(&mut BufReader::new(source), &Limits::default());
    let constraints = constraints.map_err(|error| failed(&error))?;
    let powers = File::open(powers).map_err(|error| failed(&error))?;
    let mut powers = Ptau::<C, _>::open(BufReader::new(powers)).map_err(|error| failed(&error))?;
    let found = phase2::verify(&mut open::<C>(path)?, &constraints, &mut powers, &mut |_, _| ());
    let found = found.map_err(|error| error.to_string())?;
    Ok(found.into_iter().map(|one| one.name.unwrap_or_default()).collect())
}
