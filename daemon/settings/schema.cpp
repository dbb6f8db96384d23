// The sections of hameau.yaml, and what is made from them: the sample, the reference page, the lists for the command's completion.
#include "daemon/settings/schema.hpp"

#include <algorithm>
#include <array>
#include <memory>

#include "daemon/modules.hpp"

namespace hameau {

#ifdef HAMEAU_HAS_GATE_SETTINGS
extern const std::span<const Setting> gate_settings;
#endif

namespace {

constexpr std::array house_settings = {
    Setting{"name", SettingType::text, "Hameau", "The house's name, as its pages show it until the first set-up gives another."},
    Setting{"host", SettingType::host_name, "",
            "The host name of the portal and its services, such as maison.example.org. Sites never live at it or below it. Without it the "
            "house waits for its first set-up, which asks for it and keeps it in its state. A name given here takes precedence over that one."},
    Setting{"https_port", SettingType::integer, "443", "The port of the portal and of the sites."},
    Setting{"http_port", SettingType::integer, "80", "The port of plain HTTP: it sends visitors to HTTPS."},
    Setting{"disk_floor", SettingType::size_bytes, "512 MiB",
            "The last free bytes of the disk are kept for mail: publishing, images, imports and texts are refused before "
            "they reach them. On a small disk at most a twentieth of it is kept."},
    Setting{"log_size", SettingType::size_bytes, "4 MiB",
            "The largest size of one service's log below log/, its older file included (at least 256 KiB). Under systemd, the lines go to the journal instead."},
    Setting{"log_days", SettingType::integer, "30", "How many days a line of a log is kept; it is removed within one day more. 0: always kept."},
    Setting{"acme_url", SettingType::text, "https://acme-v02.api.letsencrypt.org/directory",
            "The authority that certifies the house's names (ACME, RFC 8555), by the address of its directory; whoever leaves it here "
            "agrees to its terms. It must reach the house on port 80. Empty: no certificates but the house's own and those that are "
            "put into tls/. Never in a trial."},
    Setting{"acme_contact", SettingType::text, "", "A mail address that the authority may write to. Empty: none."},
    Setting{"acme_dns_hook", SettingType::text, "",
            "A program (absolute path) that puts the authority's challenge into the DNS (dns-01), where port 80 cannot be reached: called "
            "under the uid hameau-acme with METHOD TYPE NAME TOKEN VALUE; METHOD is begin, done or failed; exit code 1 for another TYPE "
            "than dns-01. An order has 10 minutes. Empty: plain HTTP."},
    Setting{"backup_targets", SettingType::backup_targets, "",
            "Where the house saves itself each night, encrypted, as a list: a folder (/srv/backup), a disk by the label of its file system "
            "(disk:BACKUP), sftp:USER@HOST:/FOLDER, s3:https://HOST/BUCKET, rest:https://HOST/PATH. The first backup begins at once. Empty: "
            "nothing is saved."},
    Setting{"backup_credentials", SettingType::text, "",
            "A file of root with mode 0600 that holds what targets ask for: a line [TARGET], then NAME=VALUE, such as AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY (S3), user and password (REST), port (SFTP). Empty: backup/credentials in the state folder."},
    Setting{"backup_hour", SettingType::integer, "2",
            "From this hour on, local time, the nightly backup begins, at a minute of each house's own within two hours. A missed backup begins as soon as the house runs again.", "0|23"},
    Setting{"backup_days", SettingType::integer, "7", "How many days the backup of each day is kept.", "1|366"},
    Setting{"backup_weeks", SettingType::integer, "4", "How many weeks one backup of each week is kept.", "0|520"},
    Setting{"backup_months", SettingType::integer, "12", "How many months one backup of each month is kept.", "0|240"},
    Setting{"diagnose_hour", SettingType::integer, "5",
            "From this hour on, local time, the house looks over itself each night, at a minute of each house's own; the admins get a mail "
            "only when something became worse. `hameau diagnose` looks at once.", "0|23"},
    Setting{"diagnose_blocklists", SettingType::text, "",
            "Blocklists that the diagnosis asks about the house's address, separated by commas, such as zen.spamhaus.org (at most 5). They "
            "learn the address by the question. Empty: none is asked."},
    Setting{"power_watts", SettingType::integer, "0",
            "What the machine draws at the socket in ordinary use, in whole watts, as a power meter there shows it. The energy page reckons with it. "
            "0: not known; then only what the machine itself reports is shown.", "0|10000"},
    Setting{"update_repository", SettingType::text, "",
            "The package repository that `hameau version --check` asks whether there is a newer Hameau, as an https address, such as "
            "https://paquets.example.org/hameau. It learns the house's address by the question. Empty: nobody is asked."},
    Setting{"time_zone", SettingType::time_zone, "",
            "The time zone in which the house counts days (in the history of pads, for example), such as Europe/Paris. A page "
            "shows the times of its reader. Empty: the machine's own."},
    Setting{"sandbox", SettingType::choice, "enforce",
            "What happens when a process of ours calls what its role does not need: the call fails (enforce), "
            "the process ends (kill, for tests), or nothing is watched (off).",
            "enforce|kill|off"},
};

struct Doc {
    std::string_view name;
    std::string_view doc;
};
constexpr std::array docs = {
    Doc{"people", "Accounts, associations, sign-in. Cannot be switched off."},
    Doc{"mail", "Mailboxes, aliases and group addresses; Postfix and Dovecot run as private engines."},
    Doc{"sites", "Web sites that members publish."},
    Doc{"pads", "Texts that several people write together."},
};

std::string doc_of(std::string_view name) {
    for (const Doc& doc : docs) {
        if (doc.name == name) {
            return std::string(doc.doc);
        }
    }
    return {};
}

/// The default of idle_stop as it would be written; lives as long as the process.
std::string_view written_duration(std::chrono::milliseconds value) {
    static std::vector<std::unique_ptr<std::string>> kept;
    const auto ms = value.count();
    std::string text = std::to_string(ms / 1000) + " s";
    if (ms == 0) {
        text = "0";
    } else if (ms % 60000 == 0) {
        text = std::to_string(ms / 60000) + " min";
    }
    kept.push_back(std::make_unique<std::string>(std::move(text)));
    return *kept.back();
}

std::vector<Section> make_sections() {
    std::vector<Section> all;
    all.push_back({"house", false, "The house itself.", {house_settings.begin(), house_settings.end()}});
#ifdef HAMEAU_HAS_GATE_SETTINGS
    all.push_back({"gate", false, "What the internet reaches: HTTPS, and its limits.", {gate_settings.begin(), gate_settings.end()}});
#endif
    static std::vector<std::unique_ptr<std::string>> kept;
    for (const Manifest* manifest : builtin_modules()) {
        Section section;
        section.name = manifest->name;
        section.module = true;
        kept.push_back(std::make_unique<std::string>(doc_of(manifest->name)));
        section.doc = *kept.back();
        section.settings.push_back(Setting{"enabled", SettingType::boolean, "true", "Whether the service runs at all."});
        section.settings.push_back(Setting{"idle_stop", SettingType::duration_ms, written_duration(manifest->idle_stop),
                                           "After this time without use the process ends; the next request starts it. 0: it stays."});
        section.settings.insert(section.settings.end(), manifest->settings.begin(), manifest->settings.end());
        all.push_back(std::move(section));
    }
    return all;
}

/// Whether the default can stand in YAML as it is.
std::string yaml_value(const Setting& setting) {
    const std::string text(setting.default_value);
    const bool words = setting.type == SettingType::text || setting.type == SettingType::networks || setting.type == SettingType::backup_targets ||
                       setting.type == SettingType::host_name || setting.type == SettingType::time_zone;
    return text.empty() || words ? "\"" + text + "\"" : text;
}

void write_wrapped(std::string& out, std::string_view indent, std::string_view text) {
    std::string line;
    while (!text.empty()) {
        const std::size_t end = text.find(' ');
        const std::string_view word = text.substr(0, end);
        if (!line.empty() && indent.size() + 2 + line.size() + 1 + word.size() > 100) {
            out.append(indent).append("# ").append(line).append("\n");
            line.clear();
        }
        line += (line.empty() ? "" : " ") + std::string(word);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    if (!line.empty()) {
        out.append(indent).append("# ").append(line).append("\n");
    }
}

void write_setting(std::string& out, std::string_view indent, const Setting& setting) {
    write_wrapped(out, indent, setting.doc);
    // A dotted key is read like nested maps, so that each line can be uncommented alone.
    out.append(indent).append("#").append(setting.key).append(": ").append(yaml_value(setting)).append("\n");
}

std::string_view type_word(SettingType type) {
    switch (type) {
    case SettingType::boolean: return "true or false";
    case SettingType::integer: return "whole number";
    case SettingType::size_bytes: return "size (500 MiB)";
    case SettingType::duration_ms: return "duration (15 min)";
    case SettingType::text: return "text";
    case SettingType::host_name: return "host name";
    case SettingType::networks: return "networks";
    case SettingType::backup_targets: return "targets";
    case SettingType::choice: return "choice";
    case SettingType::time_zone: return "time zone";
    }
    return "";
}

} // namespace

const std::vector<Section>& sections() {
    static const std::vector<Section> all = make_sections();
    return all;
}

const Section* find_section(std::string_view name) {
    for (const Section& section : sections()) {
        if (section.name == name) {
            return &section;
        }
    }
    return nullptr;
}

const Setting* find_setting(std::string_view full_key) {
    const std::size_t dot = full_key.find('.');
    const Section* section = find_section(full_key.substr(0, dot));
    if (section == nullptr || dot == std::string_view::npos) {
        return nullptr;
    }
    for (const Setting& setting : section->settings) {
        if (setting.key == full_key.substr(dot + 1)) {
            return &setting;
        }
    }
    return nullptr;
}

const std::vector<std::string>& all_keys() {
    static const std::vector<std::string> keys = [] {
        std::vector<std::string> out;
        for (const Section& section : sections()) {
            for (const Setting& setting : section.settings) {
                out.push_back(section.name + "." + std::string(setting.key));
            }
        }
        std::sort(out.begin(), out.end());
        return out;
    }();
    return keys;
}

std::string sample_file() {
    std::string out =
        "# Settings of a Hameau house. Every line is a default: remove the \"#\" before a key to change its value.\n"
        "# Check the file with: hameau check FILE. What each setting does is also in settings.md.\n"
        "# (This file is made by `hameau-check --sample`; a test keeps it up to date.)\n";
    bool modules = false;
    for (const Section& section : sections()) {
        out += "\n";
        if (section.module && !modules) {
            out += "modules:\n";
            modules = true;
        }
        const std::string indent = section.module ? "  " : "";
        write_wrapped(out, indent, section.doc);
        out += indent + section.name + ":\n";
        bool first = true;
        for (const Setting& setting : section.settings) {
            out += first ? "" : "\n";
            first = false;
            write_setting(out, indent + "  ", setting);
        }
    }
    return out;
}

std::string reference_page() {
    std::string out = "# Settings\n\nThe file is `/etc/hameau/hameau.yaml`; in a trial, `DIR/hameau.yaml`. Sections of modules stand "
                      "below `modules:`.\nAny of them can be given to a trial as `--set SECTION.KEY=VALUE`.\n"
                      "Values: sizes in B, kB, MB, GB, KiB, MiB, GiB, TiB; durations in ms, s, min, h, d; networks as a "
                      "list or separated by commas.\n(Made by `hameau-check --reference`; a test keeps it up to date.)\n";
    for (const Section& section : sections()) {
        out += "\n## " + section.name + "\n" + std::string(section.doc) + "\n\n| key | value | default | what it does |\n| --- | --- | --- | --- |\n";
        for (const Setting& setting : section.settings) {
            std::string kind(type_word(setting.type));
            if (setting.type == SettingType::choice) {
                kind = std::string(setting.choices);
                std::replace(kind.begin(), kind.end(), '|', '/');
            }
            out += "| `" + section.name + "." + std::string(setting.key) + "` | " + kind + " | " +
                   (setting.default_value.empty() ? std::string("(none)") : "`" + std::string(setting.default_value) + "`") +
                   " | " + std::string(setting.doc) + " |\n";
        }
    }
    return out;
}

} // namespace hameau
