//! A service on a port of this machine, started and stopped. Touches ports.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;

use tokio::net::TcpListener;
use tokio::sync::oneshot::{Receiver, Sender, channel};
use tokio::task::JoinHandle;

/// A future whose type is forgotten: what it does is compiled where it is made, and not where it is awaited.
pub type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A service on a loopback port, until it is told to stop.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    stop: Sender<()>,
    task: JoinHandle<io::Result<()>>,
}

impl Running {
    /// Starts something that listens on a free loopback port until its second argument is ready.
    ///
    /// # Errors
    /// No port could be had.
    pub async fn start<F>(serve: impl FnOnce(TcpListener, Receiver<()>) -> F) -> io::Result<Self>
    where
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = channel();
        let task = tokio::spawn(serve(listener, stopped));
        Ok(Self { address, stop, task })
    }

    /// The service's base address.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops it and waits until it has.
    ///
    /// # Errors
    /// The service had failed.
    pub async fn stop(self) -> io::Result<()> {
        // A service that already ended has dropped its receiver; its outcome is what counts.
        let _ = self.stop.send(());
        self.task.await.map_err(io::Error::other)?
    }
}
