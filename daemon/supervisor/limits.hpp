// Limits of hameaud. It runs as root, so nobody may make it hold much or wait long. Each has its unit and its reason.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "daemon/base/clock.hpp"

namespace hameau::supervisor {

// What each process may take from the others (control groups; the numbers are the kernel's, cgroup-v2)
/// Shares of the processor while others want it too: all services alike, the mail's many processes together as much as one gate.
inline constexpr int cgroup_weight = 100;
/// Work that nobody waits for: a backup, the diagnosis of the night.
inline constexpr int cgroup_low_weight = 20;
/// Of the machine's memory, for one service with its helpers: what grows beyond is ended alone and started again, instead of
/// whatever the kernel finds largest on the machine.
inline constexpr unsigned cgroup_memory_percent = 60;
/// Processes and threads of one service: Dovecot has 200 for IMAP alone.
inline constexpr unsigned cgroup_pids_max = 1024;
/// Bytes of /proc/self/cgroup: a line for each tree, 4 KiB of path at most.
inline constexpr std::size_t cgroup_text_max = 16384;

// What hameaud is told and asked
/// How long the gate may take until it serves a new version of a site; a restart of the gate fits.
inline constexpr std::chrono::milliseconds serve_wait{5000};
/// Versions that are waited for at a time; each upload waits for one.
inline constexpr std::size_t serve_queries_max = 64;
/// Bytes of the flat settings: the sample says all of them, with its comments, in 8 KiB.
inline constexpr std::size_t settings_bytes_max = 1 << 20;
/// Verbs that wait for the one hameau-provision; who asks beyond is refused and asks again.
inline constexpr std::size_t provision_queue_max = 64;
/// How long a process may take to say how much it uses; a busy one is left out.
inline constexpr std::chrono::milliseconds usage_wait{400};
/// Questions about the state of all processes that wait at once; each asks every child.
inline constexpr std::size_t status_queries_max = 8;
/// Bytes of one message to run/notify (sd_notify): a few lines.
inline constexpr std::size_t notify_bytes_max = 4096;
/// Such messages read in one turn: a child that writes without end does not stop the others.
inline constexpr int notify_datagrams_per_turn = 32;
/// Connections to a service that is off, refused in one turn.
inline constexpr int refused_per_turn = 64;
/// Bytes of STATUS= that are kept: one line of `hameau status`.
inline constexpr std::size_t status_text_max = 300;
/// Bytes of what a program said on standard error that are passed on: the sentence, not a core dump's words.
inline constexpr std::size_t error_text_max = 2000;
/// Text of a response of root to a service. Bytes: less than a message holds (message.hpp); the lines of a whole diagnosis fit.
inline constexpr std::size_t answer_text_max = 48'000;
/// Bytes of what a verb of hameau-provision gives back; it fits into one message (base/limits.hpp).
inline constexpr std::size_t provision_text_max = 16000;
/// Bytes of STATE/host: one name of 253.
inline constexpr std::size_t host_file_bytes_max = 256;
/// Bytes of STATE/modules/uids: 900 uids with names of 64 bytes.
inline constexpr std::size_t uids_file_bytes_max = 1 << 16;

// Programs of one job
/// How long a verb of hameau-provision may take: below the 60 s of who asked.
inline constexpr std::chrono::seconds provision_limit{55};
/// The same for mail-engines at a start: it also copies and migrates the databases of mail, which may be large on a slow card.
inline constexpr std::chrono::minutes engines_limit{3};
/// A turn over the certificates that are due: ten orders of two minutes at most, and the look-ups before them.
inline constexpr std::chrono::minutes certificates_limit{25};
/// A turn of backups: the first one over a slow line takes days. hameau-provision ends what is silent for two hours.
inline constexpr std::chrono::hours backup_limit{24 * 7};
/// A run of the diagnosis: its own budget is 20 s, the look before a repair 8 s, and the mail to the admin.
inline constexpr std::chrono::seconds diagnosis_limit{90};
/// Runs of it that wait.
inline constexpr std::size_t diagnoses_max = 8;
/// It gives way to everybody who is waited for.
inline constexpr int background_nice = 10;
/// A nightly run is put off so often, half a day each at most.
inline constexpr unsigned diagnosis_put_off_max = 4;
/// The repair of certificates asks the authority anew, so often at most.
inline constexpr Duration certificates_mended_every = std::chrono::hours(1);
/// The same repair for pages, so often at most: each tries again what Postfix, Dovecot or others put off for minutes. The command may at once.
inline constexpr Duration repairs_of_pages_every = std::chrono::minutes(5);
/// How long hameau-check may take: hameaud waits for it at a start and at a reload. It has 10 s of processor itself.
inline constexpr std::chrono::seconds check_limit{20};

// Children: start, watchdog, end
/// How long the preparation of a start may take. Keys are made, Postfix and Dovecot check their configuration: half a minute on the smallest machine.
inline constexpr Duration preparing_max = std::chrono::minutes(5);
/// The longest watchdog that a child may ask for.
inline constexpr Duration watchdog_max = std::chrono::hours(1);
/// The time that a child may ask for at once (EXTEND_TIMEOUT_USEC): a large database on a slow card.
inline constexpr Duration extension_max = std::chrono::hours(1);
/// The time that hameaud asks systemd for beyond its slowest child's.
inline constexpr Duration extension_of_our_own = std::chrono::seconds(60);
/// systemd's watchdog below this is not served: hameaud would do nothing else.
inline constexpr Duration watchdog_min{200};
/// Listeners that systemd may hand over.
inline constexpr long listen_fds_max = 64;
/// Between the answer and the new start: who set the house up is answered before every process restarts with the host name.
inline constexpr Duration after_set_host{500};
/// Milliseconds that Postfix has to end after hameaud died, before it is killed.
inline constexpr int guard_wait_term_ms = 3000;
/// Milliseconds for what is killed to be gone.
inline constexpr int guard_wait_kill_ms = 300;
/// Milliseconds of one nap while a group of processes ends.
inline constexpr int nap_ms = 25;
/// Naps after a stop that was asked for: 1 s.
inline constexpr int naps_after_stop = 40;
/// Naps after a crash, when the rest of the group has nothing to write: 150 ms.
inline constexpr int naps_after_crash = 6;
/// Naps after SIGKILL: half a second.
inline constexpr int naps_after_kill = 20;

// Paths
/// A Unix socket's address (sun_path) holds 107 bytes, and the children connect to STATE/run/people.sock.
inline constexpr std::size_t state_path_max = 107 - std::string_view("/run/people.sock").size();
/// Bytes of the state's path with mail: below it stand Dovecot's sockets (provisioning/limits.hpp, engines_state_path_max).
inline constexpr std::size_t engines_path_max = 52;

// Logs
/// Bytes of a log at least: below this a service could not even say why it ends.
inline constexpr std::uint64_t log_bytes_min = 256 * 1024;
/// Between two looks at which old logs are over their days.
inline constexpr Duration log_age_interval = std::chrono::hours(24);
/// Bytes read from a service's output at a time.
inline constexpr std::size_t log_piece_bytes = 65536;
/// The group's right to read is for `hameau logs`, which the command's service answers.
inline constexpr unsigned log_file_mode = 0640;
/// Bytes that a service may write while hameaud does something else. A service waits when it is full.
inline constexpr int log_pipe_bytes = 256 * 1024;
/// Bytes of one line that goes to the journal; a longer one becomes several.
inline constexpr std::size_t journal_line_bytes_max = 4096;

// Turns of hameau-provision: certificates
/// Bytes of STATE/tls/certificates: hosts_max names with their sentences.
inline constexpr std::size_t certificates_state_bytes_max = 8 << 20;
/// Bytes of one of its lines that are read.
inline constexpr std::size_t certificates_line_max = 400;
/// Between two turns, when only a site asks; each is a program that runs as root and reads every certificate.
inline constexpr Duration certificates_between_wishes = std::chrono::seconds(15);
/// Between two turns at least: each is a program that runs as root.
inline constexpr Duration certificates_turn_min = std::chrono::seconds(2);
/// Between two turns at most: the wall clock may jump while we sleep.
inline constexpr Duration certificates_turn_max = std::chrono::hours(12);
/// After a turn that ended badly: an authority or a disk has time to come back.
inline constexpr Duration certificates_after_failure = std::chrono::minutes(30);
/// Turns in a row that ended without a word on any name (no memory, a damaged file, a full disk) before the admin is told.
inline constexpr unsigned certificates_turns_failed_told = 3;
/// Between two turns that are taken again because the gate was away: authorities count failed challenges.
inline constexpr Duration certificates_between_gates = std::chrono::minutes(10);

// Turns of hameau-provision: backups
/// Bytes of STATE/backup/state: eight targets and their sentences take a few KiB.
inline constexpr std::size_t backup_state_bytes_max = 1 << 20;
/// Bytes of one of its lines that are read.
inline constexpr std::size_t backup_line_max = 700;
/// From a start or a reload to the first turn: what is urgent then is the house itself.
inline constexpr Duration backup_after_start = std::chrono::minutes(2);
/// Between two turns at least: a state that says "now" for ever must not keep the disk busy.
inline constexpr Duration backup_turn_min = std::chrono::minutes(1);
/// Between two turns at most: the wall clock may jump while we sleep.
inline constexpr Duration backup_turn_max = std::chrono::hours(12);
/// After a turn that ended badly.
inline constexpr Duration backup_after_failure = std::chrono::minutes(30);
/// A turn that is killed writes nothing: the state is that of the last one that ended well. One may be chance.
inline constexpr unsigned backup_turns_failed_said = 2;

// Turns of hameau-provision: the diagnosis
/// Bytes of STATE/diagnosis/state: a hundred findings take some KiB.
inline constexpr std::size_t diagnosis_state_bytes_max = 1 << 20;
/// Bytes of one of its lines that are read and passed on: more than a finding has (contract/limits.hpp).
inline constexpr std::size_t diagnosis_line_max = 600;
/// Bytes of each argument: the words of one process's failure, the names of the checks that somebody asked for.
inline constexpr std::size_t diagnosis_argument_bytes_max = 200;
/// Facts of ours that go with a run: more than a house has processes and walls.
inline constexpr std::size_t diagnosis_facts_max = 200;
/// From a start to the first look: what is urgent then is the house itself, and what starts slowly is not broken.
inline constexpr Duration diagnosis_after_start = std::chrono::minutes(2);
/// Between two looks of the night at least: a state that says "now" for ever must not keep the disk busy.
inline constexpr Duration diagnosis_turn_min = std::chrono::minutes(1);
/// Between two at most: the wall clock may jump while we sleep.
inline constexpr Duration diagnosis_turn_max = std::chrono::hours(12);
/// After one that wrote nothing.
inline constexpr Duration diagnosis_after_failure = std::chrono::minutes(1);

// The energy page (energy_log.hpp)
/// Bytes of STATE/energy that are read: more than text_of ever writes (daemon/contract/limits.hpp).
inline constexpr std::size_t energy_file_bytes_max = 1 << 17;
/// Between two readings of the network and of the sensors, when the loop runs anyway: two small files. The watchdog of systemd lets it run each five minutes.
inline constexpr Duration energy_sensors_every = std::chrono::minutes(4);
/// Between two readings of all processes: some hundred files of /proc.
inline constexpr Duration energy_look_every = std::chrono::hours(1);
/// The same for somebody who opens the page again and again.
inline constexpr Duration energy_asked_every = std::chrono::seconds(2);
/// Between two writings of STATE/energy: cards wear. A kill loses as much; an end of the house saves.
inline constexpr Duration energy_save_every = std::chrono::hours(6);
/// Milliseconds since 1970 (2026-01-01) before which the clock is not set.
inline constexpr std::int64_t energy_clock_earliest_ms = std::int64_t{1'767'225'600} * 1000;
/// Bytes that one process may say it used (a petabyte): more is no figure.
inline constexpr std::uint64_t energy_bytes_max = std::uint64_t{1} << 50;
/// How long one value of a power sensor may stand for: beyond it the time between is not known.
inline constexpr Duration power_sample_stands = std::chrono::minutes(15);
/// Watts that one package or board may draw at most: says when a counter may have run over, and bounds what a sensor that is wrong adds.
inline constexpr std::uint64_t power_watts_max = 500;
/// Bytes of /proc/net/dev: some hundred interfaces.
inline constexpr std::size_t network_file_bytes_max = 1 << 16;

} // namespace hameau::supervisor
