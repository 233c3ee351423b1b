//! A script, and its runs.

use std::sync::Arc;
use std::time::Duration;

use dubhe_core::endpoint::Endpoints;
use dubhe_core::router::Bitmap;
use dubhe_core::time::{Instant, after};
use dubhe_core::value::Value as Argument;
use dubhe_core::{CallView, Endpoint, descriptor};
use dubhe_net::time;
use parking_lot::Mutex;
use rquickjs::context::EvalOptions;
use rquickjs::{
    Array, CatchResultExt as _, CaughtError, Context, Ctx, Exception, Function, Object, Runtime,
    Value,
};

/// The script that defines what those of Dubbo Java find.
const PRELUDE: &str = include_str!("prelude.js");
/// The stack of a script, in bytes.
const STACK: usize = 256 << 10;
/// The engines that are kept for the next calls; more are made while more calls run at once.
const KEPT: usize = 16;
/// The nesting of arguments that a script sees.
const DEPTH: u32 = 32;

/// A script that was read.
pub(crate) struct Program {
    script: String,
    time: Duration,
    memory: usize,
    idle: Mutex<Vec<Engine>>,
}

/// An engine, which runs one script at a time.
struct Engine {
    runtime: Runtime,
    /// The moment at which what runs is ended.
    end: Arc<Mutex<Option<Instant>>>,
}

impl Engine {
    fn new(memory: usize) -> Result<Self, String> {
        let runtime = Runtime::new().map_err(text)?;
        runtime.set_memory_limit(memory);
        runtime.set_max_stack_size(STACK);
        let end: Arc<Mutex<Option<Instant>>> = Arc::default();
        let ends = end.clone();
        let late = move || ends.lock().is_some_and(|end| time::now() >= end);
        runtime.set_interrupt_handler(Some(Box::new(late)));
        Ok(Self { runtime, end })
    }

    /// A context in which nothing has run yet.
    fn context(&self) -> Result<Context, String> {
        Context::full(&self.runtime).map_err(text)
    }
}

impl Program {
    /// Reads a script.
    pub(crate) fn new(script: &str, time: Duration, memory: usize) -> Result<Self, String> {
        let program = Self { script: script.to_owned(), time, memory, idle: Mutex::default() };
        let engine = Engine::new(memory)?;
        let context = engine.context()?;
        context.with(|ctx| {
            let check: Function<'_> = ctx.eval("text => { new Function(text) }").map_err(text)?;
            check.call::<_, ()>((script,)).catch(&ctx).map_err(|error| why(&error))
        })?;
        drop(context);
        program.idle.lock().push(engine);
        Ok(program)
    }

    /// Runs it for a call.
    pub(crate) fn run(
        &self,
        set: &Arc<Endpoints>,
        left: &Bitmap,
        call: &CallView<'_>,
    ) -> Result<Bitmap, String> {
        let idle = self.idle.lock().pop();
        let engine = idle.map_or_else(|| Engine::new(self.memory), Ok)?;
        // A context for each call, so that none sees what another left in it.
        let context = engine.context()?;
        let outcome = context.with(|ctx| self.evaluate(&engine, &ctx, set, left, call));
        drop(context);
        let mut idle = self.idle.lock();
        if idle.len() < KEPT {
            idle.push(engine);
        }
        outcome
    }

    fn evaluate(
        &self,
        engine: &Engine,
        ctx: &Ctx<'_>,
        set: &Arc<Endpoints>,
        left: &Bitmap,
        call: &CallView<'_>,
    ) -> Result<Bitmap, String> {
        let native = native(ctx, set, left, call).map_err(text)?;
        let prelude: Function<'_> = ctx.eval(PRELUDE).map_err(text)?;
        let places: Function<'_> =
            prelude.call((ctx.globals(), native)).catch(ctx).map_err(|error| why(&error))?;
        // The time is that of the script alone.
        let end = after(time::now(), self.time);
        *engine.end.lock() = Some(end);
        let mut options = EvalOptions::default();
        options.strict = false;
        let result = ctx.eval_with_options::<Value<'_>, _>(&*self.script, options).catch(ctx);
        let result = result.and_then(|result| places.call::<_, Value<'_>>((result,)).catch(ctx));
        *engine.end.lock() = None;
        let late = || format!("it ran longer than {:?}", self.time);
        let result =
            result.map_err(|error| if time::now() >= end { late() } else { why(&error) })?;
        let Some(places) = result.as_array() else {
            let what = result.as_string().and_then(|what| what.to_string().ok());
            let what = what.unwrap_or_default();
            return Err(format!("it returned {what}, not a list of providers"));
        };
        let mut chosen = Bitmap::empty(set.len());
        for place in places.iter::<usize>() {
            chosen.insert(place.map_err(text)?);
        }
        Ok(chosen)
    }
}

/// The facts of a call, as the prelude asks for them.
fn native<'js>(
    ctx: &Ctx<'js>,
    set: &Arc<Endpoints>,
    left: &Bitmap,
    call: &CallView<'_>,
) -> rquickjs::Result<Object<'js>> {
    let native = Object::new(ctx.clone())?;
    let of = |read: fn(&Endpoint) -> Option<String>| {
        let set = set.clone();
        Function::new(ctx.clone(), move |place: usize| {
            set.get(place).and_then(read).unwrap_or_default()
        })
    };
    native.set("host", of(|one| Some(one.instance().host.to_string()))?)?;
    native.set("protocol", of(|one| Some(one.offer().protocol.to_string()))?)?;
    native.set("application", of(|one| Some(one.instance().application.to_string()))?)?;
    let all = set.clone();
    let port = move |place: usize| all.get(place).map_or(0, |one| one.offer().port);
    native.set("port", Function::new(ctx.clone(), port)?)?;
    let all = set.clone();
    let param = move |ctx: Ctx<'js>, place: usize, name: String| -> rquickjs::Result<Value<'js>> {
        match all.get(place).and_then(|one| one.param(&name)) {
            Some(value) => rquickjs::String::from_str(ctx, value).map(rquickjs::String::into_value),
            None => Ok(Value::new_null(ctx)),
        }
    };
    native.set("param", Function::new(ctx.clone(), param)?)?;
    native.set("places", left.iter().collect::<Vec<_>>())?;
    let head = call.head();
    native.set("service", &**head.service.interface())?;
    native.set("key", head.service.to_string())?;
    native.set("method", call.method_name())?;
    let types = descriptor::parameters(head.method.descriptor.as_deref().unwrap_or_default());
    let types = types.flatten().map(descriptor::source_name);
    native.set("types", types.collect::<Vec<_>>())?;
    let attachments = Array::new(ctx.clone())?;
    for (at, (name, value)) in head.metadata.iter().enumerate() {
        let pair = Array::new(ctx.clone())?;
        pair.set(0, &**name)?;
        pair.set(1, argument(ctx, value, 0)?)?;
        attachments.set(at, pair)?;
    }
    native.set("attachments", attachments)?;
    let arguments = Array::new(ctx.clone())?;
    for at in 0.. {
        let Some(value) = call.argument(at) else { break };
        arguments.set(at, argument(ctx, value, 0)?)?;
    }
    native.set("arguments", arguments)?;
    Ok(native)
}

/// An argument or attachment; what has no form in JavaScript is `undefined`.
fn argument<'js>(ctx: &Ctx<'js>, value: &Argument, depth: u32) -> rquickjs::Result<Value<'js>> {
    if depth > DEPTH {
        return Ok(Value::new_undefined(ctx.clone()));
    }
    Ok(match value {
        Argument::Null => Value::new_null(ctx.clone()),
        Argument::Bool(value) => Value::new_bool(ctx.clone(), *value),
        Argument::Int(value) => Value::new_int(ctx.clone(), *value),
        // As numbers of JavaScript are, whole ones beyond 53 bits lose digits.
        #[allow(clippy::cast_precision_loss, reason = "numbers of JavaScript are doubles")]
        Argument::Long(value) | Argument::Date(value) => {
            Value::new_number(ctx.clone(), *value as f64)
        }
        Argument::Double(value) => Value::new_number(ctx.clone(), *value),
        Argument::String(value) => rquickjs::String::from_str(ctx.clone(), value)?.into_value(),
        Argument::List(list) => {
            let items = Array::new(ctx.clone())?;
            for (at, item) in list.items.iter().enumerate() {
                items.set(at, argument(ctx, item, depth + 1)?)?;
            }
            items.into_value()
        }
        Argument::Shared(_, value) => argument(ctx, value, depth + 1)?,
        _ => Value::new_undefined(ctx.clone()),
    })
}

fn text(error: rquickjs::Error) -> String {
    error.to_string()
}

/// The reason why a script failed.
fn why(error: &CaughtError<'_>) -> String {
    match error {
        CaughtError::Exception(exception) => {
            let line = exception
                .stack()
                .and_then(|stack| stack.lines().next().map(str::trim).map(str::to_owned));
            let line = line.filter(|line| !line.is_empty()).map(|line| format!(" ({line})"));
            format!("{}{}", message(exception), line.unwrap_or_default())
        }
        CaughtError::Value(value) => format!("it threw a {}", value.type_name()),
        CaughtError::Error(error) => error.to_string(),
    }
}

fn message(exception: &Exception<'_>) -> String {
    exception.message().unwrap_or_else(|| "it threw an error without a message".to_owned())
}
