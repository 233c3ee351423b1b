//! The login of a user (Nacos `HttpLoginProcessor`, `NacosClientAuthServiceImpl`).

use dubhe_core::printable::Shown;
use dubhe_core::time::{Duration, after};
use http::{Method, StatusCode};
use serde::Deserialize;

use super::{Auth, Token};
use crate::http::HttpRequest;

/// The path of Nacos 3, and that of older servers.
const PATHS: [&str; 2] = ["/v3/auth/user/login", "/v1/auth/users/login"];
/// The bytes of an answer.
const LIMIT: usize = 64 * 1024;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    access_token: Option<String>,
    /// Seconds.
    token_ttl: Option<u64>,
}

impl Auth {
    /// Logs in to one server after the other, until one answers; the error is for people.
    pub(super) async fn login(&self, user: &str, password: &str) -> Result<Token, String> {
        let mut error = self.servers.failure().to_string();
        for server in &*self.servers.now() {
            for path in PATHS {
                let target = format!("{}{path}", self.context_path);
                let request = HttpRequest {
                    method: Method::POST,
                    target: &target,
                    form: &[("username", user), ("password", password)],
                    headers: Vec::new(),
                    limit: LIMIT,
                };
                match self.http.send(server, request).await {
                    Ok((StatusCode::NOT_FOUND | StatusCode::NOT_IMPLEMENTED, _)) => {
                        error = format!("{server} has no {target}: check contextPath");
                    }
                    Ok((StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED, _)) => {
                        return Err(format!("{server} refuses user {user:?} or the password"));
                    }
                    Ok((StatusCode::OK, body)) => {
                        return self.accepted(&body).map_err(|why| {
                            format!("the answer of {server} cannot be used: {why}")
                        });
                    }
                    Ok((status, body)) => {
                        let text = String::from_utf8_lossy(&body);
                        // Nacos 3.1 answers 500 to a wrong password.
                        let advice = "check user and password, and the server";
                        error = format!("{server} answers {status} ({advice}): {}", Shown(&text));
                        break;
                    }
                    Err(why) => {
                        error = why;
                        break;
                    }
                }
            }
        }
        Err(error)
    }

    /// The token of an answer, which is asked for again in good time: at a random moment in its last
    /// tenth, as Java does.
    fn accepted(&self, body: &[u8]) -> Result<Token, String> {
        let answer: Answer = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let text = answer.access_token.ok_or("it has no accessToken")?;
        let ttl = Duration::from_secs(answer.token_ttl.unwrap_or_default());
        let least = ttl / 15;
        let spread = (ttl / 10).saturating_sub(least).as_millis();
        let spread = u64::try_from(spread).unwrap_or(u64::MAX);
        let window = least + Duration::from_millis(self.random.below(spread));
        let now = self.http.clock.now();
        Ok(Token {
            text: text.into(),
            refresh: after(now, ttl.saturating_sub(window)),
            end: after(now, ttl),
        })
    }
}
