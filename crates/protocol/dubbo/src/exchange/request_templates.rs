//! The parts of outgoing requests that recur.
//!
//! A client that calls one method again and again writes the same names in front of the arguments
//! and at the beginning of the attachments. They are encoded once for each method.

use std::sync::Arc;

use dubhe_core::call::Head;
use dubhe_core::{Method, ServiceKey};

use crate::body::RequestTemplate;

/// The number of methods that are remembered for a connection.
const MAX_ENTRIES: usize = 8;

/// The templates of the methods that are called over a connection.
#[derive(Debug, Default)]
pub(super) struct RequestTemplates {
    entries: Vec<Entry>,
    next: usize,
    /// The method of the last call that had no template: worth one when it recurs. Generic calls
    /// make a method each.
    last: Option<(Arc<ServiceKey>, Arc<Method>)>,
}

#[derive(Debug)]
struct Entry {
    service: Arc<ServiceKey>,
    method: Arc<Method>,
    template: Arc<RequestTemplate>,
}

impl RequestTemplates {
    /// Returns the template of a call, when its method recurs; `application` is the name of this
    /// application, the same for all calls.
    pub(super) fn of(&mut self, head: &Head, application: &str) -> Option<Arc<RequestTemplate>> {
        let same = |service: &Arc<ServiceKey>, method: &Arc<Method>| {
            Arc::ptr_eq(method, &head.method) && Arc::ptr_eq(service, &head.service)
        };
        if let Some(known) = self.entries.iter().find(|e| same(&e.service, &e.method)) {
            return Some(known.template.clone());
        }
        let (service, method) = (head.service.clone(), head.method.clone());
        if !self.last.as_ref().is_some_and(|(service, method)| same(service, method)) {
            self.last = Some((service, method));
            return None;
        }
        let template = Arc::new(RequestTemplate::new(&service, &method, application)?);
        let entry = Entry { service, method, template: template.clone() };
        match self.entries.get_mut(self.next) {
            Some(place) => *place = entry,
            None => self.entries.push(entry),
        }
        self.next = (self.next + 1) % MAX_ENTRIES;
        Some(template)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(name: &'static str) -> Head {
        let service = Arc::new(ServiceKey::interface_only("a.B"));
        Head::new(service, Arc::new(Method::java(name, "I")))
    }

    #[test]
    fn a_method_that_recurs_has_a_template() {
        let mut templates = RequestTemplates::default();
        let (one, other) = (head("one"), head("other"));
        assert!(templates.of(&one, "").is_none());
        let first = templates.of(&one, "").unwrap();
        assert!(Arc::ptr_eq(&first, &templates.of(&one, "").unwrap()));
        assert!(templates.of(&other, "").is_none());
        assert!(!Arc::ptr_eq(&first, &templates.of(&other, "").unwrap()));
        // Equal names are another method: it may be declared otherwise.
        assert!(templates.of(&head("one"), "").is_none());
    }

    #[test]
    fn the_number_of_templates_is_bounded() {
        let mut templates = RequestTemplates::default();
        for _ in 0..3 * MAX_ENTRIES {
            let head = head("m");
            templates.of(&head, "");
            assert!(templates.of(&head, "").is_some());
        }
        assert_eq!(templates.entries.len(), MAX_ENTRIES);
    }

    #[test]
    fn what_dubbo_cannot_carry_has_no_template() {
        let mut templates = RequestTemplates::default();
        let mut head = head("m");
        Arc::make_mut(&mut head.method).descriptor = None;
        assert!(templates.of(&head, "").is_none());
        assert!(templates.of(&head, "").is_none());
    }
}
