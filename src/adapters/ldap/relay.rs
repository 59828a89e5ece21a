//! Stands between a server and the LDAP library, which keeps whatever arrives until a message is complete, and bounds it.
//!
//! TLS ends before the relay: the length of a message shows only in plain text.

use std::sync::{Arc, OnceLock};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader, split};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

use super::entry::too_large;
use super::error::Failure;
use super::message::{ENTRY, SEQUENCE, answers, bytes_of_length, elements, length, operation};
use crate::ports::PortErrorKind;

/// The most elements of one message. Each takes some fifty times its bytes in memory, so that the size alone is no limit; admits an
/// entry with tens of thousands of values.
const MAX_ELEMENTS: usize = 40_000;

/// The most elements of all answers to one request. Admits 5000 groups with twenty values each.
const MAX_ELEMENTS_OF_A_REQUEST: usize = 200_000;

/// What a request may be answered besides two of the largest messages. Admits 5000 groups.
const REST_OF_A_REQUEST: usize = 4 * 1024 * 1024;

/// An entry larger than its limit, but no larger than this, is the fault of that entry. No directory has larger ones.
const LARGEST_ENTRY: usize = 32 * 1024 * 1024;

/// Bytes of a request: filters and names are far smaller.
const LARGEST_REQUEST: usize = 1024 * 1024;

/// How much a server may send.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    record: usize,
}

impl Limits {
    /// For records of at most so many bytes.
    pub fn of_record(record: usize) -> Self {
        Self { record }
    }

    /// Bytes of one message: a record, the names in it, and what BER adds.
    fn message(self) -> usize {
        self.record * 2 + 64 * 1024
    }

    fn request(self, asked: Option<u8>) -> Left {
        Left { bytes: self.message() * 2 + REST_OF_A_REQUEST, elements: MAX_ELEMENTS_OF_A_REQUEST, asked }
    }
}

/// What a server may still send until the next request.
struct Left {
    bytes: usize,
    elements: usize,
    /// The tag of the request, if there was one.
    asked: Option<u8>,
}

impl Left {
    fn take(&mut self, message: &Message) -> Option<()> {
        self.bytes = self.bytes.checked_sub(message.bytes.len())?;
        self.elements = self.elements.checked_sub(message.elements)?;
        Some(())
    }
}

/// A running relay. Dropped, it closes the connection to the server.
pub(super) struct Relay {
    task: JoinHandle<()>,
    fault: Arc<OnceLock<Failure>>,
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Relay {
    /// Copies between a server and the library.
    pub fn start<S, C>(server: S, library: C, limits: Limits) -> Self
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
        C: AsyncRead + AsyncWrite + Send + 'static,
    {
        let fault = Arc::new(OnceLock::new());
        let found = Arc::clone(&fault);
        let task = tokio::spawn(async move {
            let (from_server, to_server) = split(server);
            let (from_library, to_library) = split(library);
            let left = Mutex::new(limits.request(None));
            let down = async {
                // before the connections close: then the library gives up, and its caller asks why
                if let Err(failure) = downward(from_server, to_library, &left, limits).await {
                    let _ = found.set(failure);
                }
            };
            tokio::select! {
                () = upward(from_library, to_server, &left, limits) => {}
                () = down => {}
            }
        });
        Self { task, fault }
    }

    /// Why the relay has cut the connection, if it has.
    pub fn fault(&self) -> Option<&Failure> {
        self.fault.get()
    }
}

async fn upward<R, W>(mut from: R, mut to: W, left: &Mutex<Left>, limits: Limits)
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    while let Some((request, asked)) = request(&mut from).await {
        *left.lock().await = limits.request(asked);
        let sent = async {
            to.write_all(&request).await?;
            to.flush().await
        };
        if sent.await.is_err() {
            return;
        }
    }
}

/// The next request of the library, which may have a password in it, and its tag. `None` at the end of the connection.
async fn request<R: AsyncRead + Unpin>(from: &mut R) -> Option<(Zeroizing<Vec<u8>>, Option<u8>)> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(1024));
    if !more(from, &mut bytes, 2).await {
        return None;
    }
    let first = bytes.last().copied().unwrap_or_default();
    if !more(from, &mut bytes, bytes_of_length(first)?).await {
        return None;
    }
    let (header, length) = (bytes.len(), length(first, bytes.get(2..).unwrap_or_default()));
    if length > LARGEST_REQUEST || !more(from, &mut bytes, length).await {
        return None;
    }
    let asked = operation(bytes.get(header..).unwrap_or_default()).map(|(_, tag)| tag);
    Some((bytes, asked))
}

async fn downward<R, W>(from: R, mut to: W, left: &Mutex<Left>, limits: Limits) -> Result<(), Failure>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let mut from = BufReader::new(from);
    while let Some(message) = read(&mut from, limits).await? {
        let mut left = left.lock().await;
        if !operation(message.contents()).is_some_and(|answer| answers(left.asked, answer)) {
            return Err(bad("the server answers what was not asked"));
        }
        left.take(&message).ok_or_else(|| bad("the server answers a request without end"))?;
        drop(left);
        if to.write_all(&message.bytes).await.is_err() {
            break;
        }
    }
    Ok(())
}

/// A message whose shape was checked.
pub(super) struct Message {
    bytes: Vec<u8>,
    header: usize,
    elements: usize,
}

impl Message {
    /// What is behind its length.
    pub fn contents(&self) -> &[u8] {
        self.bytes.get(self.header..).unwrap_or_default()
    }
}

fn bad(detail: &'static str) -> Failure {
    Failure::new(PortErrorKind::BadResponse, detail)
}

fn not_ldap() -> Failure {
    bad("the server sends something that is not LDAP")
}

/// The next message. `None` at the end of the connection, wherever it is: then the library waits in vain.
pub(super) async fn read<R: AsyncRead + Unpin>(from: &mut R, limits: Limits) -> Result<Option<Message>, Failure> {
    let mut bytes = Vec::new();
    if !more(from, &mut bytes, 1).await {
        return Ok(None);
    }
    if bytes != [SEQUENCE] {
        return Err(not_ldap());
    }
    if !more(from, &mut bytes, 1).await {
        return Ok(None);
    }
    let first = bytes.last().copied().unwrap_or_default();
    let rest = bytes_of_length(first).ok_or_else(not_ldap)?;
    if !more(from, &mut bytes, rest).await {
        return Ok(None);
    }
    let (header, length) = (bytes.len(), length(first, bytes.get(2..).unwrap_or_default()));
    if length > limits.message() {
        return Err(oversized(from, length, limits).await);
    }
    if !more(from, &mut bytes, length).await {
        return Ok(None);
    }
    let counted = elements(bytes.get(header..).unwrap_or_default(), MAX_ELEMENTS);
    Ok(Some(Message { header, elements: counted.ok_or_else(not_ldap)?, bytes }))
}

/// Reads so many more bytes. Memory grows with what has arrived, and not with what was announced.
async fn more<R: AsyncRead + Unpin>(from: &mut R, bytes: &mut Vec<u8>, count: usize) -> bool {
    let wanted = u64::try_from(count).unwrap_or(u64::MAX);
    let before = bytes.len();
    from.take(wanted).read_to_end(bytes).await.is_ok() && bytes.len() - before == count
}

/// Whose fault it is that a message is too long: its entry's, or the server's.
async fn oversized<R: AsyncRead + Unpin>(from: &mut R, length: usize, limits: Limits) -> Failure {
    let mut begin = Vec::new();
    // the number of the message comes before its operation
    let mut is_entry = more(from, &mut begin, 2).await;
    let number = begin.last().map_or(0, |length| usize::from(*length).min(4));
    is_entry = is_entry && more(from, &mut begin, number + 1).await && begin.last() == Some(&ENTRY);
    if is_entry && length <= LARGEST_ENTRY {
        too_large(limits.record)
    } else {
        bad("the server sends a message that is too large")
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;

    use super::super::message::tests::tlv;
    use super::*;

    const LIMITS: Limits = Limits { record: 1000 };

    fn asking(operation: u8) -> Vec<u8> {
        tlv(SEQUENCE, &[&tlv(0x02, &[&[7]]), &tlv(operation, &[])])
    }

    fn answer(operation: u8, contents: &[u8]) -> Vec<u8> {
        tlv(SEQUENCE, &[&tlv(0x02, &[&[7]]), &tlv(operation, &[contents])])
    }

    /// What reaches the library of what a server answers to a search, and the fault.
    async fn relayed(sent: Vec<u8>) -> (Vec<u8>, Option<Failure>) {
        answered(0x63, sent).await
    }

    async fn answered(request: u8, sent: Vec<u8>) -> (Vec<u8>, Option<Failure>) {
        let ((server, mut far), (library, mut near)) = (duplex(4096), duplex(4096));
        let relay = Relay::start(server, library, LIMITS);
        let asked = asking(request);
        near.write_all(&asked).await.expect("a relay");
        far.read_exact(&mut vec![0; asked.len()]).await.expect("the request");
        let sending = async move {
            // a relay that has cut the connection takes no more
            let _ = far.write_all(&sent).await;
            drop(far);
        };
        let mut received = Vec::new();
        let (_, read) = tokio::join!(sending, near.read_to_end(&mut received));
        read.expect("an end");
        (received, relay.fault().cloned())
    }

    #[tokio::test]
    async fn messages_go_through_as_they_are() {
        let sent = [answer(ENTRY, b""), answer(ENTRY, &[0x04, 0])].concat();
        assert_eq!(relayed(sent.clone()).await, (sent, None));
        // the last one is not complete
        let sent = answer(ENTRY, &[0x04, 0]);
        assert_eq!(relayed(sent[..sent.len() - 1].to_vec()).await, (vec![], None));
    }

    #[tokio::test]
    async fn what_is_too_large_is_cut_off_at_its_announcement() {
        let announced = |length: u32, operation: u8| {
            let sent = [&[SEQUENCE, 0x84][..], &length.to_be_bytes(), &[0x02, 1, 7, operation]].concat();
            [sent, vec![b'x'; 100_000]].concat()
        };
        let entry = relayed(announced(1_000_000, ENTRY)).await;
        assert_eq!(entry, (vec![], Some(too_large(1000))));
        let too_large = Some(bad("the server sends a message that is too large"));
        for (length, operation) in [(1 << 30, ENTRY), (1_000_000, 0x61), (u32::MAX, ENTRY)] {
            assert_eq!(relayed(announced(length, operation)).await, (vec![], too_large.clone()));
        }
    }

    #[tokio::test]
    async fn answers_without_end_are_cut_off() {
        let one = answer(0x73, &tlv(0x04, &[b"ldap://elsewhere"]));
        let (received, fault) = relayed(one.repeat(100_000)).await;
        assert_eq!(fault, Some(bad("the server answers a request without end")));
        assert!(received.len() < LIMITS.request(None).bytes && received.len() > 1000 * one.len(), "{}", received.len());
    }

    #[tokio::test]
    async fn a_request_begins_a_new_count() {
        let ((server, mut far), (library, mut near)) = (duplex(4096), duplex(4096));
        let relay = Relay::start(server, library, LIMITS);
        let one = answer(ENTRY, &tlv(0x04, &[&[b'x'; 60_000]]));
        for _ in 0..200 {
            let asked = asking(0x63);
            near.write_all(&asked).await.expect("a relay");
            far.read_exact(&mut vec![0; asked.len()]).await.expect("the request");
            let mut received = vec![0; one.len()];
            let (sent, read) = tokio::join!(far.write_all(&one), near.read_exact(&mut received));
            assert!(sent.is_ok() && read.is_ok() && received == one, "{:?}", relay.fault());
        }
    }

    #[tokio::test]
    async fn only_what_was_asked_is_answered() {
        let success = |operation: u8| answer(operation, &[tlv(0x0a, &[&[0]]), tlv(0x04, &[]), tlv(0x04, &[])].concat());
        let results = [0x61, 0x65, 0x67, 0x69, 0x6b, 0x6d, 0x6f, 0x78];
        for (request, answers) in [(0x60, 0x61), (0x63, 0x65), (0x66, 0x67), (0x4a, 0x6b)] {
            for operation in results {
                let (received, fault) = answered(request, success(operation)).await;
                let wanted = if operation == answers { success(operation) } else { vec![] };
                assert_eq!((received, fault.is_some()), (wanted, operation != answers), "{request:x} {operation:x}");
            }
            assert!(request == 0x63 || answered(request, answer(ENTRY, b"")).await.1.is_some());
        }
        let notice = tlv(
            SEQUENCE,
            &[&tlv(0x02, &[&[0]]), &tlv(0x78, &[&tlv(0x0a, &[&[52]]), &tlv(0x04, &[]), &tlv(0x04, &[])])],
        );
        assert_eq!(answered(0x60, notice.clone()).await, (notice, None));
    }

    #[tokio::test]
    async fn other_protocols_are_recognised() {
        for sent in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], &[SEQUENCE, 0x80, 0, 0], &[SEQUENCE, 3, 1, 2, 3]] {
            assert_eq!(relayed(sent.to_vec()).await, (vec![], Some(not_ldap())), "{sent:x?}");
        }
    }
}
