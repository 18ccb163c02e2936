//! Backends for circuits that only pretend to prove: good ones, slow ones, some that fail or lie.
//!
//! A key is the text `zkey CONTRIBUTIONS` and anything behind it. A witness is `wtns` and a number,
//! or four words of which the first is the number: 666 satisfies no circuit, 404 has the wrong length.

use std::fs::File;
use std::io::Read;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use pulseproof_groth16::Weakness;
use pulseproof_groth16::solidity::TooManyInputs;
use pulseproof_kernels::CurveId;
use pulseproof_kernels::backend::BackendKind;
use pulseproof_server::{
    Circuits, Groth16, KeyError, KeyInfo, LoadedKey, Loader, Part, ProveError, Proved, Unsatisfied,
    Witness,
};
use serde_json::{Value, json};
use zeroize::Zeroizing;

pub const UNSATISFIED: u64 = 666;
pub const WRONG_LENGTH: u64 = 404;
/// A number that is in no file of an appliance by accident.
pub const SECRET: u64 = 7_203_114_559_821;

/// What a backend does when it is to prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    Good,
    /// The device is lost.
    Fails,
    /// Its proofs do not verify.
    Lies,
    Panics,
    /// It opens no key.
    Refuses,
}

/// A backend whose keys only pretend.
pub struct Mock {
    kind: BackendKind,
    pub mood: Mutex<Mood>,
    pub pause: Mutex<Duration>,
    pub loads: AtomicUsize,
    pub proofs: AtomicUsize,
    proving: AtomicUsize,
    /// Whether two proofs were made at the same time.
    pub crowded: AtomicBool,
}

impl Mock {
    pub fn new(kind: BackendKind, mood: Mood) -> Arc<Self> {
        Arc::new(Self {
            kind,
            mood: Mutex::new(mood),
            pause: Mutex::default(),
            loads: AtomicUsize::new(0),
            proofs: AtomicUsize::new(0),
            proving: AtomicUsize::new(0),
            crowded: AtomicBool::new(false),
        })
    }

    pub fn slow(self: &Arc<Self>, pause: Duration) -> Arc<Self> {
        *self.pause.lock().unwrap() = pause;
        Arc::clone(self)
    }
}

/// The CPU alone, and it is good.
pub fn good() -> Groth16 {
    let cpu = Mock::new(BackendKind::Cpu, Mood::Good);
    on(&cpu, &cpu)
}

pub fn on(primary: &Arc<Mock>, cpu: &Arc<Mock>) -> Groth16 {
    with(primary, cpu, &Arc::new(MockCircuits::default()))
}

pub fn with(primary: &Arc<Mock>, cpu: &Arc<Mock>, circuits: &Arc<MockCircuits>) -> Groth16 {
    let loader = |mock: &Arc<Mock>| Arc::new(Opens(Arc::clone(mock)));
    Groth16 { primary: loader(primary), cpu: loader(cpu), circuits: circuits.clone() }
}

struct Opens(Arc<Mock>);

struct Key {
    mock: Arc<Mock>,
    contributions: u64,
    bytes: u64,
}

impl Loader for Opens {
    fn backend(&self) -> BackendKind {
        self.0.kind
    }

    fn load(&self, file: File, _checked: bool) -> Result<Arc<dyn LoadedKey>, KeyError> {
        self.0.loads.fetch_add(1, SeqCst);
        if *self.0.mood.lock().unwrap() == Mood::Refuses {
            return Err(KeyError::Failed("no memory".to_owned()));
        }
        let text = text(file).map_err(KeyError::Failed)?;
        let number = text.strip_prefix("zkey ").and_then(|rest| rest.split(' ').next());
        let contributions = number.and_then(|number| number.trim().parse().ok());
        let contributions = contributions
            .ok_or_else(|| KeyError::Bad("section 2: a point off the curve".into()))?;
        let (mock, bytes) = (Arc::clone(&self.0), text.len() as u64);
        Ok(Arc::new(Key { mock, contributions, bytes }))
    }
}

impl LoadedKey for Key {
    fn info(&self) -> KeyInfo {
        let (curve, contributions) = (CurveId::Bn254, self.contributions);
        let weakness = (contributions == 0).then_some(Weakness::NoContribution);
        KeyInfo { curve, signals: 9, public: 2, domain_log: 3, contributions, weakness }
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn prove(&self, witness: Witness) -> Result<Proved, ProveError> {
        let mock = &self.mock;
        if mock.proving.fetch_add(1, SeqCst) > 0 {
            mock.crowded.store(true, SeqCst);
        }
        // Not under the lock: others may change it meanwhile.
        let pause = *mock.pause.lock().unwrap();
        thread::sleep(pause);
        mock.proofs.fetch_add(1, SeqCst);
        mock.proving.fetch_sub(1, SeqCst);
        let value = value(witness).map_err(ProveError::Witness)?;
        if value == WRONG_LENGTH {
            return Err(ProveError::Witness("8 values, the circuit has 9".to_owned()));
        }
        let mood = *mock.mood.lock().unwrap();
        match mood {
            Mood::Good | Mood::Refuses if value != UNSATISFIED => Ok(Proved {
                proof: json!({ "protocol": "groth16", "curve": "bn128", "pi_a": ["1", "2", "1"] }),
                public: json!(["33", mock.kind.to_string()]),
                prove: Duration::from_micros(1200),
                verify: Duration::from_micros(34),
            }),
            Mood::Good | Mood::Refuses | Mood::Lies => Err(ProveError::Rejected),
            Mood::Fails => Err(ProveError::Backend("the device is lost".to_owned())),
            Mood::Panics => panic!("a backend's panic, on purpose"),
        }
    }
}

/// Circuits whose files are text.
#[derive(Default)]
pub struct MockCircuits {
    /// How long a witness takes whose number is odd.
    pub pause: Mutex<Duration>,
}

impl Circuits for MockCircuits {
    fn inspect(&self, part: Part, file: File, _key: &KeyInfo) -> Result<(), String> {
        let magic = part.name();
        if text(file)?.starts_with(magic) { Ok(()) } else { Err(format!("no {magic}: bad magic")) }
    }

    fn witness(&self, wasm: File, inputs: &Value) -> Result<Zeroizing<Vec<u64>>, String> {
        assert!(text(wasm)?.starts_with("wasm"), "what it was checked to be");
        let value = inputs["a"].as_u64().or_else(|| inputs["a"].as_str()?.parse().ok());
        let value = value.ok_or("signal a is missing")?;
        if value % 2 == 1 {
            thread::sleep(*self.pause.lock().unwrap());
        }
        Ok(Zeroizing::new(vec![value, 0, 0, 0]))
    }

    fn first_unsatisfied(
        &self,
        r1cs: File,
        witness: Witness,
        sym: Option<File>,
    ) -> Result<Option<Unsatisfied>, String> {
        assert!(text(r1cs)?.starts_with("r1cs"), "what it was checked to be");
        let signals = sym.map_or(Ok(Vec::new()), |sym| self.public_names(sym, 2))?;
        let found = Unsatisfied { constraint: 17, signals };
        Ok((value(witness)? == UNSATISFIED).then_some(found))
    }

    fn verification_key(&self, zkey: File) -> Result<String, String> {
        text(zkey)
    }

    fn contract(&self, zkey: File) -> Result<Result<String, TooManyInputs>, String> {
        text(zkey).map(Ok)
    }

    fn public_names(&self, sym: File, _public: u64) -> Result<Vec<String>, String> {
        text(sym).map(|text| text.split(' ').map(str::to_owned).collect())
    }
}

fn text(mut file: File) -> Result<String, String> {
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(|error| error.to_string())?;
    Ok(text)
}

fn value(witness: Witness) -> Result<u64, String> {
    match witness {
        Witness::Values(values) => values.first().copied().ok_or_else(|| "empty".to_owned()),
        Witness::File(file) => {
            let text = text(file)?;
            let number = text.strip_prefix("wtns ").and_then(|number| number.parse().ok());
            number.ok_or_else(|| "no .wtns: bad magic".to_owned())
        }
    }
}
