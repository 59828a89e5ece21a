//! What is expected of each cell of the targets. Written by hand, as `expected.rs`.

use crate::expected::{Cell, Fault, LATE, away, bad, web};

/// Where accounts are stored, in the order of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// A web API that creates an account with its password in one call, and verifies passwords.
    OneCall,
    /// A web API that creates an account in several calls, and verifies nothing.
    Steps,
    /// A SCIM service that takes the password in a change after the creation.
    Scim,
}

/// The tables, and what they are called.
pub const STORES: [(Store, &str); 3] = [
    (Store::OneCall, "Web API with a call for accounts and their passwords, which verifies passwords (`rest`)"),
    (Store::Steps, "Web API with a call for accounts and one for passwords, which verifies none"),
    (Store::Scim, "SCIM service with `password: patch`"),
];

/// The call that meets the fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The call that creates.
    Creation,
    /// The call after it: the roles of an account, or its password.
    SecondCall,
    /// The look-up by our id after the answer that the account exists.
    LookUp,
    /// The verification at a later login.
    LaterLogin,
    /// A new password by `POST /v1/accounts/{id}/password`.
    NewPassword,
}

/// The columns, and what they are called.
pub const MOMENTS: [(Moment, &str); 5] = [
    (Moment::Creation, "creation"),
    (Moment::SecondCall, "second call of a creation"),
    (Moment::LookUp, "look-up after a duplicate"),
    (Moment::LaterLogin, "verification at a later login"),
    (Moment::NewPassword, "new password"),
];

impl Moment {
    /// Whether the call changes something at the target.
    pub fn writes(self) -> bool {
        matches!(self, Self::Creation | Self::SecondCall | Self::NewPassword)
    }
}

/// What a target does instead of answering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// As a legacy system does it.
    Of(Fault),
    HangUp,
    NoAnswer,
    BadGateway,
    WrongType,
    WithoutId,
    CreatedAgain,
    Nowhere,
    Late,
}

/// The rows.
pub const ROWS: [Row; 36] = [
    Row::Of(Fault::ShortLatency),
    Row::Of(Fault::LongLatency),
    Row::Of(Fault::Drip),
    Row::Of(Fault::BlackHole),
    Row::Of(Fault::Refuse),
    Row::HangUp,
    Row::NoAnswer,
    Row::Of(Fault::Reset),
    Row::Of(Fault::ShortAnswer),
    Row::Of(Fault::Broken),
    Row::BadGateway,
    Row::Of(Fault::Unavailable),
    Row::Of(Fault::Busy),
    Row::Of(Fault::BusyUntil),
    Row::Of(Fault::Html),
    Row::WrongType,
    Row::Of(Fault::Empty),
    Row::Of(Fault::OtherProtocol),
    Row::Of(Fault::Redirect),
    Row::Of(Fault::GzipBomb),
    Row::Of(Fault::Huge),
    Row::Of(Fault::Endless),
    Row::Of(Fault::EndlessHeaders),
    Row::Of(Fault::Malformed),
    Row::Of(Fault::Deep),
    Row::Of(Fault::DuplicateKeys),
    Row::Of(Fault::Charset),
    Row::Of(Fault::Expired),
    Row::Of(Fault::SelfSigned),
    Row::Of(Fault::WrongHost),
    Row::Of(Fault::UnknownAuthority),
    Row::Of(Fault::NoTls),
    Row::WithoutId,
    Row::CreatedAgain,
    Row::Nowhere,
    Row::Late,
];

impl Row {
    /// What the page calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Of(fault) => fault.name(),
            Self::HangUp => "reset before the request is read",
            Self::NoAnswer => "reset after the request was read",
            Self::BadGateway => "a page in HTML with status 502",
            Self::WrongType => "the answer with another content type",
            Self::WithoutId => "201 without the id of the account",
            Self::CreatedAgain => "an answer that was lost, then 201 again for the same account",
            Self::Nowhere => "duplicate, but no account is found",
            Self::Late => "no answer, and the write takes effect after the claim has ended",
        }
    }

    /// Whether it is a fault of connections, which begins before a request is sent.
    pub fn is_of_connections(self) -> bool {
        match self {
            Self::HangUp => true,
            Self::Of(fault) => fault == Fault::Refuse || fault.tls().is_some(),
            _ => false,
        }
    }

    /// Whether it is a success by its status.
    fn is_a_success(self) -> bool {
        let garbled = [Fault::Html, Fault::Empty, Fault::Malformed, Fault::Deep, Fault::DuplicateKeys, Fault::Charset];
        match self {
            Self::Of(fault) => garbled.contains(&fault),
            _ => self == Self::WrongType,
        }
    }

    /// Whether the write may have had no effect. With an answer of success it had one.
    pub fn may_have_no_effect(self) -> bool {
        let is_own = matches!(self, Self::WithoutId | Self::CreatedAgain | Self::Nowhere | Self::Late);
        let is_page = self == Self::Of(Fault::Html);
        !is_own && !self.is_of_connections() && (is_page || !self.is_a_success())
    }
}

/// The cell of a target, if the fault has a meaning at this moment.
pub fn expected(store: Store, row: Row, moment: Moment) -> Option<Cell> {
    if store != Store::OneCall && moment == Moment::LaterLogin {
        return None;
    }
    if let Some(cell) = of_scim(row, moment).filter(|_| store == Store::Scim) {
        return Some(cell);
    }
    match row {
        Row::HangUp => Some(away("cannot connect to the server")),
        Row::NoAnswer => Some(away("the connection broke")),
        Row::BadGateway => Some(away("the server is not available (status 502)")),
        Row::Of(Fault::BusyUntil) => {
            Some(Cell::Outage("rate_limited", "the server limits the rate of requests (status 429)"))
        }
        _ if row.is_a_success() => Some(garbled(row, moment)),
        Row::Of(fault) => Some(web(fault)),
        _ if moment != Moment::Creation => None,
        Row::WithoutId => Some(away("no condition describes the answer (status 201)")),
        Row::CreatedAgain => Some(away("the body of the answer is incomplete")),
        Row::Nowhere => Some(Cell::Conflict),
        _ => Some(away(LATE)),
    }
}

/// The answer of a success that is not what was asked for.
fn garbled(row: Row, moment: Moment) -> Cell {
    let is_short = matches!(row, Row::Of(Fault::Html | Fault::Empty));
    match moment {
        Moment::Creation if is_short => away("no condition describes the answer (status 200)"),
        Moment::Creation => away("no condition describes the answer (status 201)"),
        Moment::SecondCall | Moment::NewPassword => match row {
            Row::Of(Fault::Html) => away("no condition describes the answer (status 200)"),
            // the status says that it is done, and nothing else is needed
            _ => Cell::SignsIn,
        },
        Moment::LaterLogin if row == Row::Of(Fault::Empty) => bad("no condition describes the answer (status 200)"),
        Moment::LookUp if row == Row::Of(Fault::Empty) => bad("the answer has no account at `$.items`"),
        Moment::LookUp | Moment::LaterLogin => match row {
            Row::WrongType => bad("the answer is not JSON by its content type"),
            Row::Of(fault) => web(fault),
            _ => Cell::SignsIn,
        },
    }
}

/// What is different with SCIM, whose answers are described by its standard.
fn of_scim(row: Row, moment: Moment) -> Option<Cell> {
    let is_change = matches!(moment, Moment::SecondCall | Moment::NewPassword);
    Some(match (row, moment) {
        (Row::Of(Fault::BusyUntil), _) => {
            Cell::Outage("rate_limited", "the server limits the rate of requests (status 429, wait 1 s)")
        }
        (Row::Of(Fault::Html), _) if is_change => bad("the answer to a change is a page in HTML"),
        (Row::WrongType, Moment::Creation) => bad("the answer is not JSON by its content type"),
        // a duplicate of some services: the user is searched
        (Row::Of(Fault::Broken), Moment::Creation) => Cell::Both,
        // the user is searched; the connection may have ended
        (Row::Of(Fault::Empty), Moment::Creation) => Cell::Both,
        (Row::Of(Fault::Empty), Moment::LookUp) => bad("the answer is not valid JSON"),
        (Row::WithoutId, Moment::Creation) => Cell::SignsIn,
        (Row::Of(fault), Moment::Creation) if row.is_a_success() => web(fault),
        _ => return None,
    })
}
