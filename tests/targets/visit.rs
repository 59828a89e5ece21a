//! Customers who sign in at a product in a browser.

use serde_json::Value;

use crate::client::{basic, encode};
use crate::driver::Browser;
use crate::request::request;
use crate::servers::canaille::{Canaille, SHOP};
use crate::servers::glewlwyd::Glewlwyd;

/// Signs in at canaille from the shop, by the authorization code flow. The claims of the customer, as the shop gets them;
/// `None` if canaille refuses.
pub fn canaille(browser: &Browser, canaille: &Canaille, login: &str, password: &str) -> Option<Value> {
    let landing = format!("{}/landed", canaille.url());
    let wanted = [
        ("response_type", "code"),
        ("client_id", SHOP.0),
        ("scope", "openid profile email"),
        ("nonce", "once"),
        ("redirect_uri", &landing),
    ];
    browser.forget();
    browser.open(&format!("{}/oauth/authorize?{}", canaille.url(), encode(&wanted)));
    browser.fill("input[name=login]", login);
    browser.click("button[type=submit]");
    browser.fill("input[name=password]", password);
    browser.click("button[type=submit]");
    // the shop's page does not exist, and canaille says so in a message as well
    let message = browser.text(".error.message");
    let Some(code) = code(&browser.url(), &landing) else {
        assert!(message.contains("Login failed"), "{}: {message}", browser.url());
        return None;
    };
    Some(claims(canaille, &code, &landing))
}

fn code(url: &str, landing: &str) -> Option<String> {
    let parameters = url.strip_prefix(landing)?.strip_prefix('?')?;
    parameters.split('&').find_map(|parameter| parameter.strip_prefix("code=")).map(str::to_owned)
}

/// What the shop learns for a code.
fn claims(canaille: &Canaille, code: &str, landing: &str) -> Value {
    let address = canaille.url().replace("http://", "");
    let form = encode(&[("grant_type", "authorization_code"), ("code", code), ("redirect_uri", landing)]);
    let headers =
        [format!("Authorization: {}", basic(SHOP)), "Content-Type: application/x-www-form-urlencoded".to_owned()];
    let answer = request(&address, "POST", "/oauth/token", &headers.each_ref().map(String::as_str), &form);
    assert_eq!(answer.status, 200, "{}", answer.body);
    let tokens: Value = serde_json::from_str(&answer.body).expect("JSON");
    let token = format!("Authorization: Bearer {}", tokens["access_token"].as_str().expect("a token"));
    let answer = request(&address, "GET", "/oauth/userinfo", &[&token], "");
    assert_eq!(answer.status, 200, "{}", answer.body);
    serde_json::from_str(&answer.body).expect("JSON")
}

/// Signs in at glewlwyd. The profile of the customer; `None` if glewlwyd refuses.
pub fn glewlwyd(browser: &Browser, glewlwyd: &Glewlwyd, login: &str, password: &str) -> Option<Value> {
    let profile = format!("{}/profile.html", glewlwyd.url());
    let wanted = encode(&[("callback_url", &profile), ("scope", "g_profile")]);
    browser.forget();
    browser.open(&format!("{}/login.html?{wanted}", glewlwyd.url()));
    browser.fill("#username", login);
    browser.fill("#password", password);
    browser.click("#loginbut");
    // a message that appears slowly is no visible text yet
    let refused =
        "[...document.querySelectorAll('.toast')].filter(t => t.textContent.includes('Authentication error')).length";
    browser.text("#logoutDropdown, .toast");
    if browser.number(refused) > 0 {
        return None;
    }
    // whom the session in the browser belongs to
    browser.open(&format!("{}/api/profile_list", glewlwyd.url()));
    let profiles: Value = serde_json::from_str(&browser.text("body")).expect("JSON");
    Some(profiles[0].clone())
}
