// hameau-provision VERB [name=value]...: the few things that need root after the start, one per run. Verbs are a closed
// list, arguments are checked here again, no shell is ever started. Errors go to standard error for the journal.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <sstream>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "daemon/base/io.hpp"
#include "daemon/base/text.hpp"
#include "daemon/base/trial.hpp"
#include "daemon/settings/settings.hpp"
#include "daemon/settings/values.hpp"
#include "provisioning/acme.hpp"
#include "provisioning/backup/verbs.hpp"
#include "provisioning/certificates.hpp"
#include "provisioning/diagnose/turn.hpp"
#include "provisioning/erase_box.hpp"
#include "provisioning/limits.hpp"
#include "provisioning/mail_engines.hpp"
#include "provisioning/newest_version.hpp"
#include "provisioning/probes.hpp"
#include "provisioning/run_program.hpp"
#include "provisioning/x509.hpp"

namespace {

using namespace hameau;

constexpr int exit_usage = 64;
constexpr int exit_failed = 70;
constexpr unsigned gate_gid = 62001;
constexpr unsigned acme_uid = 62011;
constexpr unsigned versions_uid = 62013;

struct Job {
    Settings settings;
    std::string state;
    bool trial = false;
    bool root = false;
    std::vector<std::string_view> arguments;  ///< name=value

    /// Empty when it was not given.
    std::string argument(std::string_view name) const {
        for (const std::string_view word : arguments) {
            if (word.size() > name.size() && word.starts_with(name) && word[name.size()] == '=') {
                return std::string(word.substr(name.size() + 1));
            }
        }
        return {};
    }
    unsigned gate_group() const { return root ? gate_gid : 0; }
    provisioning::AcmePlace acme() const {
        provisioning::AcmePlace place;
        place.state = state;
        place.gate_gid = gate_group();
        place.acme_uid = root ? acme_uid : 0;
        return place;
    }
};

/// What a house without a host name is called in its first certificate: the machine.
std::string name_of_machine() {
    char name[256] = {};
    const auto host = ::gethostname(name, sizeof name - 1) == 0 ? parse_host_name(name) : Result<std::string>("localhost");
    return host ? *host : "localhost";
}

Status trial_authority(const Job& job) {
    if (!job.trial && ::access((job.state + "/tls/default.pem").c_str(), F_OK) == 0) {
        return fail(ErrorKind::denied, "the house has a certificate: only a trial makes its own anew");
    }
    const std::string& host = job.settings.text("house.host");
    return provisioning::make_trial_authority(job.state, host.empty() ? name_of_machine() : host, job.gate_group());
}

/// The end of the first set-up. Only while there is no host name: afterwards the settings file is the place to change it.
Status set_host(const Job& job) {
    const auto host = parse_host_name(job.argument("host"));
    if (!host || host->find('.') == std::string::npos) {
        return fail(ErrorKind::invalid, "set-host: host=NAME was expected, with a dot");
    }
    const std::string& present = job.settings.text("house.host");
    if (job.trial || (!present.empty() && present != *host)) {
        return fail(ErrorKind::denied, "the house has a host name: it is changed in hameau.yaml (house.host)");
    }
    if (auto written = write_file_atomically(job.state + "/host", *host + "\n", 0644); !written) {
        return written;
    }
    const provisioning::Certificate certificate = provisioning::read_certificate(job.state + "/tls/default.pem");
    const bool stand_in = !certificate || provisioning::is_self_made(job.state, certificate.get());
    return stand_in ? provisioning::make_trial_authority(job.state, *host, job.gate_group()) : Status{};
}

Status certificate(const Job& job) {
    const auto host = parse_host_name(job.argument("host"));
    if (!host || host->find('.') == std::string::npos) {
        return fail(ErrorKind::invalid, "certificate: host=NAME was expected");
    }
    if (!job.trial) {
        const std::string state = provisioning::certificate_state(job.settings, job.acme(), *host);
        // The caller has a sentence for each word; hameaud looks after those that are not there.
        return state == "fine" ? Status{} : Status(fail(ErrorKind::unavailable, "certificate." + state));
    }
    // In the trial amis.test is also amis.localhost (plain HTTP has it without a certificate).
    const std::string near = host->substr(0, host->rfind('.')) + ".localhost";
    return provisioning::make_trial_certificate(job.state, *host, {*host, near}, job.gate_group());
}

Status acme(const Job& job) {
    return job.trial ? Status(fail(ErrorKind::denied, "a trial has certificates of its own")) : provisioning::renew_certificates(job.settings, job.acme(), !job.argument("again").empty());
}

Status mail_engines(const Job& job) { return write_mail_engines(job.settings, job.state, job.trial, job.root); }

Status erase_one_box(const Job& job) { return erase_box(job.state, job.argument("folder"), job.root); }

/// One look-up in a child without root's rights: what it reads comes from others.
provisioning::LookUp look(const Job& job, const std::string& verb, const std::string& what) {
    const Fd self(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    provisioning::ProgramRun run;
    run.program = self.get();
    run.arguments = {verb, what};
    run.uid = job.acme().acme_uid;
    run.deadline = provisioning::look_up_limit;
    const auto end = provisioning::run_to_end(std::move(run));
    provisioning::LookUp out;
    out.answered = end && (end->exit_code == 0 || end->exit_code == 1);
    std::istringstream lines(end && end->exit_code == 0 ? end->output : std::string());
    for (std::string line; std::getline(lines, line);) {
        const bool plain = !line.empty() && line.size() < 256 && line.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:-_") == std::string::npos;
        if (plain && std::find(out.found.begin(), out.found.end(), line) == out.found.end()) {
            out.found.push_back(std::move(line));
        }
    }
    return out;
}

/// What it finds is its answer: lines on standard error (probes.hpp).
Status probe(const Job& job) {
    const std::string wanted = job.argument("host");
    const auto host = wanted.empty() ? Result<std::string>("") : parse_host_name(wanted);
    if (!host) {
        return fail(ErrorKind::invalid, "probe: host=NAME was expected");
    }
    std::vector<unsigned> ports;
    // A house that has its name has its own engines on them.
    for (const char* name : {"smtp", "submission", "submissions", "imap", "imaps", "sieve"}) {
        if (job.settings.text("house.host").empty() && job.settings.boolean("mail.enabled")) {
            ports.push_back(static_cast<unsigned>(job.settings.integer(std::string("mail.") + name + "_port")));
        }
    }
    const auto facts = provisioning::gather_facts(*host, job.state, "/proc", ports, [&job](const std::string& name) { return look(job, "addresses-of", name); },
                                                  [&job](const std::string& address) { return look(job, "name-of", address); });
    std::fputs(provisioning::probe_lines(facts).c_str(), stderr);
    return {};
}

diagnose::House diagnosed(const Job& job) {
    const char* binaries = std::getenv("HAMEAU_BINARIES");
    diagnose::House house{job.settings, job.state, binaries == nullptr ? "" : binaries, job.root, job.trial, job.acme().acme_uid};
    for (const std::string_view word : job.arguments) {
        const std::size_t equals = std::min(word.find('='), word.size());
        const std::string_view kind = word.substr(0, equals);
        const auto columns = split(word.substr(std::min(equals + 1, word.size())), '\t');
        if (kind == "service" && columns.size() == 5) {
            house.services.push_back({std::string(columns[0]), std::string(columns[1]), std::strtoull(std::string(columns[2]).c_str(), nullptr, 10),
                                      std::atoll(std::string(columns[3]).c_str()), std::string(columns[4])});
        } else if (kind == "missing" && columns.size() == 2) {
            house.missing.emplace_back(columns[0], columns[1]);
        } else if (kind == "wall") {
            house.walls.emplace_back(columns[0]);
        }
    }
    return house;
}

/// What hameaud knows comes in its arguments: service, missing, wall.
Status diagnose_house(const Job& job) {
    diagnose::Wish wish;
    wish.nightly = !job.argument("nightly").empty();
    wish.alone = !job.argument("alone").empty();
    wish.repair = job.argument("repair");
    wish.yes = !job.argument("yes").empty();
    const std::string only = job.argument("only");
    for (const std::string_view id : split(only, ',')) {
        if (!id.empty()) {
            wish.only.emplace_back(id);
        }
    }
    return diagnose::diagnose(diagnosed(job), wish);
}

Status diagnosis_state(const Job& job) { return diagnose::print_diagnosis(job.state); }

/// Its answer is lines on standard error; "none": no repository is configured, and nobody was asked.
Status newest_version(const Job& job) {
    provisioning::VersionQuestion question;
    question.repository = job.settings.text("house.update_repository");
    if (question.repository.empty()) {
        std::fputs("none\n", stderr);
        return {};
    }
    question.keyring = job.argument("keyring");
    question.running = job.argument("running");
    // Of its own: apt parses what a server says before it has looked at a signature.
    question.uid = job.root ? versions_uid : 0;
    const auto answer = provisioning::ask_newest_version(question);
    if (!answer) {
        return fail(answer.error());
    }
    std::fputs(provisioning::version_lines(*answer).c_str(), stderr);
    return {};
}

template <Status (*verb)(const backup::VerbCall&)>
Status of_backup(const Job& job) {
    return verb({job.settings, job.state, job.root, [&job](std::string_view name) { return job.argument(name); }});
}

struct Verb {
    std::string_view name;
    Status (*run)(const Job& job);
};
/// One line makes a verb; a module names it in its manifest to be allowed to ask for it.
constexpr std::array verbs = {
    Verb{"trial-ca", trial_authority},
    Verb{"certificate", certificate},
    Verb{"acme", acme},
    Verb{"set-host", set_host},
    Verb{"probe", probe},
    Verb{"mail-engines", mail_engines},
    Verb{"erase-box", erase_one_box},
    Verb{"diagnose", diagnose_house},
    Verb{"diagnosis", diagnosis_state},
    Verb{"newest-version", newest_version},
    Verb{"backup", of_backup<backup::verb_backup>},
    Verb{"backup-state", of_backup<backup::verb_backup_state>},
    Verb{"backup-key", of_backup<backup::verb_backup_key>},
    Verb{"backup-list", of_backup<backup::verb_backup_list>},
    Verb{"backup-ssh", of_backup<backup::verb_backup_ssh>},
};

Result<Job> read_job() {
    Job job;
    const char* state = std::getenv("HAMEAU_STATE");
    const char* memory = std::getenv("HAMEAU_SETTINGS_FD");
    if (state == nullptr || state[0] != '/' || memory == nullptr) {
        return fail(ErrorKind::invalid, "hameau-provision is started by hameaud only");
    }
    job.state = state;
    job.trial = is_trial();
    job.root = ::geteuid() == 0;
    const int fd = std::atoi(memory);
    ::lseek(fd, 0, SEEK_SET);
    const auto text = read_all(fd, provisioning::settings_bytes_max);
    if (!text) {
        return fail(text.error());
    }
    auto settings = Settings::parse_flat(*text);
    if (!settings) {
        return fail(settings.error());
    }
    job.settings = std::move(*settings);
    return job;
}

} // namespace

int main(int argc, char** argv) {
    ::umask(0022);
    const std::string_view wanted = argc > 1 ? argv[1] : "";
    // Called under the uid of the ACME client, without settings: by uacme for each challenge, and by the verb acme.
    if (wanted == "begin" || wanted == "done" || wanted == "failed") {
        return provisioning::answer_challenge({argv + 1, argv + argc});
    }
    if (wanted == "look-up" && argc == 3) {
        return provisioning::look_up_name(argv[2]);
    }
    if (wanted == "names-here" && argc > 3) {
        return provisioning::print_names_here(argv[2], {argv + 3, argv + argc});
    }
    if (wanted == "addresses-of" && argc == 3) {
        return provisioning::print_addresses(argv[2]);
    }
    if (wanted == "name-of" && argc == 3) {
        return provisioning::print_name(argv[2]);
    }
    // By `hameau restore`, as root, while no house runs: there are no settings yet.
    if (wanted == "restore") {
        return backup::restore_program({argv + 2, argv + argc}, ::geteuid() == 0);
    }
    auto job = read_job();
    if (!job) {
        std::fprintf(stderr, "%s\n", job.error().message.c_str());
        return exit_usage;
    }
    job->arguments.assign(argv + std::min(argc, 2), argv + argc);
    const auto verb = std::find_if(verbs.begin(), verbs.end(), [wanted](const Verb& known) { return known.name == wanted; });
    if (verb == verbs.end()) {
        std::fputs("hameau-provision: the verb is not known; verbs:", stderr);
        for (const Verb& known : verbs) {
            std::fprintf(stderr, " %s", known.name.data());
        }
        std::fputs("\n", stderr);
        return exit_usage;
    }
    if (const Status done = verb->run(*job); !done) {
        std::fprintf(stderr, "%s\n", done.error().message.c_str());
        return exit_failed;
    }
    return 0;
}
