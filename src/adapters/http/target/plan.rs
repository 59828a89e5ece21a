//! The requests of a target, compiled, and the mistakes in them.

use std::collections::BTreeMap;

use regex::Regex;

use super::body::AccountBody;
use super::meaning::Meanings;
use super::name::{KnownTarget, TargetName};
use super::section::{
    CreateSettings, HashSettings, LookupSettings, OwnerSettings, ReadSettings, StepSettings, TargetSection,
    VerifySettings, WriteSettings,
};
use crate::adapters::http::check::{self, ListPlan, VerifierPlan};
use crate::adapters::http::condition::{Condition, Described};
use crate::adapters::http::path::Path;
use crate::adapters::http::request::{Mistake, Request};
use crate::adapters::http::settings::{HttpVerifierSettings, Server};
use crate::adapters::http::shape::{ConditionSettings, RequestSettings, Statuses};
use crate::adapters::http::template::{Known, Name};
use crate::settings::Secret;

/// What a target does.
#[derive(Debug)]
pub(super) struct TargetPlan {
    pub create: CreatePlan,
    pub lookup: Option<LookupPlan>,
    pub owner: Vec<OwnerPlan>,
    pub adopt: Option<WritePlan>,
    pub steps: Vec<StepPlan>,
    pub set_password: Option<WritePlan>,
    pub read: Option<FindPlan>,
    /// What describes an account of `read` that may not sign in.
    pub disabled_when: Described,
    /// `None` if passwords are not verified, or a parameter that it needs is empty.
    pub verify: Option<VerifyPlan>,
    pub delete: Option<WritePlan>,
    pub ping: Option<WritePlan>,
    pub hashes: Vec<HashPlan>,
    pub rate_limited_when: Vec<Condition>,
    pub params: BTreeMap<String, Secret>,
}

/// Creates an account.
#[derive(Debug)]
pub(super) struct CreatePlan {
    pub request: Request,
    /// `None` if the request has a body of its own.
    pub body: Option<AccountBody>,
    pub id: IdPlace,
    pub meanings: Meanings,
}

/// Where an answer has the id of a new account.
#[derive(Debug)]
pub(super) enum IdPlace {
    Body(Path),
    /// The last segment of the header.
    Header(String),
}

/// Finds an account.
#[derive(Debug)]
pub(super) struct FindPlan {
    pub request: Request,
    pub pick: Path,
    pub none_when: Vec<Condition>,
}

/// Finds the account that Landfall created.
#[derive(Debug)]
pub(super) struct LookupPlan {
    pub find: FindPlan,
    pub matching: Option<Path>,
    pub id: Path,
    pub lists: Vec<ListPlan>,
    pub pending_when: Described,
    pub complete_when: Described,
    pub disabled_when: Described,
}

/// Finds the account that has a login.
#[derive(Debug)]
pub(super) struct OwnerPlan {
    pub find: FindPlan,
    pub id: Path,
    pub external_id: Path,
    pub email: Option<Path>,
    pub verified_when: Described,
}

/// A request once the account exists.
#[derive(Debug)]
pub(super) struct StepPlan {
    pub request: Request,
    pub when: Vec<Path>,
    pub each: Option<Path>,
    pub meanings: Meanings,
    pub sends_password: bool,
    /// Whether it is only for a password that was stored and must be changed.
    pub must_change: bool,
}

/// A request about an account that exists.
#[derive(Debug)]
pub(super) struct WritePlan {
    pub request: Request,
    /// The request before a deletion.
    pub before: Option<(Request, Meanings)>,
    /// The body, if the request replaces the account as a whole.
    pub merge: Option<AccountBody>,
    pub meanings: Meanings,
    /// Whether it needs the account as `read` returns it.
    pub reads: bool,
}

impl WritePlan {
    fn names(&self) -> impl Iterator<Item = &Name> {
        self.request.names().chain(self.merge.iter().flat_map(AccountBody::names))
    }
}

/// Verifies a password.
#[derive(Debug)]
pub(super) struct VerifyPlan {
    pub plan: VerifierPlan,
    pub none_when: Vec<Condition>,
    /// Whether it needs the account as `read` returns it.
    pub reads: bool,
}

/// Hashes that the product takes.
#[derive(Debug)]
pub(super) struct HashPlan {
    pub schemes: Vec<String>,
    pub pattern: Option<Regex>,
    pub body: AccountBody,
    /// The parts of the hash that the body uses.
    pub parts: Vec<String>,
    /// Whether the body uses the hash as one text.
    pub uses_text: bool,
}

impl TargetPlan {
    /// Compiles the requests.
    ///
    /// # Errors
    /// All mistakes.
    pub fn compile(
        section: &TargetSection,
        server: &Server,
        params: &BTreeMap<String, Secret>,
    ) -> Result<Self, Vec<Mistake>> {
        let mut compiler = Compiler { params, has_read: section.read.is_some(), mistakes: Vec::new() };
        let create = match &section.create {
            Some(create) => compiler.create(create),
            None => {
                let help = "write it under `requests`, or name a `preset` that has a target";
                compiler.mistakes.push(Mistake::missing("requests.create", "`create` is missing", help));
                None
            }
        };
        let writes = |key, known, written: &Option<WriteSettings>, compiler: &mut Compiler<'_>| {
            written.as_ref().and_then(|written| compiler.write(key, known, written))
        };
        let id = KnownTarget { id: true, ..KnownTarget::default() };
        let lookup = section.lookup.as_ref().and_then(|lookup| compiler.lookup(lookup));
        let owner = section.owner.iter().flatten().enumerate();
        let owner = owner.filter_map(|(at, owner)| compiler.owner(at, owner)).collect();
        let adopting = KnownTarget { id: true, external_id: true, account: true, ..KnownTarget::default() };
        let adopt = writes("adopt", Known { record: true, ..compiler.known(adopting) }, &section.adopt, &mut compiler);
        let steps = section.steps.iter().flatten().enumerate();
        let steps = steps.filter_map(|(at, step)| compiler.step(at, step)).collect();
        let password = Known { password: true, record: compiler.has_read, ..compiler.known(id) };
        let set_password = writes("set_password", password, &section.set_password, &mut compiler);
        let read = section.read.as_ref().and_then(|read| compiler.read(read));
        let disabled_when = section.read.as_ref().map(|read| read.disabled_when.as_slice()).unwrap_or_default();
        let disabled_when = Described::compile("requests.read.disabled_when", disabled_when, &mut compiler.mistakes);
        let mut verify = section.verify.as_ref().and_then(|verify| compiler.verify(verify, server));
        if let Some(verify) = &mut verify {
            verify.reads |= !disabled_when.is_empty();
        }
        let reading = Known { record: compiler.has_read, ..compiler.known(id) };
        let delete = writes("delete", reading, &section.delete, &mut compiler);
        let ping = writes("ping", compiler.known(KnownTarget::default()), &section.ping, &mut compiler);
        let hashes = section.hashes.iter().flatten().enumerate();
        let hashes = hashes.filter_map(|(at, hash)| compiler.hash(at, hash, section.create.as_ref()?)).collect();
        let rate_limited_when = section.rate_limited_when.as_deref().unwrap_or_default();
        let rate_limited_when = compiler.conditions("rate_limited_when", rate_limited_when, &[429, 503]);
        let mut mistakes = compiler.mistakes;
        match create {
            Some(create) if mistakes.is_empty() => {
                let params = params.clone();
                let plan = Self {
                    create,
                    lookup,
                    owner,
                    adopt,
                    steps,
                    set_password,
                    read,
                    disabled_when,
                    verify,
                    delete,
                    ping,
                    hashes,
                    rate_limited_when,
                    params,
                };
                plan.check_password(&mut mistakes);
                plan.check_search(&mut mistakes);
                if mistakes.is_empty() { Ok(plan) } else { Err(mistakes) }
            }
            _ => Err(mistakes),
        }
    }

    /// Whether a step sets the password.
    pub fn steps_set_password(&self) -> bool {
        self.steps.iter().any(|step| step.sends_password)
    }

    /// The verified password must arrive, and so must that of a pending account.
    fn check_password(&self, mistakes: &mut Vec<Mistake>) {
        let in_body = self.create.body.as_ref().is_some_and(AccountBody::sends_password);
        let is_sent = in_body || sends_password(&self.create.request) || self.steps_set_password();
        if !is_sent {
            let help = "write `{password}` in `create.body.with_password`, or in a step";
            mistakes.push(Mistake::missing("requests.create", "no request sends the password", help));
        }
        if self.set_password.is_none() {
            let help = "without it a pending account never gets a password";
            mistakes.push(Mistake::missing("requests.set_password", "`set_password` is missing", help));
        }
        let sends = |write: &WritePlan| write.names().any(|name| *name == Name::Password);
        if self.set_password.as_ref().is_some_and(|write| !sends(write)) {
            let help = "write `{password}` in its body";
            mistakes.push(Mistake::missing("requests.set_password", "the request does not send the password", help));
        }
    }

    /// An answer that was lost, and a duplicate, must be told from an account of somebody else.
    fn check_search(&self, mistakes: &mut Vec<Mistake>) {
        if self.lookup.is_none() && self.owner.is_empty() {
            let help = "write how an account is found by `{external_id}`";
            mistakes.push(Mistake::missing("requests.lookup", "neither `lookup` nor `owner` is written", help));
        }
    }
}

/// Whether a request sends the password of the customer.
fn sends_password(request: &Request) -> bool {
    request.names().any(|name| *name == Name::Password)
}

/// Whether a request uses the account as `read` returns it.
fn uses_record(request: &Request) -> bool {
    request.names().any(|name| matches!(name, Name::Record(_)))
}

struct Compiler<'c> {
    params: &'c BTreeMap<String, Secret>,
    has_read: bool,
    mistakes: Vec<Mistake>,
}

impl<'c> Compiler<'c> {
    fn known(&self, target: KnownTarget) -> Known<'c> {
        Known { target: Some(target), params: Some(self.params), ..Known::default() }
    }

    fn request(&mut self, key: &str, settings: &RequestSettings, known: Known<'_>) -> Option<Request> {
        let mut settings = settings.clone();
        if settings.basic.take().is_some() {
            let help = "write Landfall's own user and password as `server.auth: { kind: basic, … }`";
            let message = "`basic` is for the password of a customer";
            self.mistakes.push(Mistake::new(format!("requests.{key}.request.basic"), message, help));
        }
        check::required_request(&format!("requests.{key}.request"), Some(&settings), known, &mut self.mistakes)
    }

    fn path(&mut self, key: &str, text: &str) -> Option<Path> {
        check::path(&format!("requests.{key}"), text, &mut self.mistakes)
    }

    /// Conditions that no page of a proxy fulfils.
    fn conditions(&mut self, key: &str, written: &[ConditionSettings], usual: &[u16]) -> Vec<Condition> {
        let key = format!("requests.{key}");
        let compiled = Condition::compile_all(&key, written, &mut self.mistakes);
        let is_open = |condition: &&Condition| {
            !condition.has_evidence() && condition.has_status(|status| !usual.contains(&status))
        };
        let meaning = |condition: &Condition| {
            let other = check::other_meaning(condition, true);
            other.or_else(|| {
                condition.has_status(|status| matches!(status, 200..=299 | 400 | 422)).then_some("other things")
            })
        };
        if let Some(meaning) = compiled.iter().filter(is_open).find_map(meaning) {
            let help = "add a value of `body`, or a header, that tells them apart";
            self.mistakes.push(Mistake::new(&key, format!("`{key}` has a status that also means {meaning}"), help));
        }
        if compiled.iter().any(|condition| !condition.has_subject) {
            let help = "`subject: false` is for answers about a password";
            self.mistakes.push(Mistake::contradiction(&key, format!("`{key}` has no subject to leave out"), help));
        }
        compiled
    }

    /// Conditions of which one must be able to hold.
    fn needed(&mut self, key: &str, written: &[ConditionSettings], usual: &[u16]) -> Vec<Condition> {
        if written.is_empty() {
            let help = "without it no answer would ever mean that";
            self.mistakes.push(Mistake::missing(format!("requests.{key}"), format!("`{key}` is missing"), help));
        }
        self.conditions(key, written, usual)
    }

    /// What means that there is no such account: by default 404, if the path names it.
    fn none_when(&mut self, key: &str, written: Option<&[ConditionSettings]>, request: &Request) -> Vec<Condition> {
        let missing = || vec![ConditionSettings { status: Statuses(vec![404]), ..ConditionSettings::default() }];
        let usual = || if request.path_has_values() { missing() } else { Vec::new() };
        let conditions = written.map_or_else(usual, <[_]>::to_vec);
        self.conditions(&format!("{key}.none_when"), &conditions, &[])
    }

    fn must_name(&mut self, key: &str, request: &Request, is_named: impl Fn(&Name) -> bool, help: &str) {
        if !request.names().any(is_named) {
            let message = "the request does not say which account it is about";
            self.mistakes.push(Mistake::missing(format!("requests.{key}.request"), message, help));
        }
    }

    fn must_write(&mut self, key: &str, settings: &RequestSettings) {
        if settings.method.is_none() && settings.body.is_none() {
            let message = "a request that changes something needs a method";
            let help = "for example `method: DELETE`, or `POST` with a `body`";
            self.mistakes.push(Mistake::missing(format!("requests.{key}.request.method"), message, help));
        }
    }

    fn create(&mut self, written: &CreateSettings) -> Option<CreatePlan> {
        let target =
            KnownTarget { external_id: true, account: true, unusable_password: true, ..KnownTarget::default() };
        let known = Known { password: true, ..self.known(target) };
        let method = written.request.method.clone().or_else(|| Some("POST".to_owned()));
        let request = RequestSettings { method, ..written.request.clone() };
        let request = self.request("create", &request, known);
        let body = match written.request.body {
            Some(_) => None,
            None => AccountBody::compile(&written.body, None, known, "requests.create.body", &mut self.mistakes),
        };
        let id = if written.id.starts_with('$') {
            self.path("create.id", &written.id).map(IdPlace::Body)
        } else {
            Some(IdPlace::Header(written.id.clone()))
        };
        let meanings = Meanings {
            done: Some(self.needed("create.created_when", &written.created_when, &[200, 201])),
            duplicate: self.needed("create.duplicate_when", &written.duplicate_when, &[]),
            password_refused: self.conditions("create.password_refused_when", &written.password_refused_when, &[]),
            rejected: self.conditions("create.rejected_when", &written.rejected_when, &[]),
            none: Vec::new(),
        };
        Some(CreatePlan { request: request?, body, id: id?, meanings })
    }

    fn find(
        &mut self,
        key: &str,
        (request, pick): (&RequestSettings, &str),
        none_when: Option<&[ConditionSettings]>,
        known: Known<'_>,
    ) -> Option<FindPlan> {
        let request = self.request(key, request, known);
        let pick = self.path(&format!("{key}.pick"), pick);
        let request = request?;
        let none_when = self.none_when(key, none_when, &request);
        Some(FindPlan { request, pick: pick?, none_when })
    }

    fn lookup(&mut self, written: &LookupSettings) -> Option<LookupPlan> {
        let known = self.known(KnownTarget { external_id: true, ..KnownTarget::default() });
        let find = self.find("lookup", (&written.request, &written.pick), written.none_when.as_deref(), known)?;
        let help = "write `{external_id}`";
        self.must_name("lookup", &find.request, |name| matches!(name, Name::Target(_)), help);
        let matching = written.matching.as_deref().map(|path| self.path("lookup.match", path));
        if matching.is_none() && !find.request.path_has_values() {
            let help =
                "for example `match: $.external_id`; a product that ignores the question would give another account";
            let message = "nothing says where an account that is found has our id";
            self.mistakes.push(Mistake::missing("requests.lookup.match", message, help));
        }
        let id = self.path("lookup.id", &written.id);
        let mut lists = Vec::new();
        for (name, list) in &written.lists {
            let key = format!("lookup.lists.{name}");
            let request = self.request(&key, &list.request, Known { record: true, ..known });
            let pick = self.path(&format!("{key}.pick"), &list.pick);
            let none_when = self.conditions(&format!("{key}.none_when"), &list.none_when, &[]);
            lists.extend(request.zip(pick).map(|(request, pick)| {
                let name = name.clone();
                ListPlan { name, request, pick, none_when }
            }));
        }
        let mut described = |key: &str, written: &[_]| {
            Described::compile(&format!("requests.lookup.{key}"), written, &mut self.mistakes)
        };
        let pending_when = described("pending_when", &written.pending_when);
        let complete_when = described("complete_when", &written.complete_when);
        let disabled_when = described("disabled_when", &written.disabled_when);
        let matching = match matching {
            Some(path) => Some(path?),
            None => None,
        };
        Some(LookupPlan { find, matching, id: id?, lists, pending_when, complete_when, disabled_when })
    }

    fn owner(&mut self, at: usize, written: &OwnerSettings) -> Option<OwnerPlan> {
        let known = self.known(KnownTarget { external_id: true, account: true, ..KnownTarget::default() });
        let key = format!("owner.{at}");
        let find = self.find(&key, (&written.request, &written.pick), written.none_when.as_deref(), known)?;
        let help = "write a login, such as `{account.$.email}`";
        let is_login = |name: &Name| matches!(name, Name::Target(TargetName::Account(_)));
        self.must_name(&key, &find.request, is_login, help);
        let id = self.path(&format!("{key}.id"), &written.id);
        let external_id = self.path(&format!("{key}.external_id"), &written.external_id);
        let email = written.email.as_deref().and_then(|path| self.path(&format!("{key}.email"), path));
        let verified_when =
            Described::compile(&format!("requests.{key}.verified_when"), &written.verified_when, &mut self.mistakes);
        Some(OwnerPlan { find, id: id?, external_id: external_id?, email, verified_when })
    }

    fn step(&mut self, at: usize, written: &StepSettings) -> Option<StepPlan> {
        let key = format!("steps.{at}");
        let target = KnownTarget {
            external_id: true,
            id: true,
            account: true,
            item: written.each.is_some(),
            ..KnownTarget::default()
        };
        let known = Known { password: true, ..self.known(target) };
        let request = self.request(&key, &written.request, known);
        self.must_write(&key, &written.request);
        let when = written.when.iter().filter_map(|path| self.path(&format!("{key}.when"), path)).collect();
        let each = match written.each.as_deref() {
            Some(path) => Some(self.path(&format!("{key}.each"), path)?),
            None => None,
        };
        let meanings = Meanings {
            done: written.done_when.as_ref().map(|done| self.needed(&format!("{key}.done_when"), done, &[])),
            password_refused: self.conditions(
                &format!("{key}.password_refused_when"),
                &written.password_refused_when,
                &[],
            ),
            ..Meanings::default()
        };
        let request = request?;
        let help = "write `{id}`, the product's id of the account";
        self.must_name(&key, &request, |name| matches!(name, Name::Target(name) if name.is_customer()), help);
        let sends_password = sends_password(&request);
        Some(StepPlan { request, when, each, meanings, sends_password, must_change: written.must_change })
    }

    fn write(&mut self, key: &str, known: Known<'_>, written: &WriteSettings) -> Option<WritePlan> {
        let method = written.merge.as_ref().map(|_| "PUT".to_owned());
        let request = RequestSettings { method: written.request.method.clone().or(method), ..written.request.clone() };
        let request = self.request(key, &request, known)?;
        let place = format!("requests.{key}.merge");
        if written.merge.is_some() && written.request.body.is_some() {
            let message = "a request has either a `body` or `merge`";
            self.mistakes.push(Mistake::contradiction(&place, message, "leave one of them out"));
        }
        if written.merge.is_some() && !known.record {
            let help = "write `read`, which returns the account";
            self.mistakes.push(Mistake::contradiction(&place, "nothing reads what `merge` is merged over", help));
        }
        let merge = match &written.merge {
            Some(merge) => Some(AccountBody::over(merge, &written.leave_out, known, &place, &mut self.mistakes)?),
            None => None,
        };
        if key != "ping" {
            if written.merge.is_none() {
                self.must_write(key, &written.request);
            }
            let help = "write `{id}`, the product's id of the account";
            let is_account = |name: &Name| matches!(name, Name::Record(_) | Name::Target(TargetName::Id));
            self.must_name(key, &request, is_account, help);
        }
        let meanings = Meanings {
            done: written.done_when.as_ref().map(|done| self.needed(&format!("{key}.done_when"), done, &[])),
            none: self.none_when(key, written.none_when.as_deref(), &request),
            password_refused: self.conditions(
                &format!("{key}.password_refused_when"),
                &written.password_refused_when,
                &[],
            ),
            ..Meanings::default()
        };
        let before = match &written.before {
            Some(before) => Some(self.before(key, known, before, &meanings.none)?),
            None => None,
        };
        let mut plan = WritePlan { request, before, merge, meanings, reads: false };
        plan.reads = plan.merge.is_some() || plan.names().any(|name| matches!(name, Name::Record(_)));
        Some(plan)
    }

    fn before(
        &mut self,
        key: &str,
        known: Known<'_>,
        written: &RequestSettings,
        none: &[Condition],
    ) -> Option<(Request, Meanings)> {
        let key = format!("{key}.before");
        if key != "delete.before" {
            let help = "write a further request as one of the `steps`";
            self.mistakes.push(Mistake::contradiction(
                format!("requests.{key}"),
                "`before` is only for `delete`",
                help,
            ));
        }
        let request = self.request(&key, written, Known { record: false, ..known })?;
        self.must_write(&key, written);
        self.must_name(&key, &request, |name| *name == Name::Target(TargetName::Id), "write `{id}`");
        Some((request, Meanings { none: none.to_vec(), ..Meanings::default() }))
    }

    fn read(&mut self, written: &ReadSettings) -> Option<FindPlan> {
        let known = self.known(KnownTarget { id: true, ..KnownTarget::default() });
        let find = self.find("read", (&written.request, &written.pick), written.none_when.as_deref(), known)?;
        self.must_name("read", &find.request, |name| *name == Name::Target(TargetName::Id), "write `{id}`");
        Some(find)
    }

    fn verify(&mut self, written: &VerifySettings, server: &Server) -> Option<VerifyPlan> {
        let known = self.known(KnownTarget { id: true, ..KnownTarget::default() });
        let known = Known { password: true, record: self.has_read, ..known };
        let settings = HttpVerifierSettings {
            server: Box::new(server.clone()),
            preset: None,
            params: self.params.clone(),
            request: Some(Box::new(written.request.clone())),
            verified_when: Some(written.verified_when.clone()),
            mismatch_when: Some(written.mismatch_when.clone()),
            locked_when: None,
            disabled_when: Some(written.unusable_when.clone()).filter(|written| !written.is_empty()),
            expired_when: None,
            must_change_when: Some(written.must_change_when.clone()).filter(|written| !written.is_empty()),
            then: written.then.clone().map(Box::new),
            subject: written.subject.clone(),
            status_alone: written.status_alone,
            response_limit: 0,
        };
        let within = |mistake: Mistake| Mistake { key: format!("requests.verify.{}", mistake.key), ..mistake };
        let plan = match check::whole_verifier(&settings, known) {
            Ok(plan) => plan,
            Err(mistakes) => {
                self.mistakes.extend(mistakes.into_iter().map(within));
                return None;
            }
        };
        let none_when = self.conditions("verify.none_when", &written.none_when, &[]);
        let of_record = plan.subject.as_ref().is_some_and(|(_, record)| record.is_some());
        if of_record && !self.has_read {
            let help = "write `read`, or leave `record` out: then the product's id is compared";
            let message = "`subject.record` is a value of the account, and nothing reads it";
            self.mistakes.push(Mistake::contradiction("requests.verify.subject", message, help));
        }
        let reads = of_record || uses_record(&plan.request) || plan.then.as_ref().is_some_and(uses_record);
        let is_set = |name: &String| self.params.get(name).is_some_and(|value| !value.expose().is_empty());
        let unknown = written.needs.iter().find(|name| !self.params.contains_key(*name));
        if let Some(name) = unknown {
            let message = format!("the parameter `{name}` is unknown");
            self.mistakes.push(Mistake::new("requests.verify.needs", message, "name a parameter of the preset"));
        }
        written.needs.iter().all(is_set).then_some(VerifyPlan { plan, none_when, reads })
    }

    fn hash(&mut self, at: usize, written: &HashSettings, create: &CreateSettings) -> Option<HashPlan> {
        let key = format!("requests.hashes.{at}");
        if create.request.body.is_some() {
            let help = "leave `create.request.body` out, and use `create.body`";
            let message = "`hashes` adds to a body that the request does not have";
            self.mistakes.push(Mistake::contradiction(&key, message, help));
            return None;
        }
        let target = KnownTarget { external_id: true, account: true, hash: true, ..KnownTarget::default() };
        let known = self.known(target);
        let body = AccountBody::compile(&create.body, written.add.as_ref(), known, &key, &mut self.mistakes)?;
        let parts = body.names().filter_map(|name| match name {
            Name::Target(TargetName::HashPart(part)) => Some(part.clone()),
            _ => None,
        });
        let parts = parts.collect();
        let pattern = match written.pattern.as_deref().map(Regex::new) {
            Some(Err(_)) => {
                let help = "see the reference of the regexes in rules";
                self.mistakes.push(Mistake::new(&key, "the pattern is not a valid regex", help));
                return None;
            }
            Some(Ok(pattern)) => Some(pattern),
            None => None,
        };
        let unknown = written.schemes.iter().find(|name| crate::password::find(name).is_none());
        if let Some(name) = unknown {
            let help = "`landfall password schemes` lists them";
            self.mistakes.push(Mistake::new(&key, format!("`{name}` is not a password scheme"), help));
        }
        let uses_text = body.names().any(|name| *name == Name::Target(TargetName::Hash));
        Some(HashPlan { schemes: written.schemes.clone(), pattern, body, parts, uses_text })
    }
}
