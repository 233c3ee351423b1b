//! The list of all documents, which Nacos gives over HTTP alone: by the interface of administrators of
//! Nacos 3, or the only one of Nacos 2.

use std::sync::Arc;

use dubhe_core::printable::Shown;
use dubhe_net::io::Address;
use http::{Method, StatusCode};
use serde::Deserialize;

use super::Place;
use crate::error::Error;
use crate::http::{HttpRequest, encode};
use crate::nacos::Inner;
use crate::options::PUBLIC;
use crate::wire::{Malformed, Resource};

/// Documents that are asked for at a time. Nacos 2 answers with their texts.
const PAGE_SIZE: u32 = 100;

/// A page, of Nacos 2 or within the envelope of Nacos 3.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(default)]
    pages_available: u32,
    #[serde(default)]
    page_items: Vec<Item>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    data_id: String,
    #[serde(alias = "groupName")]
    group: String,
}

#[derive(Deserialize)]
struct Envelope {
    data: Page,
}

/// The places of all documents of the namespace.
pub(super) async fn places(inner: &Arc<Inner>) -> Result<Vec<Place>, Error> {
    let mut error = Error::Disconnected(inner.servers.failure());
    for server in &*inner.servers.now() {
        for v3 in [true, false] {
            match pages(inner, server, v3).await {
                Ok(Some(places)) => return Ok(places),
                Ok(None) => {
                    let path = &inner.options.context_path;
                    error = Error::Disconnected(
                        format!("{server} lists no documents under {path}: check contextPath")
                            .into(),
                    );
                }
                Err(Error::Disconnected(why)) => {
                    error = Error::Disconnected(why);
                    break;
                }
                Err(other) => return Err(other),
            }
        }
    }
    Err(error)
}

/// All pages of a server; `None` if it has no such interface.
async fn pages(inner: &Inner, server: &Address, v3: bool) -> Result<Option<Vec<Place>>, Error> {
    let options = &inner.options;
    let namespace = &*options.namespace;
    let mut places = Vec::new();
    for page in 1.. {
        let path = &options.context_path;
        let target = if v3 {
            format!(
                "{path}/v3/admin/cs/config/list?search=blur&dataId=&groupName=&namespaceId={}\
                 &pageNo={page}&pageSize={PAGE_SIZE}",
                encode(namespace)
            )
        } else {
            let tenant = if namespace == PUBLIC { "" } else { namespace };
            format!(
                "{path}/v1/cs/configs?search=blur&dataId=*&group=*&tenant={}\
                 &pageNo={page}&pageSize={PAGE_SIZE}",
                encode(tenant)
            )
        };
        let headers = inner.auth.headers(Resource::Config { tenant: namespace, group: "" }).await?;
        let request = HttpRequest {
            method: Method::GET,
            target: &target,
            form: &[],
            headers: headers.into_iter().collect(),
            limit: options.max_message,
        };
        let answer = inner.http.send(server, request).await;
        let (status, body) = answer.map_err(|why| Error::Disconnected(why.into()))?;
        match status {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND | StatusCode::NOT_IMPLEMENTED => return Ok(None),
            status => {
                let text = String::from_utf8_lossy(&body);
                let message = format!(
                    "{status} from {server}, which lists documents for administrators: {}",
                    Shown(&text)
                );
                return Err(Error::Refused {
                    code: status.as_u16().into(),
                    message: message.into(),
                });
            }
        }
        let unreadable = |error| {
            Malformed::new(format!("the list of documents of {server} cannot be read: {error}"))
        };
        let got = if v3 {
            serde_json::from_slice::<Envelope>(&body).map_err(unreadable)?.data
        } else {
            serde_json::from_slice::<Page>(&body).map_err(unreadable)?
        };
        let empty = got.page_items.is_empty();
        places.extend(
            got.page_items
                .into_iter()
                .map(|item| Place { data_id: item.data_id.into(), group: item.group.into() }),
        );
        Malformed::unless_bounded(places.len())?;
        if empty || page >= got.pages_available {
            break;
        }
    }
    Ok(Some(places))
}
