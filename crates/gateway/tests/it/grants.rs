//! `portcullis policy grants`: the role that it prints can do what the shop's policies could permit, and no more; and
//! `policy check` says what the role in use can do beyond.

use crate::stage::{Stage, Wishes, new_shop, oidc};
use testkit::{PostgresOptions, Server};

#[test]
fn the_printed_role_can_do_what_policies_could_permit_and_no_more() {
    let postgres = new_shop(&Server::standard(), PostgresOptions::default());
    let postgres = Box::leak(Box::new(postgres));
    let stage = Stage::on(postgres, oidc(), &Wishes::default());
    let folder = stage.gateway.folder();
    // The shop's rules for agents and engineers alone; administrators may do everything.
    std::fs::remove_file(folder.join("policy/superusers.cedar")).unwrap();
    let people = std::fs::read_to_string(folder.join("policy/people.cedar")).unwrap();
    let (before, rest) = people.split_once("@id(\"dba-all\")").unwrap();
    let (_, after) = rest.split_once("@id(\"dba-reveal-pii\")").unwrap();
    let people = format!(
        "{before}@id(\"dba-reveal-pii\"){after}\
         @id(\"nobody-reads-salaries\") forbid (principal, action == Action::\"select\", resource in Label::\"confidential\");"
    );
    std::fs::write(folder.join("policy/people.cedar"), people).unwrap();
    let policy = |arguments: &[&str]| {
        let fixed = ["policy"];
        let config = ["--config", "portcullis.toml"];
        stage
            .gateway
            .cli(&[&fixed, arguments, &config].concat(), &[])
    };

    let sql = policy(&["grants", "orders-prod", "--as", "narrow \"role\""]);
    let sql = sql.ok();
    assert!(sql.contains("GRANT SELECT (\"id\", \"name\", \"email\", \"role\", \"hired\") ON \"public\".\"staff\""), "{sql}");
    assert!(!sql.contains("read_only"), "{sql}");
    postgres.sql("shop", sql);
    postgres.sql(
        "shop",
        "ALTER ROLE \"narrow \"\"role\"\"\" PASSWORD 'narrow'",
    );
    let can = |statement: &str| {
        let script =
            format!("BEGIN; SET LOCAL ROLE \"narrow \"\"role\"\"\"; {statement}; ROLLBACK;");
        postgres.psql("shop", &script).code == 0
    };
    for statement in [
        "SELECT * FROM customers",
        "SELECT id, name FROM staff",
        "INSERT INTO orders (customer_id) VALUES (1)",
        "UPDATE customers SET notes = 'x' WHERE id = 1",
        "DELETE FROM order_items WHERE order_id = 1",
        "TRUNCATE order_items",
    ] {
        assert!(can(statement), "{statement} is permitted by some policy");
    }
    for statement in [
        "SELECT salary FROM staff",
        "SELECT * FROM staff",
        "CREATE TABLE public.mine (a int)",
        "DROP TABLE customers",
        "ALTER TABLE customers ADD x int",
        "COPY customers TO '/tmp/x'",
        "SELECT pg_read_file('/etc/hostname')",
        "CREATE ROLE more",
        "ALTER TABLE customers DISABLE TRIGGER ALL",
    ] {
        assert!(!can(statement), "{statement} is permitted by no policy");
    }

    // The role in use has more than that; the printed one has not.
    let said = policy(&["check"]);
    assert!(
        said.ok()
            .contains("may SELECT public.staff (salary); no policy could permit that"),
        "{}",
        said.out
    );
    let config = std::fs::read_to_string(folder.join("portcullis.toml")).unwrap();
    let config = config.replace("user = \"portcullis_gateway\"", "user = 'narrow \"role\"'");
    std::fs::write(folder.join("portcullis.toml"), config).unwrap();
    std::fs::write(folder.join("upstream.password"), "narrow").unwrap();
    let said = policy(&["check"]);
    assert!(
        !said.ok().contains("orders-prod/shop: its role"),
        "{}",
        said.out
    );
    assert!(policy(&["check", "--offline"]).ok().contains("are valid"));
}
