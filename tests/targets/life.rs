//! What must hold at every product, whatever it can do.

use std::time::Duration;

use crate::running::until;
use crate::servers::proxy::{Mode, Proxy};
use crate::service::{
    Customer, HANNA, IDA, LINA, MIA, OTTO, PASSWORD_OF_ROLF_THERE, ROLF, Service, outage, refused, signed_in,
};

/// A real product as target. Before a test it has the account of [`ROLF`] with a password of its own, and no other customer.
pub trait Product {
    /// Whether it verifies passwords by an API.
    const VERIFIES: bool;
    /// Whether it refuses the password of [`OTTO`].
    const HAS_POLICY: bool;

    /// The settings of the target, and the folder of the files that they name.
    fn settings(&self) -> (String, Option<&str>);

    /// Whether it refuses a second account with the same login.
    fn keeps_logins_unique(&self) -> bool {
        true
    }

    /// Whether it stores Landfall's id of an account. Otherwise Landfall cannot tell its own account from another one if it was
    /// killed before it knew the product's id.
    fn keeps_our_id(&self) -> bool {
        true
    }

    /// What is between Landfall and the product.
    fn proxy(&self) -> &Proxy;

    /// How many accounts have this login.
    async fn accounts(&self, login: &str) -> usize;

    /// Whether a customer signs in at the product.
    async fn signs_in(&self, login: &str, password: &str) -> bool;

    /// Ends it.
    fn stop(&self);

    /// Starts it again. It may have forgotten its accounts.
    async fn serve(&self);
}

/// Runs everything. The product is stopped last, because some forget their accounts then.
pub async fn whole(product: &impl Product) {
    let (settings, files) = product.settings();
    let mut service = Service::start(&settings, files);
    service.landfall(&["check", "--config", "landfall.yaml", "--connect"]);
    first_login(product, &service).await;
    simultaneous_logins(product, &service).await;
    later_logins(product, &service).await;
    somebody_elses_account(product, &service).await;
    password_policy(product, &service).await;
    killed_between_steps(product, &mut service).await;
    outages(product, &service).await;
    service.stop();
}

/// The first login creates the account with the presented password, with which the customer then signs in at the product.
async fn first_login<P: Product>(product: &P, service: &Service) {
    let (login, wrong) = (IDA.login(), "Wrong-lamp-42");
    assert_eq!(service.sign_in(&login, wrong).await, refused("wrong_password"));
    assert_eq!(service.sign_in("nobody", IDA.password).await, refused("unknown"));
    assert_eq!(product.accounts(&login).await, 0, "nothing is created for a refusal");
    assert_eq!(service.sign_in(&login, IDA.password).await, signed_in("migrated"));
    assert_eq!(product.accounts(&login).await, 1);
    assert!(product.signs_in(&login, IDA.password).await, "with the old password");
    assert!(!product.signs_in(&login, wrong).await);
}

/// Several first logins at once make one account.
async fn simultaneous_logins<P: Product>(product: &P, service: &Service) {
    let logins: Vec<_> = (0..6).map(|_| tokio::spawn(service.send(&MIA.login(), MIA.password))).collect();
    for login in logins {
        assert_eq!(login.await.expect("it ran").expect("an answer").status().as_u16(), 200);
    }
    assert_eq!(product.accounts(&MIA.login()).await, 1);
    assert!(product.signs_in(&MIA.login(), MIA.password).await);
}

/// Later logins are verified at the product, or refused because the password lives there.
async fn later_logins<P: Product>(product: &P, service: &Service) {
    for identifier in [IDA.login(), IDA.mail(), IDA.login().to_uppercase()] {
        let (right, wrong) = match P::VERIFIES {
            true => (signed_in("authenticated"), refused("wrong_password_at_target")),
            false => (refused("already_migrated"), refused("already_migrated")),
        };
        assert_eq!(service.sign_in(&identifier, IDA.password).await, right, "{identifier}");
        assert_eq!(service.sign_in(&identifier, "Wrong-lamp-42").await, wrong, "{identifier}");
    }
    assert_eq!(product.accounts(&IDA.login()).await, 1);
}

/// An account that Landfall did not create stays as it is.
async fn somebody_elses_account<P: Product>(product: &P, service: &Service) {
    if !product.keeps_logins_unique() {
        return;
    }
    for _ in 0..2 {
        assert_eq!(service.sign_in(&ROLF.login(), ROLF.password).await, (401, "conflict".to_owned()));
    }
    assert_eq!(product.accounts(&ROLF.login()).await, 1);
    assert!(product.signs_in(&ROLF.login(), PASSWORD_OF_ROLF_THERE).await);
    assert!(!product.signs_in(&ROLF.login(), ROLF.password).await);
}

/// A password that the policy refuses: the account is made without it, the answer says so, and nobody is locked out.
async fn password_policy<P: Product>(product: &P, service: &Service) {
    let login = OTTO.login();
    if !P::HAS_POLICY {
        assert_eq!(service.sign_in(&login, OTTO.password).await, signed_in("migrated"));
        return;
    }
    for _ in 0..2 {
        let (status, answer) = service.answer(&login, OTTO.password).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer["password_change_required"], true, "{answer}");
        assert_eq!(answer["password_change_reason"], "password_policy", "{answer}");
        assert_eq!(product.accounts(&login).await, 1);
    }
    assert!(!product.signs_in(&login, OTTO.password).await);
    assert_eq!(service.sign_in(&login, "wrong").await, refused("wrong_password"));
}

/// Landfall is killed when the product has made the account, and before Landfall knows it.
async fn killed_between_steps<P: Product>(product: &P, service: &mut Service) {
    let login = LINA.login();
    product.proxy().set(Mode::Latency(Duration::from_secs(60)));
    let lost = tokio::spawn(service.send(&login, LINA.password));
    until("the account", async || (product.accounts(&login).await == 1).then_some(())).await;
    service.kill();
    assert!(lost.await.expect("it ran").is_err(), "Landfall did not answer");
    product.proxy().heal();
    service.resume();
    let (status, how) = service.sign_in_at_last(&login, LINA.password).await;
    match (P::VERIFIES, product.keeps_our_id()) {
        (_, false) => assert_eq!((status, how.as_str()), (401, "conflict")),
        (true, true) => assert_eq!(status, 200, "{how}"),
        // recovery may have been faster
        (false, true) => {
            assert!(status == 200 || (status, how.clone()) == refused("already_migrated"), "{status} {how}")
        }
    }
    assert_eq!(product.accounts(&login).await, 1);
    assert!(product.signs_in(&login, LINA.password).await);
    assert!(!product.signs_in(&login, "Wrong-coat-88").await);
}

/// Without the product nobody is told that a password is wrong, unless the shop says so.
async fn outages<P: Product>(product: &P, service: &Service) {
    let customer: Customer = HANNA;
    product.stop();
    assert_eq!(service.sign_in(&customer.login(), customer.password).await, outage());
    assert_eq!(service.sign_in(&customer.login(), "wrong").await, refused("wrong_password"));
    let later = if P::VERIFIES { outage() } else { refused("already_migrated") };
    for password in [IDA.password, "wrong"] {
        assert_eq!(service.sign_in(&IDA.login(), password).await, later);
    }
    product.serve().await;
    assert_eq!(service.sign_in_at_last(&customer.login(), customer.password).await, signed_in("migrated"));
    assert_eq!(product.accounts(&customer.login()).await, 1);
    assert!(product.signs_in(&customer.login(), customer.password).await);
}
