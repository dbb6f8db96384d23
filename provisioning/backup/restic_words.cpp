// What restic says, read: JSON where it has some (0.14 to 0.18), else its known sentences.
#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

#include <boost/json.hpp>

#include "daemon/base/text.hpp"
#include "provisioning/backup/limits.hpp"
#include "provisioning/backup/restic.hpp"
#include "daemon/contract/backup_state.hpp"

namespace hameau::backup {

namespace json = boost::json;

namespace {

struct Sentence {
    std::string_view part;
    std::string_view code;
};
/// The first that is found counts.
constexpr std::array sentences = {
    Sentence{"wrong password or no key found", code::wrong_key},
    Sentence{"no space left on device", code::full},
    Sentence{"quota exceeded", code::full},
    Sentence{"507 Insufficient Storage", code::full},
    Sentence{"Permission denied", code::refused},
    Sentence{"permission denied", code::refused},
    Sentence{"Host key verification failed", code::refused},
    Sentence{"REMOTE HOST IDENTIFICATION HAS CHANGED", code::refused},
    Sentence{"Access Denied", code::refused},
    Sentence{"AccessDenied", code::refused},
    Sentence{"Access Key Id you provided does not exist", code::refused},
    Sentence{"SignatureDoesNotMatch", code::refused},
    Sentence{"unexpected HTTP response (401)", code::refused},
    Sentence{"unexpected HTTP response (403)", code::refused},
    Sentence{"401 Unauthorized", code::refused},
    Sentence{"403 Forbidden", code::refused},
    Sentence{"repository contains errors", code::broken},
    Sentence{"ciphertext verification failed", code::broken},
    Sentence{"hash does not match id", code::broken},
    Sentence{"not found in index", code::broken},
    Sentence{"does not match", code::broken},
    Sentence{"invalid data returned", code::broken},
    Sentence{"connection refused", code::away},
    Sentence{"Connection refused", code::away},
    Sentence{"no such host", code::away},
    Sentence{"Could not resolve hostname", code::away},
    Sentence{"Name or service not known", code::away},
    Sentence{"network is unreachable", code::away},
    Sentence{"No route to host", code::away},
    Sentence{"i/o timeout", code::away},
    Sentence{"Connection timed out", code::away},
    Sentence{"Connection closed by", code::away},
    Sentence{"connection reset", code::away},
    Sentence{"StreamPack", code::broken},
};

std::string text_in(const json::object& object, const char* key) {
    const json::value* value = object.if_contains(key);
    return value != nullptr && value->is_string() ? std::string(value->as_string().subview(0, 256)) : std::string();
}

std::uint64_t number_in(const json::object& object, const char* key) {
    const json::value* value = object.if_contains(key);
    boost::system::error_code failed;
    return value != nullptr && value->is_number() ? value->to_number<std::uint64_t>(failed) : 0;
}

bool is_snapshot_id(std::string_view text) { return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos; }

} // namespace

bool says_empty(const ResticEnd& end) {
    return end.exit_code == 10 || end.errors.find("Is there a repository at the following location?") != std::string::npos ||
           end.errors.find("repository does not exist") != std::string::npos;
}

std::string_view code_of(const ResticEnd& end) {
    if (end.exit_code == 12) {
        return code::wrong_key;
    }
    for (const Sentence& sentence : sentences) {
        if (end.errors.find(sentence.part) != std::string::npos) {
            return sentence.code;
        }
    }
    return code::failed;
}

std::string detail_of(const ResticEnd& end) {
    std::string_view found;
    for (const std::string_view line : split(end.errors, '\n')) {
        const bool fatal = line.starts_with("Fatal:");
        if (!line.empty() && (found.empty() || fatal || !found.starts_with("Fatal:"))) {
            found = line;
        }
    }
    return one_line(found.starts_with("Fatal: ") ? found.substr(7) : found);
}

Result<std::vector<Snapshot>> parse_snapshots(std::string_view text) {
    boost::system::error_code failed;
    const json::value value = json::parse(json::string_view(text.data(), text.size()), failed);
    if (failed || !(value.is_array() || value.is_null())) {
        return fail(ErrorKind::invalid, "the list of backups cannot be read");
    }
    std::vector<Snapshot> out;
    for (const json::value& item : value.is_array() ? value.get_array() : json::array()) {
        const json::object* object = item.if_object();
        const auto time = object != nullptr ? parse_time(text_in(*object, "time")) : Result<std::int64_t>(fail(ErrorKind::invalid, ""));
        if (time && is_snapshot_id(text_in(*object, "id")) && out.size() < snapshots_max) {
            out.push_back({text_in(*object, "id"), *time, one_line(text_in(*object, "hostname"))});
        }
    }
    std::stable_sort(out.begin(), out.end(), [](const Snapshot& a, const Snapshot& b) { return a.time < b.time; });
    return out;
}

std::uint64_t total_size_in(std::string_view text) {
    boost::system::error_code failed;
    const json::value value = json::parse(json::string_view(text.data(), text.size()), failed);
    const json::value* size = !failed && value.is_object() ? value.get_object().if_contains("total_size") : nullptr;
    return size != nullptr && size->is_number() ? size->to_number<std::uint64_t>(failed) : 0;
}

bool parse_progress(std::string_view line, Progress& progress) {
    boost::system::error_code failed;
    const json::value value = json::parse(json::string_view(line.data(), line.size()), failed);
    const json::object* object = failed ? nullptr : value.if_object();
    if (object == nullptr) {
        return false;
    }
    const std::string type = text_in(*object, "message_type");
    if (type == "status") {
        const json::value* done = object->if_contains("percent_done");
        const double part = done != nullptr && done->is_number() ? done->to_number<double>(failed) : 0;
        progress.percent = static_cast<unsigned>(std::clamp(part, 0.0, 1.0) * 100);
        return true;
    }
    if (type != "summary") {
        return false;
    }
    progress.done = true;
    progress.percent = 100;
    progress.snapshot = text_in(*object, "snapshot_id").substr(0, 8);
    progress.bytes = number_in(*object, "total_bytes_processed");
    progress.added = number_in(*object, "data_added");
    progress.files = number_in(*object, "total_files_processed");
    return true;
}

Result<std::int64_t> parse_time(const std::string& text) {
    std::tm parts{};
    const char* rest = ::strptime(text.c_str(), "%Y-%m-%d", &parts);
    const auto wrong = [&text] { return fail(ErrorKind::invalid, "\"" + text.substr(0, 40) + "\" is not a time: 2026-11-30, or 2026-11-30 14:05"); };
    if (rest == nullptr) {
        return wrong();
    }
    if (*rest == '\0') {
        parts.tm_hour = 23;
        parts.tm_min = parts.tm_sec = 59;
        parts.tm_isdst = -1;
        return std::int64_t{std::mktime(&parts)};
    }
    const char* clock = *rest == 'T' || *rest == ' ' ? rest + 1 : rest;
    const char* after = ::strptime(clock, "%H:%M:%S", &parts);
    after = after != nullptr ? after : ::strptime(clock, "%H:%M", &parts);
    if (clock == rest || after == nullptr) {
        return wrong();
    }
    if (*after == '.') {
        after += 1 + std::string_view(after + 1).find_first_not_of("0123456789");  // a time of restic always has a zone behind
    }
    if (*after == '\0') {
        parts.tm_isdst = -1;
        return std::int64_t{std::mktime(&parts)};
    }
    int hours = 0;
    int minutes = 0;
    const bool zone = *after == 'Z' || ((*after == '+' || *after == '-') && std::string_view(after).size() == 6 && after[3] == ':');
    if (!zone) {
        return wrong();
    }
    if (*after != 'Z') {
        std::from_chars(after + 1, after + 3, hours);
        std::from_chars(after + 4, after + 6, minutes);
    }
    const int sign = *after == '-' ? -1 : 1;
    return std::int64_t{::timegm(&parts)} - sign * (hours * 3600 + minutes * 60);
}

} // namespace hameau::backup
