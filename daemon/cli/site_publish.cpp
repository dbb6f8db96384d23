// Three steps: sum every file, ask which the house lacks, send them behind the list of the others. Where the house cannot answer the
// question, or no longer has what it said it had, everything is sent.
#include "daemon/cli/site_publish.hpp"

#include <cstdio>
#include <filesystem>

#include "daemon/cli/site_source.hpp"
#include "daemon/contract/kept_list.hpp"

namespace hameau::cli {

namespace json = boost::json;

namespace {

void print_notes(const std::vector<std::string>& notes) {
    for (const std::string& note : notes) {
        std::fprintf(stderr, "%s\n", note.c_str());
    }
}

Result<Answer> send(const Client& client, const PublishOrder& order, const PackedSource& packed, bool with_list) {
    std::string path = "/api/v1/sites/" + segment(order.host) + "/deploys";
    path += with_list ? "?kept=1" : "";
    path += order.anyway ? (with_list ? "&anyway=1" : "?anyway=1") : "";
    Upload upload;
    upload.fd = packed.fd.get();
    upload.size_bytes = packed.size_bytes;
    upload.type = packed.type;
    return client.upload(path, upload);
}

Result<Answer> send_whole(const Client& client, const PublishOrder& order, bool with_notes) {
    const auto packed = pack_source(order.folder);
    if (!packed) {
        return fail(packed.error());
    }
    if (with_notes) {
        print_notes(packed->notes);
    }
    return send(client, order, *packed, false);
}

Result<Answer> ask_missing(const Client& client, const PublishOrder& order, const SummedFolder& folder) {
    json::array hashes;
    for (const SummedFile& file : folder.files) {
        hashes.emplace_back(file.hash);
    }
    json::object question;
    question["hashes"] = std::move(hashes);
    const json::value body(std::move(question));
    return client.call("POST", "/api/v1/sites/" + segment(order.host) + "/missing", &body);
}

std::set<std::string, std::less<>> hashes_in(const json::object& answer) {
    std::set<std::string, std::less<>> missing;
    for (const json::value& hash : array_of(answer, "missing")) {
        if (hash.is_string()) {
            missing.emplace(hash.get_string());
        }
    }
    return missing;
}

/// The house has no longer what it said it had, or what it has is damaged: whole files repair both.
bool wants_all(const Answer& answer) {
    bool unknown = answer.status == 507 && text_of(answer.object(), "code") == "disk";
    const json::object report = answer.object();
    for (const json::value& error : array_of(report, "errors")) {
        unknown = unknown || (error.is_object() && text_of(error.get_object(), "code").starts_with("kept_"));
    }
    return unknown;
}

} // namespace

Result<Answer> publish_site(const Client& client, const PublishOrder& order) {
    std::error_code failed;
    if (!std::filesystem::is_directory(order.folder, failed)) {
        return send_whole(client, order, true);
    }
    const auto folder = sum_folder(order.folder);
    if (!folder) {
        return fail(folder.error());
    }
    print_notes(folder->notes);
    if (folder->files.size() > sites::asked_hashes_max) {
        return send_whole(client, order, false);  // the house names its own limit
    }
    auto asked = ask_missing(client, order, *folder);
    if (!asked) {
        return asked;
    }
    if (!asked->good()) {
        // Busy: the archive waits in its own line. Anything else is the answer.
        return asked->status == 503 && !asked->is_switched_off() ? send_whole(client, order, false) : asked;
    }
    const auto packed = pack_missing(*folder, hashes_in(asked->object()));
    if (!packed) {
        return fail(packed.error());
    }
    std::fprintf(stderr, "%zu of %zu files are sent: the house has the others.\n", packed->files, folder->files.size());
    auto answer = send(client, order, *packed, true);
    return answer && !answer->good() && wants_all(*answer) ? send_whole(client, order, false) : answer;
}

} // namespace hameau::cli
