//! The authorization of requests.

mod login;
#[cfg(feature = "tls")]
mod sign;

use std::sync::Arc;

use dubhe_core::random::RandomSource;
use dubhe_core::time::{Instant, after};
use tokio::sync::Mutex;

use crate::error::Error;
use crate::http::HttpClient;
use crate::options::{NacosCredentials, NacosOptions};
use crate::servers::Servers;
use crate::wire::{Headers, Resource};
use dubhe_core::backoff::FullJitter;

/// The name of a token among the headers.
const ACCESS_TOKEN: &str = "accessToken";
/// The header of a token of an identity provider.
const AUTHORIZATION: &str = "authorization";

/// Makes the headers of requests.
pub(crate) struct Auth {
    credentials: NacosCredentials,
    servers: Servers,
    context_path: String,
    http: HttpClient,
    random: Arc<dyn RandomSource>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    token: Option<Token>,
    /// The last login, if it failed: no other is tried before that time.
    failed: Option<(Instant, Error)>,
    failures: u32,
}

#[derive(Clone)]
struct Token {
    text: Arc<str>,
    refresh: Instant,
    end: Instant,
}

impl Auth {
    pub(crate) fn new(
        options: &NacosOptions,
        servers: Servers,
        http: HttpClient,
        random: Arc<dyn RandomSource>,
    ) -> Self {
        Self {
            credentials: options.credentials.clone(),
            servers,
            context_path: options.context_path.clone(),
            http,
            random,
            state: Mutex::default(),
        }
    }

    /// The headers of a request about this resource, after a login if need be.
    ///
    /// # Errors
    /// When that fails.
    pub(crate) async fn headers(&self, resource: Resource<'_>) -> Result<Headers, Error> {
        let header = |name: &str, value: String| (name.to_owned(), value);
        Ok(match &self.credentials {
            NacosCredentials::None => Headers::new(),
            NacosCredentials::Token(token) => Headers::from([
                header(ACCESS_TOKEN, token.clone()),
                header(AUTHORIZATION, format!("Bearer {token}")),
            ]),
            NacosCredentials::Password { user, password } => {
                let token = self.token(user, password).await?;
                Headers::from([header(ACCESS_TOKEN, token.to_string())])
            }
            #[cfg(feature = "tls")]
            NacosCredentials::Keys { access, secret } => {
                sign::headers(access, secret, resource, self.http.clock.wall())
            }
            // The URL is refused.
            #[cfg(not(feature = "tls"))]
            NacosCredentials::Keys { .. } => {
                let _ = resource;
                Headers::new()
            }
        })
    }

    /// Forgets the token with which a request was refused. Returns `true` if there is another to try.
    pub(crate) async fn refused(&self, with: &Headers) -> bool {
        if !matches!(self.credentials, NacosCredentials::Password { .. }) {
            return false;
        }
        let Some(used) = with.get(ACCESS_TOKEN) else { return false };
        let mut state = self.state.lock().await;
        if state.token.as_ref().is_some_and(|token| *token.text == **used) {
            state.token = None;
        }
        true
    }

    /// The token, by a login if there is none or it ends soon. One login serves all who wait.
    async fn token(&self, user: &str, password: &str) -> Result<Arc<str>, Error> {
        let mut state = self.state.lock().await;
        let now = self.http.clock.now();
        let usable = state.token.clone().filter(|token| now < token.end);
        if let Some(token) = usable.as_ref().filter(|token| now < token.refresh) {
            return Ok(token.text.clone());
        }
        let pausing = state.failed.clone().filter(|(until, _)| now < *until);
        let error = match pausing {
            Some((_, error)) => error,
            None => match self.login(user, password).await {
                Ok(token) => {
                    let text = token.text.clone();
                    *state = State { token: Some(token), ..State::default() };
                    return Ok(text);
                }
                Err(why) => {
                    state.failures += 1;
                    let pause = FullJitter::default().pause(state.failures, &*self.random);
                    let name = user;
                    tracing::warn!(
                        user = name,
                        why,
                        ?pause,
                        "cannot log in to nacos; trying again"
                    );
                    let error = Error::Login(why.into());
                    state.failed = Some((after(self.http.clock.now(), pause), error.clone()));
                    error
                }
            },
        };
        // The old token still serves.
        usable.map(|token| token.text).ok_or(error)
    }
}
