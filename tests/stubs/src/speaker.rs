//! The service of the sample, as its `.proto` file says.

use dubhe_core::{Code, Metadata, Request, Response, Status, Streaming};
use dubhe_protobuf::detail;
use dubhe_protobuf::types::Empty;
use futures_util::{Stream, StreamExt as _, stream};

use crate::proto::sample::common::Named;
use crate::proto::sample::shapes::v1::{Shapes, Word};

/// Serves the sample.
#[derive(Clone, Copy, Debug)]
pub struct Speaker;

fn said(word: Word) -> Result<Word, Status> {
    match &*word.text {
        "error" => {
            let detail = detail(&Named { name: "detail".into() });
            Err(Status::new(Code::OutOfRange, "no such word").with_detail(detail))
        }
        _ => Ok(word),
    }
}

impl Shapes for Speaker {
    async fn say(&self, request: Request<Word>) -> Result<Response<Word>, Status> {
        let mut metadata = Metadata::new();
        if let Some(token) = request.metadata().get_str("token") {
            metadata.insert("token-seen", token);
        }
        let mut response = Response::with_metadata(said(request.into_inner())?, metadata);
        response.trailers_mut().insert("cost", "1");
        Ok(response)
    }

    async fn join(&self, request: Request<Streaming<Word>>) -> Result<Response<Word>, Status> {
        let mut words = request.into_inner();
        let mut texts = Vec::new();
        while let Some(word) = words.message().await? {
            texts.push(said(word)?.text);
        }
        let times = i32::try_from(texts.len()).unwrap_or(i32::MAX);
        Ok(Word { text: texts.join(" "), times, ..Word::default() }.into())
    }

    async fn repeat(
        &self,
        request: Request<Word>,
    ) -> Result<Response<impl Stream<Item = Result<Word, Status>>>, Status> {
        let word = said(request.into_inner())?;
        let metadata = Metadata::from_iter([("begins", "now")]);
        let words = (0..word.times).map(move |times| Ok(Word { times, ..word.clone() }));
        let mut response = Response::with_metadata(stream::iter(words), metadata);
        response.trailers_mut().insert("ends", "now");
        Ok(response)
    }

    async fn chat(
        &self,
        request: Request<Streaming<Word>>,
    ) -> Result<Response<impl Stream<Item = Result<Word, Status>>>, Status> {
        Ok(request.into_inner().map(|word| said(word?)).into())
    }

    async fn new(&self, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        Ok(Empty {}.into())
    }

    async fn r#type(&self, request: Request<Word>) -> Result<Response<Named>, Status> {
        Ok(Named { name: request.into_inner().text }.into())
    }
}
