//! `alerts:`: who is told when a run fails, and when what failed is well again.

use super::address::Address;
use super::target::address;
use crate::aws::sns::Topic;
use crate::project::faults::Faults;
use crate::project::read::{At, given};
use crate::project::spec::{AlertOn, AlertsSpec};
use crate::project::written::Written;

/// Checked. Without a way nobody is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Alerts {
    /// Takes JSON by POST.
    pub webhook: Option<Address>,
    /// Run by `sh`, in the project's folder, with the JSON as its input.
    pub command: Option<Written>,
    /// Whose subscribers get the JSON.
    pub sns: Option<Topic>,
    pub on: Vec<AlertOn>,
}

impl Alerts {
    pub fn are_on(&self, what: AlertOn) -> bool {
        self.on.contains(&what)
    }
}

pub fn check(spec: &At<AlertsSpec>, root: &std::path::Path, faults: &mut Faults) -> Option<Alerts> {
    let keys = spec.value.as_ref()?;
    let has_none = keys.webhook.is_none() && keys.command.is_none() && keys.sns.is_none();
    if has_none && !faults.any_in(&spec.span) {
        faults
            .add(&spec.key, "`alerts` has neither a `webhook` nor a `command` nor a topic of `sns`")
            .hint("add one of them, or several");
    }
    // An empty value (`${URL:-}` without a `URL`) is none.
    let given_text = |at: &Option<At<Written>>| given(at).map(|text| text.filter(|text| !text.expose().is_empty()));
    let webhook = match (given_text(&keys.webhook)?, &keys.webhook) {
        (Some(text), Some(at)) => Some(address(&text, &["http", "https"], &at.span, root, faults)?),
        _ => None,
    };
    let sns = match (given(&keys.sns)?.filter(|arn| !arn.is_empty()), &keys.sns) {
        (Some(arn), Some(at)) => match Topic::parse(&arn) {
            Some(topic) => Some(topic),
            None => {
                faults
                    .add(&at.span, "this is no topic of SNS")
                    .hint("a topic's ARN is like `arn:aws:sns:eu-west-1:123456789012:alerts`");
                return None;
            }
        },
        _ => None,
    };
    let on = match &keys.on {
        None => vec![AlertOn::Failure, AlertOn::Recovery],
        Some(at) => at.value.as_ref()?.iter().map(|at| at.value).collect::<Option<_>>()?,
    };
    Some(Alerts { webhook, command: given_text(&keys.command)?, sns, on })
}
