//! Who is woken, who is not, and when the connection is polled.

use std::{
    future::poll_fn,
    sync::{Mutex, atomic::AtomicUsize},
};

use super::*;

/// Counts how often it is woken.
#[derive(Default)]
struct User(AtomicUsize);

impl Wake for User {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// A connection that does nothing but count how often it is polled, and end when told to.
#[derive(Default)]
struct Connection {
    polls: AtomicUsize,
    ends: AtomicBool,
    bell: Mutex<Option<Waker>>,
}

impl Connection {
    fn driver(self: &Arc<Self>) -> Driver {
        let this = Arc::clone(self);
        Driver::new(poll_fn(move |cx| {
            this.polls.fetch_add(1, Relaxed);
            *this.bell.lock().unwrap() = Some(cx.waker().clone());
            if this.ends.load(Relaxed) {
                Poll::Ready(Ok(()))
            } else {
                Poll::Pending
            }
        }))
    }

    fn ring(&self) {
        self.bell.lock().unwrap().as_ref().unwrap().wake_by_ref();
    }
}

#[test]
fn whoever_drives_is_woken_but_not_by_its_own_doing() {
    let (connection, user) = (Arc::<Connection>::default(), Arc::<User>::default());
    let waker = Waker::from(Arc::clone(&user));
    let mut driver = connection.driver();
    driver.drive(&Context::from_waker(&waker));
    driver.quietly(|| connection.ring());
    assert_eq!(user.0.load(Relaxed), 0);
    connection.ring();
    assert_eq!(user.0.load(Relaxed), 1);
}

#[test]
fn what_happens_while_nobody_uses_it_is_seen_by_the_next_and_wakes_nobody() {
    let (connection, user) = (Arc::<Connection>::default(), Arc::<User>::default());
    let waker = Waker::from(Arc::clone(&user));
    let mut driver = connection.driver();
    driver.drive(&Context::from_waker(&waker));
    driver.rest();
    assert_eq!(Arc::strong_count(&user), 2, "one here, one in `waker`");
    driver.catch_up();
    assert_eq!(connection.polls.load(Relaxed), 1, "nothing has happened");
    connection.ends.store(true, Relaxed);
    connection.ring();
    driver.catch_up();
    assert_eq!(connection.polls.load(Relaxed), 2);
    assert!(!driver.is_here());
    assert_eq!(user.0.load(Relaxed), 0);
}

#[test]
fn what_only_driving_brings_is_asked_for_before_and_after() {
    let connection = Arc::<Connection>::default();
    let mut driver = connection.driver();
    let mut cx = Context::from_waker(Waker::noop());
    let mut seen = Vec::new();
    let polled = poll_driven(&mut driver, &mut cx, |_| {
        seen.push(connection.polls.load(Relaxed));
        Poll::<()>::Pending
    });
    assert!(polled.is_pending());
    assert_eq!(seen, [0, 1]);
}

#[tokio::test]
async fn a_task_drives_it_until_it_is_let_go() {
    let connection = Arc::<Connection>::default();
    let mut driver = connection.driver();
    driver.hand_over(&Tasks::new(tokio::runtime::Handle::current()));
    assert!(!driver.is_here());
    while connection.polls.load(Relaxed) == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(Arc::strong_count(&connection), 2);
    drop(driver);
    while Arc::strong_count(&connection) > 1 {
        tokio::task::yield_now().await;
    }
}
