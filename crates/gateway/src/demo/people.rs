//! Who there is in the demo: one principal of each sort, named for what they do.

/// A demo identity and the claims its tokens carry.
pub(crate) struct Person {
    /// The subject, and the PostgreSQL login name.
    pub(crate) login: &'static str,
    /// The e-mail claim.
    pub(crate) email: &'static str,
    /// The groups claim.
    pub(crate) groups: &'static [&'static str],
    /// The human an agent acts for.
    pub(crate) acts_for: Option<&'static str>,
    /// What the sign-in page says of them.
    pub(crate) about: &'static str,
}

/// Everybody.
pub(crate) const PEOPLE: &[Person] = &[
    Person {
        login: "engineer",
        email: "engineer@shop.example",
        groups: &["engineers"],
        acts_for: None,
        about: "reads and writes; sees labelled columns masked",
    },
    Person {
        login: "dba",
        email: "dba@shop.example",
        groups: &["dba"],
        acts_for: None,
        about: "approves; sees personal data, not card numbers",
    },
    Person {
        login: "dba2",
        email: "dba2@shop.example",
        groups: &["dba"],
        acts_for: None,
        about: "a second approver",
    },
    Person {
        login: "agent",
        email: "agent@shop.example",
        groups: &["agents"],
        acts_for: Some("engineer"),
        about: "an AI coding agent that acts for the engineer",
    },
];

/// The person with this login.
pub(crate) fn find(login: &str) -> Option<&'static Person> {
    PEOPLE.iter().find(|person| person.login == login)
}
