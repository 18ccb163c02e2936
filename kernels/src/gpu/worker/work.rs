//! The loop that answers: a device does what it is asked, in the order in which it is asked.

use std::collections::HashMap;
use std::io::{self, BufReader};
use std::os::unix::net::UnixStream;

use super::message::{
    Failure, LaunchMessage, Reply, Request, WORDS_MAX, Words, receive, receive_words, send,
};
use crate::error::Error;
use crate::gpu::any::{AnyDevice, Memory};
use crate::gpu::{Gpu, Launch};

/// Opens a device, and does what is asked on a stream, until that ends or the device is lost.
///
/// # Errors
/// The stream fails. That the device did was said on the stream.
pub fn work(open: impl FnOnce() -> Result<Gpu, Error>, stream: UnixStream) -> io::Result<()> {
    let gpu = match open() {
        Ok(gpu) => gpu,
        Err(error) => return send(stream, &Reply::Failed(error.into()), &[]),
    };
    let device = gpu.device();
    let opened = Reply::Opened { kind: device.kind(), limits: device.limits() };
    send(&stream, &opened, &[])?;
    let input = BufReader::new(stream.try_clone()?);
    let mut work = Work { device, memories: HashMap::new(), input, output: stream };
    match work.until_the_end() {
        Err(End::Device(error)) => {
            let failure = Failure::Lost(match Failure::from(error) {
                Failure::Lost(reason) => reason,
                other => format!("unexpectedly: {other:?}"),
            });
            send(&work.output, &Reply::Failed(failure), &[])
        }
        Err(End::Stream(error)) => match error.kind() {
            // Who asks is not there any more.
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionReset => Ok(()),
            _ => Err(error),
        },
    }
}

struct Work<'a> {
    device: &'a dyn AnyDevice,
    memories: HashMap<u64, Memory>,
    input: BufReader<UnixStream>,
    output: UnixStream,
}

/// Why nothing more is done.
enum End {
    Stream(io::Error),
    /// And nothing on the device is as it was.
    Device(Error),
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> Self {
        Self::Stream(error)
    }
}

impl From<Error> for End {
    fn from(error: Error) -> Self {
        Self::Device(error)
    }
}

impl Work<'_> {
    fn until_the_end(&mut self) -> Result<std::convert::Infallible, End> {
        loop {
            let request = receive(&mut self.input)?;
            self.answer(request)?;
        }
    }

    fn answer(&mut self, request: Request) -> Result<(), End> {
        match request {
            Request::Available(units) => {
                let available = self.device.available_bytes(&units);
                self.reply(available.map(Reply::Bytes))
            }
            Request::Allocate { memory, words } => {
                let allocated = self.device.allocate(words);
                let kept = allocated.map(|allocated| self.memories.insert(memory, allocated));
                self.reply(kept.map(|_| Reply::Done))
            }
            Request::Free { memory } => {
                self.memories.remove(&memory);
                Ok(())
            }
            // Nobody waits for it: whatever it fails for, if only for room to begin from, is told as a loss.
            Request::Write { memory, at, words } => {
                let source = receive_words(&mut self.input, words)?;
                let mut fill = |from: usize, part: &mut [u64]| {
                    part.copy_from_slice(&source[from..from + part.len()]);
                };
                Ok(self.device.write(self.memory(memory)?, at, words, &mut fill)?)
            }
            Request::Read { memory, from, words } => self.read(memory, from, words),
            Request::Copy { from, start, words, to, at } => {
                let (source, target) = (self.memory(from)?, self.memory(to)?);
                Ok(self.device.copy(source, start..start + words, target, at)?)
            }
            Request::Launch { launch, answered: true } => {
                let launched = self.launch(&launch);
                self.reply(launched.map(|()| Reply::Done))
            }
            Request::Launch { launch, answered: false } => Ok(self.launch(&launch)?),
            Request::Synchronize => {
                let waited = self.device.synchronize();
                self.reply(waited.map(|()| Reply::Done))
            }
        }
    }

    fn read(&self, memory: u64, from: usize, words: usize) -> Result<(), End> {
        let mut read = Words::new(vec![0; words.min(WORDS_MAX)]);
        let mut drain = |at: usize, part: &[u64]| read[at..at + part.len()].copy_from_slice(part);
        match self.device.read(self.memory(memory)?, from..from + words, &mut drain) {
            Ok(()) => Ok(send(&self.output, &Reply::Done, &read)?),
            Err(error) => self.reply(Err(error)),
        }
    }

    fn launch(&self, message: &LaunchMessage) -> Result<(), Error> {
        let memories = message.buffers.iter().map(|&memory| self.memory(memory));
        let LaunchMessage { unit, entry, groups, shared_bytes, .. } = *message;
        self.device.launch(&Launch {
            unit,
            entry: unit.entries()[entry],
            groups,
            shared_bytes,
            buffers: &memories.collect::<Result<Vec<_>, _>>()?,
            parameters: &message.parameters,
        })
    }

    /// Answers what went well, or what left everything as it was.
    fn reply(&self, result: Result<Reply, Error>) -> Result<(), End> {
        let reply = match result {
            Ok(reply) => reply,
            Err(error) if error.is_loss() => return Err(End::Device(error)),
            Err(error) => match Failure::from(error.clone()) {
                failure if failure.leaves_all_as_it_was() => Reply::Failed(failure),
                _ => return Err(End::Device(error)),
            },
        };
        Ok(send(&self.output, &reply, &[])?)
    }

    fn memory(&self, memory: u64) -> Result<&Memory, Error> {
        self.memories.get(&memory).ok_or(Error::ForeignBuffer)
    }
}
