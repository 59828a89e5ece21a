//! Answers in several pages.

use super::*;

/// Three users by pages of one, and their orders by pages of two; `next` is the target of the link behind page 1.
async fn paged(next: &'static str) -> Server {
    Server::answering(move |request| {
        let query = request.uri().query().unwrap_or_default();
        let page: usize =
            query.split('&').find_map(|pair| pair.strip_prefix("page=")).map_or(1, |page| page.parse().unwrap());
        let login = ["adamant", "ada", "Ada "].get(page - 1);
        let (body, last) = match request.uri().path() {
            "/users" => (json!([{ "id": page, "login": login }]), 3),
            "/orders" => (json!({ "items": [page * 2 - 1, page * 2] }), 2),
            _ => (json!([{ "id": page }]), usize::MAX),
        };
        let target =
            if next.is_empty() { format!("{}?page={}", request.uri().path(), page + 1) } else { next.to_owned() };
        let mut answer = reply(200, "application/json", body.to_string());
        if page < last {
            answer.headers_mut().insert("link", format!("<{target}>; rel=\"next\"").parse().unwrap());
        }
        async { answer }
    })
    .await
}

fn settings() -> Json {
    let orders = json!({ "request": { "path": "/orders", "query": { "of": "{$.id}" } }, "pick": "$.items" });
    json!({ "record": { "path": "/users", "query": { "q": "{identifier}" } }, "match": ["$.login"], "lists": { "orders": orders } })
}

#[tokio::test]
async fn records_and_lists_are_read_to_the_last_page() {
    let server = paged("").await;
    let source = server.source(settings());
    let found = fetch(&source, "adamant").await.unwrap().unwrap();
    assert_eq!(found, json!({ "id": 1, "login": "adamant", "orders": [1, 2, 3, 4] }));
    assert_eq!(server.asked(), 5);
    // the second page has one, and the third another in a different spelling
    assert_eq!(kind(fetch(&source, "ada").await), PortErrorKind::BadResponse);
    assert_eq!(fetch(&source, "nobody").await.unwrap(), None);
}

#[tokio::test]
async fn pages_without_an_end_are_an_error() {
    let server = paged("").await;
    let source = server.source(json!({ "record": { "path": "/endless", "query": { "q": "{identifier}" } } }));
    let error = fetch(&source, "ada").await.unwrap_err();
    assert!(error.to_string().contains("more pages"), "{error}");
    assert_eq!(server.asked(), 20);
}

#[tokio::test]
async fn a_page_on_another_server_is_not_asked_for() {
    let other = Server::always(200, json!([{ "id": 9, "login": "nobody" }])).await;
    let target: &'static str = Box::leak(format!("http://{}/users?page=2", other.address).into_boxed_str());
    let source = paged(target).await.source(settings());
    assert_eq!(kind(fetch(&source, "nobody").await), PortErrorKind::BadResponse);
    assert_eq!(other.asked(), 0);
}

/// An error with the status 200 is no record, and no unknown customer.
#[tokio::test]
async fn only_what_is_described_is_a_record() {
    let found = json!([{ "status": 200, "body": { "$.id": { "exists": true } } }]);
    for (body, more) in [
        (json!({}), json!({})),
        (json!([{}]), json!({})),
        (json!({ "error": "maintenance" }), json!({ "found_when": found })),
        (json!({ "error": "maintenance" }), json!({ "match": ["$.login"] })),
        (json!([{ "error": "maintenance" }]), json!({ "match": ["$.login"] })),
    ] {
        let settings = merged(json!({ "record": { "path": "/{identifier}" } }), more.clone());
        let source = Server::always(200, body.clone()).await.source(settings.clone());
        assert_eq!(kind(fetch(&source, "ada").await), PortErrorKind::BadResponse, "{body} {more}");
        for status in [201, 203, 206] {
            let source = Server::always(status, json!({ "id": 1, "login": "ada" })).await.source(settings.clone());
            assert_eq!(kind(fetch(&source, "ada").await.map(drop)), PortErrorKind::BadResponse, "{status} {more}");
        }
        let source = Server::always(200, json!({ "id": 1, "login": "ada" })).await.source(settings);
        assert!(fetch(&source, "ada").await.unwrap().is_some(), "{more}");
    }
}

#[tokio::test]
async fn a_page_that_is_its_own_next_is_asked_for_once() {
    let server = paged("/users?q=ada").await;
    let source = server.source(settings());
    assert_eq!(kind(fetch(&source, "ada").await), PortErrorKind::BadResponse);
    assert_eq!(server.asked(), 1);
}
