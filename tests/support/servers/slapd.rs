//! OpenLDAP's slapd, with password policies, and with the modules for passwords hashed by Argon2 and PBKDF2.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;

use super::certificates::{Authority, LOCAL};
use super::network::free_port;
use super::process::Process;
use super::programs::program;

/// The suffix of the directory.
pub const SUFFIX: &str = "dc=example,dc=org";

/// Who may search and not read passwords: name and password.
pub const READER: (&str, &str) = ("cn=reader,dc=example,dc=org", "reader password");

/// Who may change entries, and not read passwords: name and password.
pub const WRITER: (&str, &str) = ("cn=writer,dc=example,dc=org", "writer password");

/// The longest wait for an answer.
const TIMEOUT: Duration = Duration::from_secs(60);

const BASE: &str = "\
dn: dc=example,dc=org
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: ou=people,dc=example,dc=org
objectClass: organizationalUnit
ou: people

dn: ou=groups,dc=example,dc=org
objectClass: organizationalUnit
ou: groups

dn: cn=policy,dc=example,dc=org
objectClass: device
objectClass: pwdPolicy
cn: policy
pwdAttribute: userPassword
pwdLockout: TRUE
pwdMaxFailure: 3
pwdMaxAge: 8640000
pwdMustChange: TRUE

dn: cn=reader,dc=example,dc=org
objectClass: device
objectClass: simpleSecurityObject
cn: reader
userPassword: reader password

dn: cn=writer,dc=example,dc=org
objectClass: device
objectClass: simpleSecurityObject
cn: writer
userPassword: writer password
";

/// A running directory.
pub struct Slapd {
    process: Process,
    plain: u16,
    secure: u16,
    ca: PathBuf,
}

impl Slapd {
    /// Starts a directory with these entries, in LDIF, below the suffix.
    pub fn start(entries: &str) -> Self {
        let process = Process::new("slapd", "openldap", Signal::KILL);
        let authority = Authority::new();
        let ca = authority.write(process.folder());
        let certificate = authority.issue(&LOCAL);
        process.make_folder("db");
        process.write("cert.pem", &certificate.certificate);
        process.write("key.pem", &certificate.key);
        process.write("slapd.conf", &configuration(process.folder(), &ca));
        process.write("base.ldif", &format!("{BASE}\n{entries}"));
        let folder = process.folder();
        let mut load = Command::new(program("slapadd"));
        process.run(load.arg("-q").arg("-f").arg(folder.join("slapd.conf")).arg("-l").arg(folder.join("base.ldif")));
        let slapd = Self { process, plain: free_port(), secure: free_port(), ca };
        slapd.serve();
        slapd
    }

    /// Starts it again after a stop, on the same ports.
    pub fn serve(&self) {
        let mut server = Command::new(program("slapd"));
        server.arg("-f").arg(self.process.folder().join("slapd.conf")).args(["-d", "0", "-h"]);
        self.process.spawn(server.arg(format!("{} {}", self.plain(), self.secure())));
        self.process.wait_until(TIMEOUT, || self.answers());
    }

    fn answers(&self) -> bool {
        let mut search = Command::new(program("ldapsearch"));
        search.args(["-x", "-H", &self.plain(), "-b", "", "-s", "base"]);
        search.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("ldapsearch").success()
    }

    /// Ends it as a crash does.
    pub fn stop(&self) {
        self.process.stop(Signal::KILL);
    }

    /// The process, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.pid()
    }

    /// Its address without TLS; StartTLS works.
    pub fn plain(&self) -> String {
        format!("ldap://{}", SocketAddr::from((Ipv4Addr::LOCALHOST, self.plain)))
    }

    /// Its address with TLS.
    pub fn secure(&self) -> String {
        format!("ldaps://{}", SocketAddr::from((Ipv4Addr::LOCALHOST, self.secure)))
    }

    /// The certificate authority of its certificate.
    pub fn ca(&self) -> &Path {
        &self.ca
    }
}

fn configuration(folder: &Path, ca: &Path) -> String {
    let folder = folder.display();
    format!(
        "include /etc/ldap/schema/core.schema\ninclude /etc/ldap/schema/cosine.schema\n\
         include /etc/ldap/schema/inetorgperson.schema\ninclude /etc/ldap/schema/nis.schema\n\
         modulepath /usr/lib/ldap\nmoduleload back_mdb\nmoduleload ppolicy\nmoduleload argon2\n\
         moduleload pw-pbkdf2\n\
         TLSCACertificateFile {ca}\nTLSCertificateFile {folder}/cert.pem\nTLSCertificateKeyFile {folder}/key.pem\n\
         database mdb\nmaxsize 1073741824\ndbnosync\nsizelimit size.soft=500 size.hard=500 size.prtotal=unlimited\nindex objectClass,uid,mail eq\nsuffix {SUFFIX}\nrootdn cn=admin,{SUFFIX}\ndirectory {folder}/db\n\
         overlay ppolicy\nppolicy_default cn=policy,{SUFFIX}\nppolicy_use_lockout\n\
         access to attrs=userPassword by anonymous auth by * none\n\
         access to * by dn.exact=\"{reader}\" read by dn.exact=\"{writer}\" write by self read by * auth\n",
        ca = ca.display(),
        reader = READER.0,
        writer = WRITER.0,
    )
}
