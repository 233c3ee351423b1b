//! Script rules of Dubbo, in JavaScript.
//!
//! A script sees what it sees in Dubbo Java: `invokers`, `invocation` and `context` with the methods that rules use, and
//! Java's lists and maps. It sees nothing else: no files, no network, no other classes. Each call has an engine of its own
//! state, and may take 10 ms and 16 MiB.
//!
//! The engine is [QuickJS](https://github.com/quickjs-ng/quickjs), which is part of the program: nothing is to be installed.

mod run;

use std::sync::Arc;
use std::time::Duration;

use dubhe_config::rule::script::ScriptRule;
use dubhe_rules::script::{Script, ScriptEngine};

use self::run::Program;

/// The languages of rules that are JavaScript, as Java's engines are called.
const NAMES: [&str; 6] = ["javascript", "js", "ecmascript", "nashorn", "graal.js", "rhino"];

/// The engine of script rules in JavaScript.
///
/// ```
/// # mod dubhe { pub mod rules { pub use dubhe_script::JavaScript; pub use dubhe_rules::script::ScriptEngine; } }
/// use std::time::Duration;
/// use dubhe::rules::{JavaScript, ScriptEngine};
///
/// // A rule of a thousand providers that looks at each takes longer than most.
/// let engine: ScriptEngine = JavaScript::default().time(Duration::from_millis(50)).engine();
/// # drop(engine);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JavaScript {
    time: Duration,
    memory: usize,
}

impl Default for JavaScript {
    fn default() -> Self {
        Self { time: Duration::from_millis(10), memory: 16 << 20 }
    }
}

impl JavaScript {
    /// Bounds the time of a script for one call. Default 10 ms.
    pub fn time(self, time: Duration) -> Self {
        Self { time, ..self }
    }

    /// Bounds the memory of a script, in bytes. Default 16 MiB.
    pub fn memory(self, bytes: usize) -> Self {
        Self { memory: bytes, ..self }
    }

    /// The engine, for [`RuleRouter::with_scripts`](dubhe_rules::RuleRouter::with_scripts).
    pub fn engine(self) -> ScriptEngine {
        Arc::new(move |rule| self.read(rule))
    }

    fn read(self, rule: &ScriptRule) -> Result<Script, String> {
        let language = rule.language.to_lowercase();
        if !NAMES.contains(&&*language) {
            return Err(format!(
                "no engine runs scripts of type {}; write javascript",
                rule.language
            ));
        }
        let program = Program::new(&rule.script, self.time, self.memory)?;
        Ok(Arc::new(move |set, left, call| program.run(set, left, call)))
    }
}

#[cfg(test)]
mod tests {
    use dubhe_config::{Rule, validate};
    use dubhe_core::documents::DocumentKey;
    use dubhe_core::endpoint::{Endpoints, Instance, Offer, ServiceParams};
    use dubhe_core::payload::Args;
    use dubhe_core::router::Bitmap;
    use dubhe_core::{Call, CallView, Endpoint, Head, Method, Payload, ServiceKey, Value};

    use super::*;

    fn set() -> Arc<Endpoints> {
        let endpoint = |last: u8, env: &str| {
            let instance =
                Instance { host: format!("10.0.0.{last}").into(), ..Instance::default() };
            let offer = Offer { protocol: "dubbo".into(), port: 20880 };
            let params = [("env".into(), env.into())].into();
            Endpoint::new(Arc::new(instance), offer, Arc::new(ServiceParams::new(&params)))
        };
        Arc::new(Endpoints::new([endpoint(1, "prod"), endpoint(2, "gray"), endpoint(3, "gray")]))
    }

    fn read(script: &str, engine: JavaScript) -> Result<Script, String> {
        let indented = script.replace('\n', "\n  ");
        let text = format!("type: javascript\nscript: |\n  {indented}\n");
        let key = DocumentKey::config("pay.script-router");
        let Rule::Script(rule) = validate(&key, &text).unwrap().rule else { unreachable!() };
        engine.read(&rule)
    }

    /// The places that a script leaves, or its error.
    fn run_by(script: &str, engine: JavaScript) -> Result<Vec<usize>, String> {
        let service = Arc::new(ServiceKey::new("a.B", "g", "1"));
        let mut head = Head::new(service, Arc::new(Method::java("hello", "Ljava/lang/String;")));
        head.metadata.insert("user", "alice");
        let arguments = vec![Value::from("world"), Value::Long(7), Value::list([1, 2])];
        let call = Call::new(head, Payload::Args(Args::Values(arguments.into())));
        let (set, mut left) = (set(), Bitmap::full(3));
        left.remove(2);
        let chosen = read(script, engine)?(&set, &left, &CallView::new(&call, None))?;
        Ok(chosen.iter().collect())
    }

    fn run(script: &str) -> Result<Vec<usize>, String> {
        run_by(script, JavaScript::default())
    }

    #[test]
    fn scripts_see_what_they_see_in_java() {
        let filter = |condition: &str| {
            run(&format!(
                "(function route(invokers, invocation, context) {{\n\
                 var result = new java.util.ArrayList(invokers.size());\n\
                 for (i = 0; i < invokers.size(); i++) {{\n\
                 if ({condition}) {{ result.add(invokers.get(i)); }}\n}}\nreturn result;\n\
                 }}(invokers, invocation, context));"
            ))
        };
        for (condition, left) in [
            ("\"10.0.0.2\".equals(invokers.get(i).getUrl().getHost())", &[1][..]),
            ("invokers.get(i).getUrl().getParameter(\"env\") == \"prod\"", &[0]),
            ("invokers.get(i).url.host == '10.0.0.1'", &[0]),
            ("invokers.get(i).getUrl().getParameter('nosuch') === null", &[0, 1]),
            ("invokers.get(i).getUrl().getParameter('nosuch', 'x') == 'x' && i == 1", &[1]),
            ("invokers.get(i).getUrl().getPort() == 20880", &[0, 1]),
            ("invocation.getMethodName() == 'hello'", &[0, 1]),
            (
                "invocation.getArguments()[0] == 'world' && invocation.getArguments()[1] === 7",
                &[0, 1],
            ),
            (
                "invocation.getArguments()[2][1] == 2 && invocation.getParameterTypes()[0] == 'java.lang.String'",
                &[0, 1],
            ),
            (
                "invocation.getAttachment('user').equals('alice') && context.getAttachment('nosuch') == null",
                &[0, 1],
            ),
            (
                "invocation.getAttachments().containsKey('user') && invocation.getTargetServiceUniqueName() == 'g/a.B:1'",
                &[0, 1],
            ),
            ("invokers.length == 2 && false", &[]),
        ] {
            assert_eq!(filter(condition).as_deref(), Ok(left), "{condition}");
        }
        assert_eq!(run("Java.to([invokers.get(1)], 'java.lang.Object[]');"), Ok(vec![1]));
        assert_eq!(run("[invokers.get(1), invokers.get(0)]"), Ok(vec![0, 1]));
        assert_eq!(run("invokers"), Ok(vec![0, 1]));
    }

    #[test]
    fn errors_say_what_was_wrong() {
        let error = |script| run(script).unwrap_err();
        assert!(read("function (", JavaScript::default()).err().unwrap().contains("expect"));
        assert!(error("throw new Error('no');").contains("no"));
        assert_eq!(error("var x = 1;"), "it returned nothing, not a list of providers");
        assert_eq!(error("'x'"), "it returned string, not a list of providers");
        assert!(error("[1]").contains("something else than providers"));
        assert!(error("new java.io.File('x')").contains("File"));
        assert!(
            error("Java.type('java.lang.System')").contains("there is no class java.lang.System")
        );
        assert!(error("invokers.get(9)").contains("index 9 of 2"));
    }

    #[test]
    fn one_call_leaves_nothing_to_the_next() {
        let script =
            "if (typeof seen !== 'undefined') { throw new Error('seen'); } seen = 1; invokers";
        let read = read(script, JavaScript::default()).unwrap();
        let call = Call::new(
            Head::new(Arc::new(ServiceKey::interface_only("a.B")), Arc::new(Method::java("m", ""))),
            Payload::dynamic(Value::Null),
        );
        for _ in 0..3 {
            assert!(read(&set(), &Bitmap::full(3), &CallView::new(&call, None)).is_ok());
        }
    }

    #[test]
    fn time_memory_and_the_stack_are_bounded_and_the_next_call_is_as_ever() {
        let short = JavaScript::default().time(Duration::from_millis(2));
        assert_eq!(run_by("while (true) {}", short), Err("it ran longer than 2ms".into()));
        let long = JavaScript::default().time(Duration::from_secs(20)).memory(4 << 20);
        let full = run_by("var all = []; while (true) { all.push('x'.repeat(1000)); }", long);
        assert!(full.unwrap_err().contains("memory"));
        assert!(run_by("(function f() { return f(); })()", long).unwrap_err().contains("stack"));
        let catching = "var n = 0; while (true) { try { n++; } catch (e) {} }";
        assert!(run_by(catching, short).is_err(), "an end is no error that scripts catch");
        let script = read(
            "if (invocation.getMethodName() == 'endless') { while (true) {} } invokers",
            short,
        );
        let script = script.unwrap();
        let call = |name: &'static str| {
            let service = Arc::new(ServiceKey::interface_only("a.B"));
            let head = Head::new(service, Arc::new(Method::java(name, "")));
            let call = Call::new(head, Payload::dynamic(Value::Null));
            script(&set(), &Bitmap::full(3), &CallView::new(&call, None))
        };
        assert!(call("endless").is_err() && call("m").is_ok());
    }
}
