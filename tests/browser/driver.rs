//! A headless Chromium and the WebDriver commands that the tests need.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use base64::Engine as _;
use serde_json::{Value, json};

use crate::request::request;

/// The key of element references (WebDriver, section 12.1).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Without these flags, Chromium contacts Google's hosts at every start.
const FLAGS: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--window-size=1200,900",
];

/// The lowest contrast (WCAG 2.2, 1.4.3) of any text against the first opaque background behind it.
const CONTRAST: &str = r"
const parts = c => (c.match(/[\d.]+/g) || []).map(Number);
const light = c => { const [r, g, b] = parts(c).map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b; };
const ground = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (parts(c)[3] !== 0) return c; }
    return 'rgb(255, 255, 255)'; };
let least = 21;
for (const e of document.querySelectorAll('body *')) {
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
    const [a, b] = [light(getComputedStyle(e).color), light(ground(e))].sort((x, y) => y - x);
    least = Math.min(least, (a + .05) / (b + .05));
}
return least;";

/// A browser with one window; it is closed when the value is dropped.
pub struct Browser {
    driver: Child,
    address: String,
    session: String,
    _profile: tempfile::TempDir,
    /// Kept open, because the driver exits if it cannot write.
    _output: BufReader<ChildStdout>,
}

impl Browser {
    /// Starts the driver on a free port, and a browser with an empty profile.
    pub fn start() -> Self {
        let (driver, address, output) = driver();
        let profile = tempfile::tempdir().expect("a folder");
        let mut flags: Vec<String> = FLAGS.iter().map(|flag| (*flag).to_owned()).collect();
        flags.push(format!("--user-data-dir={}", profile.path().display()));
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "goog:chromeOptions": { "args": flags },
            // wait for elements
            "timeouts": { "implicit": 20_000 },
        } } });
        let mut browser = Self { driver, address, session: String::new(), _profile: profile, _output: output };
        let made = browser.send("POST", "", &wanted);
        browser.session = format!("/{}", made["sessionId"].as_str().expect("a session"));
        browser
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if method == "GET" { String::new() } else { body.to_string() };
        let path = format!("/session{}{path}", self.session);
        let answer = request(&self.address, method, &path, &["Content-Type: application/json"], &body);
        let value: Value = serde_json::from_str(&answer.body).expect("JSON");
        assert_eq!(answer.status, 200, "{method} {path}: {}", value["value"]["message"]);
        value["value"].clone()
    }

    fn element(&self, css: &str) -> String {
        let found = self.send("POST", "/element", &json!({ "using": "css selector", "value": css }));
        format!("/element/{}", found[ELEMENT].as_str().expect("an element"))
    }

    /// Goes to an address and waits until it is loaded.
    pub fn open(&self, url: &str) {
        self.send("POST", "/url", &json!({ "url": url }));
    }

    /// The address of the page.
    pub fn url(&self) -> String {
        self.send("GET", "/url", &Value::Null).as_str().expect("text").to_owned()
    }

    /// Forgets all cookies, so that nobody is signed in anywhere.
    pub fn forget(&self) {
        self.tools("Network.clearBrowserCookies", &json!({}));
    }

    /// The title of the page.
    pub fn title(&self) -> String {
        self.send("GET", "/title", &Value::Null).as_str().expect("text").to_owned()
    }

    /// Replaces the text of a field.
    pub fn fill(&self, css: &str, text: &str) {
        let element = self.element(css);
        self.send("POST", &format!("{element}/clear"), &json!({}));
        self.send("POST", &format!("{element}/value"), &json!({ "text": text }));
    }

    /// Clicks on a link or button, and waits for the next page.
    pub fn follow(&self, css: &str) {
        self.run("document.documentElement.dataset.left = '';");
        self.click(css);
        self.element("html:not([data-left]) footer");
    }

    /// Clicks on an element.
    pub fn click(&self, css: &str) {
        self.send("POST", &format!("{}/click", self.element(css)), &json!({}));
    }

    /// The visible text of an element.
    pub fn text(&self, css: &str) -> String {
        self.send("GET", &format!("{}/text", self.element(css)), &Value::Null).as_str().expect("text").to_owned()
    }

    /// The id of the element that has the focus.
    pub fn focused(&self) -> String {
        self.run("return document.activeElement.id;").as_str().expect("text").to_owned()
    }

    /// The result of a JavaScript expression.
    pub fn number(&self, expression: &str) -> i64 {
        self.run(&format!("return {expression};")).as_i64().expect("a whole number")
    }

    /// The lowest contrast of a text on the page.
    pub fn least_contrast(&self) -> f64 {
        self.run(CONTRAST).as_f64().expect("a number")
    }

    /// Sets the colour scheme to `light` or `dark`.
    pub fn scheme(&self, scheme: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.tools("Emulation.setEmulatedMedia", &json!({ "features": features }));
    }

    /// Shows the page as it is printed, from a dark screen.
    pub fn print_media(&self) {
        let features = json!([{ "name": "prefers-color-scheme", "value": "dark" }]);
        self.tools("Emulation.setEmulatedMedia", &json!({ "media": "print", "features": features }));
    }

    /// Opens everything that can be unfolded.
    pub fn unfold(&self) {
        self.run("document.querySelectorAll('details').forEach(one => { one.open = true; });");
    }

    /// Takes a screenshot of the whole page at a width.
    pub fn shoot(&self, name: &str, width: u32) {
        let size = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        self.tools("Emulation.setDeviceMetricsOverride", &size);
        let taken = self.tools("Page.captureScreenshot", &json!({ "captureBeyondViewport": true }));
        let png = base64::engine::general_purpose::STANDARD.decode(taken["data"].as_str().expect("a picture"));
        fs::write(artifacts().join(format!("{name}.png")), png.expect("base64")).expect("written");
    }

    fn run(&self, script: &str) -> Value {
        self.send("POST", "/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Runs a DevTools command, for features that WebDriver lacks.
    fn tools(&self, command: &str, parameters: &Value) -> Value {
        self.send("POST", "/goog/cdp/execute", &json!({ "cmd": command, "params": parameters }))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // the browser outlives its driver, and a driver that does not respond must not hide why the test failed
        let _ = catch_unwind(AssertUnwindSafe(|| self.send("DELETE", "", &json!({}))));
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// A driver on a free port, and its address. It takes a port that is free on IPv6 and exits if another process has the
/// same port on IPv4, so it is started again then.
fn driver() -> (Child, String, BufReader<ChildStdout>) {
    let mut said = String::new();
    for _ in 0..10 {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("this test needs chromium and chromedriver, which tests/run installs");
        let mut output = BufReader::new(driver.stdout.take().expect("its output"));
        if let Some(port) = port(&mut output, &mut said) {
            return (driver, format!("127.0.0.1:{port}"), output);
        }
        driver.wait().expect("an exit");
    }
    panic!("chromedriver does not start: {said}");
}

/// The port, from the last line that the driver writes when it starts; `said` keeps what it wrote.
fn port(output: &mut BufReader<ChildStdout>, said: &mut String) -> Option<String> {
    const STARTED: &str = "ChromeDriver was started successfully on port ";
    for line in output.lines().map_while(Result::ok) {
        if let Some(port) = line.strip_prefix(STARTED) {
            return Some(port.trim_end_matches('.').to_owned());
        }
        said.push_str(&line);
        said.push('\n');
    }
    None
}

fn artifacts() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder").to_owned();
    let folder = target.join("test-artifacts");
    fs::create_dir_all(&folder).expect("a folder");
    folder
}
