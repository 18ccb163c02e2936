//! Workers that are processes.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, parent_id};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use super::{Start, Worker};
use crate::backend::BackendKind;

/// How long a process that said its last word may take to end. Drivers clean up.
const ENDING: Duration = Duration::from_secs(2);
const INTERVAL: Duration = Duration::from_millis(5);

/// Starts what this command is, for a kind of device if one is named, with the stream as its standard input, see
/// [`own_stream`].
pub fn started(
    command: impl Fn(Option<BackendKind>) -> io::Result<Command> + Send + Sync + 'static,
) -> Box<Start> {
    Box::new(move |stream, kind| {
        let child = command(kind)?
            .stdin(OwnedFd::from(stream))
            // What a library prints is no answer.
            .stdout(Stdio::null())
            // A terminal's interrupt is for whoever asks, who may have work to end first.
            .process_group(0)
            .spawn()?;
        Ok(Box::new(Process(Some(child))))
    })
}

/// The stream of a process that was started so.
///
/// # Errors
/// Standard input cannot be duplicated.
pub fn own_stream() -> io::Result<UnixStream> {
    Ok(UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?))
}

/// Ends this process some time after the one that started it. Whoever waits for a driver may never hear that nobody
/// asks any more, and would keep the device's memory from those who come after.
///
/// # Errors
/// There is no thread to be had.
pub fn end_with_parent() -> io::Result<()> {
    let parent = parent_id();
    let watch = move || {
        while parent_id() == parent {
            sleep(Duration::from_secs(1));
        }
        sleep(2 * ENDING);
        // Without the driver's leave, which may be what does not end.
        std::process::abort()
    };
    thread::Builder::new().name("parent".to_owned()).spawn(watch).map(drop)
}

/// There until it was waited for.
struct Process(Option<Child>);

impl Process {
    /// How it ends within some time.
    fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        let Some(child) = &mut self.0 else { return Ok(None) };
        let start = Instant::now();
        loop {
            let status = child.try_wait()?;
            if status.is_some() || start.elapsed() > ENDING {
                return Ok(status);
            }
            sleep(INTERVAL);
        }
    }

    /// Ends it. A driver may keep it for longer than anybody here can wait.
    fn kill(&mut self) -> io::Result<String> {
        let Some(mut child) = self.0.take() else { return Ok("it is not there".to_owned()) };
        child.kill()?;
        thread::Builder::new().name("reaper".to_owned()).spawn(move || child.wait())?;
        Ok(format!("it was killed after {ENDING:?}"))
    }
}

impl Worker for Process {
    fn end(&mut self) -> String {
        let ended = match self.ended() {
            Ok(Some(status)) => Ok(status.to_string()),
            Ok(None) | Err(_) => self.kill(),
        };
        ended.unwrap_or_else(|error| error.to_string())
    }
}
