//! Unix sockets: their files, who may listen, and streams over them.

use std::{
    fs,
    future::poll_fn,
    os::unix::{fs::PermissionsExt, net::UnixListener},
    path::{Path, PathBuf},
    sync::Barrier,
    thread,
    time::Duration,
};

use crate::support::loopback;
use dubhe_net::{
    Error, ErrorKind, Result,
    io::{
        Address, ConnectionInfo, Dial, Io, Listen, SockAddr, SocketDial,
        tcp::{TcpDial, TcpListen, TcpOptions},
        unix::{MAX_PATH_BYTES, UnixDial, UnixListen, UnixOptions},
    },
};
use dubhe_testkit::Folder;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    runtime::Handle,
};

fn bind(path: &Path) -> Result<UnixListen> {
    UnixListen::bind(path, &UnixOptions::default())
}

async fn dial(path: &Path) -> Result<(Io, ConnectionInfo)> {
    UnixDial::default().dial(&Address::unix(path)).await
}

async fn accept(listen: &mut impl Listen) -> (Io, ConnectionInfo) {
    poll_fn(|cx| listen.poll_accept(cx)).await.unwrap()
}

/// A folder, and the path of a socket in it that is not there.
fn free() -> (Folder, PathBuf) {
    let folder = Folder::new().unwrap();
    let path = folder.path().join("s");
    (folder, path)
}

#[tokio::test]
async fn a_stream_carries_both_ways_and_each_end_knows_the_other() {
    let (_folder, path) = free();
    let mut listen = bind(&path).unwrap();
    let (mut near, there) = dial(&path).await.unwrap();
    let (mut far, here) = accept(&mut listen).await;
    let (bound, unnamed) = (SockAddr::Unix(Some(path.as_path().into())), SockAddr::Unix(None));
    assert_eq!((&here.remote, &here.local, &listen.local_addr()), (&unnamed, &bound, &bound));
    assert_eq!((there.remote, there.local), (bound, unnamed));

    near.write_all(b"ping").await.unwrap();
    near.shutdown().await.unwrap();
    let mut got = Vec::new();
    far.read_to_end(&mut got).await.unwrap();
    assert_eq!(got, b"ping");
    far.write_all(b"pong").await.unwrap();
    drop(far);
    got.clear();
    near.read_to_end(&mut got).await.unwrap();
    assert_eq!(got, b"pong");
}

#[tokio::test]
async fn a_client_that_is_bound_to_a_path_is_known_by_it() {
    let (folder, path) = free();
    let mut listen = bind(&path).unwrap();
    let own = folder.path().join("client");
    let socket = tokio::net::UnixSocket::new_stream().unwrap();
    socket.bind(&own).unwrap();
    let _stream = socket.connect(&path).await.unwrap();
    assert_eq!(accept(&mut listen).await.1.remote.unix_path(), Some(own.as_path()));
}

#[tokio::test]
async fn the_file_goes_with_the_listener_even_when_it_was_named_relatively() {
    let (_folder, path) = free();
    drop(bind(&path).unwrap());
    assert!(!path.exists());

    let depth = std::env::current_dir().unwrap().components().count() - 1;
    let relative = Path::new(&"../".repeat(depth)).join(path.strip_prefix("/").unwrap());
    let listen = bind(&relative).unwrap();
    assert!(path.exists());
    drop(listen);
    assert!(!path.exists());
}

#[tokio::test]
async fn a_file_that_took_its_place_is_left_alone() {
    let (_folder, path) = free();
    let first = bind(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let _second = bind(&path).unwrap();
    drop(first);
    dial(&path).await.unwrap();
}

#[tokio::test]
async fn a_socket_that_was_left_behind_is_replaced() {
    let (_folder, path) = free();
    // The standard library leaves the file, as a process that is killed does.
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    let mut listen = bind(&path).unwrap();
    let (_near, _) = dial(&path).await.unwrap();
    accept(&mut listen).await;
}

/// Lets several servers start on `path` at one moment, and returns those that listen.
fn start_together(path: &Path) -> Vec<UnixListen> {
    const SERVERS: usize = 3;
    let (barrier, runtime) = (Barrier::new(SERVERS), Handle::current());
    let start = || {
        let _within = runtime.enter();
        barrier.wait();
        bind(path)
    };
    let started: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..SERVERS).map(|_| scope.spawn(start)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let taken = |result: Result<UnixListen>| {
        let in_use = |error: &Error| error.to_string().contains("the address is in use");
        result.inspect_err(|error| assert!(in_use(error), "{error}")).ok()
    };
    started.into_iter().filter_map(taken).collect()
}

#[tokio::test]
async fn of_servers_that_start_together_one_listens_and_keeps_its_file() {
    let (folder, _) = free();
    for round in 0..300 {
        let path = folder.path().join(round.to_string());
        if round % 2 == 1 {
            drop(UnixListener::bind(&path).unwrap());
        }
        let mut listening = start_together(&path);
        assert_eq!(listening.len(), 1, "round {round}");
        let (near, _) = dial(&path).await.unwrap();
        accept(&mut listening[0]).await;
        drop((near, listening));
        assert!(!path.exists());
    }
}

#[tokio::test]
async fn a_directory_that_is_locked_for_long_is_an_error_and_one_unlocked_is_waited_for() {
    let (folder, path) = free();
    let held = fs::File::open(folder.path()).unwrap();
    held.lock().unwrap();
    let error = bind(&path).unwrap_err();
    assert!(error.to_string().contains("holds the lock of"), "{error}");
    assert!(!path.exists());
    let runtime = Handle::current();
    let waits = thread::scope(|scope| {
        let waits = scope.spawn(|| {
            let _within = runtime.enter();
            bind(&path)
        });
        held.unlock().unwrap();
        waits.join().unwrap()
    });
    waits.unwrap();
}

#[tokio::test]
async fn a_socket_that_is_listened_on_is_not_replaced() {
    let (_folder, path) = free();
    let options = |backlog| {
        let mut options = UnixOptions::default();
        options.backlog = backlog;
        options
    };
    for backlog in [1024, 0] {
        let mut listen = UnixListen::bind(path.as_path(), &options(backlog)).unwrap();
        // Of the second one, the probe that is not accepted fills the backlog.
        for _ in 0..2 {
            let error = bind(&path).unwrap_err().to_string();
            let named = format!("cannot listen on unix:{}: the address is in use", path.display());
            assert!(error.contains(&named), "{error}");
        }
        accept(&mut listen).await;
        dial(&path).await.unwrap();
    }
}

#[tokio::test]
async fn a_file_that_is_no_socket_is_never_removed() {
    let (folder, path) = free();
    let target = folder.path().join("t");
    drop(UnixListener::bind(&target).unwrap());
    let check = |what| {
        let error = bind(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io, "{what}");
        assert!(error.to_string().contains("no socket"), "{what}: {error}");
    };
    fs::write(&path, "precious").unwrap();
    check("a file");
    assert_eq!(fs::read(&path).unwrap(), b"precious");
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink(&target, &path).unwrap();
    check("a link, even to a socket that was left behind");
    assert!(path.is_symlink());
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    check("a folder");
}

#[tokio::test]
async fn the_mode_says_who_may_connect() {
    let (_folder, path) = free();
    for mode in [0o600, 0o660, 0o666] {
        let mut options = UnixOptions::default();
        options.mode = Some(mode);
        let _listen = UnixListen::bind(path.as_path(), &options).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode);
    }
}

#[tokio::test]
async fn a_path_that_no_socket_can_have_is_refused_with_its_bound() {
    let (folder, _) = free();
    let room = MAX_PATH_BYTES - folder.path().as_os_str().len() - 1;
    let longest = folder.path().join("x".repeat(room));
    let _listen = bind(&longest).unwrap();
    dial(&longest).await.unwrap();

    let long = format!("has {} bytes of at most {MAX_PATH_BYTES}", MAX_PATH_BYTES + 1);
    let too_long = folder.path().join("x".repeat(room + 1));
    for (path, why) in
        [(&*too_long, &*long), (Path::new(""), "is empty"), (Path::new("/tmp/a\0b"), "zero byte")]
    {
        let check = |error: Error| {
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().contains(why), "{error}");
        };
        check(bind(path).unwrap_err());
        check(dial(path).await.unwrap_err());
    }
}

#[tokio::test(start_paused = true)]
async fn dialing_waits_while_the_backlog_is_full() {
    let (_folder, path) = free();
    let mut options = UnixOptions::default();
    options.backlog = 0;
    let mut listen = UnixListen::bind(path.as_path(), &options).unwrap();
    let (_first, _) = dial(&path).await.unwrap();
    let error = dial(&path).await.unwrap_err();
    assert!(error.is_timeout() && error.to_string().contains("3s"), "{error}");

    let (second, _) = tokio::join!(dial(&path), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        accept(&mut listen).await
    });
    second.unwrap();
}

#[tokio::test]
async fn nobody_there_is_an_error_that_names_the_path() {
    let (_folder, path) = free();
    let named = format!("cannot connect to unix:{}", path.display());
    let error = dial(&path).await.unwrap_err();
    assert!(error.to_string().contains(&named), "{error}");
    drop(UnixListener::bind(&path).unwrap());
    let error = dial(&path).await.unwrap_err();
    assert!(error.to_string().contains("refused"), "{error}");
}

#[tokio::test]
async fn one_dialer_opens_whatever_an_address_names() {
    let (_folder, path) = free();
    let _unix = bind(&path).unwrap();
    let tcp = TcpListen::bind(loopback(0), TcpOptions::default()).unwrap();
    let (socket, port) = (Address::unix(path.as_path()), tcp.local_addr().as_socket_addr());
    let port = Address::from(port.unwrap());
    let dialer = SocketDial::new(TcpOptions::default());
    assert!(dialer.dial(&socket).await.unwrap().1.remote.is_unix());
    assert!(!dialer.dial(&port).await.unwrap().1.remote.is_unix());

    for error in [
        TcpDial::default().dial(&socket).await.unwrap_err(),
        UnixDial::default().dial(&port).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    }
}
