//! Samba as an Active Directory domain controller, without its other services.
//!
//! It listens on the ports 389, 636, 3268 and 3269 and knows no others, so every controller has an address of its own in
//! 127.0.0.0/8, and root has to start it. A domain is provisioned once; its controllers are copies of its database, as if
//! they had replicated a moment ago.

use std::fs::{self, Permissions};
use std::hash::{BuildHasher as _, RandomState};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use rustix::process::{Signal, geteuid};

use super::certificates::Authority;
use super::process::Process;
use super::programs::program;

/// The domain as DNS writes it.
pub const DOMAIN: &str = "ad.example.org";

/// The domain as a distinguished name.
pub const SUFFIX: &str = "DC=ad,DC=example,DC=org";

/// The domain as Windows wrote it before there was DNS.
pub const WORKGROUP: &str = "ADX";

/// The administrator's password.
const ADMIN_PASSWORD: &str = "Adm1n-Passw0rd";

/// The longest wait for an answer.
const TIMEOUT: Duration = Duration::from_secs(60);

/// What a controller listens on.
const PORTS: [u16; 4] = [389, 636, 3268, 3269];

/// Fails unless root runs the tests.
pub fn needs_root() {
    assert!(
        geteuid().is_root(),
        "Samba listens on the ports 389 and 636, which only root may do: run these tests as root, such as in a container, \
         or leave them out with `tests/run -- --skip samba`"
    );
}

/// A domain that no controller serves yet.
pub struct Domain {
    process: Process,
    authority: Authority,
    ca: PathBuf,
}

impl Domain {
    /// Provisions a domain: an administrator and no other people.
    pub fn provision() -> Self {
        let process = Process::of_this_user("samba", Signal::TERM);
        let authority = Authority::new();
        let ca = authority.write(process.folder());
        let domain = Self { process, authority, ca };
        let folder = domain.process.folder();
        let target = format!("--targetdir={}", folder.join("dc").display());
        let empty = format!("--configfile={}", domain.process.write("empty.conf", "").display());
        let (realm, password) = (DOMAIN.to_ascii_uppercase(), format!("--adminpass={ADMIN_PASSWORD}"));
        domain.process.run(
            Command::new(program("samba-tool"))
                .args(["domain", "provision", "--server-role=dc", "--dns-backend=NONE", "--host-name=dc1"])
                .args(["--host-ip=127.0.0.1", "--option=interfaces=127.0.0.1/8", "--option=bind interfaces only=yes"])
                .args([empty, target, password, format!("--realm={realm}"), format!("--domain={WORKGROUP}")]),
        );
        fs::write(folder.join("dc/etc/smb.conf"), configuration(folder, Ipv4Addr::LOCALHOST, "")).expect("a file");
        domain
    }

    /// Runs `samba-tool` on the domain; the controllers that are made afterwards have what it did.
    pub fn tool(&self, arguments: &[&str]) {
        run_tool(&self.process, Command::new(program("samba-tool")), arguments);
    }

    /// The same so many days ago, at the clock of `samba-tool`.
    pub fn tool_before(&self, days: u32, arguments: &[&str]) {
        let mut command = Command::new(program("faketime"));
        command.args(["-f", &format!("-{days}d")]).arg(program("samba-tool"));
        run_tool(&self.process, command, arguments);
    }

    /// Starts a controller with a copy of the domain's database, and with these lines in its `smb.conf`.
    pub fn controller(&self, options: &str) -> Samba {
        let process = Process::of_this_user("samba", Signal::TERM);
        let [from, to] = [self.process.folder(), process.folder()].map(|folder| folder.join("dc"));
        process.run(Command::new("cp").arg("-a").args([&from, &to]));
        for folder in ["run", "run/ncalrpc", "log", "private/tls"] {
            fs::create_dir_all(to.join(folder)).expect("a folder");
        }
        let address = free_address();
        let certificate = self.authority.issue(&[address.to_string()]);
        fs::copy(&self.ca, to.join("private/tls/ca.pem")).expect("a copy");
        fs::write(to.join("private/tls/cert.pem"), certificate.certificate).expect("a file");
        fs::write(to.join("private/tls/key.pem"), certificate.key).expect("a file");
        fs::set_permissions(to.join("private/tls/key.pem"), Permissions::from_mode(0o600)).expect("permissions");
        fs::write(to.join("etc/smb.conf"), configuration(process.folder(), address, options)).expect("a file");
        let samba = Samba { process, address, ca: self.ca.clone() };
        samba.serve();
        samba
    }
}

/// A running domain controller.
pub struct Samba {
    process: Process,
    address: Ipv4Addr,
    ca: PathBuf,
}

impl Samba {
    /// Starts it again after a stop, on the same address.
    pub fn serve(&self) {
        let mut server = Command::new(program("samba"));
        server.args(["-i", "-M", "single", "--debug-stdout", "-d", "1", "-s"]);
        self.process.spawn(server.arg(self.process.folder().join("dc/etc/smb.conf")));
        self.process.wait_until(TIMEOUT, || self.search(None, "", &["-s", "base"]).status.success());
    }

    /// Ends it as a crash does.
    pub fn stop(&self) {
        self.process.stop(Signal::KILL);
    }

    /// Stops it where it is: connections are accepted, and nothing answers.
    pub fn pause(&self) {
        self.process.pause();
    }

    /// Lets a paused controller go on.
    pub fn resume(&self) {
        self.process.resume();
    }

    /// Runs `samba-tool` on the database of the running controller.
    pub fn tool(&self, arguments: &[&str]) {
        run_tool(&self.process, Command::new(program("samba-tool")), arguments);
    }

    /// What `ldapsearch` prints for these arguments, bound as somebody by TLS, or as nobody without.
    pub fn search(&self, user: Option<(&str, &str)>, base: &str, arguments: &[&str]) -> Output {
        let mut search = Command::new(program("ldapsearch"));
        search.env("LDAPTLS_CACERT", &self.ca).args(["-LLL", "-x", "-o", "ldif-wrap=no", "-b", base]);
        match user {
            Some((name, password)) => search.args(["-H", &self.secure(), "-D", name, "-w", password]),
            None => search.args(["-H", &self.plain()]),
        };
        search.args(arguments).stdin(Stdio::null()).output().expect("ldapsearch")
    }

    /// Adds the entries of an LDIF and makes its changes, as the administrator.
    pub fn change(&self, ldif: &str) {
        let file = self.process.write("change.ldif", ldif);
        let mut add = Command::new(program("ldapadd"));
        add.env("LDAPTLS_CACERT", &self.ca).args(["-x", "-H", &self.secure(), "-w", ADMIN_PASSWORD]);
        self.process.run(add.args(["-D", &format!("administrator@{DOMAIN}"), "-f"]).arg(file));
    }

    /// The address without TLS; StartTLS works.
    pub fn plain(&self) -> String {
        format!("ldap://{}", self.address)
    }

    /// The address with TLS.
    pub fn secure(&self) -> String {
        format!("ldaps://{}", self.address)
    }

    /// The certificate authority of the domain.
    pub fn ca(&self) -> &Path {
        &self.ca
    }
}

/// Runs a `samba-tool` straight on the database of a folder, whether a server runs there or not.
fn run_tool(process: &Process, mut tool: Command, arguments: &[&str]) {
    let path = |name: &str| process.folder().join("dc").join(name).display().to_string();
    tool.args(arguments).args(["-H", &path("private/sam.ldb")]).arg(format!("--configfile={}", path("etc/smb.conf")));
    process.run(&mut tool);
}

/// An address of this machine on which nobody listens to what a controller does.
fn free_address() -> Ipv4Addr {
    let candidates = (0..1000_u32).map(|_| {
        let [one, two, three, ..] = RandomState::new().hash_one(()).to_ne_bytes();
        Ipv4Addr::new(127, 100 + one % 150, two, 1 + three % 254)
    });
    let is_free = |address: &Ipv4Addr| PORTS.iter().all(|port| TcpListener::bind((*address, *port)).is_ok());
    candidates.into_iter().find(is_free).expect("an address in 127.0.0.0/8 with the ports of LDAP free")
}

fn configuration(folder: &Path, address: Ipv4Addr, options: &str) -> String {
    let (dc, realm) = (folder.join("dc"), DOMAIN.to_ascii_uppercase());
    let dc = dc.display();
    format!(
        "[global]\nrealm = {realm}\nworkgroup = {WORKGROUP}\nnetbios name = DC1\n\
         server role = active directory domain controller\nserver role check:inhibit = yes\n\
         server services = ldap\ndcerpc endpoint servers = -\ndisable netbios = yes\n\
         interfaces = {address}/8\nbind interfaces only = yes\n\
         private dir = {dc}/private\nstate directory = {dc}/state\ncache directory = {dc}/cache\n\
         lock directory = {dc}\nbinddns dir = {dc}/bind-dns\npid directory = {dc}/run\n\
         ncalrpc dir = {dc}/run/ncalrpc\nlog file = {dc}/log/log.%m\n{options}\n"
    )
}
