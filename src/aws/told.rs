//! What a service refused, or why it was not reached: once, in a user's words.

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_emr::error::{ProvideErrorMetadata, SdkError};

use crate::error::{Error, chain};

/// An answer that says no.
#[derive(Debug, Clone)]
pub struct Refused {
    pub code: String,
    pub message: String,
}

/// Whether it may go well a moment later.
pub fn is_passing(code: &str) -> bool {
    is_throttled(code)
        || matches!(code, "InternalServerError" | "InternalServerException" | "InternalServiceError")
        || matches!(code, "InternalFailure" | "ServiceUnavailable" | "InternalError")
}

fn is_throttled(code: &str) -> bool {
    matches!(
        code,
        "Throttling"
            | "ThrottlingException"
            | "ThrottledException"
            | "TooManyRequestsException"
            | "RequestLimitExceeded"
            | "SlowDown"
    )
}

/// The error that a refusal is to the user. `region` is where was asked.
pub fn refusal(service: &str, region: &str, refused: &Refused) -> Error {
    let Refused { code, message } = refused;
    let error = match code.as_str() {
        "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => {
            Error::connection(format!("{service}: the credentials have expired"))
                .hint("fetch new ones: a session's last some hours; in AWS Academy they are under `AWS Details`")
        }
        "UnrecognizedClientException" | "InvalidClientTokenId" | "InvalidAccessKeyId" | "AuthFailure"
        | "SignatureDoesNotMatch" | "InvalidSignatureException" | "IncompleteSignature" | "MissingAuthenticationToken" => {
            Error::connection(format!("{service} does not know these credentials")).hint(
                "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN (or AWS_PROFILE), and this machine's clock",
            )
        }
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" | "AccessDeniedFault" => {
            Error::connection(format!("{service}: these credentials may not do that"))
                .hint("docs/emr.md lists what `submit` and the nodes must be allowed")
        }
        code if is_throttled(code) => Error::connection(format!("{service} was asked too often, and goes on to refuse"))
            .hint("try again in a minute: others of the account may be asking it, too"),
        "ValidationException" | "InvalidRequestException" | "InvalidParameterException" => {
            Error::config(format!("{service} refuses the request in {region}"))
        }
        _ => Error::connection(format!("{service} failed in {region}")),
    };
    let said = if message.is_empty() { code.clone() } else { format!("{code}: {message}") };
    error.because(Error::failed(said))
}

pub fn no_credentials(service: &str) -> Error {
    Error::connection(format!("there are no credentials for {service}"))
        .hint("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run where there is a role")
}

pub fn unreachable(service: &str, region: &str) -> Error {
    Error::connection(format!("{service} cannot be reached in the region `{region}`")).hint(
        "check the region (`s3: { region: … }` of the target, AWS_REGION, or the profile's) and this machine's network",
    )
}

/// The answer that an SDK's error is, if there was one.
pub fn refused<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Option<Refused> {
    let answer = error.as_service_error()?;
    let text = |text: Option<&str>| text.unwrap_or_default().to_string();
    Some(Refused { code: text(answer.code()), message: text(answer.message()) })
}

/// The error that an SDK's is to the user.
pub fn told<E, R>(service: &str, region: &str, error: SdkError<E, R>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    if let Some(refused) = refused(&error) {
        return refusal(service, region, &refused);
    }
    let has_none = chain(&error).any(|cause| cause.is::<CredentialsError>());
    match has_none {
        true => no_credentials(service).because(error),
        false => unreachable(service, region).because(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    #[test]
    fn a_refusal_says_what_to_do() {
        let told = |code: &str| {
            let refused = Refused { code: code.into(), message: "why".into() };
            let error = refusal("EMR", "eu-west-1", &refused);
            (error.kind(), error.to_string())
        };
        assert_eq!(told("ExpiredTokenException"), (Kind::Connection, "EMR: the credentials have expired".into()));
        assert_eq!(told("ValidationException"), (Kind::Config, "EMR refuses the request in eu-west-1".into()));
        assert_eq!(told("Throttling").0, Kind::Connection);
        assert!(is_passing("ThrottlingException") && !is_passing("ValidationException"));
    }
}
