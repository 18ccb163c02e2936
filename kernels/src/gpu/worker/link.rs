//! Whoever asks a worker: from any thread, in one order, and each hears its own answer.

use std::collections::VecDeque;
use std::io::{self, BufReader};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use super::Worker;
use super::message::{Failure, Reply, Request, Words, receive, receive_words, send};

/// How long a device may take to open. Nothing is compiled for it yet.
const GREETING_MAX: Duration = Duration::from_secs(60);
/// How long an answer may take: that of a device which answers for more than a few seconds is not to be had.
const ANSWER_MAX: Duration = Duration::from_secs(600);

/// The way to a worker and back. No lock is held for longer than it takes to write or to read.
pub(super) struct Link {
    stream: UnixStream,
    /// How many answers there will be to what was asked. Held while something is written.
    asked: Mutex<u64>,
    /// How many words will follow each answer that nobody has heard.
    words: Mutex<VecDeque<usize>>,
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
pub(super) type Answer = (Reply, Words);

impl Link {
    /// The way to a worker that `start` starts, and the first thing that it says.
    pub fn open(
        start: impl FnOnce(UnixStream) -> io::Result<Box<dyn Worker>>,
    ) -> io::Result<(Self, Result<Reply, Failure>)> {
        let (stream, others) = UnixStream::pair()?;
        let own = stream.try_clone()?;
        // Of both, which are one socket.
        own.set_read_timeout(Some(GREETING_MAX))?;
        own.set_write_timeout(Some(ANSWER_MAX))?;
        let worker = start(others)?;
        let incoming = Incoming { stream: BufReader::new(own), answered: 0 };
        let link = Self {
            stream,
            asked: Mutex::new(0),
            words: Mutex::default(),
            incoming: Mutex::new(incoming),
            heard: Condvar::new(),
            lost: OnceLock::new(),
            worker: Mutex::new(worker),
        };
        let greeting = link.hear(&mut lock(&link.incoming), 0).map(|(reply, _)| reply);
        link.stream.set_read_timeout(Some(ANSWER_MAX))?;
        Ok((link, greeting))
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
            lock(&self.words).push_back(words);
            (*asked - 1, send(&self.stream, request, &[]))
        };
        said.map_err(|error| self.unheard(&error))?;
        let waits = |incoming: &mut Incoming| incoming.answered != turn && !self.is_lost();
        let incoming = self.heard.wait_while(lock(&self.incoming), waits);
        let mut incoming = incoming.unwrap_or_else(PoisonError::into_inner);
        self.check()?;
        lock(&self.words).pop_front();
        let answer = self.hear(&mut incoming, words);
        incoming.answered += 1;
        drop(incoming);
        self.heard.notify_all();
        answer
    }

    /// Nobody is asked any more, for what was answered makes no sense.
    pub fn refuse(&self, reply: &Reply) -> Failure {
        let _incoming = lock(&self.incoming);
        self.lose(Some(format!("no answer to what was asked: {reply:?}")))
    }

    /// Nobody is asked any more, for this reason. The first one stays. Whoever calls has what is incoming, so that
    /// all who wait are told.
    fn lose(&self, reason: Option<String>) -> Failure {
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
        let ended = unless_ended(error);
        if self.check().is_err() || ended.is_some() {
            return self.lose(ended);
        }
        while let Ok(reply) = receive(&mut incoming.stream) {
            if let Reply::Failed(Failure::Lost(reason)) = reply {
                return self.lose(Some(reason));
            }
            let words = lock(&self.words).pop_front().unwrap_or(0);
            if matches!(reply, Reply::Done) && receive_words(&mut incoming.stream, words).is_err() {
                break;
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
    match error.kind() {
        // What a time limit of a socket is called.
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
            Some("it does not answer".to_owned())
        }
        kind => (!ended.contains(&kind)).then(|| error.to_string()),
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
