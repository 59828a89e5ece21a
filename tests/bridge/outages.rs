//! The legacy system is down while customers sign in: no product takes that for a wrong password, unless its contract has
//! nothing else.

use sqlx::{Connection as _, SqliteConnection};

use crate::clients::basic::Basic;
use crate::clients::fusionauth::FusionAuth;
use crate::clients::gravitee::Gravitee;
use crate::clients::kinde::Kinde;
use crate::clients::strivacity::Strivacity;
use crate::clients::{Client, Decision};
use crate::shop::{Shop, customers};

/// Nobody reads the database of the shop until the connection is closed.
async fn lock(shop: &Shop) -> SqliteConnection {
    let path = shop.path().join("shop.db");
    let mut connection = SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.expect("a connection");
    sqlx::query("BEGIN EXCLUSIVE").execute(&mut connection).await.expect("a lock");
    connection
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_is_told_from_a_wrong_password_where_the_contract_can() {
    let ida = customers().into_iter().find(|customer| customer.login == "ida.brandt").expect("a customer");
    let down = [
        (&Basic as &dyn Client, Decision::Unavailable),
        (&FusionAuth, Decision::Refused),
        (&Gravitee, Decision::Unavailable),
        (&Kinde, Decision::Unavailable),
        (&Strivacity, Decision::Unavailable),
    ];
    for (client, expected) in down {
        let shop = Shop::start(client, "guard: { call: 500ms }").await;
        let locked = lock(&shop).await;
        let seen = shop.sign_in(client, &ida.login, &ida.password).await;
        assert_eq!(seen.decision, expected, "{}: {}", client.kind(), seen.raw);
        drop(locked);
        // nobody was counted as wrong, and nothing was handed over
        let seen = shop.sign_in(client, &ida.login, &ida.password).await;
        assert_eq!(seen.decision, Decision::SignedIn { must_change: false }, "{}: {}", client.kind(), seen.raw);
    }
}
