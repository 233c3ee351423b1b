//! The providers of a service as they change, of the level that the rule of migration says.

use std::sync::Arc;

use dubhe_config::rule::migration::MigrationStep;
use dubhe_core::ServiceKey;
use dubhe_core::registry::{DiscoveryLevel as Level, Health, MAX_EXCLUDED, Snapshot};
use tokio::sync::watch;

use super::names::Names;
use super::rules::{KnownRule, Rules};
use super::sides::{Instances, Interface, Side};
use super::{Consumer, Failure};
use crate::application::migration::{Plan, View, choose};

/// A subscription to the providers of one service. All that it follows ends with it.
pub(super) struct Subscription {
    consumer: Arc<Consumer>,
    service: ServiceKey,
    rule: Option<(watch::Receiver<KnownRule>, Arc<Rules>)>,
    names: Option<Names>,
    interface: Option<Interface>,
    instances: Option<Instances>,
    /// The level of the last snapshot.
    given: Option<Level>,
    last: Option<Arc<Snapshot>>,
    /// `true` while the rule depends on the applications.
    names_needed: bool,
    /// The plan that the log says is waited for.
    waited: Option<Plan>,
}

impl Subscription {
    pub(super) fn new(consumer: Arc<Consumer>, service: ServiceKey) -> Self {
        let rule = consumer.rules().map(|rules| (rules.follow(), rules));
        Self {
            consumer,
            service,
            rule,
            names: None,
            interface: None,
            instances: None,
            given: None,
            last: None,
            names_needed: false,
            waited: None,
        }
    }

    /// The next set that differs from the last.
    pub(super) async fn next(&mut self) -> Snapshot {
        loop {
            if let Some(plan) = self.plan() {
                self.arrange(plan);
                let snapshot = self.decide(plan);
                self.note_failure();
                if let Some(snapshot) = snapshot
                    && self.last.as_ref() != Some(&snapshot)
                {
                    self.last = Some(snapshot.clone());
                    return (*snapshot).clone();
                }
            }
            self.changed().await;
        }
    }

    /// The meaning of the rule now; `None` until it is known.
    fn plan(&mut self) -> Option<Plan> {
        let parts = &self.consumer.parts;
        let options = &parts.options;
        let default = Plan {
            step: options.migration_step,
            threshold: options.migration_threshold,
            force: false,
        };
        let rule = match &mut self.rule {
            Some((rule, _)) => rule.borrow_and_update().clone()?,
            None => Arc::default(),
        };
        self.names_needed = !rule.applications.is_empty() && parts.instances.is_some();
        let mut plan = if self.names_needed {
            let names = self.names.get_or_insert_with(|| Names::new(parts, &self.service));
            if !names.answered {
                return None;
            }
            default.with_rule(&rule, &self.service, names.get())
        } else {
            default.with_rule(&rule, &self.service, &[])
        };
        if parts.instances.is_none() {
            plan.step = MigrationStep::ForceInterface;
        } else if parts.services.is_none() {
            plan.step = MigrationStep::ForceApplication;
        }
        Some(plan)
    }

    /// Follows what the plan needs.
    fn arrange(&mut self, plan: Plan) {
        let parts = &self.consumer.parts;
        let needs = |level| self.given == Some(level) || plan.needs(level);
        if needs(Level::Interface)
            && self.interface.is_none()
            && let Some(services) = &parts.services
        {
            let interface = Interface::new(services.clone(), &self.service, parts.pauses.clone());
            self.interface = Some(interface);
        }
        if needs(Level::Application) {
            let names = self.names.get_or_insert_with(|| Names::new(parts, &self.service));
            let instances =
                self.instances.get_or_insert_with(|| Instances::new(self.service.clone()));
            instances.want(&self.consumer, names);
        }
    }

    /// The set to give now; `None` to wait. A level that is needed no more is left.
    fn decide(&mut self, plan: Plan) -> Option<Arc<Snapshot>> {
        let view = |side: Option<&Side>| side.map(Side::view).unwrap_or_default();
        let interface = view(self.interface.as_ref().map(|level| &level.side));
        let application = view(self.instances.as_ref().map(|level| &level.side));
        let level = choose(plan, self.given, interface, application)?;
        self.log_choice(plan, level, interface, application);
        self.given = Some(level);
        if !plan.needs(Level::Interface) && level != Level::Interface {
            self.interface = None;
        }
        if !plan.needs(Level::Application) && level != Level::Application {
            self.instances = None;
        }
        if self.instances.is_none() && !self.names_needed {
            self.names = None;
        }
        let sides = self.sides();
        let mut snapshot = match level {
            Level::Interface => self.interface.as_ref()?.side.snapshot.clone(),
            Level::Application => self.instances.as_ref()?.side.snapshot.clone(),
        };
        if snapshot.providers.is_empty() {
            // "None" is said by all levels that were asked, or it is not known.
            let fresh = |side: &Side| side.complete && side.snapshot.health == Health::Fresh;
            let all = sides.iter().all(|side| fresh(side));
            let excluded = sides.iter().flat_map(|side| side.snapshot.excluded.iter().cloned());
            let excluded = excluded.take(MAX_EXCLUDED).collect();
            let of_all = Arc::make_mut(&mut snapshot);
            of_all.health = if all { Health::Fresh } else { Health::Stale };
            of_all.excluded = excluded;
        }
        Some(snapshot)
    }

    /// The levels that are followed.
    fn sides(&self) -> Vec<&Side> {
        let interface = self.interface.as_ref().map(|level| &level.side);
        let application = self.instances.as_ref().map(|level| &level.side);
        application.into_iter().chain(interface).collect()
    }

    fn log_choice(&mut self, plan: Plan, level: Level, interface: View, application: View) {
        let service = &self.service;
        let (interfaces, instances) = (interface.count, application.count);
        if self.given.is_some_and(|given| given != level) {
            let level = level.as_str();
            tracing::info!(%service, level, interfaces, instances, "providers are taken of another level");
        }
        let waits = !plan.needs(level);
        let both = interface.complete && application.complete;
        if waits && both && self.waited != Some(plan) {
            let (level, threshold) = (level.as_str(), plan.threshold);
            tracing::warn!(
                %service, level, interfaces, instances, threshold,
                "too few providers to migrate to the other level; waiting for more"
            );
            self.waited = Some(plan);
        } else if !waits {
            self.waited = None;
        }
    }

    /// Notes why there is not what is wanted, for those who ask.
    fn note_failure(&self) {
        let error = self.sides().into_iter().find_map(|side| side.error.clone());
        let names = self.instances.as_ref().and(self.names.as_ref());
        let applications = names.map(|names| names.get().to_vec()).unwrap_or_default();
        let mut failures = self.consumer.failures.lock();
        failures.insert(self.service.clone(), Failure { error, applications });
    }

    /// Waits until something may have changed.
    async fn changed(&mut self) {
        let rule = async {
            match &mut self.rule {
                Some((rule, _)) => {
                    if rule.changed().await.is_err() {
                        std::future::pending::<()>().await;
                    }
                }
                None => std::future::pending().await,
            }
        };
        let names = async {
            match &mut self.names {
                Some(names) => names.changed().await,
                None => std::future::pending().await,
            }
        };
        let interface = async {
            match &mut self.interface {
                Some(interface) => interface.changed().await,
                None => std::future::pending().await,
            }
        };
        let instances = async {
            match &mut self.instances {
                Some(instances) => instances.changed().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = rule => {}
            () = names => {}
            () = interface => {}
            () = instances => {}
        }
    }
}

impl Plan {
    /// Returns `true` if the step asks at this level.
    fn needs(self, level: Level) -> bool {
        match self.step {
            MigrationStep::ForceInterface => level == Level::Interface,
            MigrationStep::ForceApplication => level == Level::Application,
            MigrationStep::ApplicationFirst => true,
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.consumer.failures.lock().remove(&self.service);
    }
}
