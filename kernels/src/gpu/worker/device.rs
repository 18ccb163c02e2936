//! [`Device`] by way of a worker, and by way of another one when that is lost.

use std::collections::HashSet;
use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use super::Start;
use super::link::{Link, lock};
use super::message::{Failure, LaunchMessage, Reply, Request, WORDS_MAX, Words};
use crate::backend::BackendKind;
use crate::error::Error;
use crate::gpu::{Device, Launch, Limits, Unit};

/// A device that a worker has.
///
/// What has no answer is not waited for: a failure of it is told to whoever asks next, as launches' failures are.
pub struct WorkerDevice {
    start: Box<Start>,
    kind: BackendKind,
    limits: Limits,
    session: Mutex<Arc<Session>>,
    /// Beside the lock, which is held while a device is opened.
    generation: AtomicU64,
}

/// A worker, and what lives as long as it.
struct Session {
    link: Link,
    kind: BackendKind,
    limits: Limits,
    /// The name of the next memory.
    next: AtomicU64,
    /// Kernels that were started once. From then on they have what they need, and nobody waits for their start.
    started: Mutex<HashSet<(Unit, &'static str)>>,
}

/// Memory of a [`WorkerDevice`].
pub struct WorkerMemory {
    name: u64,
    session: Arc<Session>,
}

impl Drop for WorkerMemory {
    fn drop(&mut self) {
        // If nobody hears it, there is nothing to free.
        let _ = self.session.link.tell(&Request::Free { memory: self.name }, &[]);
    }
}

impl Session {
    fn open(start: &Start, kind: Option<BackendKind>) -> io::Result<Result<Self, Failure>> {
        let (link, greeting) = Link::open(|others| start(others, kind))?;
        Ok(greeting.and_then(|greeting| match greeting {
            Reply::Opened { kind, limits } => {
                let (next, started) = (AtomicU64::new(0), Mutex::default());
                Ok(Self { link, kind, limits, next, started })
            }
            other => Err(link.refuse(&other)),
        }))
    }

    fn told<T>(&self, result: Result<T, Failure>) -> Result<T, Error> {
        result.map_err(|failure| failure.into_error(self.kind))
    }

    fn tell(&self, request: &Request, words: &[u64]) -> Result<(), Error> {
        self.told(self.link.tell(request, words))
    }

    fn ask(&self, request: &Request) -> Result<Reply, Error> {
        self.told(self.link.ask(request, 0)).map(|(reply, _)| reply)
    }
}

impl WorkerDevice {
    /// The device that a worker has. `expected` is what an error names, if there is no worker that could say better.
    ///
    /// # Errors
    /// [`Error::Unavailable`]: no worker can be started, or it says so.
    pub fn open(expected: BackendKind, start: Box<Start>) -> Result<Self, Error> {
        let unavailable = |reason: String| Error::Unavailable { backend: expected, reason };
        let opened = Session::open(&*start, None)
            .map_err(|error| unavailable(format!("no process for it can be started: {error}")))?;
        let session = opened.map_err(|failure| match failure {
            Failure::Lost(reason) => unavailable(reason),
            failure => failure.into_error(expected),
        })?;
        let (kind, limits) = (session.kind, session.limits);
        let session = Mutex::new(Arc::new(session));
        Ok(Self { start, kind, limits, session, generation: AtomicU64::new(0) })
    }

    fn session(&self) -> Arc<Session> {
        Arc::clone(&lock(&self.session))
    }

    /// The worker, or another one if it is lost.
    fn reopened(&self) -> Result<Arc<Session>, Error> {
        let mut current = lock(&self.session);
        if current.link.is_lost() {
            let lost = |reason| Failure::Lost(reason).into_error(self.kind);
            let opened = Session::open(&*self.start, Some(self.kind))
                .map_err(|error| lost(error.to_string()))?;
            let session =
                opened.map_err(|failure| lost(failure.into_error(self.kind).to_string()))?;
            if (session.kind, session.limits) != (self.kind, self.limits) {
                return Err(lost("another device is there in its place".to_owned()));
            }
            tracing::warn!(backend = %self.kind, "the device was opened again, by another process");
            *current = Arc::new(session);
            self.generation.fetch_add(1, Ordering::AcqRel);
        }
        Ok(Arc::clone(&current))
    }

    /// The worker that has all of these, if it is the one that is there.
    fn alive(&self, memories: &[&WorkerMemory]) -> Result<Arc<Session>, Error> {
        let session = self.session();
        let own = |memory: &&WorkerMemory| Arc::ptr_eq(&memory.session, &session);
        memories.iter().all(own).then_some(session).ok_or(Error::ForeignBuffer)
    }
}

/// Consecutive parts of words that are said at once.
fn parts(words: usize) -> impl Iterator<Item = Range<usize>> {
    (0..words).step_by(WORDS_MAX).map(move |start| start..words.min(start + WORDS_MAX))
}

impl Device for WorkerDevice {
    type Memory = WorkerMemory;

    fn kind(&self) -> BackendKind {
        self.kind
    }

    fn limits(&self) -> Limits {
        self.limits
    }

    fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    fn available_bytes(&self, units: &[Unit]) -> Result<u64, Error> {
        let session = self.reopened()?;
        match session.ask(&Request::Available(units.to_vec()))? {
            Reply::Bytes(bytes) => Ok(bytes),
            other => Err(no_answer(&session, &other)),
        }
    }

    fn allocate(&self, words: usize) -> Result<WorkerMemory, Error> {
        let session = self.reopened()?;
        let name = session.next.fetch_add(1, Ordering::Relaxed);
        session.ask(&Request::Allocate { memory: name, words })?;
        Ok(WorkerMemory { name, session })
    }

    fn write(
        &self,
        memory: &WorkerMemory,
        at: usize,
        words: usize,
        fill: &mut dyn FnMut(usize, &mut [u64]),
    ) -> Result<(), Error> {
        let session = self.alive(&[memory])?;
        let mut buffer = Words::new(vec![0; words.min(WORDS_MAX)]);
        for part in parts(words) {
            let (at, words) = (at + part.start, part.len());
            fill(part.start, &mut buffer[..words]);
            session.tell(&Request::Write { memory: memory.name, at, words }, &buffer[..words])?;
        }
        Ok(())
    }

    fn read(
        &self,
        memory: &WorkerMemory,
        range: Range<usize>,
        drain: &mut dyn FnMut(usize, &[u64]),
    ) -> Result<(), Error> {
        let session = self.alive(&[memory])?;
        for part in parts(range.len()) {
            let (from, words) = (range.start + part.start, part.len());
            let request = Request::Read { memory: memory.name, from, words };
            let (_, read) = session.told(session.link.ask(&request, words))?;
            drain(part.start, &read);
        }
        Ok(())
    }

    fn copy(
        &self,
        from: &WorkerMemory,
        range: Range<usize>,
        to: &WorkerMemory,
        at: usize,
    ) -> Result<(), Error> {
        let session = self.alive(&[from, to])?;
        let (from, start, words, to) = (from.name, range.start, range.len(), to.name);
        session.tell(&Request::Copy { from, start, words, to, at }, &[])
    }

    fn launch(&self, launch: &Launch<'_, WorkerMemory>) -> Result<(), Error> {
        let session = self.alive(launch.buffers)?;
        let Launch { unit, entry, groups, shared_bytes, buffers, parameters } = *launch;
        let at = unit.entries().iter().position(|&known| known == entry);
        let launch = LaunchMessage {
            unit,
            entry: at.expect("plans name kernels of their units"),
            groups,
            shared_bytes,
            buffers: buffers.iter().map(|memory| memory.name).collect(),
            parameters: parameters.to_vec(),
        };
        let answered = !lock(&session.started).contains(&(unit, entry));
        if !answered {
            return session.tell(&Request::Launch { launch, answered }, &[]);
        }
        session.ask(&Request::Launch { launch, answered })?;
        lock(&session.started).insert((unit, entry));
        Ok(())
    }

    fn synchronize(&self) -> Result<(), Error> {
        self.session().ask(&Request::Synchronize).map(drop)
    }
}

fn no_answer(session: &Session, reply: &Reply) -> Error {
    session.link.refuse(reply).into_error(session.kind)
}
