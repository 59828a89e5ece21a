//! `ip_address`: checks IP addresses.

use std::net::IpAddr;

use crate::engine::context::Cx;
use crate::engine::op::{Failure, Family, Op, OpSpec, Output, example, example_failure};
use crate::model::{Kinds, Value};

/// The row of the step table.
pub const IP_ADDRESS: OpSpec = OpSpec {
    name: "ip_address",
    family: Family::Identity,
    summary: "checks an IP address and converts it to its canonical form",
    details: "IPv6 addresses are written as in RFC 5952: lower case, with the longest run of zeros as `::`. Numbers \
              with leading zeros, networks (`/24`), ports and zones (`%eth0`) fail.",
    input: Kinds::TEXT,
    output: Output::Is(Kinds::TEXT),
    arguments: &[],
    fails: "the text is not an IP address",
    takes_nothing: false,
    examples: &[
        example("", r#""192.0.2.1""#, r#""192.0.2.1""#),
        example("", r#""2001:DB8:0:0:0:0:0:1""#, r#""2001:db8::1""#),
        example_failure("", r#""192.0.2.256""#),
        example_failure("", r#""192.0.2.0/24""#),
    ],
    build: |_| Ok(Box::new(IpAddress)),
};

#[derive(Debug)]
struct IpAddress;

impl Op for IpAddress {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let text = cx.text(input)?.trim();
        let address: IpAddr = text.parse().map_err(|_| Failure::new("the text is not an IP address"))?;
        let made = bumpalo::format!(in cx.arena, "{}", address).into_bump_str();
        Ok(Value::Text(if made == text { text } else { made }))
    }
}
