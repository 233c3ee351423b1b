//! The operations on keys.

use std::collections::BTreeMap;

use bytes::Bytes;
use dubhe_core::time::Deadline;
use dubhe_core::{Code, Status};
use dubhe_protobuf::Message;

use super::link::{Link, REQUEST_TIMEOUT, Rpc};
use super::range::size;
use super::{Client, Core, Entries, Entry, KeyRange, shown};
use crate::generated::etcd::{
    AuthenticateRequest, AuthenticateResponse, CompactionRequest, CompactionResponse, Compare,
    DeleteRangeRequest, DeleteRangeResponse, PutRequest, PutResponse, RangeRequest, RangeResponse,
    RequestOp, TxnRequest, TxnResponse, compare, request_op,
};

const fn kv(name: &'static str) -> Rpc {
    Rpc { service: "etcdserverpb.KV", name }
}

pub(super) const LEASE_GRANT: Rpc = Rpc { service: "etcdserverpb.Lease", name: "LeaseGrant" };
pub(super) const LEASE_REVOKE: Rpc = Rpc { service: "etcdserverpb.Lease", name: "LeaseRevoke" };
pub(super) const LEASE_KEEP_ALIVE: Rpc =
    Rpc { service: "etcdserverpb.Lease", name: "LeaseKeepAlive" };
pub(super) const WATCH: Rpc = Rpc { service: "etcdserverpb.Watch", name: "Watch" };
const AUTHENTICATE: Rpc = Rpc { service: "etcdserverpb.Auth", name: "Authenticate" };

/// The keys of one page; fewer where their values are too large for one message.
const PAGE: i64 = 1_000;

/// A change of one key.
#[derive(Clone, Debug)]
pub enum Write {
    /// Puts this value, with a lease or 0.
    Put(Bytes, i64),
    /// Deletes the key.
    Delete,
}

/// The condition on a key for a [`Write`] to happen.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Condition {
    /// The absence of the key.
    Absent,
    /// The value was put in this revision.
    Revision(i64),
    /// The key has this lease, or 0.
    Lease(i64),
}

/// A page of a range.
pub(super) struct Page {
    pub(super) entries: Vec<(Bytes, Entry)>,
    pub(super) revision: i64,
    pub(super) more: bool,
}

impl Client {
    /// Reads a key; `None` when there is none.
    ///
    /// # Errors
    /// Those of etcd, and `UNAVAILABLE` without a connection; the end of the first try to connect is waited
    /// for, up to 5 s.
    pub async fn get(&self, key: impl Into<Bytes>) -> Result<Option<Entry>, Status> {
        let range = KeyRange::key(key);
        let (mut entries, _) = self.core.read(&range).await?;
        Ok(entries.remove(&range.start))
    }

    /// Reads a range, page by page, in one revision.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn range(&self, range: &KeyRange) -> Result<Entries, Status> {
        self.core.read(range).await.map(|(entries, _)| entries)
    }

    /// Lists the keys of a range, in one revision.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn keys(&self, range: &KeyRange) -> Result<Vec<Bytes>, Status> {
        let (entries, _) = self.core.pages(range, true).await?;
        Ok(entries.into_keys().collect())
    }

    /// Puts a value, with a lease or 0.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn put(
        &self,
        key: impl Into<Bytes>,
        value: impl Into<Bytes>,
        lease: i64,
    ) -> Result<(), Status> {
        let request = PutRequest { key: key.into(), value: value.into(), lease };
        self.core.call::<_, PutResponse>(kv("Put"), request).await.map(drop)
    }

    /// Deletes a key; there need be none. Returns `true` if there was one.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn delete(&self, key: impl Into<Bytes>) -> Result<bool, Status> {
        let request = DeleteRangeRequest { key: key.into(), range_end: Bytes::new() };
        let done = self.core.call::<_, DeleteRangeResponse>(kv("DeleteRange"), request).await?;
        Ok(done.deleted > 0)
    }

    /// Changes a key if its value is still that of `revision`, or if there is none when that is `None`.
    /// Returns `false` when somebody else was faster.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn replace(
        &self,
        key: impl Into<Bytes>,
        revision: Option<i64>,
        write: Write,
    ) -> Result<bool, Status> {
        let condition = revision.map_or(Condition::Absent, Condition::Revision);
        self.core.write_if(key.into(), condition, write).await
    }

    /// Compacts the history of the store up to a revision.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn compact(&self, revision: i64) -> Result<(), Status> {
        let request = CompactionRequest { revision, physical: true };
        self.core.call::<_, CompactionResponse>(kv("Compact"), request).await.map(drop)
    }
}

impl Core {
    /// Sends a request over the connection of this moment, or the first one, once more with a new token when the old one
    /// is refused.
    pub(super) async fn call<M: Message + Clone, T: Message>(
        &self,
        rpc: Rpc,
        request: M,
    ) -> Result<T, Status> {
        let link = self.first_link().await?;
        let token = link.token();
        let done = match link.unary(rpc, request.clone(), token.clone(), self.deadline()).await {
            Err(status) if self.is_token_refused(&status) => {
                self.renew_token(&link, token).await?;
                link.unary(rpc, request, link.token(), self.deadline()).await
            }
            done => done,
        };
        done.inspect_err(|status| self.doubt(&link, status))
    }

    pub(super) fn deadline(&self) -> Deadline {
        Deadline::after(self.options.clock.now(), REQUEST_TIMEOUT)
    }

    /// Returns `true` if a new token may help.
    pub(super) fn is_token_refused(&self, status: &Status) -> bool {
        self.options.credentials.is_some() && is_token_refusal(status)
    }

    /// Asks for a token, unless somebody has done so since `used` was.
    pub(super) async fn renew_token(
        &self,
        link: &Link,
        used: Option<bytestring::ByteString>,
    ) -> Result<(), Status> {
        let Some(credentials) = &self.options.credentials else { return Ok(()) };
        if link.token() != used {
            return Ok(());
        }
        let request = AuthenticateRequest {
            name: credentials.user.clone(),
            password: credentials.password.clone(),
        };
        let answer: Result<AuthenticateResponse, Status> =
            link.unary(AUTHENTICATE, request, None, self.deadline()).await;
        match answer {
            Ok(answer) => {
                link.set_token(answer.token.into());
                Ok(())
            }
            // Who has no need of a user asks nobody for it.
            Err(status) if status.message().contains("authentication is not enabled") => Ok(()),
            Err(status) => Err(status.context("check username and password of etcd")),
        }
    }

    /// Asks for the keys of `range` from `start` on, in `revision` or, for 0, the present one.
    pub(super) async fn page(
        &self,
        range: &KeyRange,
        start: Bytes,
        limit: i64,
        revision: i64,
        keys_only: bool,
    ) -> Result<Page, Status> {
        let request = RangeRequest {
            key: start.clone(),
            range_end: range.end.clone(),
            limit,
            revision,
            keys_only,
        };
        let answer: RangeResponse = self.call(kv("Range"), request).await?;
        let revision = answer.header.map_or(0, |header| header.revision);
        if revision <= 0 {
            return Err(malformed("a range without a revision"));
        }
        let mut entries = Vec::with_capacity(answer.kvs.len());
        for kv in answer.kvs {
            if kv.key < start || !range.contains(&kv.key) {
                return Err(malformed(&format!(
                    "the key {:?}, which was not asked for",
                    shown(&kv.key)
                )));
            }
            let entry = Entry { value: kv.value, mod_revision: kv.mod_revision, lease: kv.lease };
            entries.push((kv.key, entry));
        }
        Ok(Page { entries, revision, more: answer.more })
    }

    /// Asks for a key over a connection that is not that of the client yet.
    pub(super) async fn probe(&self, link: &Link, key: Bytes) -> Result<(), Status> {
        let request = RangeRequest { key, limit: 1, ..Default::default() };
        let answer =
            link.unary::<RangeResponse>(kv("Range"), request, link.token(), self.deadline());
        answer.await.map(drop)
    }

    /// Reads a range, and the revision in which it is so.
    pub(super) async fn read(&self, range: &KeyRange) -> Result<(Entries, i64), Status> {
        self.pages(range, false).await
    }

    async fn pages(&self, range: &KeyRange, keys_only: bool) -> Result<(Entries, i64), Status> {
        let (mut all, mut bytes) = (BTreeMap::new(), 0_usize);
        let (mut start, mut limit, mut revision) = (range.start.clone(), PAGE, 0);
        loop {
            let page = match self.page(range, start.clone(), limit, revision, keys_only).await {
                // Fewer may fit into a message.
                Err(status) if status.code() == Code::ResourceExhausted && limit > 1 => {
                    limit = (limit / 8).max(1);
                    continue;
                }
                page => page?,
            };
            if revision == 0 {
                revision = page.revision;
            }
            for (key, entry) in page.entries {
                bytes += size(&key, &entry.value);
                if bytes > self.options.max_frame {
                    return Err(self.too_much(range));
                }
                all.insert(key, entry);
            }
            if !page.more {
                return Ok((all, revision));
            }
            // The key behind the last.
            let Some((last, _)) = all.last_key_value() else {
                return Err(malformed("an empty page that is not the last"));
            };
            let next = Bytes::from([&last[..], b"\0"].concat());
            if next <= start {
                return Err(malformed("the same page again"));
            }
            start = next;
        }
    }

    /// The error of a range that is larger than what is kept of one.
    pub(super) fn too_much(&self, range: &KeyRange) -> Status {
        let (start, most) = (shown(&range.start), self.options.max_frame);
        let why = format!("{start} has more than {most} bytes; max.frame lets it have more");
        Status::new(Code::ResourceExhausted, why)
    }

    /// Changes a key if it is as `condition` wants it; `false` when it is not.
    pub(crate) async fn write_if(
        &self,
        key: Bytes,
        condition: Condition,
        write: Write,
    ) -> Result<bool, Status> {
        let (target, union) = match condition {
            Condition::Absent => {
                (compare::CompareTarget::Create, compare::TargetUnion::CreateRevision(0))
            }
            Condition::Revision(revision) => {
                (compare::CompareTarget::Mod, compare::TargetUnion::ModRevision(revision))
            }
            Condition::Lease(lease) => {
                (compare::CompareTarget::Lease, compare::TargetUnion::Lease(lease))
            }
        };
        let compare = Compare {
            result: compare::CompareResult::Equal.into(),
            target: target.into(),
            key: key.clone(),
            target_union: Some(union),
        };
        let request = match write {
            Write::Put(value, lease) => {
                request_op::Request::RequestPut(PutRequest { key, value, lease })
            }
            Write::Delete => request_op::Request::RequestDeleteRange(DeleteRangeRequest {
                key,
                range_end: Bytes::new(),
            }),
        };
        let request = TxnRequest {
            compare: vec![compare],
            success: vec![RequestOp { request: Some(request) }],
        };
        let done: TxnResponse = self.call(kv("Txn"), request).await?;
        Ok(done.succeeded)
    }
}

/// The answer of etcd to a token that it does not know any more (etcd `rpctypes/error.go`).
pub(super) fn is_token_refusal(status: &Status) -> bool {
    let message = status.message();
    status.code() == Code::Unauthenticated
        || message.contains("invalid auth token")
        || message.contains("revision of auth store is old")
        || message.contains("user name is empty")
}

pub(super) fn malformed(what: &str) -> Status {
    Status::new(Code::Internal, format!("etcd sent {what}"))
}
