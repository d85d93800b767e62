//! A Rust program on `tokio-postgres` gets the same through the gateway as directly: simple and prepared queries,
//! parameters, COPY, transactions, cancellation.

use std::time::Instant;

use futures_util::{StreamExt as _, pin_mut};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use crate::stage::{PATIENCE, Stage};

/// What the program saw, a line for each thing.
type Seen = Vec<String>;

async fn simple(client: &Client, seen: &mut Seen) {
    let several = "SELECT id, sku FROM products ORDER BY id LIMIT 3; SELECT NULL::text AS nothing";
    for message in client.simple_query(several).await.unwrap() {
        seen.push(match message {
            SimpleQueryMessage::Row(row) => {
                let cells = (0..row.len()).map(|at| format!("{:?}", row.get(at)));
                cells.collect::<Vec<_>>().join(" ")
            }
            SimpleQueryMessage::CommandComplete(rows) => format!("complete {rows}"),
            SimpleQueryMessage::RowDescription(columns) => {
                let names: Vec<&str> = columns.iter().map(|column| column.name()).collect();
                names.join(" ")
            }
            other => format!("{other:?}"),
        });
    }
}

async fn prepared(client: &Client, seen: &mut Seen) {
    let text = "SELECT id, name, hired, salary IS NULL FROM staff WHERE id = $1 OR name = $2";
    let types = [Type::INT4, Type::TEXT];
    let statement = client.prepare_typed(text, &types).await.unwrap();
    for column in statement.columns() {
        seen.push(format!("{} {}", column.name(), column.type_()));
    }
    for id in [1_i32, 2, 3, -1] {
        let rows = client.query(&statement, &[&id, &"nobody"]).await.unwrap();
        for row in &rows {
            let (id, name): (i32, String) = (row.get(0), row.get(1));
            seen.push(format!("{id} {name} {}", row.get::<_, bool>(3)));
        }
        seen.push(format!("{} rows", rows.len()));
    }
    let wrong = client.query("SELECT 1 / $1::int", &[&0_i32]).await;
    seen.push(format!("{:?}", wrong.unwrap_err().code()));
    let unknown = client.prepare("SELECT no_such_column FROM products").await;
    seen.push(format!(
        "{:?}",
        unknown.err().and_then(|e| e.code().cloned())
    ));
}

async fn copies(client: &Client, seen: &mut Seen) {
    let sql = "COPY (SELECT id, sku, price FROM products ORDER BY id) TO STDOUT (FORMAT csv)";
    let stream = client.copy_out(sql).await.unwrap();
    pin_mut!(stream);
    let mut all = Vec::new();
    while let Some(chunk) = stream.next().await {
        all.extend_from_slice(&chunk.unwrap());
    }
    seen.push(String::from_utf8(all).unwrap());
}

async fn transactions(client: &mut Client, seen: &mut Seen) {
    let stock = "SELECT sum(stock) FROM products";
    for commit in [false, true] {
        let mut outer = client.transaction().await.unwrap();
        let change = "UPDATE products SET stock = stock + $1 WHERE id <= $2";
        let changed = outer.execute(change, &[&1_i32, &5_i32]).await.unwrap();
        let inner = outer.savepoint("within").await.unwrap();
        inner.execute(change, &[&100_i32, &9_i32]).await.unwrap();
        inner.rollback().await.unwrap();
        let sum: i64 = outer.query_one(stock, &[]).await.unwrap().get(0);
        seen.push(format!("{changed} changed, {sum} within"));
        match commit {
            true => outer.commit().await.unwrap(),
            false => outer.rollback().await.unwrap(),
        }
        let sum: i64 = client.query_one(stock, &[]).await.unwrap().get(0);
        seen.push(format!("{sum} afterwards"));
    }
    client
        .execute("UPDATE products SET stock = stock - 1 WHERE id <= 5", &[])
        .await
        .unwrap();
}

/// Cancels what runs, once it does, and goes on.
async fn cancels(client: &Client, dsn: &str, seen: &mut Seen) {
    let (watcher, connection) = tokio_postgres::connect(dsn, NoTls).await.unwrap();
    let driven = tokio::spawn(connection);
    let token = client.cancel_token();
    let asked = client.batch_execute("SELECT pg_sleep(30)");
    let cancel = async {
        let running = "SELECT count(*) FROM pg_stat_activity \
                       WHERE state = 'active' AND query = 'SELECT pg_sleep(30)'";
        let late = Instant::now() + PATIENCE;
        while watcher
            .query_one(running, &[])
            .await
            .unwrap()
            .get::<_, i64>(0)
            == 0
        {
            assert!(Instant::now() < late, "it never ran");
        }
        token.cancel_query(NoTls).await.unwrap();
    };
    let (ended, ()) = tokio::join!(asked, cancel);
    let code = ended.unwrap_err().code().cloned();
    assert_eq!(code, Some(SqlState::QUERY_CANCELED));
    seen.push(format!("{code:?}"));
    let one: i32 = client.query_one("SELECT 1", &[]).await.unwrap().get(0);
    seen.push(one.to_string());
    drop(watcher);
    driven.await.unwrap().unwrap();
}

async fn suite(dsn: &str) -> Seen {
    let (mut client, connection) = tokio_postgres::connect(dsn, NoTls).await.unwrap();
    let driven = tokio::spawn(connection);
    let mut seen = Vec::new();
    simple(&client, &mut seen).await;
    prepared(&client, &mut seen).await;
    copies(&client, &mut seen).await;
    transactions(&mut client, &mut seen).await;
    cancels(&client, dsn, &mut seen).await;
    drop(client);
    driven.await.unwrap().unwrap();
    seen
}

#[test]
fn a_rust_program_gets_the_same_as_directly() {
    let stage = Stage::open_alone();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let direct = runtime.block_on(suite(&stage.postgres.superuser_dsn("shop")));
    let through = runtime.block_on(suite(&stage.dsn("root")));
    assert_eq!(direct, through);
    assert!(direct.len() > 20, "{direct:?}");
}
