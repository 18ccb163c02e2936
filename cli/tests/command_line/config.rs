//! `pulseproof config`, and `pulseproof serve --config`.

use std::os::unix::net::UnixDatagram;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use crate::common::{Bench, pulseproof, stderr, stdout};

struct Desk(Bench);

impl Desk {
    fn new() -> Self {
        Self(Bench::new())
    }

    fn write(&self, text: &str) -> String {
        let path = self.0.path("pulseproof.toml");
        std::fs::write(&path, text).unwrap();
        path
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = pulseproof(self.0.folder());
        command.current_dir(self.0.folder()).args(words);
        command
    }

    fn check(&self, text: &str) -> Output {
        self.command(&["config", "check", &self.write(text)]).output().unwrap()
    }
}

#[test]
fn the_example_has_every_option_and_says_nothing() {
    let desk = Desk::new();
    let example = stdout(&desk.command(&["config", "example"]).output().unwrap());
    let help = stdout(&desk.command(&["serve", "--help"]).output().unwrap());
    let options = help.lines().filter_map(|line| line.trim_start().strip_prefix("--"));
    let options: Vec<_> = options.filter_map(|rest| rest.split_whitespace().next()).collect();
    assert!(options.len() > 12, "{options:?}");
    for option in options {
        let is_there = example.lines().any(|line| line.starts_with(&format!("#{option} = ")));
        assert_eq!(is_there, !["config", "home", "help"].contains(&option), "{option}");
    }
    assert!(example.lines().all(|line| line.is_empty() || line.starts_with('#')));
    assert!(desk.check(&example).status.success());
    // What holds if nobody says may be said.
    let said: String = example
        .lines()
        .filter_map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')))
        .filter(|line| line.chars().any(|c| c.is_ascii_digit()) || line.ends_with("false"))
        .map(|line| format!("{line}\n"))
        .collect();
    let checked = desk.check(&said);
    assert!(checked.status.success() && said.lines().count() >= 8, "{said}{}", stderr(&checked));
}

#[test]
fn what_is_wrong_in_a_file_is_named_with_the_file() {
    let desk = Desk::new();
    for (text, reason) in [
        ("color = 1", "color: there is no such option"),
        ("home = \"/tmp\"", "home: there is no such option"),
        ("config = \"x\"", "config: there is no such option"),
        ("listen = \"nowhere\"", "invalid value 'nowhere' for '--listen <ADDRESS>'"),
        ("listen = 1.5", "listen: expected a text or a whole number"),
        ("insecure-key = 1", "insecure-key: expected true or false"),
        ("host-keys = -1", "invalid value '-1'"),
        ("keep-jobs = 0", "invalid value '0'"),
        ("pin = [1.5]", "pin: expected a text or a whole number"),
        ("listen = [\"a\"]", "listen: expected a text or a whole number"),
        ("listen = ", "TOML parse error at line 1"),
        ("log-size = 8\nlog-size = 9", "line 2"),
        ("tls-key = \"x.pem\"", "--tls-key needs --tls-certificate"),
        ("client-authority = \"x.pem\"", "--client-authority needs"),
        ("tls-key = \"x.pem\"\ntls-certificate = \"x.pem\"", "x.pem"),
        ("policy = \"nowhere.cedar\"", "nowhere.cedar"),
        ("listen = \"0.0.0.0:1\"", "no TLS"),
    ] {
        let wrong = desk.check(text);
        let said = stderr(&wrong);
        assert!(wrong.status.code() == Some(2) && said.contains(reason), "{text}: {said}");
        assert!(said.contains("pulseproof.toml"), "{text}: {said}");
        let served = desk.command(&["serve", "--config", "pulseproof.toml"]).output().unwrap();
        assert_eq!(served.status.code(), Some(2), "{text}");
    }
    let none = desk.command(&["config", "check", "nowhere.toml"]).output().unwrap();
    assert!(stderr(&none).contains("nowhere.toml"));
}

/// The first line that a server says, and what it told who started it.
fn told(mut command: Command, socket: &UnixDatagram, count: usize) -> (String, Vec<String>) {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut told = Vec::new();
    for _ in 0..count {
        let mut message = [0; 256];
        let length = socket.recv(&mut message).unwrap();
        told.push(String::from_utf8_lossy(&message[..length]).trim().to_owned());
    }
    let id = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    let mut message = [0; 256];
    loop {
        let length = socket.recv(&mut message).unwrap();
        let said = String::from_utf8_lossy(&message[..length]).trim().to_owned();
        if !said.starts_with("WATCHDOG") {
            told.push(said);
            break;
        }
    }
    assert!(child.wait().unwrap().success());
    let mut said = String::new();
    std::io::Read::read_to_string(child.stdout.as_mut().unwrap(), &mut said).unwrap();
    (said.lines().next().unwrap_or_default().to_owned(), told)
}

#[test]
fn a_file_is_served_and_the_command_line_counts_more_and_systemd_is_told() {
    let desk = Desk::new();
    desk.write(
        "# Mine.\nlisten = \"127.0.0.1:1\"\nlog-size = 8\ninsecure-key = true\nhost = [\"edge.example\"]\n",
    );
    let socket = UnixDatagram::bind(desk.0.path("notify")).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut command =
        desk.command(&["serve", "--config", "pulseproof.toml", "--listen", "127.0.0.1:0"]);
    command.env("NOTIFY_SOCKET", desk.0.path("notify"));
    command.env("WATCHDOG_USEC", "1000000");
    let (said, told) = told(command, &socket, 3);
    assert!(said.starts_with("listening on http://127.0.0.1:") && !said.ends_with(":1"), "{said}");
    assert_eq!(told, ["READY=1", "WATCHDOG=1", "WATCHDOG=1", "STOPPING=1"]);
    assert!(
        desk.0.folder().join("srs-bls12_381-8.bin").exists()
            || desk.0.names().iter().any(|name| name.ends_with("-8.bin"))
    );
}

/// A pipe is read once.
#[test]
fn a_file_may_come_through_a_pipe() {
    let desk = Desk::new();
    let mut command = desk.command(&["serve", "--config", "/dev/stdin"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    std::io::Write::write_all(
        &mut input,
        b"listen = \"0.0.0.0:1\"\ninsecure-key = true\nlog-size = 8\n",
    )
    .unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    let said = stderr(&output);
    assert!(
        output.status.code() == Some(2) && said.contains("0.0.0.0:1 is not only this machine"),
        "{said}"
    );
}
