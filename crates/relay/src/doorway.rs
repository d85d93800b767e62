//! Places for connections that are not logged in yet: so many in all, and so many from one address.
//!
//! Knows no protocol. One host that stalls its logins must not keep all others out.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// All places.
pub(crate) struct Doorway {
    all_max: usize,
    each_max: usize,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// One place, given back when dropped.
pub(crate) struct Place {
    doorway: Arc<Doorway>,
    address: Option<IpAddr>,
}

/// Why a connection is turned away.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Crowd {
    /// Too many in all.
    All,
    /// Too many from its address.
    Address,
}

impl Crowd {
    /// For the log.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::All => "limits.logins_pending_max",
            Self::Address => "limits.logins_pending_per_address_max",
        }
    }
}

impl Doorway {
    pub(crate) fn new(all_max: usize, each_max: usize) -> Arc<Self> {
        Arc::new(Self {
            all_max,
            each_max,
            taken: Mutex::default(),
        })
    }

    /// Takes a place for a connection from `address`; a unix socket has none and counts in all only.
    pub(crate) fn enter(self: &Arc<Self>, address: Option<IpAddr>) -> Result<Place, Crowd> {
        let address = address.map(network);
        let mut taken = self.lock();
        if taken.all >= self.all_max {
            return Err(Crowd::All);
        }
        if let Some(address) = address {
            let count = taken.by_address.entry(address).or_default();
            if *count >= self.each_max {
                return Err(Crowd::Address);
            }
            *count += 1;
        }
        taken.all += 1;
        Ok(Place {
            doorway: Arc::clone(self),
            address,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.doorway.lock();
        taken.all = taken.all.saturating_sub(1);
        let Some(address) = self.address else {
            return;
        };
        if let Some(count) = taken.by_address.get_mut(&address) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                taken.by_address.remove(&address);
            }
        }
    }
}

/// What counts as one address: for IPv6 the /64 that one host usually has to itself.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn one_address_does_not_take_all_places() {
        let doorway = Doorway::new(4, 2);
        let enter = |address: &str| doorway.enter(Some(address.parse().unwrap()));
        let first = enter("192.0.2.1").ok();
        let second = enter("::ffff:192.0.2.1").ok();
        assert!(first.is_some() && second.is_some());
        assert_eq!(enter("192.0.2.1").err(), Some(Crowd::Address));
        let third = enter("2001:db8::1").ok();
        let fourth = enter("2001:db8::2:0:0:1").ok();
        assert!(third.is_some() && fourth.is_some());
        assert_eq!(enter("192.0.2.7").err(), Some(Crowd::All));
        assert_eq!(doorway.enter(None).err(), Some(Crowd::All));
        drop(third);
        assert_eq!(enter("2001:db8::3").err(), None);
        drop((first, second, fourth));
        assert!(doorway.lock().by_address.is_empty());
        assert_eq!(doorway.lock().all, 0);
    }
}
