//! The service-account token that the injector mounts proves who the pod is, to one audience alone.

use k8s_openapi::api::authentication::v1::{TokenReview, TokenReviewStatus};
use kube::Api;
use kube::api::PostParams;
use mesh_api::agent::TOKEN_FILE;
use serde_json::json;

use super::app;
use crate::cluster::{Namespace, in_namespace};

#[test]
fn the_sidecars_token_is_good_for_its_audience_and_no_other() {
    in_namespace("token", async |test| {
        test.inject_and_apply(&app::service("web"), &["--intercept", "none"]);
        let pod = test.available("web").await;
        let pod = pod.metadata.name.as_deref().expect("a name");
        let token = token(test, pod).await;

        let review = review(test, &token, "mesh-identity").await;
        assert_eq!(review.authenticated, Some(true), "{review:?}");
        let user = review.user.expect("a user");
        let account = format!("system:serviceaccount:{}:default", test.name);
        assert_eq!(user.username.as_deref(), Some(account.as_str()));
        let extra = user.extra.expect("the pod behind it");
        assert_eq!(extra["authentication.kubernetes.io/pod-name"], [pod]);

        let elsewhere = self::review(test, &token, "istio-ca").await;
        assert_ne!(elsewhere.authenticated, Some(true), "{elsewhere:?}");
    });
}

/// The token as it lies in the volume that the injector adds.
async fn token(test: &Namespace, pod: &str) -> String {
    let directory = mesh_api::agent::TOKEN_DIRECTORY;
    let container = json!({
        "name": "reader",
        "image": app::image(),
        "args": ["cat", TOKEN_FILE],
        "securityContext": {"runAsUser": 1337, "runAsGroup": 1337},
        "volumeMounts": [{"name": "mesh-token", "mountPath": directory, "readOnly": true}],
    });
    test.debug(pod, &container).await
}

async fn review(test: &Namespace, token: &str, audience: &str) -> TokenReviewStatus {
    let review = json!({"spec": {"token": token, "audiences": [audience]}});
    let review = serde_json::from_value(review).expect("a review");
    let reviews = Api::<TokenReview>::all(test.client.clone());
    let reviewed = reviews.create(&PostParams::default(), &review).await;
    reviewed
        .expect("the API server reviews")
        .status
        .expect("a status")
}
