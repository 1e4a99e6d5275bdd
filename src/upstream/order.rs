//! Who of those that wait for their turn comes next, and how long each may wait. Pure.
//!
//! A short burst is served in the order it came. A queue that has not been empty for
//! [`INTERVAL`] is no burst: more comes than can be served. The important do not count who is less
//! important than they are. Then newcomers wait for [`TARGET`] at
//! most and go first, so that those who are served are served quickly, instead of all being
//! served when they have given up. The rule is that of controlled delay with adaptive LIFO
//! (queue.acm.org, id 2839461), the times are those of RFC 8289 section 4.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

/// How long a queue may stand before it counts as one that will not go away.
const INTERVAL: Duration = Duration::from_millis(100);

/// How long newcomers to such a queue wait.
const TARGET: Duration = Duration::from_millis(5);

/// Those who wait, by the importance of what they wait for: 0 comes first.
pub(super) struct Order<T> {
    classes: Box<[Class<T>]>,
    capacity: usize,
    length: usize,
    next: u64,
}

struct Class<T> {
    waiting: VecDeque<(u64, T)>,
    /// Since when there has always been somebody.
    since: Option<Instant>,
}

/// A place in the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seat {
    class: usize,
    id: u64,
}

impl<T> Order<T> {
    pub(super) fn new(classes: usize, capacity: usize) -> Self {
        let class = |_| Class {
            waiting: VecDeque::new(),
            since: None,
        };
        Self {
            classes: (0..classes).map(class).collect(),
            capacity,
            length: 0,
            next: 0,
        }
    }

    /// Somebody comes. Says where the place is and how long it may be kept, `longest` at most;
    /// `None` when there is no room. One of less importance makes room for one of more, and is
    /// dropped.
    pub(super) fn push(
        &mut self,
        now: Instant,
        class: usize,
        longest: Duration,
        waiter: T,
    ) -> Option<(Seat, Duration)> {
        let class = class.min(self.classes.len().saturating_sub(1));
        if self.length >= self.capacity && !self.displace(class) {
            return None;
        }
        let mut before = self.classes.iter().take(class + 1);
        let patience = if before.any(|class| class.stands(now)) {
            TARGET.min(longest)
        } else {
            longest
        };
        let seat = Seat {
            class,
            id: self.next,
        };
        self.next += 1;
        self.length += 1;
        let class = self.classes.get_mut(class)?;
        class.waiting.push_back((seat.id, waiter));
        class.since.get_or_insert(now);
        Some((seat, patience))
    }

    /// Puts back somebody who was taken too early: next again.
    pub(super) fn push_back(&mut self, now: Instant, seat: Seat, waiter: T) {
        let Some(class) = self.classes.get_mut(seat.class) else {
            return;
        };
        if class.stands(now) {
            class.waiting.push_back((seat.id, waiter));
        } else {
            class.waiting.push_front((seat.id, waiter));
        }
        class.since.get_or_insert(now);
        self.length += 1;
    }

    /// Takes the next.
    pub(super) fn pop(&mut self, now: Instant) -> Option<T> {
        let mut classes = self.classes.iter_mut();
        let class = classes.find(|class| !class.waiting.is_empty())?;
        let (_, waiter) = if class.stands(now) {
            class.waiting.pop_back()
        } else {
            class.waiting.pop_front()
        }?;
        class.shrunk();
        self.length -= 1;
        Some(waiter)
    }

    /// Somebody leaves. `false` when it was not there any more.
    pub(super) fn remove(&mut self, seat: Seat) -> bool {
        let Some(class) = self.classes.get_mut(seat.class) else {
            return false;
        };
        let Some(at) = class.waiting.iter().position(|(id, _)| *id == seat.id) else {
            return false;
        };
        class.waiting.remove(at);
        class.shrunk();
        self.length -= 1;
        true
    }

    /// Drops the last of those who are less important.
    fn displace(&mut self, class: usize) -> bool {
        let mut below = self.classes.iter_mut().skip(class + 1).rev();
        let Some(class) = below.find(|class| !class.waiting.is_empty()) else {
            return false;
        };
        class.waiting.pop_back();
        class.shrunk();
        self.length -= 1;
        true
    }
}

impl<T> Class<T> {
    fn stands(&self, now: Instant) -> bool {
        self.since
            .is_some_and(|since| now.saturating_duration_since(since) >= INTERVAL)
    }

    fn shrunk(&mut self) {
        if self.waiting.is_empty() {
            self.since = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: Duration = Duration::from_secs(1);

    fn order(classes: usize, capacity: usize) -> (Order<u32>, Instant) {
        (Order::new(classes, capacity), Instant::now())
    }

    fn all(order: &mut Order<u32>, now: Instant) -> Vec<u32> {
        std::iter::from_fn(|| order.pop(now)).collect()
    }

    #[test]
    fn a_burst_is_served_in_the_order_it_came() {
        let (mut order, now) = order(1, 3);
        for waiter in 1..=3 {
            let (_, patience) = order.push(now, 0, LONGEST, waiter).unwrap();
            assert_eq!(patience, LONGEST);
        }
        assert!(order.push(now, 0, LONGEST, 4).is_none(), "no room");
        assert_eq!(all(&mut order, now), [1, 2, 3]);
    }

    #[test]
    fn in_a_standing_queue_newcomers_go_first_and_wait_a_moment_only() {
        let (mut order, now) = order(1, 9);
        order.push(now, 0, LONGEST, 1);
        let later = now + INTERVAL;
        let (_, patience) = order.push(later, 0, LONGEST, 2).unwrap();
        assert_eq!(patience, TARGET);
        order.push(later, 0, LONGEST, 3);
        assert_eq!(all(&mut order, later), [3, 2, 1]);
        let (_, patience) = order.push(later, 0, LONGEST, 4).unwrap();
        assert_eq!(patience, LONGEST, "it was empty in between");
    }

    #[test]
    fn what_is_important_goes_first_and_takes_the_room_of_what_is_not() {
        let (mut order, now) = order(3, 3);
        order.push(now, 2, LONGEST, 20);
        order.push(now, 2, LONGEST, 21);
        order.push(now, 1, LONGEST, 10);
        assert!(order.push(now, 0, LONGEST, 1).is_some(), "21 makes room");
        assert!(order.push(now, 2, LONGEST, 22).is_none());
        assert_eq!(all(&mut order, now), [1, 10, 20]);
        assert!(order.push(now, 7, LONGEST, 70).is_some(), "the last class");
    }

    #[test]
    fn the_important_do_not_count_who_is_less_important() {
        let (mut order, now) = order(2, 9);
        order.push(now, 1, LONGEST, 10);
        let later = now + INTERVAL;
        let patience =
            |order: &mut Order<u32>, class| order.push(later, class, LONGEST, 0).unwrap().1;
        assert_eq!(patience(&mut order, 0), LONGEST);
        assert_eq!(patience(&mut order, 1), TARGET);
    }

    #[test]
    fn who_leaves_is_gone_and_who_comes_back_is_next() {
        let (mut order, now) = order(1, 9);
        let (first, _) = order.push(now, 0, LONGEST, 1).unwrap();
        let (second, _) = order.push(now, 0, LONGEST, 2).unwrap();
        order.push(now, 0, LONGEST, 3);
        assert!(order.remove(second) && !order.remove(second));
        assert_eq!(order.pop(now), Some(1));
        order.push_back(now, first, 1);
        assert_eq!(all(&mut order, now), [1, 3]);
        assert!(!order.remove(first));
    }
}
