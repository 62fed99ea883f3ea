//! A schedule in the words of systemd and of cron.

use std::path::Path;

use super::EmitFor;
use crate::cli::options::Global;
use crate::config;
use crate::error::{Error, Result};
use crate::pipeline::RunOptions;
use crate::project::{Project, Schedule};

/// The command of a run, as words.
pub fn command(global: &Global, project: &Project, options: &RunOptions) -> Result<Vec<String>> {
    let program =
        config::program().map_err(|error| Error::failed("this program does not find itself").because(error))?;
    let mut words = vec![text(&program)?, "-C".to_string(), text(&project.root)?];
    if let Some(target) = &global.target {
        words.extend(["--target".to_string(), target.clone()]);
    }
    if let Some(memory) = global.memory {
        words.extend(["--memory".to_string(), memory.to_string()]);
    }
    if let Some(threads) = global.threads {
        words.extend(["--threads".to_string(), threads.to_string()]);
    }
    if !global.workers.is_empty() {
        words.extend(["--workers".to_string(), global.workers.join(",")]);
    }
    if let Some(listen) = &global.listen {
        words.extend(["--listen".to_string(), listen.clone()]);
    }
    words.push("run".to_string());
    words.extend(options.select.iter().cloned());
    words.extend(options.exclude.iter().flat_map(|name| ["--exclude".to_string(), name.clone()]));
    words.extend(options.full_refresh.then(|| "--full-refresh".to_string()));
    match words.iter().find(|word| word.contains(['\n', '\r'])) {
        Some(_) => Err(Error::config("a line end stands in a path or a name, which no unit or crontab can hold")),
        None => Ok(words),
    }
}

fn text(path: &Path) -> Result<String> {
    let text = path.to_str().map(String::from);
    text.ok_or_else(|| Error::config(format!("`{}` is not UTF-8, as units and crontabs are", path.display())))
}

pub fn emit(whom: EmitFor, schedule: &Schedule, project: &Project, command: &[String]) -> Result<String> {
    Ok(match whom {
        EmitFor::Systemd => systemd(schedule, project, command),
        EmitFor::Cron => cron(schedule, command),
        EmitFor::Eventbridge => return Err(Error::config("EventBridge starts clusters, and no command here")),
    })
}

/// A service and a timer, of systemd.timer(5). The timer starts nothing while the last run is at work.
fn systemd(schedule: &Schedule, project: &Project, command: &[String]) -> String {
    let name = unit_name(&project.name);
    let words: Vec<String> = command.iter().map(|word| in_unit(word)).collect();
    let calendar: String = calendar(schedule).iter().map(|line| format!("OnCalendar={line}\n")).collect();
    let jitter = match schedule.jitter.as_secs() {
        0 => String::new(),
        seconds => format!("RandomizedDelaySec={seconds}\n"),
    };
    format!(
        "# /etc/systemd/system/{name}.service\n\
         [Unit]\n\
         Description=Trapiche run of {project}\n\
         Wants=network-online.target\n\
         After=network-online.target\n\
         \n\
         [Service]\n\
         Type=oneshot\n\
         WorkingDirectory={root}\n\
         ExecStart={command}\n\
         # Another run at work is no failure.\n\
         SuccessExitStatus=4\n\
         TimeoutStopSec=300\n\
         \n\
         # /etc/systemd/system/{name}.timer: systemctl enable --now {name}.timer\n\
         [Unit]\n\
         Description=Times of {name}.service\n\
         \n\
         [Timer]\n\
         {calendar}{jitter}AccuracySec=1s\n\
         Persistent={persistent}\n\
         \n\
         [Install]\n\
         WantedBy=timers.target\n",
        project = project.name.replace('%', "%%").replace(['\n', '\r'], " "),
        root = project.root.to_string_lossy().replace('%', "%%"),
        command = words.join(" "),
        persistent = schedule.catch_up,
    )
}

/// Letters, digits and dashes.
fn unit_name(project: &str) -> String {
    let kept = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c.to_ascii_lowercase() } else { '-' };
    format!("trapiche-{}", project.chars().map(kept).collect::<String>())
}

/// A word of a command line of systemd.service(5).
fn in_unit(word: &str) -> String {
    let escaped = word.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%").replace('$', "$$");
    let is_plain = !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || "/._-+:,@=%$".contains(c));
    if is_plain { escaped } else { format!("\"{escaped}\"") }
}

/// The times in the words of systemd.time(7). A day that is meant by either of two fields takes two lines.
fn calendar(schedule: &Schedule) -> Vec<String> {
    const WEEKDAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    let cron = &schedule.cron;
    let list = |field: usize| match cron.numbers(field) {
        None => "*".to_string(),
        Some(numbers) => numbers.iter().map(|number| format!("{number:02}")).collect::<Vec<_>>().join(","),
    };
    let weekdays = cron.numbers(4).map(|numbers| {
        let names: Vec<&str> = numbers.iter().map(|number| WEEKDAYS[*number as usize]).collect();
        names.join(",") + " "
    });
    let weekdays = weekdays.unwrap_or_default();
    let line = |weekdays: &str, days: &str| {
        let (months, hours, minutes) = (list(3), list(1), list(0));
        format!("{weekdays}*-{months}-{days} {hours}:{minutes}:00 {}", schedule.zone.name())
    };
    match cron.is_either_day() && !weekdays.is_empty() && cron.numbers(2).is_some() {
        true => vec![line(&weekdays, "*"), line("", &list(2))],
        // Each of them is every day.
        false if cron.is_either_day() => vec![line("", "*")],
        false => vec![line(&weekdays, &list(2))],
    }
}

/// A line of crontab(5), where `%` is a line end and the shell reads the command.
fn cron(schedule: &Schedule, command: &[String]) -> String {
    let words: Vec<String> = command.iter().map(|word| in_shell(word)).collect();
    let mut text = String::new();
    if schedule.zone != chrono_tz::Tz::UTC {
        text += "# Cron of Debian and of BSD does not know CRON_TZ, and takes the machine's time zone.\n";
    }
    text += &format!("CRON_TZ={}\n", schedule.zone.name());
    if schedule.catch_up || !schedule.jitter.is_zero() {
        text +=
            "# Cron neither makes up for missed times nor delays them: `catch_up` and `jitter` have no effect here.\n";
    }
    text + &format!("{} {}\n", schedule.cron.as_fields(), words.join(" ").replace('%', "\\%"))
}

fn in_shell(word: &str) -> String {
    let is_plain = !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "/._-+:,@=%".contains(c));
    if is_plain { word.to_string() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}
