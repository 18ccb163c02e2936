//! Workers that are processes.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{Start, Worker};

/// How long a process that said its last word may take to end. Drivers clean up.
const ENDING: Duration = Duration::from_secs(2);
const INTERVAL: Duration = Duration::from_millis(5);

/// Starts what this command is, with the stream as its standard input, see [`own_stream`].
pub fn started(command: impl Fn() -> io::Result<Command> + Send + Sync + 'static) -> Box<Start> {
    Box::new(move |stream| {
        let child = command()?
            .stdin(OwnedFd::from(stream))
            // What a library prints is no answer.
            .stdout(Stdio::null())
            // A terminal's interrupt is for whoever asks, who may have work to end first.
            .process_group(0)
            .spawn()?;
        Ok(Box::new(Process(child)))
    })
}

/// The stream of a process that was started so.
///
/// # Errors
/// Standard input cannot be duplicated.
pub fn own_stream() -> io::Result<UnixStream> {
    Ok(UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?))
}

struct Process(Child);

impl Process {
    /// How it ended, if it does so by itself.
    fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        let start = Instant::now();
        loop {
            let status = self.0.try_wait()?;
            if status.is_some() || start.elapsed() > ENDING {
                return Ok(status);
            }
            sleep(INTERVAL);
        }
    }

    fn killed(&mut self) -> io::Result<String> {
        self.0.kill()?;
        self.0.wait()?;
        Ok(format!("it was killed after {ENDING:?}"))
    }
}

impl Worker for Process {
    fn end(&mut self) -> String {
        let ended = match self.ended() {
            Ok(Some(status)) => Ok(status.to_string()),
            Ok(None) | Err(_) => self.killed(),
        };
        ended.unwrap_or_else(|error| error.to_string())
    }
}
