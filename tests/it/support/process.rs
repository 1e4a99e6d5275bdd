//! Child processes whose output is kept line by line, and who never outlive their test.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::eventually;

/// Lines as they come.
type Lines = Arc<Mutex<Vec<String>>>;

/// A running program.
pub(crate) struct Process {
    child: Child,
    out: Lines,
    err: Lines,
    readers: Vec<JoinHandle<()>>,
}

impl Process {
    /// Starts the program with its output on pipes. A `stdout` that the command sets itself stays.
    pub(crate) fn start(command: &mut Command, keeps_stdout: bool) -> Self {
        command.stdin(Stdio::null()).stderr(Stdio::piped());
        if keeps_stdout {
            command.stdout(Stdio::piped());
        }
        let mut child = command.spawn().expect("the program starts");
        let (out, err) = (Lines::default(), Lines::default());
        let mut readers = Vec::new();
        readers.extend(child.stdout.take().map(|pipe| keep_lines(pipe, &out)));
        readers.extend(child.stderr.take().map(|pipe| keep_lines(pipe, &err)));
        Self {
            child,
            out,
            err,
            readers,
        }
    }

    pub(crate) fn stdout(&self) -> Vec<String> {
        self.out.lock().expect("no holder panics").clone()
    }

    pub(crate) fn stderr(&self) -> Vec<String> {
        self.err.lock().expect("no holder panics").clone()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("our own child");
    }

    /// To a program that leads a group of its own, and to its children.
    pub(crate) fn signal_group(&self, signal: Signal) {
        kill_process_group(self.pid(), signal).expect("our own child");
    }

    /// Its number, of the processes there are.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    fn pid(&self) -> Pid {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        id.expect("a process has an id")
    }

    pub(crate) fn has_ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("our own child")
    }

    /// Waits for its end and for the last of its output.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let status = eventually("the process ends", || self.has_ended());
        for reader in self.readers.drain(..) {
            drop(reader.join());
        }
        status
    }

    /// What it has had of all processors so far.
    pub(crate) fn processor_time(&self) -> Duration {
        // `USER_HZ`, which is the same on all of Linux's machines.
        const TICKS_PER_SECOND: f64 = 100.0;
        let path = format!("/proc/{}/stat", self.child.id());
        let stat = std::fs::read_to_string(path).expect("a running process");
        // The name in brackets may have anything in it. See proc_pid_stat(5).
        let (_, fields) = stat.rsplit_once(") ").expect("a name in brackets");
        let ticks: f64 = fields
            .split(' ')
            .skip(11)
            .take(2)
            .filter_map(|field| field.parse::<f64>().ok())
            .sum();
        Duration::from_secs_f64(ticks / TICKS_PER_SECOND)
    }

    /// Memory in use, in bytes.
    pub(crate) fn resident(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).expect("a running process");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        kilobytes.expect("the kernel tells") * 1024
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            drop(self.child.kill());
        }
        drop(self.child.wait());
        if std::thread::panicking() {
            for line in self.stderr().iter().chain(&self.stdout()) {
                eprintln!("{line}");
            }
        }
    }
}

fn keep_lines(pipe: impl Read + Send + 'static, lines: &Lines) -> JoinHandle<()> {
    let lines = Arc::clone(lines);
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            lines.lock().expect("no holder panics").push(line);
        }
    })
}
