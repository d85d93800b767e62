//! `export`: audit events for other tools, through the gateway or from a journal's folder.
//!
//! Never leaves half an export under the name that was asked for.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use export::{Filter, Format, Kind};
use jiff::Timestamp;

use crate::args::{Export, Globals};
use crate::commands::{offline, sessions};
use crate::problem::{Kind as Problems, Problem};
use crate::session;

/// Bytes gathered before they are written.
const BUFFER_BYTES: usize = 256 * 1024;

pub(crate) async fn export(globals: &Globals, wish: &Export) -> Result<(), Problem> {
    let format = Format::parse(&wish.format)
        .ok_or_else(|| Problem::usage(format!("{} is no format", wish.format)))?;
    let mut out = Output::open(&wish.output)?;
    let written = match &wish.journal {
        Some(dir) => {
            let filter = filter(wish)?;
            let mut encoder = format.encoder();
            let done = export::export(
                &offline::folder(dir),
                u64::MAX,
                &filter,
                &mut *encoder,
                &mut out.to,
            );
            done.map(drop).map_err(|error| failed(&error))
        }
        None => fetch(globals, wish, &mut out.to).await,
    };
    match written {
        Ok(()) => out.keep(),
        Err(problem) => {
            out.discard();
            Err(problem)
        }
    }
}

fn filter(wish: &Export) -> Result<Filter, Problem> {
    let now = Timestamp::now();
    let micros = |time: Option<Timestamp>| {
        time.map(|time| u64::try_from(time.as_microsecond()).unwrap_or(0))
    };
    Ok(Filter {
        since: micros(sessions::time(wish.since.as_deref(), now)?),
        until: micros(sessions::time(wish.until.as_deref(), now)?),
        session: wish.session.as_deref().map(offline::id).transpose()?,
        resource: wish.resource.clone(),
        principal: wish.principal.clone(),
        kinds: wish
            .kinds
            .iter()
            .filter_map(|name| Kind::parse(name))
            .collect(),
    })
}

/// Asks the gateway and writes what it answers, piece by piece.
async fn fetch(globals: &Globals, wish: &Export, out: &mut dyn Write) -> Result<(), Problem> {
    let (gateway, _) = session::signed_in(globals).await?;
    let now = Timestamp::now();
    let text = |time: Option<Timestamp>| time.map(|t| t.to_string()).unwrap_or_default();
    let (since, until) = (
        text(sessions::time(wish.since.as_deref(), now)?),
        text(sessions::time(wish.until.as_deref(), now)?),
    );
    let kinds = wish.kinds.join(",");
    let query = [
        ("format", wish.format.as_str()),
        ("since", &since),
        ("until", &until),
        ("session", wish.session.as_deref().unwrap_or_default()),
        ("resource", &wish.resource),
        ("principal", &wish.principal),
        ("kinds", &kinds),
    ];
    let mut response = gateway.long("/export", &query).await?;
    loop {
        let chunk = response.chunk().await.map_err(|error| {
            Problem::new(Problems::Unavailable, "the gateway broke the export off")
                .hint(crate::http::unreachable_by(&error).message)
        })?;
        match chunk {
            Some(chunk) => out.write_all(&chunk).map_err(|error| unwritten(&error))?,
            None => return out.flush().map_err(|error| unwritten(&error)),
        }
    }
}

fn failed(error: &export::Error) -> Problem {
    match error {
        export::Error::Write(source) => unwritten(source),
        export::Error::Read { .. } => Problem::failed(error.to_string()),
    }
}

fn unwritten(error: &io::Error) -> Problem {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Problem::new(Problems::ReaderGone, "the reader has gone away"),
        _ => Problem::failed(format!("the export cannot be written: {error}")),
    }
}

/// Where an export goes: standard output, or a file that appears when it is whole.
struct Output {
    to: BufWriter<Box<dyn Write>>,
    /// The file to sync, where it is written and what it is to be called.
    file: Option<(File, PathBuf, PathBuf)>,
}

impl Output {
    fn open(path: &Path) -> Result<Self, Problem> {
        if path == Path::new("-") {
            let to: Box<dyn Write> = Box::new(io::stdout());
            let to = BufWriter::with_capacity(BUFFER_BYTES, to);
            return Ok(Self { to, file: None });
        }
        let cannot = |error: io::Error| Problem::failed(format!("{}: {error}", path.display()));
        let mut aside = path.as_os_str().to_owned();
        aside.push(format!(".{}.part", std::process::id()));
        let aside = PathBuf::from(aside);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let file = options.open(&aside).map_err(cannot)?;
        let to: Box<dyn Write> = Box::new(file.try_clone().map_err(cannot)?);
        Ok(Self {
            to: BufWriter::with_capacity(BUFFER_BYTES, to),
            file: Some((file, aside, path.to_owned())),
        })
    }

    fn keep(mut self) -> Result<(), Problem> {
        self.to.flush().map_err(|error| unwritten(&error))?;
        let Some((file, aside, path)) = &self.file else {
            return Ok(());
        };
        let kept = file.sync_all().and_then(|()| std::fs::rename(aside, path));
        kept.map_err(|error| unwritten(&error))
    }

    fn discard(self) {
        if let Some((_, aside, _)) = &self.file {
            // What cannot be removed bears a name that says that it is a part.
            std::fs::remove_file(aside).ok();
        }
    }
}
