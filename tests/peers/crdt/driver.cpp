// The C++ side of the differential test: reads commands on standard input, one per line, and answers with JSON lines.
//   new | update B64 | reopen | collect | diff B64-state-vector | query NAME-B64:KIND ... (kinds text map array xml)
// diff answers a base64 line, query one JSON line; the others answer nothing unless something is refused ("error ...").
#include "modules/pads/crdt/document.hpp"
#include "modules/pads/crdt/json.hpp"
#include "modules/pads/crdt/recorder.hpp"

#include <array>
#include <iostream>
#include <sstream>

using namespace hameau::crdt;

namespace {

constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

Bytes from_base64(std::string_view text) {
    Bytes bytes;
    std::uint32_t word = 0;
    int bits = 0;
    for (const char letter : text) {
        const auto at = letters.find(letter);
        if (at == std::string_view::npos)
            break;
        word = word << 6 | static_cast<std::uint32_t>(at);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes.push_back(static_cast<std::uint8_t>(word >> bits));
        }
    }
    bytes.shrink_to_fit();
    return bytes;
}

std::string to_base64(View bytes) {
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
        std::uint32_t word = static_cast<std::uint32_t>(bytes[i]) << 16;
        word |= count > 1 ? static_cast<std::uint32_t>(bytes[i + 1]) << 8 : 0;
        word |= count > 2 ? bytes[i + 2] : 0u;
        for (std::size_t j = 0; j < 4; ++j)
            out += j <= count ? letters[word >> (18 - 6 * j) & 63] : '=';
    }
    return out;
}

using Roots = std::vector<std::pair<std::string, RootKind>>;

std::string describe(const Integrator& integrator, const Roots& roots) {
    std::string out = "{\"sv\":{";
    const Bytes vector = integrator.state_vector();
    auto entries = read_state_vector(vector);
    for (const StateEntry& entry : *entries)
        out += (out.back() == '{' ? "\"" : ",\"") + std::to_string(entry.client) + "\":" + std::to_string(entry.next_clock);
    out += "},\"ds\":{";
    const Bytes deletes = integrator.delete_set();
    std::uint64_t last = lib0_number_max + 1;
    each_delete(Reader(View(deletes)), [&](std::uint64_t client, std::uint32_t clock, std::uint32_t length) {
        if (client != last)
            out += (last > lib0_number_max ? "\"" : "],\"") + std::to_string(client) + "\":[";
        else
            out += ',';
        out += '[' + std::to_string(clock) + ',' + std::to_string(length) + ']';
        last = client;
    });
    out += last > lib0_number_max ? "},\"content\":{" : "]},\"content\":{";
    const Document document(integrator);
    for (const auto& [name, kind] : roots) {
        const auto root = document.root(name);
        out += out.back() == '{' ? "" : ",";
        append_json_string(out, name);
        out += ':';
        const bool used = root && (integrator.types()[*root].head != Integrator::none ||
                                   integrator.types()[*root].keys != Integrator::none);
        out += used ? tree_json(document, *root, kind) : "null";
    }
    return out + "}}";
}

class Session {
public:
    void run(const std::string& line) {
        std::istringstream words(line);
        std::string command, argument;
        words >> command;
        if (command == "new") {
            recorder_ = Recorder();
            integrator_ = Integrator();
        } else if (command == "update") {
            words >> argument;
            update(from_base64(argument));
        } else if (command == "reopen" || command == "collect") {
            const Stored stored = command == "collect" ? recorder_.collect() : recorder_.store();
            auto opened = Recorder::open(stored.state, stored.index);
            if (opened)
                recorder_ = std::move(*opened);
            else
                std::cout << "error " << opened.error().message << std::endl;
        } else if (command == "diff") {
            words >> argument;
            const auto diff = recorder_.diff(from_base64(argument));
            std::cout << (diff ? to_base64(*diff) : "error " + diff.error().message) << std::endl;
        } else if (command == "query") {
            query(words);
        }
    }

private:
    Recorder recorder_;
    Integrator integrator_;

    void update(const Bytes& bytes) {
        const auto applied = recorder_.apply(bytes);
        const auto integrated = integrator_.apply(bytes);
        if (!applied)
            std::cout << "error recorder: " << applied.error().message << std::endl;
        if (!integrated)
            std::cout << "error integrator: " << integrated.error().message << std::endl;
    }

    void query(std::istringstream& words) {
        Roots roots;
        for (std::string word; words >> word;) {
            const auto colon = word.find(':');
            const Bytes name = from_base64(word.substr(0, colon));
            const std::string kind = word.substr(colon + 1);
            roots.emplace_back(std::string(name.begin(), name.end()), kind == "text"  ? RootKind::text
                                                                      : kind == "map" ? RootKind::map
                                                                      : kind == "xml" ? RootKind::xml
                                                                                      : RootKind::array);
        }
        const Bytes state = recorder_.encode();
        const Bytes collected = recorder_.collect().state;
        const Bytes encoded = integrator_.encode();
        std::string out = "{\"direct\":" + describe(integrator_, roots);
        const std::array<std::pair<const char*, const Bytes*>, 3> forms{
            {{"recorded", &state}, {"collected", &collected}, {"encoded", &encoded}}};
        for (const auto& [name, bytes] : forms) {
            Integrator reader;
            const auto read = reader.apply(*bytes, Hold::borrow);
            out += std::string(",\"") + name + "\":" + (read ? describe(reader, roots) : "null");
            out += std::string(",\"") + name + "Update\":\"" + to_base64(*bytes) + '"';
        }
        std::cout << out << '}' << std::endl;
    }
};

} // namespace

int main() {
    std::ios::sync_with_stdio(false);
    Session session;
    for (std::string line; std::getline(std::cin, line);)
        session.run(line);
}
