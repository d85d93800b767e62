//! What a text may give away, and how much of it was hidden.
//!
//! Knows no detector and no value: names and counts only.

/// What a detector recognises.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Class {
    /// A payment card's number: a known issuer's prefix and length, and the Luhn digit.
    Card,
    /// A bank account as IBAN: the country's length and the check digits modulo 97.
    Iban,
    /// A US social security number, written with separators.
    Ssn,
    /// An e-mail address.
    Email,
    /// A telephone number, international with `+` or North American with separators.
    Phone,
    /// A JSON Web Token whose header names an algorithm.
    Jwt,
    /// A private key in PEM or PuTTY's format.
    PrivateKey,
    /// An access key in the published shape of a known issuer.
    ApiKey,
}

impl Class {
    /// All classes.
    pub const ALL: [Self; 8] = [
        Self::Card,
        Self::Iban,
        Self::Ssn,
        Self::Email,
        Self::Phone,
        Self::Jwt,
        Self::PrivateKey,
        Self::ApiKey,
    ];

    /// Its name on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Card => "card number",
            Self::Iban => "IBAN",
            Self::Ssn => "social security number",
            Self::Email => "e-mail address",
            Self::Phone => "phone number",
            Self::Jwt => "JSON Web Token",
            Self::PrivateKey => "private key",
            Self::ApiKey => "access key",
        }
    }

    /// Its name in files, recordings and metrics; behind `detected:` its label in policies.
    pub fn word(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::Iban => "iban",
            Self::Ssn => "ssn",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Jwt => "jwt",
            Self::PrivateKey => "private_key",
            Self::ApiKey => "access_key",
        }
    }

    fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// Some classes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Classes(u16);

impl Classes {
    /// None of them.
    pub const NONE: Self = Self(0);
    /// All of them.
    pub const ALL: Self = Self((1 << Class::ALL.len()) - 1);

    /// These and one more.
    #[must_use]
    pub fn with(self, class: Class) -> Self {
        Self(self.0 | class.bit())
    }

    /// These and those.
    #[must_use]
    pub fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// These without those.
    #[must_use]
    pub fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    /// Whether this is one of them.
    pub fn has(self, class: Class) -> bool {
        self.0 & class.bit() != 0
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// One by one.
    pub fn iter(self) -> impl Iterator<Item = Class> {
        Class::ALL.into_iter().filter(move |class| self.has(*class))
    }
}

/// What values are searched for, and what is hidden of one in which it was found.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Search {
    /// Where one of these is found the whole value is hidden.
    pub whole: Classes,
    /// Of these the found places alone are hidden.
    pub place: Classes,
}

impl Search {
    /// All that is searched for.
    pub fn classes(self) -> Classes {
        self.whole.and(self.place)
    }

    /// Whether nothing is searched for.
    pub fn is_empty(self) -> bool {
        self.classes().is_empty()
    }

    /// Both at once; what either hides whole is hidden whole.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let whole = self.whole.and(other.whole);
        Self {
            whole,
            place: self.place.and(other.place).without(whole),
        }
    }
}

/// How many values were hidden, by what was found in them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Detected {
    classes: [u64; Class::ALL.len()],
    unread: u64,
}

impl Detected {
    /// The words that [`Detected::counts`] may use.
    pub const WORDS: usize = Class::ALL.len() + 1;

    /// One value in which these were found.
    pub fn note(&mut self, found: Classes) {
        for (count, class) in self.classes.iter_mut().zip(Class::ALL) {
            *count = count.saturating_add(u64::from(found.has(class)));
        }
    }

    /// One value that was too long to be searched.
    pub fn note_unread(&mut self) {
        self.unread = self.unread.saturating_add(1);
    }

    /// Adds another count.
    pub fn add(&mut self, other: &Self) {
        for (count, more) in self.classes.iter_mut().zip(other.classes) {
            *count = count.saturating_add(more);
        }
        self.unread = self.unread.saturating_add(other.unread);
    }

    /// Whether nothing was hidden.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Every count with its word: a class's, or `too_long`.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let classes = Class::ALL.map(Class::word).into_iter().zip(self.classes);
        classes.chain([("too_long", self.unread)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_of_classes() {
        let some = Classes::NONE.with(Class::Card).with(Class::ApiKey);
        assert!(some.has(Class::Card) && some.has(Class::ApiKey) && !some.has(Class::Iban));
        assert_eq!(some.iter().count(), 2);
        assert_eq!(Classes::ALL.iter().count(), Class::ALL.len());
        assert!(some.without(Classes::ALL).is_empty());
    }

    #[test]
    fn what_either_hides_whole_is_hidden_whole() {
        let one = Classes::NONE.with(Class::Card);
        let whole = Search {
            whole: one,
            place: Classes::NONE,
        };
        let place = Search {
            whole: Classes::NONE,
            place: Classes::ALL,
        };
        let both = whole.and(place);
        assert_eq!(both, place.and(whole));
        assert_eq!((both.whole, both.place), (one, Classes::ALL.without(one)));
        assert_eq!(both.classes(), Classes::ALL);
        assert!(Search::default().is_empty());
    }

    #[test]
    fn counts_name_what_was_found() {
        let mut one = Detected::default();
        assert!(one.is_empty());
        one.note(Classes::NONE.with(Class::Card).with(Class::Jwt));
        one.note_unread();
        let mut both = one;
        both.add(&one);
        let counts: Vec<_> = both.counts().filter(|(_, count)| *count > 0).collect();
        assert_eq!(counts, [("card", 2), ("jwt", 2), ("too_long", 2)]);
        assert_eq!(both.counts().count(), Detected::WORDS);
    }
}
