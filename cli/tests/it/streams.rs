//! `dubhe call` of methods of Java interfaces that stream.
use crate::support::{
    INVALID_ARGUMENT, OUT_OF_RANGE, ProgramOutput, UNIMPLEMENTED, dubhe, dubhe_reading,
};
use dubhe::RunningServer;
use dubhe::prelude::*;
use futures_util::{Stream, StreamExt as _, stream};

#[derive(Java, Clone, Debug, PartialEq)]
#[java(class = "org.example.User")]
struct User {
    name: String,
    age: i32,
}

#[dubhe::interface("org.example.Ages")]
trait Ages {
    async fn upto(&self, age: i32) -> Result<impl Stream<Item = Result<i32, Status>>, Status>;
    async fn sum(&self, ages: Streaming<i32>) -> Result<i64, Status>;
    async fn older(
        &self,
        users: Streaming<User>,
    ) -> Result<impl Stream<Item = Result<User, Status>>, Status>;
    async fn born(&self, name: String) -> Result<User, Status>;
}

struct Calendar;

impl Ages for Calendar {
    async fn upto(&self, age: i32) -> Result<impl Stream<Item = Result<i32, Status>>, Status> {
        Ok(stream::iter((0..age).map(Ok)))
    }

    async fn sum(&self, mut ages: Streaming<i32>) -> Result<i64, Status> {
        let mut sum = 0;
        while let Some(age) = ages.message().await? {
            if age < 0 {
                return Err(Status::new(Code::OutOfRange, "not born yet"));
            }
            sum += i64::from(age);
        }
        Ok(sum)
    }

    async fn older(
        &self,
        users: Streaming<User>,
    ) -> Result<impl Stream<Item = Result<User, Status>>, Status> {
        Ok(users.map(|user| user.map(|user| User { age: user.age + 1, ..user })))
    }

    async fn born(&self, name: String) -> Result<User, Status> {
        Ok(User { name, age: 0 })
    }
}

const SERVICE: &str = "org.example.Ages";

struct Serving {
    _runtime: tokio::runtime::Runtime,
    running: RunningServer,
}

impl Serving {
    fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let server = Server::builder().service(AgesServer::new(Calendar));
        let running = runtime.block_on(server.start("127.0.0.1:0")).unwrap();
        Self { _runtime: runtime, running }
    }

    fn url(&self, protocol: &str) -> String {
        format!("{protocol}://{}", self.running.addr())
    }

    fn call(&self, args: &[&str], stdin: &str) -> ProgramOutput {
        let url = self.url("tri");
        dubhe_reading(&[&["call", &url, SERVICE], args].concat(), stdin.as_bytes())
    }
}

fn user(name: &str, age: i32) -> String {
    format!(r#"{{"class":"org.example.User","age":{age},"name":"{name}"}}"#)
}

#[test]
fn each_side_may_stream() {
    let provider = Serving::start();
    let (ada, grace) = (user("Ada", 1), user("Grace", 2));
    let older = format!("{}\n{}\n", user("Ada", 2), user("Grace", 3));
    let lines = format!("{ada}\n\n{grace}\n");
    let folder = dubhe_testkit::Folder::new().unwrap();
    let file = folder.path().join("users.json");
    std::fs::write(&file, &lines).unwrap();
    let file = format!("@{}", file.display());
    for (args, stdin, out) in [
        (&["upto", "3"][..], "", "0\n1\n2\n"),
        (&["upto", "int:2"], "", "0\n1\n"),
        (&["upto", "-"], "2", "0\n1\n"),
        (&["upto", "0"], "", ""),
        (&["sum", "1", "2", "3"], "", "6\n"),
        (&["sum"], "1\n2\n", "3\n"),
        (&["sum", "-"], "1\n2\n", "3\n"),
        (&["sum"], "", "0\n"),
        (&["older", &ada, &grace], "", &older),
        (&["older"], &lines, &older),
        (&["older", &file], "", &older),
        // A side that is given is not asked for.
        (&["upto", "2", "--stream", "server", "--types", "int"], "", "0\n1\n"),
        (&["sum", "--stream", "client", "Integer:4", "5"], "", "9\n"),
        (&["sum", "--stream", "client", "--types", "Integer"], "1\n", "1\n"),
        (&["older", "--stream", "both", "--types", "org.example.User"], &lines, &older),
    ] {
        let called = provider.call(args, stdin);
        assert_eq!((called.code, &*called.out), (0, out), "{args:?}: {}", called.err);
    }
}

#[test]
fn what_is_wrong_is_told() {
    let provider = Serving::start();
    for (args, stdin, code, said) in [
        (&["sum", "-1"][..], "", OUT_OF_RANGE, "not born yet"),
        (&["sum"], "1\nx\n", INVALID_ARGUMENT, "line 2 of stdin, java.lang.Integer:\"x\""),
        (&["sum", "1", "x"], "", 2, "argument 2, java.lang.Integer:\"x\""),
        (&["sum", "1", "-"], "2\n", 2, "give no others beside it"),
        (&["sum", "--stream", "client"], "", 2, "--types String"),
        (&["older", r#"{"name":"#], "", 2, "line 1 column 8"),
        (&["upto", "1", "2"], "", 2, "upto takes 1 arguments, and there are 2"),
        (&["smu", "1"], "", UNIMPLEMENTED, "did you mean sum?"),
    ] {
        let called = provider.call(args, stdin);
        assert_eq!((called.code, &*called.out), (code, ""), "{args:?}: {}", called.err);
        assert!(called.err.contains(said), "{args:?}: {}", called.err);
    }
    let dubbo = dubhe(&["call", &provider.url("dubbo"), SERVICE, "upto", "3"]);
    assert_eq!(dubbo.code, 2, "{}", dubbo.err);
    assert!(dubbo.err.contains("upto streams, which dubbo does not carry"), "{}", dubbo.err);
}

#[test]
fn a_description_shows_what_streams() {
    let provider = Serving::start();
    let all = dubhe(&["call", &provider.url("tri"), SERVICE, "--describe"]);
    for line in [
        "  upto(int) returns (stream);\n",
        "  sum(stream java.lang.Integer);\n",
        "  older(stream org.example.User) returns (stream);\n",
        "  born(java.lang.String);\n",
    ] {
        assert!(all.out.contains(line), "{line} in {} {}", all.out, all.err);
    }
}
