//! Requests that wait until there is room for them. [`super::order`] says who comes next.
//!
//! Whoever makes room passes a turn on; whoever gets one looks for room itself, and passes the
//! turn on if it leaves without using it. So no turn is lost when a client goes away.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use tokio::{
    sync::oneshot,
    time::{Instant, timeout_at},
};

use super::order::{Order, Seat};

/// There was no room in time, or none to wait in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Busy;

/// The queue of one upstream, for all workers.
pub(super) struct Queue {
    /// Those in the order and those who have a turn and have not used it. With the same ordering
    /// as the counts of what is in flight: either who comes sees the room, or who makes room sees
    /// who came.
    waiting: AtomicUsize,
    order: Mutex<Order<oneshot::Sender<()>>>,
    longest: Duration,
}

struct Ticket<'a> {
    queue: &'a Queue,
    seat: Seat,
    turn: oneshot::Receiver<()>,
    until: Instant,
    /// Whether it has got what it waited for by a turn of its own.
    is_served: bool,
}

impl Queue {
    /// For so many classes of importance and so many requests, each of which waits so long.
    pub(super) fn new(classes: usize, capacity: usize, longest: Duration) -> Self {
        Self {
            waiting: AtomicUsize::new(0),
            order: Mutex::new(Order::new(classes, capacity)),
            longest,
        }
    }

    /// Whether nobody waits, so that nobody is overtaken.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.load(SeqCst) == 0
    }

    /// There is room for one more: whose turn it is.
    pub(super) fn pass(&self) {
        if self.is_empty() {
            return;
        }
        let now = Instant::now();
        let mut order = self.order();
        // Who has just gone away cannot take it.
        while let Some(next) = order.pop(now) {
            if next.send(()).is_ok() {
                break;
            }
        }
    }

    /// Waits for room, which `take` takes.
    pub(super) async fn wait<T>(
        &self,
        class: usize,
        mut take: impl FnMut() -> Option<T>,
    ) -> Result<T, Busy> {
        let (mut ticket, is_first) = self.join(class)?;
        // Room that was made before anybody waited was passed on to nobody.
        if is_first && let Some(taken) = take() {
            return Ok(taken);
        }
        loop {
            match timeout_at(ticket.until, &mut ticket.turn).await {
                Ok(Ok(())) => {}
                // Out of time, or out of the order for somebody more important.
                Ok(Err(_)) | Err(_) => return Err(Busy),
            }
            if let Some(taken) = take() {
                ticket.is_served = true;
                return Ok(taken);
            }
            ticket.rejoin();
        }
    }

    fn join(&self, class: usize) -> Result<(Ticket<'_>, bool), Busy> {
        let (sender, turn) = oneshot::channel();
        let now = Instant::now();
        let mut order = self.order();
        let (seat, patience) = order.push(now, class, self.longest, sender).ok_or(Busy)?;
        let is_first = self.waiting.fetch_add(1, SeqCst) == 0;
        let ticket = Ticket {
            queue: self,
            seat,
            turn,
            until: now + patience,
            is_served: false,
        };
        Ok((ticket, is_first))
    }

    fn order(&self) -> MutexGuard<'_, Order<oneshot::Sender<()>>> {
        self.order.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticket<'_> {
    fn rejoin(&mut self) {
        let (sender, turn) = oneshot::channel();
        self.turn = turn;
        self.queue
            .order()
            .push_back(Instant::now(), self.seat, sender);
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        let was_waiting = self.queue.order().remove(self.seat);
        self.queue.waiting.fetch_sub(1, SeqCst);
        if !was_waiting && !self.is_served {
            self.queue.pass();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::{FutureExt, poll};

    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    /// Room for so many, taken and given back.
    struct Room(AtomicUsize, Queue);

    impl Room {
        fn new(size: usize, queue: Queue) -> Arc<Self> {
            Arc::new(Self(AtomicUsize::new(size), queue))
        }

        fn take(&self) -> Option<()> {
            let taken = self
                .0
                .fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1));
            taken.ok().map(|_| ())
        }

        fn give(&self) {
            self.0.fetch_add(1, SeqCst);
            self.1.pass();
        }
    }

    #[tokio::test]
    async fn a_turn_goes_to_the_first_and_on_when_that_one_leaves() {
        let room = Room::new(0, Queue::new(1, 9, LONG));
        let mut first = Box::pin(room.1.wait(0, || room.take()));
        let mut second = Box::pin(room.1.wait(0, || room.take()));
        assert!(poll!(&mut first).is_pending() && poll!(&mut second).is_pending());
        room.give();
        drop(first);
        assert_eq!(second.now_or_never(), Some(Ok(())));
        assert!(room.1.is_empty());
    }

    #[tokio::test]
    async fn who_finds_no_room_after_all_stays_next() {
        let room = Room::new(0, Queue::new(1, 9, LONG));
        let mut first = Box::pin(room.1.wait(0, || room.take()));
        let mut second = Box::pin(room.1.wait(0, || room.take()));
        assert!(poll!(&mut first).is_pending() && poll!(&mut second).is_pending());
        room.1.pass();
        assert!(poll!(&mut first).is_pending());
        room.give();
        assert!(poll!(&mut second).is_pending());
        assert_eq!(first.now_or_never(), Some(Ok(())));
    }

    #[tokio::test]
    async fn too_many_too_long_and_less_important_are_turned_away() {
        let room = Room::new(0, Queue::new(2, 1, Duration::from_millis(50)));
        let mut first = Box::pin(room.1.wait(1, || room.take()));
        assert!(poll!(&mut first).is_pending());
        assert_eq!(room.1.wait(1, || room.take()).await, Err(Busy));
        let mut important = Box::pin(room.1.wait(0, || room.take()));
        assert!(poll!(&mut important).is_pending());
        assert_eq!(first.await, Err(Busy), "it made room");
        assert_eq!(important.await, Err(Busy), "its time is over");
        assert!(room.1.is_empty());
    }

    #[test]
    fn on_several_threads_everybody_is_served_and_the_room_is_kept() {
        let room = Room::new(2, Queue::new(1, 1000, LONG));
        let inside = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let runtime = tokio::runtime::Builder::new_current_thread()
                        .enable_all()
                        .build()
                        .unwrap();
                    runtime.block_on(async {
                        for _ in 0..2000 {
                            let fast = room.1.is_empty().then(|| room.take()).flatten();
                            if fast.is_none() {
                                assert_eq!(room.1.wait(0, || room.take()).await, Ok(()));
                            }
                            assert!(inside.fetch_add(1, SeqCst) < 2);
                            tokio::task::yield_now().await;
                            inside.fetch_sub(1, SeqCst);
                            room.give();
                        }
                    });
                });
            }
        });
        assert_eq!(room.0.load(SeqCst), 2);
        assert!(room.1.is_empty());
    }
}
