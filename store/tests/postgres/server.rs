//! A PostgreSQL server for the time of a test.

use std::fs::{self, File};
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::thread::sleep;
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;

/// Where Debian has PostgreSQL, a folder for each version.
const DEBIAN: &str = "/usr/lib/postgresql";
/// `nobody`, for who is root: PostgreSQL refuses to be.
const NOBODY: u32 = 65534;
/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(60);
/// Ends the server with who started it, however that ends: what it reads from is closed then.
const KEEPER: &str = r#""$@" < /dev/null & read -r _; kill -QUIT $!; wait $!"#;

/// PostgreSQL's programs.
pub struct Programs(PathBuf);

impl Programs {
    /// The newest that there are.
    pub fn find() -> Result<Self, String> {
        let versions = fs::read_dir(DEBIAN).map(Iterator::collect::<Vec<_>>);
        let mut folders: Vec<_> = versions
            .unwrap_or_default()
            .into_iter()
            .filter_map(|version| Some(version.ok()?.path().join("bin")))
            .collect();
        folders.sort();
        folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        let found = folders.into_iter().rfind(|folder| folder.join("initdb").exists());
        found.map(Self).ok_or_else(|| format!("no initdb in {DEBIAN} or in PATH"))
    }

    /// One of them, as somebody who is not root.
    fn command(&self, name: &str) -> Command {
        let program = self.0.join(name);
        if !is_root() {
            return Command::new(program);
        }
        let mut command = Command::new("setpriv");
        let nobody = [format!("--reuid={NOBODY}"), format!("--regid={NOBODY}")];
        command.args(nobody).arg("--clear-groups").arg("--").arg(program);
        command
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A server that is reached through a socket in its folder.
pub struct Server {
    folder: TempDir,
    programs: PathBuf,
    child: Mutex<Child>,
}

impl Server {
    /// Makes a database, and starts its server.
    pub fn start(programs: &Programs) -> Self {
        let folder = tempfile::tempdir().unwrap();
        if is_root() {
            chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        // A language whose order of texts is not that of their bytes.
        let made = programs
            .command("initdb")
            .args(["--no-sync", "--wal-segsize=1", "--auth=trust", "--username=postgres"])
            .args(["--encoding=UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=en-US"])
            .arg(data(folder.path()))
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let child = Mutex::new(launch(programs, folder.path()));
        Self { folder, programs: programs.0.clone(), child }
    }

    /// Ends it as a loss of power does, and starts it again.
    pub fn restart(&self) {
        let mut child = self.child.lock().unwrap();
        stop(&mut child);
        *child = launch(&Programs(self.programs.clone()), self.folder.path());
    }

    /// The folder with its files.
    pub fn data(&self) -> PathBuf {
        data(self.folder.path())
    }

    /// The address of its database, for who says more behind it.
    pub fn url(&self) -> String {
        let folder = self.folder.path().to_str().unwrap().replace('/', "%2F");
        format!("postgres://postgres@localhost/postgres?host={folder}")
    }

    /// The address of a schema.
    pub fn url_of(&self, schema: &str) -> String {
        format!("{}&options=-c%20search_path%3D{schema}", self.url())
    }

    /// A connection beside every store.
    pub async fn connect(&self) -> PgConnection {
        PgConnection::connect(&self.url()).await.unwrap()
    }

    /// Does something beside every store.
    pub async fn execute(&self, sql: &str) {
        let mut connection = self.connect().await;
        let sql = AssertSqlSafe(sql.to_owned());
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    /// What is so in a new session.
    pub async fn setting(&self, name: &str) -> String {
        let setting = sqlx::query_scalar("SELECT current_setting($1)").bind(name);
        setting.fetch_one(&mut self.connect().await).await.unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        stop(&mut self.child.lock().unwrap());
    }
}

fn data(folder: &Path) -> PathBuf {
    folder.join("data")
}

/// Starts a server, and waits until it is spoken to.
fn launch(programs: &Programs, folder: &Path) -> Child {
    let server = programs.command("postgres");
    let log = folder.join("log");
    let output = File::options().create(true).append(true).open(&log).unwrap();
    let mut child = Command::new("sh")
        .args(["-c", KEEPER, "keeper"])
        .arg(server.get_program())
        .args(server.get_args())
        .arg("-D")
        .arg(data(folder))
        .arg("-k")
        .arg(folder)
        .args(["-h", "", "-c", "max_connections=300", "-c", "shared_buffers=16MB"])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(output.try_clone().unwrap())
        .stderr(output)
        .spawn()
        .unwrap();
    let start = Instant::now();
    while !is_ready(folder) {
        if start.elapsed() > PATIENCE {
            stop(&mut child);
            panic!("{}", fs::read_to_string(log).unwrap());
        }
        sleep(Duration::from_millis(10));
    }
    child
}

/// Whether a server says so in its folder.
fn is_ready(folder: &Path) -> bool {
    let state = fs::read_to_string(data(folder).join("postmaster.pid"));
    state.is_ok_and(|state| state.lines().any(|line| line.trim_end() == "ready"))
}

fn stop(child: &mut Child) {
    drop(child.stdin.take());
    child.wait().unwrap();
}
