// An association as one archive (docs/decisions/2026-11-30-association-archive.md): people writes who belongs to it, asks mail, sites and
// pads for their parts one after the other, and packs all of it on the way. Nothing waits on the disk but the list of sums.
// A part that fails cuts the response: a reader sees that the END is missing.
#include <algorithm>

#include <boost/json.hpp>

#include "daemon/base/domain_letters.hpp"
#include "daemon/base/io.hpp"
#include "daemon/base/text.hpp"
#include "modules/people/archive_texts.hpp"
#include "modules/people/limits.hpp"
#include "modules/people/people_module.hpp"
#include "modules/people/tar_zst.hpp"

namespace hameau::people {

namespace json = boost::json;

namespace {

constexpr hameau::Event association_exported{"people.association_exported", Level::notice};
constexpr hameau::Event archive_cut{"people.archive_cut", Level::error, "the archive is not whole; what went wrong is in the journal of the service"};
constexpr std::string_view archive_retry_s = "60";

/// What the file for `hameau apply` and the tables are made from at the end.
bool is_index(std::string_view path) {
    return path == "mail/addresses.json" || path == "sites/sites.json" ||
           (path.starts_with("pads/") && path.ends_with(".json") && path.find('/', 5) == std::string_view::npos);
}

/// Passes parts to the archive, and keeps the small ones that say what there is.
class Collector final : public PartSink {
public:
    explicit Collector(TarZst& archive) : archive_(archive) {}

    Status begin(const Part& part) override {
        path_ = part.path;
        wanted_ = is_index(path_) && part.size_bytes <= archive_index_bytes_max - std::min(held_, archive_index_bytes_max);
        text_.clear();
        return archive_.begin(part);
    }
    Status content(std::string_view bytes) override {
        text_ += wanted_ ? bytes : std::string_view();
        return archive_.content(bytes);
    }
    Status end() override {
        if (wanted_) {
            held_ += text_.size();
            boost::system::error_code failed;
            json::value value = json::parse(text_, failed);
            if (!failed && value.is_object()) {
                keep(std::move(value.as_object()));
            }
        }
        return archive_.end();
    }

    ArchiveIndexes indexes;

private:
    void keep(json::object document) {
        if (path_ == "mail/addresses.json") {
            indexes.addresses = std::move(document);
        } else if (path_ == "sites/sites.json") {
            indexes.sites = std::move(document);
        } else {
            indexes.pads.push_back(std::move(document));
        }
    }

    TarZst& archive_;
    std::string path_;
    std::string text_;
    bool wanted_ = false;
    std::size_t held_ = 0;
};

} // namespace

/// An archive on its way.
struct People::ArchiveStream {
    explicit ArchiveStream(std::unique_ptr<TarZst> packed) : archive(std::move(packed)), collector(*archive) {}
    std::unique_ptr<TarZst> archive;
    Collector collector;
    ArchiveFacts facts;
    std::vector<std::pair<std::string, std::string>> sources;  ///< module, path
    std::size_t next = 0;
    std::optional<BodySource> source;
    PartReader reader;
    Request request;  ///< who asked: judged again before each service, and each minute
    bool by_admin = false;
    bool dropped = false;
    Duration begun_at{0};
    Duration asked{0};
    bool begun = false;
    bool ended = false;
    std::shared_ptr<void> busy;
};

Status People::begin_archive(ArchiveStream& stream) {
    const std::string& slug = stream.facts.association.slug;
    stream.facts.members = store_->members(slug, "", members_per_association_max);
    stream.facts.circles = store_->circles(slug, "", groups_per_association_max);
    if (auto failure = store_->take_failure()) {
        return fail(std::move(*failure));
    }
    const std::int64_t now = wall_ms_() / 1000;
    TarZst& archive = *stream.archive;
    Status done = archive.whole(archive_readme_name(stream.facts.language), archive_readme(stream.facts), now);
    done = done ? archive.whole("hameau-archive.json", json::serialize(archive_head(stream.facts)), now) : done;
    done = done ? archive.whole("people/association.json", json::serialize(archive_people(stream.facts)), now) : done;
    return done ? archive.whole("people/members.csv", archive_members_table(stream.facts), now) : done;
}

Status People::end_archive(ArchiveStream& stream) {
    const std::int64_t now = wall_ms_() / 1000;
    Status done = stream.archive->whole("mail/addresses.csv", archive_addresses_table(stream.facts, stream.collector.indexes), now);
    done = done ? stream.archive->whole("association.yaml", in_letters(archive_yaml(stream.facts, stream.collector.indexes)), now) : done;
    done = done ? stream.archive->finish(now) : done;
    stream.ended = true;
    if (done) {
        context_->journal().write(association_exported, {{"association", stream.facts.association.slug}, {"by", stream.facts.by}, {"messages", stream.facts.messages},
                                                         {"files", std::to_string(stream.archive->files())}, {"bytes", std::to_string(stream.archive->bytes())}});
    }
    return done;
}

/// Who asked may have lost the right meanwhile; and nobody's slow line keeps the archives of the others waiting for days.
Status People::check_archive(ArchiveStream& stream) {
    const Duration now = clock_->now();
    if (stream.dropped || (!stream.by_admin && now - stream.begun_at > archive_time_max)) {
        return fail(ErrorKind::closed, stream.dropped ? "the admin makes an archive" : "it took too long");
    }
    stream.asked = now;
    return refuse_below(stream.request, actor_of(stream.request), stream.facts.association.slug, Role::manager)
               ? Status(fail(ErrorKind::denied, "whoever asked for the archive may not have it any more"))
               : Status{};
}

/// The next service begins.
Task<Status> People::open_archive_source(std::shared_ptr<ArchiveStream> stream) {
    if (auto checked = check_archive(*stream); !checked) {
        co_return checked;
    }
    const auto& [module, path] = stream->sources[stream->next++];
    std::string name = module;
    std::string target = path;
    auto answer = co_await context_->open_stream(std::move(name), std::move(target));
    if (!answer) {
        co_return fail(std::move(answer.error()).during(module));
    }
    auto* source = std::get_if<BodySource>(&answer->body);
    if (source == nullptr) {
        co_return fail(ErrorKind::unavailable, module + " answered " + std::to_string(answer->status));
    }
    stream->source.emplace(std::move(*source));
    stream->reader = PartReader();
    co_return Status{};
}

Task<Status> People::step_archive(std::shared_ptr<ArchiveStream> stream) {
    if (!stream->begun) {
        stream->begun = true;
        co_return begin_archive(*stream);
    }
    if (!stream->source && stream->next == stream->sources.size()) {
        co_return end_archive(*stream);
    }
    if (!stream->source) {
        co_return co_await open_archive_source(stream);
    }
    if (stream->dropped || clock_->now() - stream->asked > archive_asked_again) {
        if (auto checked = check_archive(*stream); !checked) {
            co_return checked;
        }
    }
    auto piece = co_await (*stream->source)();
    if (!piece) {
        co_return fail(std::move(piece.error()));
    }
    if (!piece->empty()) {
        co_return stream->reader.feed(*piece, stream->collector);
    }
    stream->source.reset();
    co_return stream->reader.ended() ? Status{} : Status(fail(ErrorKind::closed, "a service ended its part early"));
}

Task<Result<std::string>> People::next_of_archive(std::shared_ptr<ArchiveStream> stream) {
    while (!stream->archive->has_output() && !stream->ended) {
        const Status done = co_await step_archive(stream);
        if (!done) {
            context_->journal().write(archive_cut, {{"association", stream->facts.association.slug}, {"error", done.error().message}});
            co_return fail(done.error());
        }
    }
    co_return stream->archive->take();
}

Task<Response> People::archive_association(Request& request) {
    const Actor actor = actor_of(request);
    const std::string slug(request.parameter("slug"));
    if (auto refused = refuse_below(request, actor, slug, Role::manager)) {
        co_return std::move(*refused);
    }
    const auto running = archiving_.lock();
    const bool admin_first = running && !running->by_admin && request.who.caller == Caller::admin && request.query_parameter("check") != "1";
    if (admin_first) {
        running->dropped = true;
    } else if (running) {
        Response response = say(request, 503, "archive_busy");
        response.headers.emplace_back("Retry-After", std::string(archive_retry_s));
        co_return response;
    }
    if (request.query_parameter("check") == "1") {
        co_return empty_response(204);
    }
    auto packed = TarZst::open(context_->folder());
    if (!packed) {
        co_return say_failed(request, packed.error());
    }
    const auto stream = std::make_shared<ArchiveStream>(std::move(*packed));
    archiving_ = stream;
    stream->busy = context_->busy();
    stream->request = request;
    stream->request.body = nullptr;
    // Passwords and the letters of others leave by the hand of who runs the machine only, never through a page.
    stream->by_admin = request.who.caller == Caller::admin;
    stream->begun_at = stream->asked = clock_->now();
    ArchiveFacts& facts = stream->facts;
    facts.association = store_->association(slug).value_or(Association());
    facts.language = store_->house_language() == "en" ? Language::english : Language::french;
    facts.house = context_->settings().text("house.host");
    facts.made_ms = wall_ms_();
    facts.by = actor.login;
    facts.passwords = stream->by_admin && request.query_parameter("passwords") == "1";
    const std::string wanted = request.query_parameter("messages").value_or("");
    facts.messages = stream->by_admin ? (wanted == "none" ? "none" : "all") : wanted == "mine" ? "mine" : "none";
    const std::string below = "/internal/archive?association=" + slug;
    const std::string whose = facts.messages == "mine" ? "of&person=" + actor.person : facts.messages;
    const std::pair<std::string, std::string> sources[] = {
        {"mail", below + "&messages=" + whose}, {"sites", below}, {"pads", below + "&language=" + (facts.language == Language::english ? "en" : "fr")}};
    for (const auto& [module, path] : sources) {
        if (is_enabled(module)) {
            stream->sources.emplace_back(module, path);
        } else {
            facts.left_out.push_back(module);
        }
    }
    Response response;
    response.headers.emplace_back("Content-Type", "application/zstd");
    response.headers.emplace_back("Content-Disposition", "attachment; filename=\"" + slug + "-" + format_utc(facts.made_ms).substr(0, 10) + ".tar.zst\"");
    response.headers.emplace_back("Cache-Control", "no-store");
    response.body = BodySource([this, stream] { return next_of_archive(stream); });
    co_return response;
}

} // namespace hameau::people
