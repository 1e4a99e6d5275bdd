//! The gate (step 7 of the request's way): whether a site is taken away on purpose right now.

use std::net::IpAddr;

use jiff::Timestamp;

use crate::{
    config::spec::{MaintenanceSpec, WindowSpec},
    failure::Window,
};

/// What is planned for a site for which anything is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gate<'a> {
    plan: &'a MaintenanceSpec,
}

impl<'a> Gate<'a> {
    /// `None` when nothing is planned: then nobody needs to look at a clock.
    pub(super) const fn new(plan: &'a MaintenanceSpec) -> Option<Self> {
        if plan.on || !plan.windows.is_empty() {
            Some(Self { plan })
        } else {
            None
        }
    }

    /// The window that keeps a client out. `client` is asked only when there is one.
    ///
    /// # Errors
    /// The window.
    pub(super) fn check(
        self,
        now: Timestamp,
        client: impl FnOnce() -> IpAddr,
    ) -> Result<(), Window> {
        let end = self.end(now);
        if !self.plan.on && end.is_none() {
            return Ok(());
        }
        if !self.plan.allow.is_empty() {
            let client = client();
            if self.plan.allow.iter().any(|net| net.contains(&client)) {
                return Ok(());
            }
        }
        let until = end.map(|window| window.until);
        Err(Window { until })
    }

    /// The last to end of the windows that are open, together with those that follow on it
    /// without a gap.
    fn end(self, now: Timestamp) -> Option<&'a WindowSpec> {
        let mut end: Option<&WindowSpec> = None;
        loop {
            let inside = end.map_or(now, |window| window.until.at);
            let next = self
                .plan
                .windows
                .iter()
                .filter(|window| window.from.at <= inside && inside < window.until.at)
                .max_by_key(|window| window.until.at);
            match next {
                Some(window) => end = Some(window),
                None => return end,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::Offset;
    use proptest::prelude::*;

    use super::*;
    use crate::config::spec::Moment;

    const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));

    fn at(seconds: i64) -> Moment {
        Moment {
            at: Timestamp::from_second(seconds).unwrap(),
            offset: Offset::UTC,
        }
    }

    fn plan(on: bool, windows: &[(i64, i64)]) -> MaintenanceSpec {
        let window = |(from, until): &(i64, i64)| WindowSpec {
            from: at(*from),
            until: at(*until),
        };
        MaintenanceSpec {
            on,
            windows: windows.iter().map(window).collect(),
            allow: Vec::new(),
        }
    }

    fn closed(plan: &MaintenanceSpec, now: i64) -> Option<Option<i64>> {
        let gate = Gate::new(plan)?;
        let checked = gate.check(at(now).at, || CLIENT);
        checked
            .err()
            .map(|window| window.until.map(|until| until.at.as_second()))
    }

    #[test]
    fn a_window_lasts_from_its_first_moment_to_before_its_last() {
        let plan = plan(false, &[(100, 200)]);
        assert_eq!(closed(&plan, 99), None);
        assert_eq!(closed(&plan, 100), Some(Some(200)));
        assert_eq!(closed(&plan, 199), Some(Some(200)));
        assert_eq!(closed(&plan, 200), None);
    }

    #[test]
    fn the_switch_has_no_end_unless_a_window_knows_one() {
        let plan = plan(true, &[(100, 200)]);
        assert_eq!(closed(&plan, 50), Some(None));
        assert_eq!(closed(&plan, 150), Some(Some(200)));
        assert_eq!(closed(&plan, 250), Some(None));
    }

    #[test]
    fn windows_that_overlap_or_follow_at_once_are_one() {
        let plan = plan(false, &[(200, 300), (100, 200), (150, 180), (301, 400)]);
        assert_eq!(closed(&plan, 160), Some(Some(300)));
        assert_eq!(closed(&plan, 300), None);
    }

    #[test]
    fn who_is_allowed_gets_in_and_nobody_is_looked_up_without_need() {
        let mut plan = plan(true, &[]);
        plan.allow = vec!["192.0.2.0/24".parse().unwrap()];
        let gate = Gate::new(&plan).unwrap();
        let other = IpAddr::from([198, 51, 100, 1]);
        assert!(gate.check(at(0).at, || CLIENT).is_ok());
        assert!(gate.check(at(0).at, || other).is_err());
        plan.on = false;
        assert!(Gate::new(&plan).is_none());
        plan.windows = vec![WindowSpec {
            from: at(10),
            until: at(20),
        }];
        let gate = Gate::new(&plan).unwrap();
        assert!(gate.check(at(0).at, || panic!("nothing to ask")).is_ok());
    }

    proptest! {
        #[test]
        fn it_is_closed_exactly_within_a_window_and_open_at_the_end_it_names(
            windows in prop::collection::vec((0_i64..50, 1_i64..20), 0..6), now in 0_i64..80,
        ) {
            let windows: Vec<_> = windows.iter().map(|(from, long)| (*from, from + long)).collect();
            let within = |now: i64| windows.iter().any(|(from, until)| (*from..*until).contains(&now));
            let plan = plan(false, &windows);
            let found = closed(&plan, now);
            prop_assert_eq!(found.is_some(), within(now));
            if let Some(end) = found {
                let end = end.unwrap();
                prop_assert!(end > now && !within(end) && (now..end).all(within));
            }
        }
    }
}
