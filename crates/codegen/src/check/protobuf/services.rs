//! Changes of services.

use std::collections::BTreeMap;

use prost_types::MethodDescriptorProto;

use super::super::What;
use super::super::effect::{Effect, Sides};
use super::super::found::Found;
use super::{both, plain};

type Methods = BTreeMap<String, MethodDescriptorProto>;

impl Found {
    pub(super) fn service(&mut self, name: &str, old: Option<&Methods>, new: Option<&Methods>) {
        let fails = |reason: &str| Effect::incompatible(reason);
        let (old, new) = match (old, new) {
            (Some(old), Some(new)) => (old, new),
            (None, _) => {
                let sides = Sides {
                    consumers: Effect::none(),
                    providers: fails("they do not have it, and calls of it fail"),
                };
                let text = "the service is new".to_owned();
                return self.add(name, None, What::ServiceAdded, text, sides);
            }
            (_, None) => {
                let sides = Sides {
                    consumers: fails("new providers do not have it, and calls of it fail"),
                    providers: Effect::none(),
                };
                let text = "the service is gone".to_owned();
                return self.add(name, None, What::ServiceRemoved, text, sides);
            }
        };
        for (method, old, new) in both(old, new) {
            match (old, new) {
                (Some(old), Some(new)) => self.method(name, method, old, new),
                (None, _) => {
                    let sides = Sides {
                        consumers: Effect::none(),
                        providers: fails("they have no such method, and calls of it fail"),
                    };
                    let text = "the method is new".to_owned();
                    self.add(name, Some(method.clone()), What::MethodAdded, text, sides);
                }
                (_, None) => {
                    let sides = Sides {
                        consumers: fails("new providers have no such method, and calls of it fail"),
                        providers: Effect::none(),
                    };
                    let text = "the method is gone".to_owned();
                    self.add(name, Some(method.clone()), What::MethodRemoved, text, sides);
                }
            }
        }
    }

    fn method(
        &mut self,
        service: &str,
        name: &str,
        old: &MethodDescriptorProto,
        new: &MethodDescriptorProto,
    ) {
        let member = Some(name.to_owned());
        let of_message =
            "a message is read as another: fields that both have under one number and type arrive";
        for (what, place, old, new) in [
            (What::ParametersChanged, "request", old.input_type(), new.input_type()),
            (What::ResultTypeChanged, "reply", old.output_type(), new.output_type()),
        ] {
            if old != new {
                let text = format!("the {place} changed from {} to {}", plain(old), plain(new));
                self.add(service, member.clone(), what, text, Sides::conditional(of_message));
            }
        }
        let kind = |of: &MethodDescriptorProto| match (of.client_streaming(), of.server_streaming())
        {
            (false, false) => "unary",
            (true, false) => "a stream of requests",
            (false, true) => "a stream of replies",
            (true, true) => "a stream both ways",
        };
        if kind(old) != kind(new) {
            let text = format!("it was {} and is {}", kind(old), kind(new));
            let sides =
                Sides::incompatible("the other side sends or expects its messages in another way");
            self.add(service, member.clone(), What::StreamChanged, text, sides);
        }
    }
}
