//! Calls of Java interfaces: those of one value as Dubbo's `GenericService` makes them, streams under their
//! own names.

mod argument;
mod convert;
mod generalized;
mod java_type;
mod readable;
pub(super) mod signature;
mod streams;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use dubhe::payload::Args;
use dubhe::value::List;
use dubhe::{CallKind, Client, Code, Method, Payload, Reply, Status, Value, json};

use super::CallArgs;
use super::explain::{self, Error};
use super::input::Inputs;
use super::invocation::receive;
use super::output::Receive;
use super::providers::Providers;
use argument::Argument;
use signature::{Listing, Signature};
use streams::StreamPlan;

/// The descriptor of `$invoke(String, String[], Object[])` (Dubbo Java `GenericService`).
const INVOKE: &str = "Ljava/lang/String;[Ljava/lang/String;[Ljava/lang/Object;";

/// A type that no argument has, so that a provider finds no method, and runs none; Dubbo Java looks for its
/// class.
pub(super) const NO_TYPE: &str = "java.lang.Void";

/// A call of a method of an interface.
pub(super) struct InterfaceCall<'a> {
    providers: &'a Providers<'a>,
    client: Client,
    invoke: Arc<Method>,
    name: &'a str,
    inputs: &'a Inputs,
    plan: RefCell<Plan>,
}

/// The way to make the call, as far as it is known; what it is taken for in vain runs nothing.
#[derive(Clone)]
enum Plan {
    /// A generic call that leaves it to the provider to find the method by the number of arguments.
    Untyped(Rc<[Argument]>),
    /// A generic call with the types of all arguments.
    Typed(Rc<[Argument]>),
    Stream(Rc<StreamPlan>),
    /// The one that the provider's description decides: stdin and files have one value, or many.
    Unknown,
}

/// Says what is wrong with arguments that need nobody to be asked.
pub(super) fn check(inputs: &Inputs, options: &CallArgs) -> Result<(), String> {
    if options.stream.is_some() || inputs.reads_stdin() {
        return Ok(());
    }
    argument::parse_all(&inputs.values()?, options.types.as_deref()).map(drop)
}

impl<'a> InterfaceCall<'a> {
    pub(super) fn new(
        providers: &'a Providers<'a>,
        name: &'a str,
        inputs: &'a Inputs,
    ) -> Result<Self, Error> {
        let client = providers.client(providers.service.clone())?;
        let (options, dubbo) = (providers.options, providers.protocol() == "dubbo");
        let plan = match options.stream {
            Some(_) if dubbo => return Err(no_stream(name)),
            Some(side) => Plan::Stream(Rc::new(
                StreamPlan::new(name, side.into(), options, inputs).map_err(Error::Usage)?,
            )),
            None if inputs.may_be_many() && !dubbo => Plan::Unknown,
            None => generic(inputs, options).map_err(Error::Usage)?,
        };
        let invoke = Arc::new(Method::java("$invoke", INVOKE));
        Ok(Self { providers, client, invoke, name, inputs, plan: RefCell::new(plan) })
    }

    pub(super) async fn call(&self, into: &mut impl Receive) -> Result<(), Error> {
        loop {
            let plan = self.plan.borrow().clone();
            let ended = match &plan {
                Plan::Untyped(arguments) => {
                    let values = arguments.iter().map(|argument| argument.value.clone());
                    self.invoke(Value::Null, values.collect()).await
                }
                Plan::Typed(arguments) => {
                    let typed = arguments.iter().cloned().map(Argument::into_typed);
                    let (types, values) = typed
                        .map(|argument| (Value::from(argument.java_type), argument.value))
                        .unzip();
                    self.invoke(strings(types), values).await
                }
                Plan::Stream(stream) => stream.send(&self.client, &self.providers.call).await,
                Plan::Unknown => {
                    self.invoke(strings(vec![NO_TYPE.into()]), vec![Value::Null]).await
                }
            };
            match ended {
                Ok(reply) => {
                    let streamed = matches!(&plan, Plan::Stream(stream) if stream.replies());
                    return receive(reply, streamed, into, json).await;
                }
                Err(status) => {
                    let Some(next) = self.next(&plan, &status)? else { return Err(status.into()) };
                    *self.plan.borrow_mut() = next;
                }
            }
        }
    }

    /// The generic call with these types, or null, and values.
    async fn invoke(&self, types: Value, values: Vec<Value>) -> Result<Reply, Status> {
        let values = List::new(values).class("[object").into();
        let args: Arc<[Value]> = Arc::new([Value::from(self.name), types, values]);
        let options = self.providers.call.clone().attachment("generic", "true");
        self.client.call(&self.invoke, Payload::Args(Args::Values(args)), &options).await
    }

    /// The way to make the call that an error shows, which ended it before anything ran.
    fn next(&self, plan: &Plan, status: &Status) -> Result<Option<Plan>, Error> {
        let options = self.providers.options;
        if let Plan::Untyped(arguments) = plan
            && explain::needs_types(status)
        {
            return Ok(Some(Plan::Typed(arguments.clone())));
        }
        if matches!(plan, Plan::Stream(_)) {
            return Ok(None);
        }
        let known = Listing::read(status.message()).unwrap_or_default().methods;
        let stream = |known: &Signature| known.name == self.name && known.kind.is_streamed();
        if let Some(method) = known.iter().find(|known| stream(known)) {
            if self.providers.protocol() == "dubbo" {
                return Err(no_stream(self.name));
            }
            let stream = StreamPlan::of(method, options, self.inputs).map_err(Error::Usage)?;
            return Ok(Some(Plan::Stream(Rc::new(stream))));
        }
        match plan {
            Plan::Unknown if status.code() != Code::Unavailable => {
                generic(self.inputs, options).map(Some).map_err(Error::Usage)
            }
            _ => Ok(None),
        }
    }
}

/// The generic call with the arguments of `inputs`.
fn generic(inputs: &Inputs, options: &CallArgs) -> Result<Plan, String> {
    let arguments = argument::parse_all(&inputs.values()?, options.types.as_deref())?;
    let untyped = arguments.iter().all(Argument::is_untyped);
    let arguments = arguments.into();
    Ok(if untyped { Plan::Untyped(arguments) } else { Plan::Typed(arguments) })
}

fn strings(items: Vec<Value>) -> Value {
    List::new(items).class("[string").into()
}

fn no_stream(name: &str) -> Error {
    let what = format!("{name} streams, which dubbo does not carry; call it at tri://HOST:PORT");
    Error::Usage(what)
}

/// The JSON text of a result.
fn json(payload: Payload) -> Result<String, Status> {
    let value: Value = dubhe_hessian2::payload::decode_or(payload, Code::Internal)?;
    let value = readable::value(value);
    json::to_string(&value, json::Classes::Keep)
        .map_err(|error| Status::new(Code::Internal, format!("{error}; the result is {value}")))
}

/// The kinds of which requests are streams.
fn sends_many(kind: CallKind) -> bool {
    matches!(kind, CallKind::ClientStream | CallKind::Bidirectional)
}
