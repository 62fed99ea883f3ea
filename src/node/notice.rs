//! A spot machine is told two minutes ahead that it will be taken away (EC2 instance metadata, `spot/instance-action`).

use std::time::Duration;

const ASK_EVERY: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(2);

/// Waits for the notice at the metadata service `base`, as `http://169.254.169.254`. A service that does not answer
/// has none.
pub async fn arrives(base: &str) {
    let Ok(http) = reqwest::Client::builder().timeout(PATIENCE).no_proxy().build() else {
        return std::future::pending().await;
    };
    loop {
        // Version 2 of the service answers only to who has asked for a token before.
        let token = http.put(format!("{base}/latest/api/token")).header("X-aws-ec2-metadata-token-ttl-seconds", "60");
        let token = match token.send().await {
            Ok(answer) if answer.status().is_success() => answer.text().await.unwrap_or_default(),
            _ => String::new(),
        };
        let notice = http.get(format!("{base}/latest/meta-data/spot/instance-action"));
        let notice = notice.header("X-aws-ec2-metadata-token", token).send().await;
        if notice.is_ok_and(|answer| answer.status().is_success()) {
            return;
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
}
