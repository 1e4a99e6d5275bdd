//! A name server on the loopback that says what a test tells it, or nothing.

use std::{
    collections::HashMap,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

/// What is said about one name.
#[derive(Debug, Clone)]
pub(crate) enum Told {
    /// These addresses, in this order, for one second.
    Addresses(Vec<Ipv4Addr>),
    /// Addresses of both kinds.
    Both(Vec<Ipv4Addr>, Vec<Ipv6Addr>),
    /// SRV records.
    Services(Vec<Service>),
    /// The name exists and has no address.
    Empty,
    /// The name does not exist.
    NoSuchName,
    /// The server cannot say.
    ServerFailure,
    /// The server will not say.
    Refused,
    /// Not a word.
    Silence,
    /// This address, as the answer to another question than the one that was asked.
    Misdirected(Ipv4Addr),
    /// Bytes that are no message.
    Garbage,
}

/// An SRV record.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    pub(crate) priority: u16,
    pub(crate) weight: u16,
    pub(crate) port: u16,
    pub(crate) host: &'static str,
}

/// A running name server; unknown names do not exist.
pub(crate) struct NameServer {
    pub(crate) address: SocketAddr,
    names: Arc<Mutex<HashMap<String, Told>>>,
    asked: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl NameServer {
    pub(crate) fn start(name: &str, told: Told) -> Self {
        Self::at((Ipv4Addr::LOCALHOST, 0).into(), name, told)
    }

    /// Listens there: in place of one that is gone.
    pub(crate) fn at(address: SocketAddr, name: &str, told: Told) -> Self {
        let socket = UdpSocket::bind(address).expect("a free port");
        socket
            .set_read_timeout(Some(Duration::from_millis(20)))
            .expect("a socket option");
        let address = socket.local_addr().expect("a bound socket has an address");
        let names = Arc::new(Mutex::new(HashMap::from([(name.to_owned(), told)])));
        let (asked, stop) = (
            Arc::new(AtomicUsize::new(0)),
            Arc::new(AtomicBool::new(false)),
        );
        let (book, count, end) = (Arc::clone(&names), Arc::clone(&asked), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            while !end.load(Ordering::Relaxed) {
                let mut query = [0; 1500];
                let Ok((length, client)) = socket.recv_from(&mut query) else {
                    continue;
                };
                count.fetch_add(1, Ordering::Relaxed);
                let book = book.lock().expect("no holder panics");
                if let Some(reply) = reply(&query[..length], &book) {
                    drop(socket.send_to(&reply, client));
                }
            }
        });
        Self {
            address,
            names,
            asked,
            stop,
            thread: Some(thread),
        }
    }

    /// From now on says this about the name.
    pub(crate) fn tell(&self, name: &str, told: Told) {
        self.names
            .lock()
            .expect("no holder panics")
            .insert(name.to_owned(), told);
    }

    /// How many questions came.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// RFC 1035: the same header and question, then the answers. Only class IN exists here.
fn reply(query: &[u8], names: &HashMap<String, Told>) -> Option<Vec<u8>> {
    let (name, question_end) = question(query)?;
    let kind = query.get(question_end - 4..question_end - 2)?;
    let told = names.get(&name).cloned().unwrap_or(Told::NoSuchName);
    if let Told::Garbage = told {
        return Some(vec![0xff; 40]);
    }
    let (code, records): (u8, Vec<Record>) = match &told {
        Told::Silence => return None,
        Told::Addresses(addresses) | Told::Both(addresses, _) if kind == [0, 1] => {
            (0, addresses.iter().map(v4).collect())
        }
        Told::Misdirected(address) if kind == [0, 1] => (0, vec![v4(address)]),
        Told::Both(_, addresses) if kind == [0, 28] => (0, addresses.iter().map(v6).collect()),
        Told::Services(services) if kind == [0, 33] => (0, services.iter().map(service).collect()),
        Told::Addresses(_)
        | Told::Both(..)
        | Told::Services(_)
        | Told::Misdirected(_)
        | Told::Garbage
        | Told::Empty => (0, Vec::new()),
        Told::ServerFailure => (2, Vec::new()),
        Told::NoSuchName => (3, Vec::new()),
        Told::Refused => (5, Vec::new()),
    };
    let count = u8::try_from(records.len()).ok()?;
    let mut reply = query.get(..2)?.to_vec();
    if let Told::Misdirected(_) = told {
        reply[0] ^= 0xff;
    }
    // Response, recursion desired and available; one question, the answers, nothing else.
    reply.extend_from_slice(&[0x81, 0x80 | code, 0, 1, 0, count, 0, 0, 0, 0]);
    reply.extend_from_slice(query.get(12..question_end)?);
    for (kind, data) in records {
        // A pointer to the question's name, the type, class IN, one second.
        reply.extend_from_slice(&[0xc0, 12, 0, kind, 0, 1, 0, 0, 0, 1]);
        reply.extend_from_slice(&u16::try_from(data.len()).ok()?.to_be_bytes());
        reply.extend_from_slice(&data);
    }
    Some(reply)
}

/// A record's type and data.
type Record = (u8, Vec<u8>);

fn v4(address: &Ipv4Addr) -> Record {
    (1, address.octets().to_vec())
}

fn v6(address: &Ipv6Addr) -> Record {
    (28, address.octets().to_vec())
}

fn service(service: &Service) -> Record {
    let numbers = [service.priority, service.weight, service.port];
    let mut data: Vec<u8> = numbers
        .iter()
        .flat_map(|number| number.to_be_bytes())
        .collect();
    for label in service.host.split('.') {
        data.push(u8::try_from(label.len()).expect("a short label"));
        data.extend_from_slice(label.as_bytes());
    }
    data.push(0);
    (33, data)
}

/// The name that is asked for, in lower case, and where the question ends.
fn question(query: &[u8]) -> Option<(String, usize)> {
    let (mut labels, mut at) = (Vec::new(), 12);
    loop {
        let length = usize::from(*query.get(at)?);
        at += 1;
        if length == 0 {
            return Some((labels.join("."), at + 4));
        }
        let label = query.get(at..at + length)?;
        labels.push(String::from_utf8_lossy(label).to_ascii_lowercase());
        at += length;
    }
}
