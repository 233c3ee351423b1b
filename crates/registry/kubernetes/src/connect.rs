//! Clients of the API servers that options name.

use std::fmt::Display;
use std::path::Path;

use dubhe_core::time::SharedClock;
use dubhe_core::{Code, Status};
use futures_util::FutureExt as _;
use kube::Config;
use kube::config::{KubeConfigOptions, Kubeconfig};

use crate::api::Api;
use crate::client;
use crate::options::{Credentials, KubernetesOptions, Pem};

/// The folder in which Kubernetes mounts the service account of a pod.
pub(crate) const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// A cluster: its API server, and its name when there are several.
pub(crate) struct Connected {
    pub(crate) api: Api,
    pub(crate) context: Option<String>,
}

/// Makes the clients of all clusters; nothing is sent yet. A pod has its credentials in the folder
/// `account`.
pub(crate) fn connect(
    options: &KubernetesOptions,
    account: &Path,
    clock: &SharedClock,
) -> Result<Vec<Connected>, Status> {
    if let Some(server) = &options.server {
        let config = named(server, &options.credentials)?;
        return Ok(vec![connected(config, None, options, clock)?]);
    }
    if options.contexts.is_empty() {
        // In a pod its own account comes first; a kubeconfig in an image is for people.
        let in_pod =
            options.kubeconfig.is_none() && std::env::var_os("KUBERNETES_SERVICE_HOST").is_some();
        let config = if in_pod {
            of_pod(account)?
        } else {
            of_context(options.kubeconfig.as_deref(), None)?
        };
        return Ok(vec![connected(config, None, options, clock)?]);
    }
    let of = |context: &String| {
        let config = of_context(options.kubeconfig.as_deref(), Some(context))?;
        connected(config, Some(context), options, clock)
    };
    options.contexts.iter().map(of).collect()
}

fn wrong(what: String) -> Status {
    Status::new(Code::FailedPrecondition, format!("kubernetes: {what}"))
}

/// The configuration of a pod: the server that Kubernetes names in its environment, and its account.
fn of_pod(account: &Path) -> Result<Config, Status> {
    let failed = |what: &dyn Display| {
        wrong(format!(
            "this is a pod, but its service account cannot be used: {what}; \
             is automountServiceAccountToken off?"
        ))
    };
    let variable = |name: &str| {
        std::env::var(name).map_err(|_| failed(&format_args!("{name} is not in the environment")))
    };
    let file = |name: &str| {
        let path = account.join(name);
        std::fs::read_to_string(&path)
            .map_err(|error| failed(&format_args!("{}: {error}", path.display())))
    };
    let (host, port) = (variable("KUBERNETES_SERVICE_HOST")?, variable("KUBERNETES_SERVICE_PORT")?);
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    let server = format!("https://{host}:{port}");
    let uri = server.parse().map_err(|error| failed(&format_args!("{server:?}: {error}")))?;
    let mut config = Config::new(uri);
    file("namespace")?.trim().clone_into(&mut config.default_namespace);
    config.root_cert = Some(certificates(file("ca.crt")?.as_bytes(), "ca.crt")?);
    // A token has an end: the client reads it again once a minute.
    file("token")?;
    config.auth_info.token_file = Some(account.join("token").to_string_lossy().into_owned());
    Ok(config)
}

/// The configuration of a context, of the current one for `None`.
fn of_context(file: Option<&Path>, context: Option<&String>) -> Result<Config, Status> {
    let failed = |error: &dyn Display| {
        let file =
            file.map_or("of KUBECONFIG or ~/.kube/config".into(), |f| f.display().to_string());
        let context = context.map(|of| format!(", context {of:?}")).unwrap_or_default();
        wrong(format!(
            "the kubeconfig {file}{context} cannot be used: {error}; \
             outside a pod, name one by kubeconfig=FILE and context=NAME"
        ))
    };
    let kubeconfig = match file {
        Some(file) => Kubeconfig::read_from(file),
        None => Kubeconfig::read(),
    };
    let kubeconfig = kubeconfig.map_err(|error| failed(&error))?;
    let options = KubeConfigOptions { context: context.cloned(), ..KubeConfigOptions::default() };
    let config = Config::from_custom_kubeconfig(kubeconfig, &options);
    // It reads files and waits for nothing.
    match config.now_or_never() {
        Some(config) => config.map_err(|error| failed(&error)),
        None => Err(failed(&"reading it did not end")),
    }
}

/// The configuration of a server that the URL names.
fn named(server: &str, credentials: &Credentials) -> Result<Config, Status> {
    let uri = server.parse().map_err(|error| wrong(format!("{server:?} is no URL: {error}")))?;
    let mut config = Config::new(uri);
    let Credentials { token, basic, ca, certificate, key, trust_all } = credentials;
    config.accept_invalid_certs = *trust_all;
    if let Some(ca) = ca {
        config.root_cert =
            Some(certificates(&read(ca, "caCertFile")?, "caCertFile or caCertData")?);
    }
    let auth = &mut config.auth_info;
    auth.token = token.clone().map(Into::into);
    if let Some((user, password)) = basic {
        auth.username = Some(user.clone());
        auth.password = Some(password.clone().into());
    }
    let encoded = |pem: &Pem, parameter| {
        use base64::Engine as _;
        Ok::<_, Status>(base64::engine::general_purpose::STANDARD.encode(read(pem, parameter)?))
    };
    if let Some(certificate) = certificate {
        auth.client_certificate_data = Some(encoded(certificate, "clientCertFile")?);
    }
    if let Some(key) = key {
        auth.client_key_data = Some(encoded(key, "clientKeyFile")?.into());
    }
    Ok(config)
}

fn read(pem: &Pem, parameter: &str) -> Result<Vec<u8>, Status> {
    match pem {
        Pem::Text(text) => Ok(text.clone().into_bytes()),
        Pem::File(file) => std::fs::read(file).map_err(|error| {
            wrong(format!("{parameter}={}: it cannot be read: {error}", file.display()))
        }),
    }
}

/// The certificates in the PEM of `whence`, each in DER.
fn certificates(pem: &[u8], whence: &str) -> Result<Vec<Vec<u8>>, Status> {
    use base64::Engine as _;
    let text = String::from_utf8_lossy(pem);
    let bodies = text.split("-----BEGIN CERTIFICATE-----").skip(1);
    let bodies = bodies.filter_map(|body| body.split("-----END CERTIFICATE-----").next());
    let decode = |body: &str| {
        let body: String = body.split_whitespace().collect();
        base64::engine::general_purpose::STANDARD.decode(body)
    };
    match bodies.map(decode).collect::<Result<Vec<_>, _>>() {
        Ok(all) if !all.is_empty() => Ok(all),
        Ok(_) => Err(wrong(format!("the authority of {whence} has no certificate"))),
        Err(error) => Err(wrong(format!("{whence} is no PEM: {error}"))),
    }
}

fn connected(
    config: Config,
    context: Option<&String>,
    options: &KubernetesOptions,
    clock: &SharedClock,
) -> Result<Connected, Status> {
    let server = config.cluster_url.to_string();
    let namespace = options.namespace.clone().unwrap_or_else(|| config.default_namespace.clone());
    let client = client::of(&config, options.connect_timeout, clock)
        .map_err(|error| wrong(format!("no client for {server}: {error}")))?;
    let server = server.trim_end_matches('/');
    let api = Api::new(client, server, &namespace, clock.clone(), options.request_timeout);
    Ok(Connected { api, context: context.cloned() })
}
