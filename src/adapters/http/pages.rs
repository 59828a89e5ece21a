//! Answers in several pages: the `Link` header with `rel="next"` (RFC 8288).

use url::Url;

use super::answer::Answer;
use super::error::Failure;

/// How many pages of one answer are read. The answers to questions about one customer have few.
pub(super) const MAX: usize = 20;

/// Where the next page is. `asked` is the URL of this one.
///
/// # Errors
/// If the next page is not below the base: an answer does not decide where requests go.
pub(super) fn next(answer: &Answer, asked: &Url, base: &Url) -> Result<Option<Url>, Failure> {
    let links = answer.headers.get_all("link").iter();
    let mut targets = links.filter_map(|value| value.to_str().ok()).flat_map(targets_of_next);
    let Some(target) = targets.next() else { return Ok(None) };
    let url = asked.join(target).ok().filter(|url| is_below(url, base) && url != asked);
    url.map(Some).ok_or_else(|| Failure::bad("the next page of the answer is the same one, or not below `server.url`"))
}

fn is_below(url: &Url, base: &Url) -> bool {
    let folder = base.path().trim_end_matches('/');
    let rest = url.path().strip_prefix(folder);
    url.origin() == base.origin()
        && url.username().is_empty()
        && url.password().is_none()
        && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The targets of the links in a header whose relation is `next`.
fn targets_of_next(header: &str) -> impl Iterator<Item = &str> {
    let links = header.split('<').skip(1).filter_map(|link| link.split_once('>'));
    links.filter(|(_, parameters)| is_next(parameters)).map(|(target, _)| target)
}

fn is_next(parameters: &str) -> bool {
    let mut parameters = parameters.split([';', ',']).filter_map(|parameter| parameter.split_once('='));
    let relation = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("rel"));
    let relation = relation.map_or("", |(_, value)| value.trim().trim_matches('"'));
    relation.split_ascii_whitespace().any(|one| one.eq_ignore_ascii_case("next"))
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderMap, HeaderValue};

    use super::*;

    fn next_of(links: &[&str]) -> Result<Option<String>, Failure> {
        let mut headers = HeaderMap::new();
        for link in links {
            headers.append("link", HeaderValue::from_str(link).unwrap());
        }
        let answer = Answer { status: 200, headers, body: Vec::new(), version: "HTTP/1.1" };
        let url = |text: &str| Url::parse(text).unwrap();
        let found = next(&answer, &url("https://a.example/api/users?x=1"), &url("https://a.example/api/"))?;
        Ok(found.map(String::from))
    }

    #[test]
    fn the_link_to_the_next_page_is_found_among_others() {
        let two =
            r#"<https://a.example/api/users?page=1>; rel="prev", <https://a.example/api/users?page=3>; rel="next""#;
        assert_eq!(next_of(&[two]).unwrap().unwrap(), "https://a.example/api/users?page=3");
        let several = [r#"</api/users?x=1>; rel="self""#, "<?after=5>; title=x; REL=next"];
        assert_eq!(next_of(&several).unwrap().unwrap(), "https://a.example/api/users?after=5");
        for none in ["", "x", "<a", r#"</api/u>; rel="prev""#, r#"</api/u>; title="next""#, "</api/u>; rel=nextpage"] {
            assert_eq!(next_of(&[none]).unwrap(), None, "{none}");
        }
    }

    #[test]
    fn a_next_page_elsewhere_is_an_error() {
        for link in [
            "https://b.example/api/u",
            "http://a.example/api/u",
            "https://a.example:8443/api/u",
            "https://me:pw@a.example/api/u",
            "//b.example/api/u",
            "../../admin",
            "/apiary",
            "file:///etc/passwd",
        ] {
            assert!(next_of(&[&format!("<{link}>; rel=next")]).is_err(), "{link}");
        }
    }
}
