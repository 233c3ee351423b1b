//! The choices of which a project is made.

use clap::ValueEnum;

use super::ask::Questions;
use super::names::Interface;
use super::registry::{NONE, Registry};
use super::source::Source;
use super::usage;
use crate::failure::Failure;

/// The kinds of projects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// Serves an interface
    Provider,
    /// Calls an interface
    Consumer,
    /// Has a provider and a consumer
    Both,
    /// Is a library with a filter, for servers, clients and gateways
    Filter,
}

impl Kind {
    /// Returns true if the project serves the interface.
    pub(super) fn provides(self) -> bool {
        matches!(self, Self::Provider | Self::Both)
    }

    /// Returns true if the project calls the interface.
    pub(super) fn consumes(self) -> bool {
        matches!(self, Self::Consumer | Self::Both)
    }
}

/// The protocols of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Protocol {
    /// The dubbo protocol, with Hessian
    Dubbo,
    /// Triple, and gRPC with it
    Tri,
}

impl Protocol {
    /// Returns its name in URLs.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Dubbo => "dubbo",
            Self::Tri => "tri",
        }
    }
}

/// The CI systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Ci {
    /// GitHub Actions
    Github,
    /// GitLab CI
    Gitlab,
}

/// A project, with all choices made.
#[derive(Clone, Debug)]
pub(super) struct Project {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) interface: Interface,
    /// A `.proto` file describes the service.
    pub(super) proto: bool,
    pub(super) protocol: Protocol,
    pub(super) registry: Option<Registry>,
    pub(super) ci: Ci,
    pub(super) source: Source,
}

/// The part of a project that the command line says.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) name: String,
    pub(super) kind: Option<Kind>,
    pub(super) interface: Option<String>,
    pub(super) proto: Option<bool>,
    pub(super) protocol: Option<Protocol>,
    pub(super) registry: Option<String>,
    pub(super) ci: Option<Ci>,
    pub(super) source: Source,
}

impl Given {
    /// Completes it by questions. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When what is given cannot be, or does not go together.
    pub(super) fn complete(self, mut questions: Questions<'_>) -> Result<Project, Failure> {
        self.check()?;
        let kind = chosen(&mut questions, self.kind, Kind::Provider, "What is it")?;
        self.check_with(kind)?;
        let interface = questions.unless(
            self.interface.as_deref(),
            "Which interface, with its package",
            "org.example.Greeter",
            Interface::read,
        )?;
        let mut proto = self.proto.unwrap_or_default();
        let mut protocol = Protocol::Dubbo;
        let mut registry = None;
        if kind != Kind::Filter {
            if self.proto.is_none() && self.protocol != Some(Protocol::Dubbo) {
                let question = "Is it described by a .proto file, yes or no";
                proto = questions.unless(None, question, "no", yes_or_no)?;
            }
            protocol = if proto {
                Protocol::Tri
            } else {
                let question = "Over which protocol is it called";
                chosen(&mut questions, self.protocol, Protocol::Dubbo, question)?
            };
            registry = questions.unless(
                self.registry.as_deref(),
                "In which registry do providers and consumers meet",
                NONE,
                |url| Registry::read(url, kind.provides()),
            )?;
        }
        let ci = chosen(&mut questions, self.ci, Ci::Github, "Where does CI run")?;
        let Self { name, source, .. } = self;
        Ok(Project { name, kind, interface, proto, protocol, registry, ci, source })
    }

    /// Checks what can be before the kind is known.
    fn check(&self) -> Result<(), Failure> {
        if let Some(interface) = &self.interface {
            Interface::read(interface).map_err(|why| usage(&why))?;
        }
        if let Some(url) = &self.registry {
            Registry::read(url, false).map_err(|why| usage(&why))?;
        }
        if self.proto == Some(true) && self.protocol == Some(Protocol::Dubbo) {
            return Err(usage(
                "--protocol dubbo has no services of a .proto file; they are called over tri",
            ));
        }
        self.kind.map_or(Ok(()), |kind| self.check_with(kind))
    }

    /// Checks what goes with the kind.
    fn check_with(&self, kind: Kind) -> Result<(), Failure> {
        if let Some(url) = &self.registry {
            Registry::read(url, kind.provides()).map_err(|why| usage(&why))?;
        }
        let options = [
            ("--proto", self.proto == Some(true)),
            ("--protocol", self.protocol.is_some()),
            ("--registry", self.registry.as_ref().is_some_and(|url| url != NONE)),
        ];
        match options.iter().find(|(_, given)| *given) {
            Some((option, _)) if kind == Kind::Filter => {
                let why =
                    "a filter stands around calls of every protocol, registry and description";
                Err(usage(&format!("--kind filter goes without {option}: {why}")))
            }
            _ => Ok(()),
        }
    }
}

/// Returns what is given, else what is chosen of all values.
fn chosen<T: ValueEnum + Copy>(
    questions: &mut Questions<'_>,
    given: Option<T>,
    default: T,
    question: &str,
) -> Result<T, Failure> {
    if let Some(given) = given {
        return Ok(given);
    }
    let name = |value: &T| value.to_possible_value().map(|value| value.get_name().to_owned());
    let names: Vec<String> = T::value_variants().iter().filter_map(name).collect();
    let all = names.join(", ");
    questions.unless(
        None,
        &format!("{question}: {all}"),
        &name(&default).unwrap_or_default(),
        |text| T::from_str(text, true).map_err(|_| format!("{text:?} is none of {all}")),
    )
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match &*text.to_ascii_lowercase() {
        "y" | "yes" => Ok(true),
        "n" | "no" => Ok(false),
        _ => Err(format!("{text:?} is neither yes nor no")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given() -> Given {
        Given {
            name: "shop".to_owned(),
            kind: None,
            interface: None,
            proto: None,
            protocol: None,
            registry: None,
            ci: None,
            source: Source::Version("0.1".to_owned()),
        }
    }

    fn asked(given: Given, answers: &str) -> (Result<Project, Failure>, String) {
        let (mut input, mut output) = (answers.as_bytes(), Vec::new());
        let project = given.complete(Questions::to(&mut input, &mut output));
        (project, String::from_utf8(output).unwrap())
    }

    #[tokio::test]
    async fn without_answers_it_is_a_provider() {
        let project = given().complete(Questions::nobody()).unwrap();
        assert_eq!((project.kind, project.protocol), (Kind::Provider, Protocol::Dubbo));
        assert_eq!(project.interface.to_string(), "org.example.Greeter");
        assert_eq!((project.proto, project.registry, project.ci), (false, None, Ci::Github));
        // Enter to every question is the same.
        let (project, told) = asked(given(), "\n\n\n\n\n\n");
        assert_eq!(project.unwrap().kind, Kind::Provider);
        assert_eq!(told.matches("]: ").count(), 6, "{told}");
    }

    #[tokio::test]
    async fn answers_are_asked_for_until_they_can_be() {
        let answers =
            "proxy\nboth\ngreeter\norg.example.Hello\nno\ntri\nconsul://h\nnacos://h:1\ngitlab\n";
        let (project, told) = asked(given(), answers);
        let project = project.unwrap();
        assert_eq!((project.kind, project.protocol), (Kind::Both, Protocol::Tri));
        assert_eq!(project.interface.to_string(), "org.example.Hello");
        assert_eq!(project.registry.unwrap().url, "nacos://h:1");
        assert_eq!(project.ci, Ci::Gitlab);
        for part in [
            "What is it: provider, consumer, both, filter [provider]: ",
            "\"proxy\" is none of provider",
            "no package",
            "\"consul://h\" is no registry",
        ] {
            assert!(told.contains(part), "no {part:?} in {told}");
        }
    }

    #[tokio::test]
    async fn what_is_given_or_follows_is_not_asked() {
        let mut proto = given();
        proto.proto = Some(true);
        let (project, told) = asked(proto, "\n\n\n\n");
        assert_eq!(project.unwrap().protocol, Protocol::Tri);
        assert!(!told.contains("proto"), "{told}");

        let mut dubbo = given();
        dubbo.protocol = Some(Protocol::Dubbo);
        let (project, told) = asked(dubbo, "\n\n\n\n");
        assert!(!project.unwrap().proto && !told.contains("proto"), "{told}");

        let (project, told) = asked(given(), "filter\n\n\n");
        assert_eq!(project.unwrap().kind, Kind::Filter);
        assert_eq!(told.matches("]: ").count(), 3, "{told}");
    }

    #[tokio::test]
    async fn what_does_not_go_together_is_refused_before_a_question() {
        let with = |change: fn(&mut Given)| {
            let mut given = given();
            change(&mut given);
            let (refused, told) = asked(given, "");
            assert_eq!(told, "");
            match refused {
                Err(Failure::Usage(text)) => text,
                other => panic!("{other:?}"),
            }
        };
        let text = with(|given| {
            given.proto = Some(true);
            given.protocol = Some(Protocol::Dubbo);
        });
        assert!(text.contains("over tri"), "{text}");
        let text = with(|given| {
            given.kind = Some(Kind::Filter);
            given.registry = Some("nacos://h:1".to_owned());
        });
        assert!(text.contains("without --registry"), "{text}");
        let text = with(|given| {
            given.kind = Some(Kind::Both);
            given.registry = Some("static://h:1?protocol=dubbo".to_owned());
        });
        assert!(text.contains("no registrations"), "{text}");
        let text = with(|given| given.interface = Some("Greeter".to_owned()));
        assert!(text.contains("no package"), "{text}");
        let text = with(|given| given.registry = Some("x".to_owned()));
        assert!(text.contains("is no registry"), "{text}");
    }
}
