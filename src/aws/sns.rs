//! SNS: a message to a topic (<https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>). It is asked by forms and answers in XML.

use url::form_urlencoded::Serializer;

use super::account::Account;
use super::signed::{self, SignedAnswer, SignedService};
use super::told::{self, Refused};
use crate::error::{Error, Result};

const SNS: SignedService = SignedService { name: "SNS", id: "sns", variable: "SNS" };

/// What SNS takes as a subject, and as a message.
const LONGEST_SUBJECT: usize = 100;
pub const MOST_BYTES: usize = 256 * 1024;

/// Where subscribers are told: `arn:aws:sns:eu-west-1:123456789012:alerts`.
#[derive(Debug, Clone, PartialEq)]
pub struct Topic {
    arn: String,
}

/// What subscribers are told.
#[derive(Debug)]
pub struct Notice<'a> {
    /// One line, for those who are told by mail.
    pub subject: &'a str,
    pub message: &'a str,
    /// By which subscriptions may choose.
    pub attributes: &'a [(&'a str, &'a str)],
    /// Of which topic in order (`….fifo`) it is, and by which a second one of the same is known.
    pub group: &'a str,
    pub id: &'a str,
}

impl Topic {
    pub fn parse(arn: &str) -> Option<Topic> {
        let parts: Vec<&str> = arn.split(':').collect();
        let ["arn", partition, "sns", region, account, name] = parts[..] else { return None };
        let is_name = |text: &str| {
            let text = text.strip_suffix(".fifo").unwrap_or(text);
            !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
        };
        let is_account = account.len() == 12 && account.chars().all(|c| c.is_ascii_digit());
        let is_topic = partition.starts_with("aws") && !region.is_empty() && is_account && is_name(name);
        is_topic.then(|| Topic { arn: arn.to_string() })
    }

    pub fn arn(&self) -> &str {
        &self.arn
    }

    fn region(&self) -> &str {
        self.arn.split(':').nth(3).unwrap_or_default()
    }

    fn is_in_order(&self) -> bool {
        self.arn.ends_with(".fifo")
    }
}

/// Publishes. After an answer that was lost it is published once more, and told twice then, but to a topic in order.
///
/// # Errors
/// When SNS is not reached, or does not take it.
pub async fn publish(topic: &Topic, notice: &Notice<'_>) -> Result<()> {
    let account = Account::open(Some(topic.region())).await;
    let headers = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
    match signed::post(&account, &SNS, &headers, &form(topic, notice), refused).await? {
        SignedAnswer::Given(_) => Ok(()),
        SignedAnswer::Refused(refused) => {
            let error = match refused.code.as_str() {
                "NotFound" => Error::config("SNS has no such topic").because(Error::failed(refused.message)),
                "AuthorizationError" => Error::connection("SNS: these credentials may not publish there")
                    .hint("whoever runs needs `sns:Publish` on the topic: on a cluster the nodes' role"),
                _ => told::refusal(SNS.name, account.region(), &refused),
            };
            Err(error.context(format!("the topic `{}`", topic.arn)))
        }
    }
}

fn form(topic: &Topic, notice: &Notice) -> String {
    let mut form = Serializer::new(String::new());
    form.append_pair("Action", "Publish").append_pair("Version", "2010-03-31").append_pair("TopicArn", &topic.arn);
    form.append_pair("Subject", &subject(notice.subject)).append_pair("Message", notice.message);
    for (n, (name, value)) in (1..).zip(notice.attributes) {
        let entry = format!("MessageAttributes.entry.{n}");
        form.append_pair(&format!("{entry}.Name"), name);
        form.append_pair(&format!("{entry}.Value.DataType"), "String");
        form.append_pair(&format!("{entry}.Value.StringValue"), value);
    }
    if topic.is_in_order() {
        form.append_pair("MessageGroupId", &plain(notice.group, 128));
        form.append_pair("MessageDeduplicationId", &plain(notice.id, 128));
    }
    form.finish()
}

/// Printable ASCII on one line, not too long.
fn subject(text: &str) -> String {
    let kept = text.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' });
    let cut: String = kept.take(LONGEST_SUBJECT).collect();
    cut.trim().to_string()
}

fn plain(text: &str, most: usize) -> String {
    text.chars().map(|c| if c.is_ascii_graphic() { c } else { '-' }).take(most).collect()
}

/// `<ErrorResponse><Error><Code>NotFound</Code><Message>…`; an answer that says nothing is a failure of the service.
fn refused(body: &[u8]) -> Refused {
    let text = String::from_utf8_lossy(body);
    let of = |name: &str| {
        let (_, after) = text.split_once(&format!("<{name}>"))?;
        Some(after.split_once(&format!("</{name}>"))?.0.trim().to_string())
    };
    Refused {
        code: of("Code").filter(|code| !code.is_empty()).unwrap_or_else(|| "InternalFailure".into()),
        message: of("Message").unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_told_by_its_arn() {
        let topic = |arn: &str| Topic::parse(arn).map(|topic| (topic.region().to_string(), topic.is_in_order()));
        assert_eq!(topic("arn:aws:sns:eu-west-1:123456789012:alerts"), Some(("eu-west-1".into(), false)));
        assert_eq!(topic("arn:aws-cn:sns:cn-north-1:123456789012:a.fifo"), Some(("cn-north-1".into(), true)));
        for wrong in [
            "alerts",
            "arn:aws:sqs:eu-west-1:123456789012:alerts",
            "arn:aws:sns::123456789012:alerts",
            "arn:aws:sns:eu-west-1:123456789012:alerts:0c3f",
            "arn:aws:sns:eu-west-1:1:alerts",
        ] {
            assert_eq!(Topic::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_form_says_what_is_published() {
        let notice = Notice {
            subject: "trapiche: `tienda` falló\n",
            message: "{\"text\": \"a&b\"}",
            attributes: &[("event", "failure")],
            group: "my store",
            id: "20261127T060000Z-000001 failure",
        };
        let form = |arn: &str| form(&Topic::parse(arn).unwrap(), &notice);
        let plain = form("arn:aws:sns:eu-west-1:123456789012:alerts");
        assert!(plain.starts_with("Action=Publish&Version=2010-03-31&TopicArn=arn%3Aaws%3Asns%3A"), "{plain}");
        assert!(
            plain.contains("&Subject=trapiche%3A+%60tienda%60+fall%3F%3F&Message=%7B%22text%22%3A+%22a%26b%22%7D&")
        );
        assert!(!plain.contains("MessageGroupId"), "{plain}");
        let in_order = form("arn:aws:sns:eu-west-1:123456789012:alerts.fifo");
        assert!(in_order.contains("&MessageGroupId=my-store&MessageDeduplicationId=20261127T060000Z-000001-failure"));
    }

    #[test]
    fn a_refusal_is_read_from_its_xml() {
        let read = |body: &str| {
            let Refused { code, message } = refused(body.as_bytes());
            format!("{code} {message}")
        };
        let said = "<ErrorResponse><Error><Type>Sender</Type><Code>NotFound</Code><Message>Topic does not exist</Message></Error></ErrorResponse>";
        assert_eq!(read(said), "NotFound Topic does not exist");
        assert_eq!(read("<html>"), "InternalFailure ");
    }
}
