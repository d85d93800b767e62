//! What a column's name says it holds.
//!
//! Names are cut into words (`birthDate`, `birth_date`) and compared in any run of them; the longest hit decides, so
//! that `ip_address` is not a postal address. Knows no values.

use crate::detect::Class;
use crate::propose::Subject;

/// A word as it would stand without separators, what it means, and how sure the name alone makes one, in percent.
const WORDS: &[(&str, Subject, u8)] = &[
    ("email", Subject::Value(Class::Email), 75),
    ("emailaddress", Subject::Value(Class::Email), 80),
    ("mail", Subject::Value(Class::Email), 50),
    ("correo", Subject::Value(Class::Email), 60),
    ("phone", Subject::Value(Class::Phone), 70),
    ("phonenumber", Subject::Value(Class::Phone), 75),
    ("mobile", Subject::Value(Class::Phone), 55),
    ("cellphone", Subject::Value(Class::Phone), 70),
    ("telephone", Subject::Value(Class::Phone), 70),
    ("telefon", Subject::Value(Class::Phone), 70),
    ("telefono", Subject::Value(Class::Phone), 70),
    ("fax", Subject::Value(Class::Phone), 55),
    ("ssn", Subject::Value(Class::Ssn), 80),
    ("socialsecurity", Subject::Value(Class::Ssn), 80),
    ("socialsecuritynumber", Subject::Value(Class::Ssn), 85),
    ("card", Subject::Value(Class::Card), 40),
    ("cardnumber", Subject::Value(Class::Card), 75),
    ("creditcard", Subject::Value(Class::Card), 70),
    ("creditcardnumber", Subject::Value(Class::Card), 80),
    ("ccnumber", Subject::Value(Class::Card), 75),
    ("pan", Subject::Value(Class::Card), 45),
    ("iban", Subject::Value(Class::Iban), 80),
    ("accountnumber", Subject::NationalId, 50),
    ("bankaccount", Subject::NationalId, 60),
    ("routingnumber", Subject::NationalId, 50),
    ("passport", Subject::NationalId, 70),
    ("passportnumber", Subject::NationalId, 75),
    ("nationalid", Subject::NationalId, 75),
    ("taxid", Subject::NationalId, 70),
    ("taxnumber", Subject::NationalId, 70),
    ("driverslicense", Subject::NationalId, 70),
    ("driverlicense", Subject::NationalId, 70),
    ("licensenumber", Subject::NationalId, 50),
    ("insurancenumber", Subject::NationalId, 60),
    ("birthdate", Subject::BirthDate, 85),
    ("dateofbirth", Subject::BirthDate, 85),
    ("dob", Subject::BirthDate, 80),
    ("birthday", Subject::BirthDate, 80),
    ("born", Subject::BirthDate, 50),
    ("geburtsdatum", Subject::BirthDate, 85),
    ("firstname", Subject::PersonName, 75),
    ("lastname", Subject::PersonName, 75),
    ("fullname", Subject::PersonName, 75),
    ("middlename", Subject::PersonName, 75),
    ("maidenname", Subject::PersonName, 80),
    ("surname", Subject::PersonName, 75),
    ("givenname", Subject::PersonName, 75),
    ("familyname", Subject::PersonName, 75),
    ("vorname", Subject::PersonName, 75),
    ("nachname", Subject::PersonName, 75),
    ("prenom", Subject::PersonName, 70),
    ("contactname", Subject::PersonName, 65),
    ("cardholder", Subject::PersonName, 65),
    ("address", Subject::PostalAddress, 60),
    ("streetaddress", Subject::PostalAddress, 75),
    ("addressline", Subject::PostalAddress, 70),
    ("street", Subject::PostalAddress, 65),
    ("strasse", Subject::PostalAddress, 65),
    ("zip", Subject::PostalAddress, 45),
    ("zipcode", Subject::PostalAddress, 55),
    ("postcode", Subject::PostalAddress, 55),
    ("postalcode", Subject::PostalAddress, 55),
    ("plz", Subject::PostalAddress, 50),
    ("ip", Subject::NetworkAddress, 50),
    ("ipaddress", Subject::NetworkAddress, 65),
    ("remoteaddr", Subject::NetworkAddress, 60),
    ("macaddress", Subject::NetworkAddress, 55),
    ("salary", Subject::Pay, 80),
    ("wage", Subject::Pay, 75),
    ("compensation", Subject::Pay, 60),
    ("bonus", Subject::Pay, 50),
    ("gehalt", Subject::Pay, 75),
    ("password", Subject::Secret, 80),
    ("passwordhash", Subject::Secret, 85),
    ("passwd", Subject::Secret, 80),
    ("pwd", Subject::Secret, 70),
    ("secret", Subject::Secret, 65),
    ("clientsecret", Subject::Secret, 80),
    ("token", Subject::Secret, 55),
    ("accesstoken", Subject::Secret, 75),
    ("refreshtoken", Subject::Secret, 75),
    ("apikey", Subject::Secret, 80),
    ("privatekey", Subject::Secret, 80),
    ("totp", Subject::Secret, 70),
    ("cvv", Subject::Secret, 80),
    ("cvc", Subject::Secret, 75),
    ("pin", Subject::Secret, 45),
    ("gender", Subject::Trait, 55),
    ("ethnicity", Subject::Trait, 75),
    ("religion", Subject::Trait, 75),
    ("diagnosis", Subject::Trait, 75),
    ("bloodtype", Subject::Trait, 70),
    ("nationality", Subject::Trait, 50),
];

/// Tables whose bare `name` is a person's.
const PEOPLE: &[&str] = &[
    "customer",
    "client",
    "user",
    "person",
    "people",
    "staff",
    "employee",
    "member",
    "patient",
    "contact",
    "student",
    "author",
    "passenger",
    "applicant",
    "candidate",
    "subscriber",
    "guest",
    "tenant",
    "driver",
    "teacher",
    "doctor",
    "personnel",
];

/// Words this long are also found at the end of a longer word (`customeremail`).
const SUFFIX_CHARS_MIN: usize = 5;
/// Words of a name that are looked at together.
const RUN_MAX: usize = 4;

/// What a column's name suggests, and how sure that makes one, in percent.
pub(crate) fn suggests(table: &str, column: &str) -> Option<(Subject, u8)> {
    let words = words(column);
    let best = WORDS
        .iter()
        .filter(|(word, ..)| mentions(&words, word))
        .max_by_key(|(word, ..)| word.len())
        .map(|(_, subject, weight)| (*subject, *weight));
    let is_name = words.last().is_some_and(|word| word == "name");
    best.or_else(|| (is_name && is_about_people(table)).then_some((Subject::PersonName, 60)))
}

/// What a comment's words suggest; half as sure as a name.
pub(crate) fn comment_suggests(comment: &str) -> Option<(Subject, u8)> {
    suggests("", comment).map(|(subject, weight)| (subject, weight / 2))
}

fn is_about_people(table: &str) -> bool {
    let is_person = |word: &String| {
        let singular = word.strip_suffix('s').unwrap_or(word);
        PEOPLE.contains(&word.as_str()) || PEOPLE.contains(&singular)
    };
    words(table).iter().any(is_person)
}

fn mentions(words: &[String], wanted: &str) -> bool {
    let ends = |word: &String| wanted.len() >= SUFFIX_CHARS_MIN && word.ends_with(wanted);
    let plural = |run: &str| run == wanted || run.strip_suffix('s') == Some(wanted);
    let in_run = |start: usize| {
        let runs = (start + 1..=words.len()).take(RUN_MAX);
        runs.filter_map(|end| words.get(start..end))
            .any(|run| plural(&run.concat()))
    };
    (0..words.len()).any(in_run) || words.iter().any(ends)
}

/// Lower-case words: cut at what is no letter, and where a capital follows a small letter.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_small = false;
    for letter in name.chars() {
        let is_cut = !letter.is_alphabetic() || (was_small && letter.is_uppercase());
        if is_cut && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut()
            && letter.is_alphabetic()
        {
            word.extend(letter.to_lowercase());
        }
        was_small = letter.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_all_spellings() {
        let check = |table: &str, column: &str, expect: Option<Subject>| {
            let found = suggests(table, column).map(|(subject, _)| subject);
            assert_eq!(found, expect, "{table}.{column}");
        };
        for column in [
            "email",
            "E_Mail",
            "customerEmail",
            "customeremail",
            "emails",
            "email_address",
        ] {
            check("t", column, Some(Subject::Value(Class::Email)));
        }
        check("t", "birth_date", Some(Subject::BirthDate));
        check("t", "dateOfBirth", Some(Subject::BirthDate));
        check("t", "ip_address", Some(Subject::NetworkAddress));
        check("t", "shipping_address", Some(Subject::PostalAddress));
        check("t", "password_hash", Some(Subject::Secret));
        check("t", "creditCardNumber", Some(Subject::Value(Class::Card)));
        check("customers", "name", Some(Subject::PersonName));
        check("order_staff", "display_name", Some(Subject::PersonName));
        check("products", "name", None);
        check("t", "description", None);
        check("t", "quantity", None);
        check("t", "shipping", None);
        check("t", "", None);
    }
}
