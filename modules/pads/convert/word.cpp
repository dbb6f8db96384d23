// A package, its parts, and what is made of them together.
#include "modules/pads/convert/word.hpp"

#include <algorithm>

#include <sodium.h>

#include "modules/pads/convert/limits.hpp"
#include "modules/pads/convert/word_package.hpp"
#include "modules/pads/convert/word_reader.hpp"

namespace hameau::pads {

namespace {

/// Whether a part holds any word.
class WordsFinder : public XmlHandler {
public:
    bool found = false;
    bool enter(const XmlElement& element) override {
        inside_ = element.name == "w:t";
        return true;
    }
    void leave(std::string_view) override { inside_ = false; }
    void text(std::string_view text) override { found = found || (inside_ && text.find_first_not_of(" \t\n") != std::string_view::npos); }
    bool done() const override { return found; }

private:
    bool inside_ = false;
};

class TitleReader : public XmlHandler {
public:
    std::string title;
    bool enter(const XmlElement& element) override {
        inside_ = element.name == "dc:title";
        return true;
    }
    void leave(std::string_view) override { inside_ = false; }
    void text(std::string_view text) override { title += inside_ && title.size() < 4'000 ? text : std::string_view(); }

private:
    bool inside_ = false;
};

/// The parts of a package, found by their relationships.
class Parts {
public:
    explicit Parts(const WordPackage& package) : package_(package) {}

    Result<WordRelations> relations_of(const std::string& part) const {
        const std::string name = part.empty() ? "_rels/.rels" : word_relations_part(part);
        if (!package_.has(name)) {
            return WordRelations();
        }
        const auto xml = package_.read(name, word_part_bytes_max);
        return xml ? read_word_relations(*xml, part) : Result<WordRelations>(fail(xml.error()));
    }
    /// The first part of a type; "" when there is none.
    static std::string find(const WordRelations& relations, std::string_view type) {
        const auto found = std::find_if(relations.begin(), relations.end(), [type](const auto& one) { return one.second.type == type && !one.second.outside; });
        return found == relations.end() ? std::string() : found->second.target;
    }
    /// Walks a part that may be missing.
    template <class Walk>
    Status with(const std::string& part, Walk walk) const {
        if (part.empty() || !package_.has(part)) {
            return {};
        }
        const auto xml = package_.read(part, word_part_bytes_max);
        return xml ? walk(*xml) : Status(fail(xml.error()));
    }

private:
    const WordPackage& package_;
};

Status read_notes(const Parts& parts, Shared& shared, const WordRelations& document) {
    for (const std::string_view kind : {"footnotes", "endnotes"}) {
        const std::string part = Parts::find(document, kind);
        auto relations = part.empty() ? Result<WordRelations>(WordRelations()) : parts.relations_of(part);
        if (!relations) {
            return fail(relations.error());
        }
        auto read = parts.with(part, [&](const std::string& xml) {
            WordReader reader(shared, *relations, nullptr);
            return walk_xml(xml, reader);
        });
        if (!read) {
            return read;
        }
    }
    return {};
}

Status read_around(const Parts& parts, Shared& shared, const WordRelations& document) {
    auto read = parts.with(Parts::find(document, "styles"), [&](const std::string& xml) { return shared.styles.read(xml); });
    if (read) {
        read = parts.with(Parts::find(document, "numbering"), [&](const std::string& xml) { return shared.numbering.read(xml); });
    }
    return read ? read_notes(parts, shared, document) : read;
}

void look_at_edges(const Parts& parts, Shared& shared, const WordRelations& document, const std::vector<std::string>& edges) {
    WordsFinder finder;
    for (const std::string& id : edges) {
        const auto relation = document.find(id);
        if (relation != document.end() && !finder.found) {
            (void)parts.with(relation->second.target, [&](const std::string& xml) { return walk_xml(xml, finder); });
        }
    }
    shared.left_out[static_cast<std::size_t>(LeftOutKind::page_edges)] = finder.found ? 1 : 0;
}

} // namespace

Result<WordDocument> read_word(std::string_view archive, const std::vector<std::string>& addresses) {
    const auto package = WordPackage::open(archive);
    if (!package) {
        return fail(package.error());
    }
    const Parts parts(*package);
    const auto outer = parts.relations_of("");
    const std::string main = outer ? Parts::find(*outer, "officeDocument") : std::string();
    const auto relations = main.empty() ? Result<WordRelations>(fail(ErrorKind::invalid, "document_damaged")) : parts.relations_of(main);
    if (!outer || !relations) {
        return fail(!outer ? outer.error() : relations.error());
    }
    const auto xml = package->read(main, word_part_bytes_max);
    if (!xml) {
        return fail(xml.error());
    }
    Shared shared;
    shared.addresses = &addresses;
    if (auto around = read_around(parts, shared, *relations); !around) {
        return fail(around.error());
    }
    WordComposer composer(shared.styles, shared.numbering);
    WordReader reader(shared, *relations, &composer);
    if (auto walked = walk_xml(*xml, reader); !walked) {
        return fail(walked.error());
    }
    if (composer.full()) {
        return fail(ErrorKind::invalid, "document_too_rich");
    }
    composer.add_notes(std::move(shared.used_notes));
    reader.edges.resize(std::min(reader.edges.size(), word_edges_max));
    look_at_edges(parts, shared, *relations, reader.edges);
    WordDocument out;
    TitleReader title;
    (void)parts.with(Parts::find(*outer, "core-properties"), [&](const std::string& text) { return walk_xml(text, title); });
    out.title = std::move(title.title);
    out.events = composer.finish();
    out.pictures = std::move(shared.pictures);
    out.left_out = shared.left_out;
    return out;
}

Result<std::string> word_pictures(std::string_view archive) {
    const auto document = read_word(archive, {});
    if (!document) {
        return fail(document.error());
    }
    const auto package = WordPackage::open(archive);
    std::size_t room = std::min(archive.size() * word_pictures_ratio, word_pictures_bytes_max);
    std::string out;
    std::size_t read = 0;
    for (const std::string& name : document->pictures) {
        const auto picture = ++read > word_pictures_max ? Result<std::string>(fail(ErrorKind::too_large, "")) : package->read(name, room);
        if (!picture) {
            out += "data:,\n";
            continue;
        }
        room -= picture->size();
        std::string text(sodium_base64_ENCODED_LEN(picture->size(), sodium_base64_VARIANT_ORIGINAL), '\0');
        sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(picture->data()), picture->size(), sodium_base64_VARIANT_ORIGINAL);
        text.resize(text.size() - 1);
        out.append("data:application/octet-stream;base64,").append(text).append("\n");
    }
    return out;
}

} // namespace hameau::pads
