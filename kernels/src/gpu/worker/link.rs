//! Whoever asks a worker: from any thread, in one order, and each hears its own answer.

use std::io::{self, BufReader};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use super::Worker;
use super::message::{Failure, Reply, Request, receive, receive_words, send};

/// The way to a worker and back. No lock is held for longer than it takes to write or to read.
pub(super) struct Link {
    stream: UnixStream,
    /// How many answers there will be to what was asked. Held while something is written.
    asked: Mutex<u64>,
    incoming: Mutex<Incoming>,
    /// Somebody has heard an answer, or nobody will any more.
    heard: Condvar,
    /// Why nobody answers any more.
    lost: OnceLock<String>,
    worker: Mutex<Box<dyn Worker>>,
}

struct Incoming {
    stream: BufReader<UnixStream>,
    /// How many of them were heard.
    answered: u64,
}

/// An answer, and the words that followed it.
pub(super) type Answer = (Reply, Vec<u64>);

impl Link {
    /// The way to a worker that was started with the other end of this stream.
    pub fn new(stream: UnixStream, worker: Box<dyn Worker>) -> io::Result<Self> {
        let incoming = Incoming { stream: BufReader::new(stream.try_clone()?), answered: 0 };
        Ok(Self {
            stream,
            asked: Mutex::new(0),
            incoming: Mutex::new(incoming),
            heard: Condvar::new(),
            lost: OnceLock::new(),
            worker: Mutex::new(worker),
        })
    }

    /// The first thing that the worker says.
    pub fn greeting(&self) -> Result<Reply, Failure> {
        self.hear(&mut lock(&self.incoming), 0).map(|(reply, _)| reply)
    }

    /// Whether nobody answers any more.
    pub fn is_lost(&self) -> bool {
        self.lost.get().is_some()
    }

    /// Says what has no answer, with the words that follow it.
    pub fn tell(&self, request: &Request, words: &[u64]) -> Result<(), Failure> {
        self.check()?;
        let asked = lock(&self.asked);
        let said = send(&self.stream, request, words);
        drop(asked);
        said.map_err(|error| self.unheard(&error))
    }

    /// Asks something, and waits for the answer and so many words that follow it.
    pub fn ask(&self, request: &Request, words: usize) -> Result<Answer, Failure> {
        self.check()?;
        let (turn, said) = {
            let mut asked = lock(&self.asked);
            *asked += 1;
            (*asked - 1, send(&self.stream, request, &[]))
        };
        said.map_err(|error| self.unheard(&error))?;
        let waits = |incoming: &mut Incoming| incoming.answered != turn && !self.is_lost();
        let incoming = self.heard.wait_while(lock(&self.incoming), waits);
        let mut incoming = incoming.unwrap_or_else(PoisonError::into_inner);
        self.check()?;
        let answer = self.hear(&mut incoming, words);
        incoming.answered += 1;
        drop(incoming);
        self.heard.notify_all();
        answer
    }

    /// Nobody is asked any more, for this reason. The first one stays.
    pub fn lose(&self, reason: Option<String>) -> Failure {
        let reason = self.lost.get_or_init(|| {
            // That is all that ends one which is well.
            let _ = self.stream.shutdown(Shutdown::Both);
            let ended = lock(&self.worker).end();
            reason.unwrap_or_else(|| format!("the process that had it ended: {ended}"))
        });
        self.heard.notify_all();
        Failure::Lost(reason.clone())
    }

    fn check(&self) -> Result<(), Failure> {
        self.lost.get().map_or(Ok(()), |reason| Err(Failure::Lost(reason.clone())))
    }

    fn hear(&self, incoming: &mut Incoming, words: usize) -> Result<Answer, Failure> {
        let reply = receive(&mut incoming.stream).map_err(|error| self.lose(unless_ended(&error)));
        match reply? {
            Reply::Failed(failure) if failure.leaves_all_as_it_was() => Err(failure),
            Reply::Failed(Failure::Lost(reason)) => Err(self.lose(Some(reason))),
            Reply::Failed(failure) => {
                self.lose(Some("it could not be opened".to_owned()));
                Err(failure)
            }
            reply => match receive_words(&mut incoming.stream, words) {
                Ok(words) => Ok((reply, words)),
                Err(error) => Err(self.lose(unless_ended(&error))),
            },
        }
    }

    /// The worker does not listen any more. What it said last is why, if it could say anything.
    fn unheard(&self, error: &io::Error) -> Failure {
        let mut incoming = lock(&self.incoming);
        if self.check().is_err() || error.kind() != io::ErrorKind::BrokenPipe {
            return self.lose(unless_ended(error));
        }
        while let Ok(reply) = receive(&mut incoming.stream) {
            if let Reply::Failed(Failure::Lost(reason)) = reply {
                return self.lose(Some(reason));
            }
        }
        self.lose(None)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if !self.is_lost() {
            self.lose(Some("closed".to_owned()));
        }
    }
}

/// What went wrong, unless it is that the worker ended, of which [`Worker::end`] knows more.
fn unless_ended(error: &io::Error) -> Option<String> {
    let ended =
        [io::ErrorKind::UnexpectedEof, io::ErrorKind::BrokenPipe, io::ErrorKind::ConnectionReset];
    (!ended.contains(&error.kind())).then(|| error.to_string())
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
