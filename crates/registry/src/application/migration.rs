//! Migration between the two levels of registration: the meaning of the rule, and the choice of the
//! level.

use bytestring::ByteString;
use dubhe_config::rule::migration::{Migration, MigrationRule, MigrationStep};
use dubhe_core::ServiceKey;
use dubhe_core::registry::DiscoveryLevel as Level;

/// The meaning of a rule for a service.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Plan {
    pub(super) step: MigrationStep,
    pub(super) threshold: f32,
    /// `true` to switch to a level that has too few providers.
    pub(super) force: bool,
}

impl Plan {
    /// Applies a rule to a service that these applications provide; this plan holds where the rule
    /// decides nothing. The word on the interface (`org.example.Greeter` or
    /// `org.example.Greeter:1.0.0`) goes before that on a provider's application, that before the word on
    /// all. `delay` and `proportion` are passed over: a switch is made as soon as it is safe.
    pub(super) fn with_rule(
        self,
        rule: &MigrationRule,
        service: &ServiceKey,
        applications: &[ByteString],
    ) -> Self {
        let interface = match &**service.version() {
            "" => of(&rule.interfaces, service.interface()),
            version => of(&rule.interfaces, &format!("{}:{version}", service.interface())),
        };
        let of_applications =
            || applications.iter().filter_map(|name| of(&rule.applications, name));
        let parts = || interface.into_iter().chain(of_applications()).chain([&rule.all]);
        Self {
            step: parts().find_map(|part| part.step).unwrap_or(self.step),
            threshold: parts().find_map(|part| part.threshold).unwrap_or(self.threshold),
            force: parts().find_map(|part| part.force).unwrap_or(self.force),
        }
    }
}

/// The last entry of a name, which goes before others as in Java.
fn of<'a>(parts: &'a [(Option<ByteString>, Migration)], name: &str) -> Option<&'a Migration> {
    parts.iter().rev().find(|(key, _)| key.as_deref() == Some(name)).map(|(_, part)| part)
}

/// The knowledge of a level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct View {
    /// The number of providers.
    pub(super) count: usize,
    /// `true` when all that was asked has been answered once.
    pub(super) complete: bool,
}

/// Returns `true` if the providers at one level are enough to leave the other (Dubbo Java
/// `DefaultMigrationAddressComparator`).
fn is_enough(new: View, old: View, threshold: f32) -> bool {
    new.count > 0 && (old.count == 0 || new.count as f32 / old.count as f32 >= threshold)
}

/// The level to take now; `None` to wait for an answer. `given` is the level of the last snapshot.
pub(super) fn choose(
    plan: Plan,
    given: Option<Level>,
    interface: View,
    application: View,
) -> Option<Level> {
    let forced = |level, new: View, old: View| match given {
        Some(other) if other != level => {
            let enough = plan.force || old.count == 0 || is_enough(new, old, plan.threshold);
            Some(if new.complete && enough { level } else { other })
        }
        _ => (new.complete || new.count > 0).then_some(level),
    };
    match plan.step {
        MigrationStep::ForceInterface => forced(Level::Interface, interface, application),
        MigrationStep::ForceApplication => forced(Level::Application, application, interface),
        MigrationStep::ApplicationFirst => {
            let keeps = given == Some(Level::Application) || interface.count == 0;
            let whole = application.complete || keeps;
            if whole && is_enough(application, interface, plan.threshold) {
                Some(Level::Application)
            } else if interface.count > 0 {
                Some(Level::Interface)
            } else if !application.complete {
                // Its answer will come: until then, the last set stays.
                None
            } else if interface.complete {
                Some(Level::Application)
            } else {
                given
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use dubhe_config::{Keys, Rule, validate};

    use super::*;

    const DEFAULT: Plan =
        Plan { step: MigrationStep::ApplicationFirst, threshold: 0.0, force: false };

    fn view(count: usize) -> View {
        View { count, complete: true }
    }

    fn pending(count: usize) -> View {
        View { count, complete: false }
    }

    #[test]
    fn the_rule_of_the_interface_goes_before_that_of_the_application() {
        let text = "key: demo\nstep: FORCE_APPLICATION\nthreshold: \"0.25\"\nproportion: 60\ndelay: 60\n\
                    force: false\ninterfaces:\n  - serviceKey: a.B:1.0\n    step: FORCE_INTERFACE\n\
                    applications:\n  - serviceKey: shop\n    step: APPLICATION_FIRST\n    threshold: 1\n    force: true\n";
        let Rule::Migration(rule) = validate(&Keys::migration("demo"), text).unwrap().rule else {
            panic!("another rule");
        };
        let plan = |service: &str, apps: &[&'static str]| {
            let apps: Vec<_> = apps.iter().map(|app| ByteString::from(*app)).collect();
            DEFAULT.with_rule(&rule, &ServiceKey::parse(service), &apps)
        };
        let expected = |step, threshold, force| Plan { step, threshold, force };
        use MigrationStep::{ApplicationFirst, ForceApplication, ForceInterface};
        assert_eq!(plan("a.B", &[]), expected(ForceApplication, 0.25, false));
        assert_eq!(plan("g/a.B:1.0", &[]), expected(ForceInterface, 0.25, false));
        assert_eq!(plan("a.B:1.0", &["x", "shop"]), expected(ForceInterface, 1.0, true));
        assert_eq!(plan("a.C", &["shop"]), expected(ApplicationFirst, 1.0, true));
    }

    #[test]
    fn application_first_compares_by_the_threshold() {
        let choose = |threshold, given, interface, application| {
            choose(Plan { threshold, ..DEFAULT }, given, interface, application)
        };
        use Level::{Application, Interface};
        assert_eq!(choose(0.0, None, pending(0), pending(0)), None);
        assert_eq!(choose(0.0, None, view(3), pending(0)), Some(Interface));
        assert_eq!(choose(0.0, Some(Interface), view(3), pending(1)), Some(Interface), "not whole");
        assert_eq!(choose(0.0, Some(Interface), view(3), view(1)), Some(Application));
        assert_eq!(choose(0.5, Some(Application), view(3), view(1)), Some(Interface));
        assert_eq!(choose(0.5, Some(Interface), view(2), view(1)), Some(Application));
        assert_eq!(choose(0.5, None, view(0), view(1)), Some(Application));
        assert_eq!(choose(0.0, Some(Application), view(1), view(0)), Some(Interface));
        assert_eq!(choose(0.0, None, pending(0), view(0)), None);
        assert_eq!(choose(0.0, None, view(0), view(0)), Some(Application));
        assert_eq!(choose(0.0, Some(Interface), view(0), view(0)), Some(Application));
        assert_eq!(choose(0.0, Some(Application), view(9), pending(1)), Some(Application));
        assert_eq!(choose(0.0, Some(Application), view(0), pending(0)), None, "it will answer");
        assert_eq!(choose(0.0, Some(Application), pending(0), view(0)), Some(Application));
    }

    #[test]
    fn a_forced_level_is_taken_when_it_is_enough() {
        let plan = Plan { step: MigrationStep::ForceApplication, threshold: 0.5, force: false };
        use Level::{Application, Interface};
        assert_eq!(choose(plan, None, View::default(), pending(0)), None);
        assert_eq!(choose(plan, None, View::default(), view(0)), Some(Application));
        assert_eq!(choose(plan, Some(Interface), view(4), pending(4)), Some(Interface));
        assert_eq!(choose(plan, Some(Interface), view(4), view(1)), Some(Interface));
        assert_eq!(choose(plan, Some(Interface), view(4), view(2)), Some(Application));
        assert_eq!(choose(plan, Some(Interface), view(0), view(0)), Some(Application));
        let force = Plan { force: true, ..plan };
        assert_eq!(choose(force, Some(Interface), view(4), view(1)), Some(Application));
        assert_eq!(choose(force, Some(Interface), view(4), pending(0)), Some(Interface));
    }
}
