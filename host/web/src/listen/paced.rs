//! A stream whose peer has limited time.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::ListenSettings;

/// What a connection waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The first byte of a later request.
    Idle,
    /// The end of a request's head.
    Head,
    /// Its own answer; the time of bodies is measured with each.
    Answer,
}

/// The stage of one connection, which its stream and its requests share.
#[derive(Clone, Debug)]
pub(super) struct Stages(Arc<AtomicU8>);

impl Stages {
    pub(super) fn new() -> Self {
        Self(Arc::new(AtomicU8::new(Stage::Head as u8)))
    }

    pub(super) fn set(&self, stage: Stage) {
        self.0.store(stage as u8, Ordering::Relaxed);
    }

    fn stage(&self) -> Stage {
        match self.0.load(Ordering::Relaxed) {
            stage if stage == Stage::Idle as u8 => Stage::Idle,
            stage if stage == Stage::Head as u8 => Stage::Head,
            _ => Stage::Answer,
        }
    }
}

/// Fails with [`io::ErrorKind::TimedOut`] if the peer takes too long.
#[derive(Debug)]
pub(super) struct Paced<S> {
    stream: S,
    stages: Stages,
    head_time: Duration,
    idle_time: Duration,
    answer_time: Duration,
    /// Since a stage began; data that arrives in pieces does not extend it.
    reading: Option<(Stage, Pin<Box<Sleep>>)>,
    /// Since the reader left something unread; until all of it is read.
    writing: Option<Pin<Box<Sleep>>>,
}

impl<S> Paced<S> {
    pub(super) fn new(stream: S, stages: Stages, settings: &ListenSettings) -> Self {
        Self {
            stream,
            stages,
            head_time: settings.head_time,
            idle_time: settings.idle_time,
            answer_time: settings.answer_time,
            reading: None,
            writing: None,
        }
    }

    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let stage = self.stages.stage();
        let time = match stage {
            Stage::Idle => self.idle_time,
            Stage::Head => self.head_time,
            Stage::Answer => {
                self.reading = None;
                return Poll::Pending;
            }
        };
        if self.reading.as_ref().is_none_or(|(counted, _)| *counted != stage) {
            self.reading = Some((stage, Box::pin(tokio::time::sleep(time))));
        }
        if let Some((_, late)) = &mut self.reading {
            ready!(late.as_mut().poll(cx));
        }
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    fn poll_unread(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let time = self.answer_time;
        let late = self.writing.get_or_insert_with(|| Box::pin(tokio::time::sleep(time)));
        ready!(late.as_mut().poll(cx));
        Poll::Ready(io::ErrorKind::TimedOut.into())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let Poll::Ready(read) = Pin::new(&mut this.stream).poll_read(cx, buffer) else { return this.poll_late(cx) };
        if buffer.filled().len() > before && this.stages.stage() == Stage::Idle {
            this.stages.set(Stage::Head);
        }
        Poll::Ready(read)
    }
}

impl<S: AsyncWrite + Unpin> Paced<S> {
    fn poll_written(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match write(Pin::new(&mut self.stream), cx) {
            // Taking a little now and then does not extend the time for the rest.
            Poll::Ready(written) if self.writing.is_none() => Poll::Ready(written),
            Poll::Ready(written) => match self.poll_unread(cx) {
                Poll::Ready(late) => Poll::Ready(Err(late)),
                Poll::Pending => Poll::Ready(written),
            },
            Poll::Pending => self.poll_unread(cx).map(Err),
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.get_mut().poll_written(cx, |stream, cx| stream.poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().poll_written(cx, |stream, cx| stream.poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// A caller that flushes has nothing left to write.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let Poll::Ready(flushed) = Pin::new(&mut this.stream).poll_flush(cx) else {
            return this.poll_unread(cx).map(Err);
        };
        this.writing = None;
        Poll::Ready(flushed)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match Pin::new(&mut this.stream).poll_shutdown(cx) {
            Poll::Ready(shut) => Poll::Ready(shut),
            Poll::Pending => this.poll_unread(cx).map(Err),
        }
    }
}
