//! `landfall demo` in a real browser: Chromium, driven over the WebDriver protocol
//! (<https://www.w3.org/TR/webdriver2/>). Screenshots go to `target/test-artifacts`.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test stops where it fails"
)]
#![cfg(feature = "cli")]

#[path = "browser/driver.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod driver;
#[path = "browser/process.rs"]
mod process;
#[path = "browser/request.rs"]
mod request;

use driver::Browser;
use process::Demo;

/// Types into the form and submits it.
fn sign_in(browser: &Browser, identifier: &str, password: &str) {
    browser.fill("#identifier", identifier);
    browser.fill("#password", password);
    browser.follow(".signin button");
}

fn steps(browser: &Browser) -> String {
    browser.text("#steps")
}

#[test]
#[ignore = "needs chromium and chromedriver; run tests/run"]
fn customers_sign_in_on_the_page() {
    let demo = Demo::start();
    let browser = Browser::start();
    browser.open(&format!("http://{}/", demo.address));
    assert_eq!(browser.title(), "Landfall demo");
    browser.shoot("demo-front", 1200);

    sign_in(&browser, "amelie.roux", "lavande!2020");
    assert_eq!(browser.text("#outcome"), "migrated");
    for step in [
        "Attempt counted",
        "No account yet",
        "Record fetched",
        "Password verified",
        "Record mapped",
        "Customer claimed",
        "Account stored",
    ] {
        assert!(steps(&browser).contains(step), "{step}: {}", steps(&browser));
    }
    assert_eq!(browser.focused(), "visit-title");
    assert!(browser.text(".claims").contains("amelie.roux@example.org"));
    browser.click("#record summary");
    assert!(browser.text("#record").contains("$P$B"));
    browser.shoot("demo-migrated", 1200);

    sign_in(&browser, "amelie.roux", "lavande!2020");
    assert_eq!(browser.text("#outcome"), "authenticated");
    assert_eq!(browser.text("#shop-query"), "the legacy shop was not queried");
    assert!(!steps(&browser).contains("Record fetched"));
    browser.shoot("demo-second", 1200);

    for (identifier, password, outcome) in [
        ("ida.brandt", "not-her-password", "refused: wrong_password"),
        ("nadia.haddad", "blue-door-7", "refused: locked"),
        ("leo.martins", "sandcastle", "invalid_record"),
    ] {
        sign_in(&browser, identifier, password);
        assert_eq!(browser.text("#outcome"), outcome);
        assert_eq!(browser.title(), format!("Not signed in: {identifier} – Landfall demo"));
    }
    browser.shoot("demo-refused", 1200);

    browser.follow(".switch button");
    sign_in(&browser, "amelie.roux", "lavande!2020");
    assert_eq!(browser.text("#outcome"), "authenticated");
    sign_in(&browser, "ida.brandt", "harbour-lamp-42");
    assert_eq!(browser.text("#outcome"), "legacy_unavailable");
    browser.shoot("demo-off", 1200);

    browser.follow(".has-account");
    assert!(browser.text("main").contains("amelie.roux@example.org"));
    browser.shoot("demo-account", 1200);
}

#[test]
#[ignore = "needs chromium and chromedriver; run tests/run"]
fn pages_fit_a_phone_and_every_control_has_a_name() {
    let demo = Demo::start();
    let browser = Browser::start();
    for (scheme, name) in [("light", "demo-phone"), ("dark", "demo-phone-dark")] {
        browser.scheme(scheme);
        browser.open(&format!("http://{}/", demo.address));
        sign_in(&browser, "tomas.novak", "seven green kites");
        browser.shoot(name, 360);
        assert_eq!(browser.number("document.documentElement.scrollWidth - document.documentElement.clientWidth"), 0);
        browser.shoot(&format!("{name}-wide"), 1200);
    }
    let nameless = "[...document.querySelectorAll('input:not([type=hidden])')].filter(i => !i.labels.length).length \
                    + [...document.querySelectorAll('button, a')].filter(b => !b.textContent.trim()).length";
    assert_eq!(browser.number(nameless), 0);
    assert_eq!(browser.number("document.querySelectorAll('h1').length + document.querySelectorAll('main').length"), 2);
    assert_eq!(browser.number("document.querySelectorAll('script').length"), 0);
    assert!(browser.least_contrast() >= 4.5, "{}", browser.least_contrast());
    browser.scheme("light");
    assert!(browser.least_contrast() >= 4.5, "{}", browser.least_contrast());
}
