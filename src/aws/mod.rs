//! What is Amazon's: who we are to its services, and the few of their calls that are made.
//!
//! | file | noun |
//! |---|---|
//! | `credentials` | who we are, found where AWS's own programs find it |
//! | `account` | who we are and where: what every service is asked with |
//! | `http` | the one client, with the one TLS library |
//! | `told` | what a service refused, in a user's words |
//! | `emr` | clusters and their steps |
//! | `s3` | what is put beside a lake for a cluster to find |
//! | `bucket` | the bucket itself: region, rules, uploads that are open |
//! | `glue` | the catalogue of tables |
//! | `athena` | one statement, and its one value |
//! | `signed` | a request that is signed and sent, again where that may help |
//! | `json` | services of which a call or two are made: signed JSON |
//! | `sns` | a message to a topic |
//! | `secrets` | `secretsmanager:NAME` and `ssm:NAME` |

pub mod account;
pub mod athena;
pub mod bucket;
pub mod credentials;
pub mod emr;
pub mod glue;
mod http;
mod json;
pub mod s3;
pub mod secrets;
mod signed;
pub mod sns;
mod told;
