//! `landfall demo` in a real browser: Chromium, driven over the WebDriver protocol
//! (<https://www.w3.org/TR/webdriver2/>). Screenshots go to `target/test-artifacts`.

use crate::driver::Browser;
use crate::process::Demo;

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

/// Pixels by which the page is wider than the window.
const TOO_WIDE: &str = "document.documentElement.scrollWidth - document.documentElement.clientWidth";

#[test]
#[ignore = "needs chromium and chromedriver; run tests/run"]
fn nothing_widens_the_page() {
    let demo = Demo::start();
    let browser = Browser::start();
    browser.open(&format!("http://{}/", demo.address));
    sign_in(&browser, "amelie.roux", "lavande!2020");
    for width in [320, 390, 700, 1280] {
        browser.shoot(&format!("demo-wide-{width}"), width);
        // the rules and the record are closed at first
        browser.unfold();
        assert_eq!(browser.number(TOO_WIDE), 0, "{width}");
        browser.shoot(&format!("demo-wide-{width}-open"), width);
    }
    browser.shoot("demo-claims-390", 390);
    // each cell of the claims has the whole width of the table
    let narrow = "Math.round(Math.min(...[...document.querySelectorAll('.claims td')].map(cell => \
                  100 * cell.getBoundingClientRect().width / cell.closest('table').getBoundingClientRect().width)))";
    assert!(browser.number(narrow) >= 99, "{}", browser.number(narrow));
}

#[test]
#[ignore = "needs chromium and chromedriver; run tests/run"]
fn a_refusal_looks_like_one() {
    let demo = Demo::start();
    let browser = Browser::start();
    browser.open(&format!("http://{}/", demo.address));
    sign_in(&browser, "nobody.here", "anything");
    assert_eq!(browser.text("#stopped"), "Ended at Legacy shop Unknown customer");
    assert!(browser.text("#late").contains("Hashes computed for nobody"), "{}", browser.text("#late"));
    assert!(browser.text("#steps li:last-child").contains("Unknown customer"));
    for (scheme, name) in [("light", "demo-refusal"), ("dark", "demo-refusal-dark")] {
        browser.scheme(scheme);
        browser.shoot(name, 1280);
        assert!(browser.least_contrast() >= 4.5, "{scheme}: {}", browser.least_contrast());
    }
    browser.shoot("demo-refusal-phone", 390);
    browser.follow(".again button");
    assert_eq!(browser.text("#queries"), "0 times");
    assert_eq!(browser.number("document.querySelectorAll('.visit').length"), 0);
}

#[test]
#[ignore = "needs chromium and chromedriver; run tests/run"]
fn a_printed_page_has_the_login_and_no_controls() {
    let demo = Demo::start();
    let browser = Browser::start();
    browser.open(&format!("http://{}/", demo.address));
    sign_in(&browser, "amelie.roux", "lavande!2020");
    browser.print_media();
    let shown = "[...document.querySelectorAll('button, input, .side, .skip')].filter(one => one.offsetParent).length";
    assert_eq!(browser.number(shown), 0);
    // what is folded on the screen is printed
    assert!(browser.number("Math.round(document.querySelector('#record table').getBoundingClientRect().height)") > 0);
    assert!(browser.least_contrast() >= 4.5, "{}", browser.least_contrast());
}
