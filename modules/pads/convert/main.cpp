// hameau-convert: the one program that reads the images and documents that people bring. Started by the pads module for
// one of them; holds no database, no network, no folder, no secret; its standard input and output are all it can touch.
//
//   hameau-convert image BYTES_MAX             image on 0, answer (modules/pads/convert/answer.hpp) on 1
//   hameau-convert markdown|html BYTES_MAX     document on 0, answer on 1
//   hameau-convert docx-pictures BYTES_MAX     Word document on 0, its pictures on 1
//   hameau-convert docx BYTES_MAX              on 0 an address a line for each of these, an empty line, the Word document; answer on 1
// Exit: 0 the response is whole (a refusal is a whole response), 70 jail or machine failed, 64 usage.
#include <charconv>
#include <cstdio>
#include <exception>
#include <string_view>
#include <unistd.h>

#include "daemon/base/io.hpp"
#include "daemon/sandbox/helper_jail.hpp"
#include "modules/pads/convert/answer.hpp"
#include "modules/pads/convert/decode.hpp"
#include "modules/pads/convert/document.hpp"
#include "modules/pads/convert/limits.hpp"
#include "modules/pads/convert/word.hpp"

namespace hameau::pads {

namespace {

constexpr int exit_usage = 64;
constexpr int exit_failed = 70;

void complain(std::string_view message) {
    const std::string line = "<3>convert: " + std::string(message) + "\n";
    (void)write_all(STDERR_FILENO, line);
}

int say(std::string_view answer) { return write_all(STDOUT_FILENO, answer) ? 0 : exit_failed; }

int refuse(const Error& error) {
    if (error.kind == ErrorKind::invalid) {
        return say("refused " + error.message + "\n");
    }
    complain(error.message);
    return exit_failed;
}

int convert_image(const std::string& bytes) {
    const auto stripped = strip_image(bytes);
    if (!stripped) {
        return refuse(stripped.error());
    }
    std::uint32_t width = stripped->width;
    std::uint32_t height = stripped->height;
    std::string webp;
    // An animation stays one; a GIF is an animation, or so small that there is nothing to win.
    if (!stripped->animated && stripped->type != ImageType::gif) {
        const auto decoded = decode_image(*stripped, shown_side_max(stripped->width, stripped->height));
        if (!decoded) {
            return refuse(decoded.error());
        }
        const bool same_size = decoded->picture.width == stripped->width && decoded->picture.height == stripped->height;
        width = decoded->picture.width;
        height = decoded->picture.height;
        auto encoded = same_size && stripped->type == ImageType::webp ? Result<std::string>(std::string()) : encode_webp(*decoded);
        if (!encoded) {
            return refuse(encoded.error());
        }
        if (!same_size || encoded->size() < stripped->bytes.size()) {
            webp = std::move(*encoded);
        }
    }
    const std::string head = "image " + std::string(media_type(stripped->type)) + " " + std::to_string(width) + " " +
                             std::to_string(height) + " " + std::to_string(stripped->bytes.size()) + " " +
                             std::to_string(webp.size()) + "\n";
    const bool said = say(head) == 0 && say(stripped->bytes) == 0 && say(webp) == 0;
    return said ? 0 : exit_failed;
}

int say_document(const Result<ReadDocument>& document) {
    if (!document) {
        return refuse(document.error());
    }
    const std::string_view update(reinterpret_cast<const char*>(document->update.data()), document->update.size());
    std::string head = "update " + std::to_string(update.size()) + " " + std::to_string(document->title.size()) + " " + std::to_string(document->refused_links);
    for (const std::uint64_t count : document->left_out) {
        head += " " + std::to_string(count);
    }
    head += "\n";
    const bool said = say(head) == 0 && say(update) == 0 && say(document->title) == 0;
    return said ? 0 : exit_failed;
}

int convert_word(std::string_view bytes) {
    std::vector<std::string> addresses;
    for (std::size_t end = bytes.find('\n'); end != std::string_view::npos; end = bytes.find('\n')) {
        const std::string_view line = bytes.substr(0, end);
        bytes.remove_prefix(end + 1);
        if (line.empty()) {
            return say_document(read_word_document(bytes, addresses));
        }
        addresses.emplace_back(line);
    }
    return refuse(Error{ErrorKind::invalid, "document_damaged"});
}

int find_pictures(const std::string& bytes) {
    const auto pictures = word_pictures(bytes);
    if (!pictures) {
        return refuse(pictures.error());
    }
    const bool said = say("pictures " + std::to_string(pictures->size()) + "\n") == 0 && say(*pictures) == 0;
    return said ? 0 : exit_failed;
}

int run(int argc, char** argv) {
    if (argc == 2 && std::string_view(argv[1]) == "--help") {
        std::puts("hameau-convert is started by hameau-pads; see modules/pads/convert/main.cpp.");
        return 0;
    }
    std::uint64_t bytes_max = 0;
    const std::string_view limit(argc == 3 ? argv[2] : "");
    const auto [end, failed] = std::from_chars(limit.data(), limit.data() + limit.size(), bytes_max);
    if (argc != 3 || failed != std::errc{} || end != limit.data() + limit.size()) {
        complain("this program is started by hameau-pads, not by hand");
        return exit_usage;
    }
    prepare_documents();
    JailLimits jail;
    jail.memory_bytes = convert_memory_bytes_max;
    jail.cpu_seconds = convert_cpu_seconds_max;
    jail.file_bytes = 0;
    if (auto walled = enter_jail(-1, jail); !walled) {
        complain(walled.error().message);
        return exit_failed;
    }
    const auto bytes = read_all(STDIN_FILENO, bytes_max);
    if (!bytes) {
        return refuse(bytes.error().kind == ErrorKind::too_large ? Error{ErrorKind::invalid, "too_large"} : bytes.error());
    }
    const std::string_view mode(argv[1]);
    if (mode == "image") {
        return convert_image(*bytes);
    }
    if (mode == "markdown" || mode == "html") {
        return say_document(read_document(*bytes, mode == "html" ? DocumentForm::html : DocumentForm::markdown));
    }
    if (mode == "docx" || mode == "docx-pictures") {
        return mode == "docx" ? convert_word(*bytes) : find_pictures(*bytes);
    }
    complain("unknown mode");
    return exit_usage;
}

} // namespace

} // namespace hameau::pads

int main(int argc, char** argv) {
    try {
        return hameau::pads::run(argc, argv);
    } catch (const std::exception& failed) {
        // Out of memory within its limits, mostly: this one image is refused, nothing else is touched.
        hameau::pads::complain(failed.what());
        return hameau::pads::exit_failed;
    }
}
