// `hameau import FILE|-`: an association's archive into this house. First everything is verified and all that is in the way is listed;
// then people, addresses, messages, sites and texts go to their services one after the other. Each of them leaves alone what it has
// already, so the same command goes on where a former one ended, however it ended.
#include <array>
#include <csignal>
#include <cstdio>
#include <unistd.h>

#include "daemon/base/disk.hpp"
#include "daemon/base/domain_letters.hpp"
#include "daemon/base/tar_format.hpp"
#include "daemon/base/text.hpp"
#include "daemon/cli/archive_names.hpp"
#include "daemon/cli/archive_reader.hpp"
#include "daemon/cli/client.hpp"
#include "daemon/cli/commands.hpp"
#include "daemon/cli/limits.hpp"
#include "daemon/cli/words.hpp"
#include "daemon/settings/values.hpp"

namespace hameau::cli {

namespace json = boost::json;

namespace {

constexpr std::string_view import_usage =
    "usage: hameau import FILE.tar.zst|- [--as SLUG] [--domain OLD=NEW[,OLD=NEW]...] [--login OLD=NEW[,OLD=NEW]...] [--limit SIZE]\n"
    "                     [--trusted] [--same] [--check] [--state DIR]\n"
    "Brings an association from the archive that `hameau export` made into this house. What is in the way is listed before anything\n"
    "is written. A command that was ended in the middle is given again: it goes on, and nothing comes twice. - is standard input.\n"
    "  --as       another short name            --domain   other domains: addresses and sites move along\n"
    "  --login    other logins                  --check    verifies the archive, lists what is in the way, and writes nothing\n"
    "  --trusted  the file comes from a house that you trust: passwords are taken, and copies of letters to outside addresses that the\n"
    "             members agreed to run at once, filters of mailboxes too. Without it members are invited and asked again: anybody may\n"
    "             have written the file.\n"
    "  --same     members who are here already under the same login are the same persons\n"
    "  --limit    the largest that it may unpack to (without it: by the size of the archive)\n";

std::string query_of(const ArchiveNames& names, std::string_view more = {}) {
    return "?association=" + segment(names.slug) + (names.trusted ? "&trusted=1" : "") + (names.same ? "&same=1" : "") + std::string(more);
}

/// Which piece of the association a path belongs to: everything of one piece goes to its service in one call.
struct Piece {
    enum class Kind { none, mailbox, version, image, pad };
    Kind kind = Kind::none;
    std::string key;   ///< "mail/ADDRESS", "sites/HOST/NUMBER", ...
    std::string name;  ///< address, host, name of the image, slug
    std::string rest;  ///< the path within
    bool operator==(const Piece& other) const { return kind == other.kind && key == other.key; }
};

Piece piece_of(const std::string& path) {
    const auto parts = split(path, '/');
    Piece piece;
    const auto rest_from = [&](std::size_t count) {
        std::size_t at = 0;
        for (std::size_t i = 0; i < count; ++i) {
            at += parts[i].size() + 1;
        }
        piece.key = path.substr(0, at - 1);
        piece.rest = path.substr(at);
    };
    if (parts.size() >= 3 && parts[0] == "mail" && parts[1].find('@') != std::string_view::npos) {
        piece.kind = Piece::Kind::mailbox;
        rest_from(2);
    } else if (parts.size() >= 4 && parts[0] == "sites") {
        piece.kind = Piece::Kind::version;
        rest_from(3);
    } else if (parts.size() == 3 && parts[0] == "pads" && parts[1] == "images") {
        piece.kind = Piece::Kind::image;
        piece.key = path;
        piece.name = parts[2];
        return piece;
    } else if (parts.size() == 2 && parts[0] == "pads" && (path.ends_with(".json") || path.ends_with(".yjs") || path.ends_with(".history.jsonl"))) {
        piece.kind = Piece::Kind::pad;
        piece.rest = parts[1];
        piece.name = parts[1].substr(0, parts[1].find('.'));
        piece.key = "pads/" + piece.name;
        return piece;
    }
    piece.name = parts.size() > 1 ? std::string(parts[1]) : std::string();
    return piece;
}

/// The second reading.
class Importer final : public PartSink {
public:
    Importer(const Client& client, const ArchiveNames& names) : client_(client), names_(names) {}

    Status begin(const Part& part) override {
        const Piece piece = piece_of(part.path);
        part_ = part;
        if (!(piece == piece_)) {
            Status closed = close();
            piece_ = piece;
            closed = closed ? open() : closed;
            if (!closed) {
                return closed;
            }
        }
        piece_.rest = piece.rest;
        held_.clear();
        is_row_ = piece.kind == Piece::Kind::pad && part.path.ends_with(".json");
        if (!call_ || piece.kind == Piece::Kind::image || is_row_) {
            return part.size_bytes > pad_row_bytes_max && is_row_ ? Status(fail(ErrorKind::invalid, part.path + " is too large")) : Status{};
        }
        if (piece.kind == Piece::Kind::version) {
            return call_->write(tar_header(piece_.rest, part.size_bytes, part.mtime_s));
        }
        Part inner = part;
        inner.path = piece_.rest;
        return call_->write(part_header(inner));
    }

    Status content(std::string_view bytes) override {
        if (is_row_) {
            held_ += bytes;
        }
        return call_ && !is_row_ ? call_->write(bytes) : Status{};
    }

    Status end() override {
        if (call_ && piece_.kind == Piece::Kind::version) {
            return call_->write(std::string(tar_padding(part_.size_bytes), '\0'));
        }
        if (!call_ || !is_row_) {
            return {};
        }
        boost::system::error_code failed;
        const json::value row = json::parse(held_, failed);
        if (failed || !row.is_object()) {
            return fail(ErrorKind::invalid, part_.path + " is not readable");
        }
        return call_->write(whole_part(piece_.rest, json::serialize(names_.pad(row.as_object())), part_.mtime_s));
    }

    /// The last piece ends.
    Status close() {
        if (!call_) {
            return {};
        }
        const bool parts = piece_.kind == Piece::Kind::mailbox || piece_.kind == Piece::Kind::pad;
        Status sent = parts ? call_->write(parts_end) : Status{};
        if (piece_.kind == Piece::Kind::version) {
            sent = call_->write(std::string(2 * tar_block_bytes, '\0'));
        }
        auto answer = call_->finish();
        call_.reset();
        if (!answer) {
            return fail(answer.error());
        }
        if (piece_.kind == Piece::Kind::image && answer->status == 422) {
            say('!', what() + ": left out (" + answer->problem() + ")");
            ++images_left_out_;
            return {};
        }
        if (!answer->good()) {
            return fail(answer->status == 503 ? ErrorKind::unavailable : ErrorKind::invalid, what() + ": " + answer->problem());
        }
        say('+', piece_.kind == Piece::Kind::mailbox ? what() + ": " + text_of(answer->object(), "new") + " messages, and " +
                                                           text_of(answer->object(), "present") + " that were here"
                                                     : what());
        return {};
    }

    /// Too large for this house, or not as this version would keep it: the texts came without them.
    std::size_t images_left_out() const { return images_left_out_; }

    void say(char mark, const std::string& text) {
        std::printf("%c %s\n", mark, in_letters(text).c_str());
        std::fflush(stdout);
    }

private:
    std::string what() const {
        switch (piece_.kind) {
        case Piece::Kind::mailbox: return "mailbox " + names_.address(piece_.name);
        case Piece::Kind::version: return "site " + names_.host(piece_.name) + ", version " + piece_.key.substr(piece_.key.rfind('/') + 1);
        case Piece::Kind::image: return "image " + piece_.name;
        case Piece::Kind::pad: return "text " + piece_.name;
        case Piece::Kind::none: break;
        }
        return {};
    }

    Status open() {
        std::string path;
        if (piece_.kind == Piece::Kind::mailbox) {
            path = "/admin/module/mail/internal/archive/mailbox" + query_of(names_, "&address=" + segment(names_.address(piece_.name)));
        } else if (piece_.kind == Piece::Kind::image) {
            path = "/admin/module/pads/internal/archive/image" + query_of(names_, "&name=" + segment(piece_.name));
        } else if (piece_.kind == Piece::Kind::pad) {
            path = "/admin/module/pads/internal/archive/pad" + query_of(names_);
        } else if (piece_.kind == Piece::Kind::version) {
            const auto wanted = is_new_version();
            if (!wanted || !*wanted) {
                return wanted ? Status{} : Status(fail(wanted.error()));
            }
            path = "/api/v1/sites/" + segment(names_.host(piece_.name)) + "/deploys?anyway=1";
        } else {
            return {};
        }
        auto call = client_.send(path, piece_.kind == Piece::Kind::version ? "application/x-tar" : "application/octet-stream");
        if (!call) {
            return fail(std::move(call.error()));
        }
        call_.emplace(std::move(*call));
        return {};
    }

    /// Versions come in the order of their numbers, and get the numbers 1, 2, ... here: a former command may have brought some.
    Result<bool> is_new_version() {
        const std::string host = names_.host(piece_.name);
        if (host != host_) {
            host_ = host;
            count_ = 0;
            const auto own = client_.list("/api/v1/associations/" + segment(names_.slug) + "/sites");
            const bool is_own = own && std::any_of(own->begin(), own->end(), [&host](const json::value& one) {
                return one.is_object() && text_of(one.as_object(), "host") == host;
            });
            if (!is_own) {
                return fail(own ? ErrorKind::invalid : own.error().kind, own ? host + " is no site of the association" : own.error().message);
            }
            const auto deploys = client_.list("/api/v1/sites/" + segment(host) + "/deploys");
            if (!deploys) {
                return fail(Error(deploys.error()).during("site " + host));
            }
            present_ = 0;
            for (const json::value& deploy : *deploys) {
                present_ = std::max(present_, number_of(deploy.as_object(), "number"));
            }
        }
        return ++count_ > present_;
    }

    const Client& client_;
    const ArchiveNames& names_;
    Piece piece_;
    Part part_;
    std::string held_;
    bool is_row_ = false;
    std::optional<Sending> call_;  ///< none: this piece is not wanted
    std::string host_;
    std::int64_t count_ = 0;
    std::int64_t present_ = 0;
    std::size_t images_left_out_ = 0;
};

/// What is said to people, to mail and to sites before and after the pieces.
class Frame {
public:
    Frame(const Client& client, const ArchiveNames& names, const Verifier& archive) : client_(client), names_(names), archive_(archive) {}

    /// A service that is switched off here would leave its part out for good.
    Status are_services_on() {
        std::string off;
        for (const std::string& service : archive_.services()) {
            const auto answer = client_.call("GET", "/admin/module/" + service + "/internal/health");
            if (!answer) {
                return fail(answer.error());
            }
            off += answer->is_switched_off() ? (off.empty() ? "" : ", ") + service : std::string();
        }
        return off.empty() ? Status{} : Status(fail(ErrorKind::unavailable, "the archive has things for services that are switched off here: " + off + ". Switch them on in hameau.yaml first. Nothing was changed."));
    }

    /// "new", "begun" or "done". Errors: conflict after the list of what is in the way was printed.
    Result<std::string> tell_people(bool dry) {
        const json::value people = names_.people(archive_.document("people/association.json"));
        auto answer = good(client_.call("POST", "/admin/module/people/internal/archive" + query_of(names_, "&archive=" + segment(id()) + (dry ? "&dry=1" : "")), &people));
        if (!answer) {
            return fail(std::move(answer.error()));
        }
        const json::object object = answer->object();
        const json::array& conflicts = object.at("conflicts").as_array();
        for (const json::value& value : conflicts) {
            const json::object& one = value.as_object();
            std::fprintf(stderr, "%s %s: %s\n", text_of(one, "kind").c_str(), in_letters(text_of(one, "name")).c_str(), in_letters(text_of(one, "sentence")).c_str());
        }
        return conflicts.empty() ? Result<std::string>(text_of(object, "state"))
                                 : Result<std::string>(fail(ErrorKind::conflict, std::to_string(conflicts.size()) + " things are in the way. Nothing was changed."));
    }

    Status tell_mail() {
        const json::object& document = archive_.document("mail/addresses.json");
        if (document.empty()) {
            return {};
        }
        const json::value addresses = names_.addresses(document);
        const auto answer = good(client_.call("POST", "/admin/module/mail/internal/archive/addresses" + query_of(names_), &addresses));
        return answer ? Status{} : Status(fail(answer.error()));
    }

    Status add_sites() {
        const auto present = sites().empty() ? Result<json::array>(json::array()) : client_.list("/api/v1/associations/" + segment(names_.slug) + "/sites");
        if (!present) {
            return fail(present.error());
        }
        for (const json::value& site : sites()) {
            const std::string host = names_.host(text_of(site.as_object(), "host"));
            const bool here = std::any_of(present->begin(), present->end(), [&host](const json::value& one) { return text_of(one.as_object(), "host") == host; });
            const json::value body = json::object{{"host", host}};
            const auto answer = here ? Result<Answer>(Answer()) : good(client_.call("POST", "/api/v1/associations/" + segment(names_.slug) + "/sites", &body));
            if (!answer) {
                return fail(Error(answer.error()).during("site " + host));
            }
        }
        return {};
    }

    /// Each site shows the version that it showed.
    Status show_versions() {
        for (const json::value& value : sites()) {
            const json::object& site = value.as_object();
            const std::string host = names_.host(text_of(site, "host"));
            std::int64_t number = 0;
            std::int64_t live = 0;
            for (const json::value& version : array_of(site, "versions")) {
                ++number;
                live = number_of(version.as_object(), "number") == number_of(site, "live") ? number : live;
            }
            const json::value body = json::object{{"number", live}};
            const auto answer = live == 0 || live == number ? Result<Answer>(Answer())
                                                            : good(client_.call("POST", "/api/v1/sites/" + segment(host) + "/live?anyway=1", &body));
            if (!answer) {
                return fail(Error(answer.error()).during("site " + host));
            }
        }
        return {};
    }

    Status finish() {
        const auto answer = good(client_.call("POST", "/admin/module/people/internal/archive-done" + query_of(names_, "&archive=" + segment(id()))));
        return answer ? Status{} : Status(fail(answer.error()));
    }

private:
    std::string id() const { return text_of(archive_.document("hameau-archive.json"), "archive"); }
    const json::array& sites() const { return array_of(archive_.document("sites/sites.json"), "sites"); }
    static Result<Answer> good(Result<Answer> answer) {
        if (answer && !answer->good()) {
            return fail(answer->status == 503 ? ErrorKind::unavailable : ErrorKind::invalid, answer->problem());
        }
        return answer;
    }

    const Client& client_;
    const ArchiveNames& names_;
    const Verifier& archive_;
};

Status bring(const Client& client, const Fd& archive, std::uint64_t limit, const ArchiveNames& names, Frame& frame) {
    auto begun = frame.tell_people(false);
    Status done = begun ? Status{} : Status(fail(begun.error()));
    done = done ? frame.tell_mail() : done;
    done = done ? frame.add_sites() : done;
    Importer importer(client, names);
    if (done) {
        importer.say('+', "association " + names.slug);
        done = read_archive(archive, limit, importer);
    }
    done = done ? importer.close() : done;
    if (importer.images_left_out() > 0) {
        std::fprintf(stderr, "%zu images were left out: texts have a gap there. They are in the archive, below pads/images.\n", importer.images_left_out());
    }
    done = done ? frame.show_versions() : done;
    return done ? frame.finish() : done;
}

/// "a=b,c=d". False: said.
bool read_pairs(const Words& words, std::string_view option, std::map<std::string, std::string, std::less<>>& pairs) {
    const std::string given = words.value(option).value_or("");
    for (const std::string_view pair : split(given, ',')) {
        const std::size_t sign = pair.find('=');
        if (!pair.empty() && (sign == std::string_view::npos || sign == 0 || sign + 1 == pair.size())) {
            std::fprintf(stderr, "hameau import: %.*s OLD=NEW was expected\n", static_cast<int>(option.size()), option.data());
            return false;
        }
        if (!pair.empty()) {
            pairs.emplace(domain_as_kept(pair.substr(0, sign)), domain_as_kept(pair.substr(sign + 1)));
        }
    }
    return true;
}

Status import_archive(const Words& words, ArchiveNames names, std::uint64_t limit) {
    const Client client(words.state);
    auto file = open_archive(std::string(words.plain[0]));
    if (!file) {
        return fail(std::move(file.error()));
    }
    Verifier archive;
    Status sound = read_archive(*file, limit, archive);
    sound = sound ? archive.finish() : sound;
    if (!sound) {
        return fail(ErrorKind::invalid, sound.error().message + ". Nothing was changed.");
    }
    names.slug = words.value("--as").value_or(text_of(archive.document("hameau-archive.json"), "association"));
    if (auto room = check_disk_floor(client.state(), disk_floor_bytes_default, archive.bytes()); !room) {
        return fail(Error(room.error()).during("the archive needs " + format_size(archive.bytes())));
    }
    Frame frame(client, names, archive);
    if (auto on = frame.are_services_on(); !on) {
        return on;
    }
    const auto state = frame.tell_people(true);
    if (!state) {
        return fail(state.error());
    }
    if (*state == "done" || words.has("--check")) {
        std::printf("%s\n", *state == "done" ? "This archive is imported already; nothing was changed." : "The archive is whole, and nothing is in the way. Nothing was changed.");
        return {};
    }
    if (auto done = bring(client, *file, limit, names, frame); !done) {
        return fail(done.error().kind, done.error().message + "\nWhat has come is kept. Give the same command again: it goes on from here.");
    }
    const json::object& head = archive.document("hameau-archive.json");
    const json::value* passwords = head.if_contains("passwords");
    if (!names.trusted || passwords == nullptr || !passwords->is_bool() || !passwords->as_bool()) {
        std::printf("No password came along: invite the members (page Membres, or hameau member invite %s LOGIN).\n", names.slug.c_str());
    }
    if (!names.trusted) {
        std::printf("Filters of mailboxes came along and none is in force: each owner looks at them and switches them on (page Courrier).\n");
    }
    return {};
}

} // namespace

int import_command(std::span<char*> arguments) {
    constexpr std::array options = {Option{"--as"}, Option{"--domain"}, Option{"--login"}, Option{"--limit"}, Option{"--trusted", false}, Option{"--same", false}, Option{"--check", false}};
    const auto words = read_words("import", arguments, options);
    if (!words) {
        return exit_usage;
    }
    if (words->help || words->plain.size() != 1) {
        std::fputs(import_usage.data(), words->help ? stdout : stderr);
        return words->help ? 0 : exit_usage;
    }
    ArchiveNames names;
    names.trusted = words->has("--trusted");
    names.same = words->has("--same");
    const auto limit = parse_size(words->value("--limit").value_or("1 B"));
    if (!read_pairs(*words, "--domain", names.domains) || !read_pairs(*words, "--login", names.logins) || !limit) {
        std::fputs(limit ? "" : ("hameau import: --limit: " + limit.error().message + "\n").c_str(), stderr);
        return exit_usage;
    }
    // A service that refuses in the middle closes; its response says why.
    ::signal(SIGPIPE, SIG_IGN);
    const Status done = import_archive(*words, std::move(names), words->has("--limit") ? *limit : 0);
    return done ? 0 : report(done.error());
}

} // namespace hameau::cli
