// Order: model, folders, databases, Dovecot, Postfix. STATE/mail belongs to hameau-mail, so nothing of root's is kept
// or followed there: the engines' configurations are in STATE/engines, the databases are made under mail's own uid.
#include "provisioning/mail_engines.hpp"

#include <cstdlib>
#include <filesystem>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sstream>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/io.hpp"
#include "provisioning/limits.hpp"
#include "provisioning/mail_folders.hpp"
#include "daemon/base/disk.hpp"
#include "provisioning/mail_model.hpp"
#include "provisioning/run_program.hpp"

namespace hameau {

namespace {

using namespace provisioning;

Status check_path(const std::string& state) {
    constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._+-";
    if (state.find_first_not_of(plain) != std::string::npos) {
        return fail(ErrorKind::unavailable, "mail needs a state folder of plain letters, digits, and / . _ + -, not " + state +
                                                ". Choose another --state folder. Nothing was changed.");
    }
    if (state.size() > provisioning::engines_state_path_max) {
        return fail(ErrorKind::unavailable, "mail needs a state folder whose path has at most " + std::to_string(provisioning::engines_state_path_max) +
                                                " characters: " + state + ". Choose another --state folder. Nothing was changed.");
    }
    return {};
}

bool has_ipv6() {
    const Fd probe(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_addr = in6addr_loopback;
    return probe && ::bind(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

/// Without root everything runs under the caller, and there is no Postfix.
void use_caller(MailUsers& users) {
    const passwd* self = ::getpwuid(::geteuid());
    const std::string name = self != nullptr ? self->pw_name : std::to_string(::geteuid());
    const std::string uid = std::to_string(::geteuid());
    const group* own = ::getgrgid(::getegid());
    users = {name, name, name, own != nullptr ? own->gr_name : std::to_string(::getegid()), name, uid, uid};
}

Result<MailModel> make_model(const Settings& settings, const std::string& state, bool trial, bool root) {
    MailModel model;
    model.state = state;
    const char* binaries = std::getenv("HAMEAU_BINARIES");
    model.binaries = binaries != nullptr ? binaries : std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
    model.host = settings.text("house.host");
    model.trial = trial;
    model.root = root;
    model.ipv6 = has_ipv6();
    for (const auto& [key, port] : {std::pair{"smtp", &model.smtp_port}, {"submission", &model.submission_port},
                                    {"submissions", &model.submissions_port}, {"imap", &model.imap_port},
                                    {"imaps", &model.imaps_port}, {"sieve", &model.sieve_port}}) {
        const std::int64_t value = settings.integer("mail." + std::string(key) + "_port");
        if (value < 1 || value > 65535) {
            return fail(ErrorKind::invalid, "mail." + std::string(key) + "_port: expected a port, 1 to 65535");
        }
        *port = static_cast<unsigned>(value);
    }
    if (const std::string& text = settings.text("mail.smarthost"); !text.empty()) {
        auto smarthost = parse_smarthost(text);
        if (!smarthost) {
            return fail(smarthost.error());
        }
        model.smarthost = *smarthost;
    }
    const std::string& tls = settings.text("mail.smarthost_tls");
    model.smarthost_tls = tls == "verified" ? Tls::verified : tls == "required" ? Tls::required : Tls::opportunistic;
    if (const auto space = disk_space(state)) {
        model.disk_floor_bytes = floor_on(*space, settings.size_bytes("house.disk_floor"));
    }
    model.spam_filter = settings.text("mail.spam_filter") == "on";
    model.message_bytes_max = settings.size_bytes("mail.limits.message_max");
    std::istringstream networks(settings.text("mail.limits.exempt_networks"));
    for (std::string network; std::getline(networks, network, ',');) {
        const std::size_t first = network.find_first_not_of(' ');
        if (first != std::string::npos) {
            model.exempt_networks.push_back(network.substr(first));
        }
    }
    if (!root) {
        use_caller(model.users);
    }
    return model;
}

bool same(const std::string& folder, const std::vector<EngineFile>& files) {
    for (const EngineFile& file : files) {
        const auto present = read_file(folder + "/" + file.name, provisioning::engine_file_bytes_max);
        if (!present || *present != file.content) {
            return false;
        }
    }
    return true;
}

Status write_files(const std::string& folder, const std::vector<EngineFile>& files) {
    for (const EngineFile& file : files) {
        const std::string path = folder + "/" + file.name;
        if (auto made = make_folder(std::filesystem::path(path).parent_path(), 0755); !made) {
            return made;
        }
        if (auto written = write_file_atomically(path, file.content, 0644); !written) {
            return written;
        }
    }
    return {};
}

/// Writes the candidate beside the old files, lets the engine read it, and only then replaces them.
template <class Check>
Status replace_when_accepted(const std::string& folder, const std::vector<EngineFile>& files, Check&& check) {
    if (same(folder, files)) {
        return {};
    }
    const std::string candidate = folder + "/next";
    std::error_code ignored;
    std::filesystem::remove_all(candidate, ignored);
    Status done = make_folder(candidate, 0755);
    if (done) {
        done = write_files(candidate, files);
    }
    if (done) {
        done = check(candidate);
    }
    std::filesystem::remove_all(candidate, ignored);
    return done ? write_files(folder, files) : done;
}

/// The compiled script must be newer than its source: LMTP and IMAP have no right to write it.
Status compile_script(const std::string& folder, const std::string& source) {
    namespace fs = std::filesystem;
    const std::string compiled = fs::path(source).replace_extension(".svbin").string();
    if (fs::exists(compiled) && fs::last_write_time(compiled) >= fs::last_write_time(source)) {
        return {};
    }
    if (const auto done = run_program("/usr/bin/sievec", {"-c", folder + "/dovecot.conf", source}); !done) {
        return fail(done.error());
    }
    ::chmod(compiled.c_str(), 0644);
    return {};
}

Status write_dovecot(const MailModel& model) {
    const auto version = run_program("/usr/sbin/dovecot", {"--version"});
    if (!version) {
        return fail(version.error());
    }
    const auto language = dovecot_language(*version);
    if (!language) {
        return fail(language.error());
    }
    const std::string folder = model.dovecot_folder();
    const auto files = dovecot_files(model, *language);
    auto done = replace_when_accepted(folder, files, [](const std::string& candidate) -> Status {
        const auto read = run_program("/usr/bin/doveconf", {"-n", "-c", candidate + "/dovecot.conf"});
        return read ? Status{} : Status(fail(read.error()));
    });
    for (const EngineFile& file : files) {
        done = done && file.name.ends_with(".sieve") ? compile_script(folder, folder + "/" + file.name) : done;
    }
    return done;
}

Status write_postfix(MailModel model) {
    const auto version = run_program("/usr/sbin/postconf", {"-d", "-h", "mail_version"});
    if (!version) {
        return fail(version.error());
    }
    model.converts_to_7bit = converts_to_7bit(*version);
    return replace_when_accepted(model.postfix_folder(), postfix_files(model), [](const std::string& candidate) -> Status {
        const auto checked = run_program("/usr/sbin/postfix", {"-c", candidate, "check"});
        return checked ? Status{} : Status(fail(checked.error()));
    });
}

} // namespace

Status write_mail_engines(const Settings& settings, const std::string& state, bool trial, bool root) {
    if (auto plain = check_path(state); !plain) {
        return plain;
    }
    const auto model = make_model(settings, state, trial, root);
    if (!model) {
        return fail(model.error());
    }
    if (auto made = make_mail_folders(*model); !made) {
        return made;
    }
    if (auto made = make_mail_databases(*model); !made) {
        return made;
    }
    auto dovecot = write_dovecot(*model);
    auto postfix = root ? write_postfix(*model) : Status{};
    if (!dovecot) {
        return fail(std::move(dovecot.error()).during("the configuration of Dovecot"));
    }
    if (!postfix) {
        return fail(std::move(postfix.error()).during("the configuration of Postfix"));
    }
    return {};
}

} // namespace hameau
