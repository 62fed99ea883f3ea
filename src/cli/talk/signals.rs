//! Ctrl-C and SIGTERM: the first asks the run to stop, the second ends the process.

use crate::error::{Error, Kind, Result};
use crate::pipeline::Stop;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::words::Words;

/// From now on a signal stops the run; call it once, inside the runtime.
pub fn stop_on_signal(stop: Stop, words: Words) -> Result<()> {
    let listen = |kind| signal(kind).map_err(|error| Error::failed("cannot listen to signals").because(error));
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    tokio::spawn(async move {
        either(&mut interrupt, &mut terminate).await;
        words.progress_note("stopping; nothing half-made will be visible (Ctrl-C again aborts at once)");
        stop.stop();
        either(&mut interrupt, &mut terminate).await;
        // Unfinished files stay hidden, and the next run removes them.
        std::process::exit(Kind::Interrupted.exit_code().into());
    });
    Ok(())
}

/// Ends with the first signal.
pub async fn either_signal() -> Result<()> {
    let listen = |kind| signal(kind).map_err(|error| Error::failed("cannot listen to signals").because(error));
    let (mut interrupt, mut terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    either(&mut interrupt, &mut terminate).await;
    Ok(())
}

async fn either(interrupt: &mut Signal, terminate: &mut Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
