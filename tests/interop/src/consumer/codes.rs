//! The errors of a provider: the same code and origin whatever protocol carries them.

use dubhe::status::Origin;
use dubhe::{App, Code, Status, args, interface};

use super::cases::Cases;
use super::{Services, Source};
use crate::java::api::CodesClient;

/// The same service with a method that it lacks.
#[interface("peer.api.Codes")]
trait Typo {
    async fn fial(&self, kind: String) -> Result<(), Status>;
}

/// A service that nobody provides.
#[interface("peer.api.NoSuchService")]
trait Absent {
    async fn fail(&self, kind: String) -> Result<(), Status>;
}

/// `RpcException.code`, from 0, as codes.
const OF_RPC_EXCEPTION: [Code; 14] = [
    Code::Unknown,
    Code::Unavailable,
    Code::DeadlineExceeded,
    Code::Unknown,
    Code::PermissionDenied,
    Code::Internal,
    Code::Unavailable,
    Code::ResourceExhausted,
    Code::DeadlineExceeded,
    Code::Unavailable,
    Code::Unavailable,
    Code::Unimplemented,
    Code::InvalidArgument,
    Code::Unauthenticated,
];

/// `RpcException.code` of an exception of the service.
const BIZ_EXCEPTION: usize = 3;

/// The codes whose exception of Java says the code.
const OF_EXCEPTIONS: [Code; 3] =
    [Code::InvalidArgument, Code::FailedPrecondition, Code::OutOfRange];

pub(super) async fn run(
    cases: &mut Cases,
    app: &App,
    source: &Source,
    services: &Services,
) -> Result<(), Status> {
    let s: CodesClient = source.client(app.client())?;
    for code in OF_EXCEPTIONS {
        let number = i32::from(code.number());
        let judge = |status: &Status| {
            is(status, code, Origin::RemoteBusiness) && status.message() == "closed"
        };
        let name = format!("codes/business/{number}");
        cases.fails(name, judge, s.fail("business".into(), number)).await;
    }
    for (number, code) in (0..).zip(OF_RPC_EXCEPTION) {
        let origin =
            if number == BIZ_EXCEPTION { Origin::RemoteBusiness } else { Origin::RemoteFramework };
        let judge =
            |status: &Status| is(status, code, origin) && status.message().ends_with("closed");
        let call = s.fail("rpc".into(), i32::try_from(number).unwrap_or_default());
        cases.fails(format!("codes/rpc/{number}"), judge, call).await;
    }
    // Java's `ExceptionFilter` leaves its text, and ours what it was.
    let judge = |status: &Status| status.is_business() && status.message().contains("closed");
    cases.fails("codes/unknown", judge, s.fail("unknown".into(), 2)).await;
    let judge =
        |status: &Status| status.origin() == Origin::RemoteFramework && status.java().is_none();
    cases.fails("codes/unserializable", judge, s.fail("unserializable".into(), 13)).await;
    missing(cases, app, source, services).await
}

/// Calls of what does not exist: they are `UNIMPLEMENTED`, however it is called.
async fn missing(
    cases: &mut Cases,
    app: &App,
    source: &Source,
    Services { generic, unknown, .. }: &Services,
) -> Result<(), Status> {
    let judge = |status: &Status| is(status, Code::Unimplemented, Origin::RemoteFramework);
    let typo: TypoClient = source.client(app.client())?;
    cases.fails("codes/no-such-method", judge, typo.fial("x".into())).await;
    let call = generic.call("nope", args![]);
    cases.fails("codes/generic-no-such-method", judge, call).await;
    let types = generic.call("greet", args!["int" => 5]);
    cases.fails("codes/generic-no-such-types", judge, types).await;
    if source.url.is_some() {
        let absent: AbsentClient = source.client(app.client())?;
        cases.fails("codes/no-such-service", judge, absent.fail("x".into())).await;
        let call = unknown.call("nope", args![]);
        cases.fails("codes/generic-no-such-service", judge, call).await;
    }
    Ok(())
}

fn is(status: &Status, code: Code, origin: Origin) -> bool {
    (status.code(), status.origin()) == (code, origin)
}
