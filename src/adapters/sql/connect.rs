//! Tries a database out, for `landfall check --connect`.

use tokio::time::{Instant, timeout_at};

use super::database::Description;
use super::{List, ListShape, SqlSource};
use crate::adapters::registry::{Part, Trial, TrialFinding};
use crate::diag::Severity;
use crate::ports::{PortError, PortErrorKind};

/// What does not fit, and the setting that says so, relative to the source.
type Mismatch = (String, PortError);

impl SqlSource {
    /// Connects, and checks that the database has all tables and columns of the queries. Reads no record.
    ///
    /// # Errors
    /// The mismatch, in the database's own words.
    pub async fn check(&self, deadline: Instant) -> Result<(), PortError> {
        let described = timeout_at(deadline, self.described(deadline, &mut Trial::default())).await;
        described.unwrap_or_else(|_| Err(("url".to_owned(), self.late("check")))).map_err(|(_, error)| error)
    }

    /// Connects, and tells what the database says of the queries.
    pub async fn try_out(&self) -> Trial {
        let (began, mut trial) = (Instant::now(), Trial::default());
        let deadline = began + Trial::PATIENCE;
        let described = timeout_at(deadline, self.described(deadline, &mut trial)).await;
        match described.unwrap_or_else(|_| Err(("url".to_owned(), self.late("check")))) {
            Ok(()) => trial.summary = Some(format!("connected, {} ms", began.elapsed().as_millis())),
            Err((key, error)) => {
                let message = format!("the source cannot be used: {}", error.detail());
                let help = help(error.kind(), &key);
                trial.findings.push(TrialFinding { severity: Severity::Error, code: "R514", key, message, help });
            }
        }
        trial
    }

    async fn described(&self, deadline: Instant, trial: &mut Trial) -> Result<(), Mismatch> {
        let of = |key: &str| {
            let key = key.to_owned();
            move |error| (key, error)
        };
        let mut session = self.database.session("check", deadline).await.map_err(of("url"))?;
        let Description { columns, loose } = session.describe(&self.record).await.map_err(of("record"))?;
        for message in loose {
            let (severity, help) = (Severity::Warning, self.dialect.advice.to_owned());
            trial.findings.push(TrialFinding { severity, code: "R513", key: "record".to_owned(), message, help });
        }
        if let Some(detail) = repeated(&columns) {
            return Err(("record".to_owned(), self.failed(PortErrorKind::Misconfigured, "check", detail)));
        }
        let record = columns.clone();
        trial.parts.push(Part { name: "record".to_owned(), columns });
        for list in &self.lists {
            let key = format!("lists.{}.query", list.name);
            let mismatch = |detail| (key.clone(), self.failed(PortErrorKind::Misconfigured, "check", detail));
            if has(&record, &list.name) {
                return Err(mismatch(format!("the record has a column and a list `{}`", list.name)));
            }
            if let Some(name) = list.template.names.iter().find(|name| !has(&record, name)) {
                let detail = format!("the record has no column `{name}`, which the list `{}` uses", list.name);
                return Err(mismatch(detail));
            }
            let columns = session.describe(&list.template).await.map_err(of(&key))?.columns;
            if let Some(detail) = repeated(&columns).or_else(|| misshapen(list, &columns)) {
                return Err(mismatch(detail));
            }
            trial.parts.push(Part { name: list.name.clone(), columns });
        }
        if let (Some(all), Some(settings)) = (&self.all, &self.settings.all) {
            let columns = session.describe(all).await.map_err(of("all.query"))?.columns;
            if !has(&columns, &settings.by) {
                let detail = format!("the query of `all` has no column `{}`, which it goes on by", settings.by);
                return Err(("all.by".to_owned(), self.failed(PortErrorKind::Misconfigured, "check", detail)));
            }
        }
        session.end().await.map_err(of("url"))
    }
}

/// What to do about a failure.
fn help(kind: PortErrorKind, key: &str) -> String {
    let text = match kind {
        PortErrorKind::Denied => "check the user, the password and what the user may read",
        PortErrorKind::Misconfigured if key != "url" => "correct the query",
        PortErrorKind::Misconfigured => "check the address, the certificate and the name of the database",
        PortErrorKind::RateLimited => "the database has no free connection; try again, or raise its limit",
        _ => "check that the database runs, and that this machine can reach it",
    };
    text.to_owned()
}

/// A sentence about a column that occurs twice.
fn repeated(columns: &[(String, String)]) -> Option<String> {
    let earlier = |at: usize, name: &str| columns.iter().take(at).any(|(have, _)| have == name);
    let (_, (name, _)) = columns.iter().enumerate().find(|(at, (name, _))| earlier(*at, name))?;
    Some(format!("the column `{name}` occurs twice; give one of them another name with AS"))
}

fn has(columns: &[(String, String)], name: &str) -> bool {
    columns.iter().any(|(have, _)| have.eq_ignore_ascii_case(name))
}

/// Why the columns of a list do not have its shape.
fn misshapen(list: &List, columns: &[(String, String)]) -> Option<String> {
    let named = [&list.settings.key, &list.settings.value];
    if let Some(name) = named.into_iter().flatten().find(|name| !has(columns, name)) {
        return Some(format!("the list `{}` has no column `{name}`", list.name));
    }
    (list.settings.shape == ListShape::Values && columns.len() != 1)
        .then(|| format!("the list `{}` is read `as: values`, but has more than one column", list.name))
}
