//! Rules that are URLs beside the providers of a service, as Dubbo 2.6 and before write them.

use dubhe_core::ServiceKey;
use dubhe_core::documents::UrlCategory;

use super::condition::ConditionRule;
use super::configurator::{self, ConfiguratorRule};
use super::script::ScriptRule;
use crate::error::{ConfigError, ConfigErrorKind, Position, Result, Warnings};
use crate::java_url::JavaUrl;
use crate::text::limited;

/// A routing rule that is a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RouteUrl {
    /// `condition://`, and `route://` with `router=condition` or without.
    Condition(ConditionRule),
    /// `script://`, and `route://` with `router=script`.
    Script(ScriptRule),
}

impl RouteUrl {
    pub(crate) fn read(url: &JavaUrl, at: Position, warnings: &mut Warnings) -> Result<Self> {
        match (&*url.protocol, url.param("router").unwrap_or("condition")) {
            ("condition", _) | ("route", "condition") => {
                ConditionRule::from_url(url, at, warnings).map(Self::Condition)
            }
            ("script", _) | ("route", "script") => ScriptRule::from_url(url, at).map(Self::Script),
            (protocol, router) => {
                let what =
                    format!("{protocol}:// with the router {router} is no rule that is known");
                Err(ConfigError::value(at, what).hint(
                    "there are condition://, script://, and route:// with router=condition or script",
                ))
            }
        }
    }
}

/// A URL in a text, at the beginning of `at`.
pub(crate) fn parse(text: &str, at: Position) -> Result<JavaUrl> {
    JavaUrl::parse(text).map_err(|what| {
        ConfigError::new(ConfigErrorKind::Syntax, at, what)
            .hint("rules are URLs such as condition://0.0.0.0/org.example.Greeter?rule=...")
    })
}

/// Reads the configurators of a service among URLs, one a line. One that is no good is passed over with
/// a warning, as each is written on its own.
pub(crate) fn configurators(
    text: &str,
    service: &ServiceKey,
    warnings: &mut Warnings,
) -> Result<ConfiguratorRule> {
    let mut overrides = Vec::new();
    for (url, at) in urls(text, service, UrlCategory::Configurators, warnings)? {
        // It ends those before it, and the list (Dubbo Java `Configurator.toConfigurators`).
        if url.protocol == "empty" {
            overrides.clear();
            break;
        }
        match configurator::of_url(url, at) {
            Ok(read) => overrides.extend(read),
            Err(error) => pass_over(&error, warnings),
        }
    }
    Ok(ConfiguratorRule { version: None, overrides })
}

/// Reads the routing rules of a service among URLs, likewise.
pub(crate) fn routes(
    text: &str,
    service: &ServiceKey,
    warnings: &mut Warnings,
) -> Result<Vec<RouteUrl>> {
    let urls = urls(text, service, UrlCategory::Routers, warnings)?;
    let mut routes = Vec::new();
    for (url, at) in urls.into_iter().filter(|(url, _)| url.protocol != "empty") {
        match RouteUrl::read(&url, at, warnings) {
            Ok(read) => routes.push(read),
            Err(error) => pass_over(&error, warnings),
        }
    }
    Ok(routes)
}

/// The URLs that a consumer or provider of the service takes (Dubbo Java `UrlUtils.isMatch`).
fn urls(
    text: &str,
    service: &ServiceKey,
    category: UrlCategory,
    warnings: &mut Warnings,
) -> Result<Vec<(JavaUrl, Position)>> {
    let lines: Vec<&str> = text.lines().collect();
    let mut urls = Vec::new();
    for (line, text) in (1..).zip(limited(&lines, Position::START, "the list of URLs")?) {
        let at = Position { line, column: 1 };
        match parse(text, at) {
            Ok(url) if takes(service, category, &url) => urls.push((url, at)),
            Ok(_) => {}
            Err(error) => pass_over(&error, warnings),
        }
    }
    Ok(urls)
}

fn takes(service: &ServiceKey, category: UrlCategory, url: &JavaUrl) -> bool {
    let interface = url.param("interface").unwrap_or(&url.path);
    let enabled = url.param("enabled").is_none_or(|value| value.eq_ignore_ascii_case("true"));
    let of_category = url.param("category").is_none_or(|of| of == category.as_str());
    let param = |name: &str| url.param(name).unwrap_or_default().to_owned();
    let other = ServiceKey::new(service.interface().clone(), param("group"), param("version"));
    let is_interface = interface == "*" || interface == &**service.interface();
    is_interface && enabled && of_category && service.takes(&other)
}

fn pass_over(error: &ConfigError, warnings: &mut Warnings) {
    warnings.add(error.position(), || format!("{}; the URL is passed over", error.message()));
}
