// A reader of one pass: words until a special character says what they were.
#include "modules/mail/milter/address.hpp"

#include <algorithm>

#include "daemon/base/text.hpp"
#include "modules/mail/milter/limits.hpp"

namespace hameau::milter {

namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/// RFC 5322 §3.2.3 atext; octets of 8 bits are taken in display names only (checked later).
bool is_atom(char c) {
    constexpr std::string_view others = "!#$%&'*+-/=?^_`{|}~";
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           others.find(c) != std::string_view::npos || static_cast<unsigned char>(c) >= 0x80;
}

struct Word {
    enum class Kind { atom, quoted, dot } kind;
    std::string text;
};

class Reader {
public:
    explicit Reader(std::string_view text) : text_(text) {}

    Result<std::vector<std::string>> read() {
        if (auto list = read_list(false); !list) {
            return fail(list.error());
        }
        if (at_ != text_.size()) {
            return wrong("characters after the last address");
        }
        return std::move(found_);
    }

private:
    static tl::unexpected<Error> wrong(std::string_view what) { return fail(ErrorKind::invalid, std::string(what)); }

    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    bool at_end() const { return at_ >= text_.size(); }

    bool take(char c) {
        if (at_end() || text_[at_] != c) {
            return false;
        }
        ++at_;
        return true;
    }

    /// RFC 5322 §3.2.2: white space and nested comments.
    Status skip() {
        int depth = 0;
        while (!at_end()) {
            const char c = text_[at_];
            if (c == '(') {
                if (++depth > comment_depth_max) {
                    return wrong("comments too deep");
                }
            } else if (depth > 0 && c == ')') {
                --depth;
            } else if (depth > 0 && c == '\\') {
                ++at_;
            } else if (depth == 0 && !is_space(c)) {
                return {};
            }
            ++at_;
        }
        at_ = std::min(at_, text_.size());
        return depth == 0 ? Status{} : Status(wrong("a comment that does not end"));
    }

    Result<std::string> read_quoted() {
        std::string out;
        ++at_;
        while (!at_end()) {
            char c = text_[at_++];
            if (c == '"') {
                return out;
            }
            if (c == '\\') {
                if (at_end()) {
                    break;
                }
                c = text_[at_++];
            }
            if (c == '\0') {
                break;
            }
            if (c != '\r' && c != '\n') {
                out += c;
            }
        }
        return wrong("a quotation that does not end");
    }

    /// Atoms, quoted strings and dots, until something else stands there.
    Result<std::vector<Word>> read_words() {
        std::vector<Word> words;
        for (;;) {
            if (auto skipped = skip(); !skipped) {
                return fail(skipped.error());
            }
            if (take('.')) {
                words.push_back({Word::Kind::dot, "."});
            } else if (peek() == '"') {
                auto text = read_quoted();
                if (!text) {
                    return fail(text.error());
                }
                words.push_back({Word::Kind::quoted, std::move(*text)});
            } else if (!at_end() && is_atom(peek())) {
                const std::size_t start = at_;
                while (!at_end() && is_atom(text_[at_])) {
                    ++at_;
                }
                words.push_back({Word::Kind::atom, std::string(text_.substr(start, at_ - start))});
            } else {
                return words;
            }
        }
    }

    /// word *("." word), joined; a quotation is kept only where its content needs it.
    static Result<std::string> join_words(const std::vector<Word>& words, bool quotes) {
        std::string out;
        for (std::size_t i = 0; i < words.size(); ++i) {
            const Word& word = words[i];
            const bool dot = word.kind == Word::Kind::dot;
            if (dot != (i % 2 == 1) || (word.kind == Word::Kind::quoted && !quotes)) {
                return wrong("an address whose parts are not joined by single dots");
            }
            const bool plain = !word.text.empty() && std::all_of(word.text.begin(), word.text.end(), [](char c) {
                return is_atom(c) || c == '.';
            });
            out += word.kind == Word::Kind::quoted && !plain ? '"' + word.text + '"' : word.text;
        }
        if (words.size() % 2 == 0) {
            return wrong("an address that ends with a dot, or is empty");
        }
        return out;
    }

    Result<std::string> read_domain() {
        if (auto skipped = skip(); !skipped) {
            return fail(skipped.error());
        }
        if (take('[')) {
            const std::size_t end = text_.find(']', at_);
            if (end == std::string_view::npos) {
                return wrong("a domain literal that does not end");
            }
            std::string literal = "[" + std::string(text_.substr(at_, end - at_)) + "]";
            at_ = end + 1;
            if (auto skipped = skip(); !skipped) {
                return fail(skipped.error());
            }
            return literal;
        }
        const auto words = read_words();
        return words ? join_words(*words, false) : fail(words.error());
    }

    /// The "@" was taken already.
    Status add_address(const std::vector<Word>& local_words) {
        const auto local = join_words(local_words, true);
        if (!local) {
            return fail(local.error());
        }
        const auto domain = read_domain();
        if (!domain) {
            return fail(domain.error());
        }
        const std::string address = ascii_lower(*local + "@" + *domain);
        if (address.size() > address_bytes_max || std::any_of(address.begin(), address.end(), [](char c) {
                return static_cast<unsigned char>(c) < ' ' || static_cast<unsigned char>(c) >= 0x7f;
            })) {
            return wrong("an address with characters that are not of ASCII, or too long");
        }
        if (found_.size() == addresses_max) {
            return wrong("too many addresses");
        }
        found_.push_back(address);
        return {};
    }

    /// Behind "<": [ @a,@b: ] local@domain ">". The route (§4.4 obs-route) is read and dropped.
    Status read_angle() {
        if (auto skipped = skip(); !skipped) {
            return skipped;
        }
        if (peek() == '@') {
            while (take('@')) {
                if (const auto domain = read_domain(); !domain) {
                    return fail(domain.error());
                }
                while (take(',')) {
                    if (auto skipped = skip(); !skipped) {
                        return skipped;
                    }
                }
            }
            if (!take(':')) {
                return wrong("a route without an address");
            }
        }
        const auto local = read_words();
        if (!local) {
            return fail(local.error());
        }
        if (!take('@')) {
            return wrong("an address without @");
        }
        if (auto added = add_address(*local); !added) {
            return added;
        }
        if (!take('>')) {
            return wrong("an address that does not end with >");
        }
        return skip();
    }

    /// One mailbox or group.
    Status read_one(bool in_group) {
        const auto words = read_words();
        if (!words) {
            return fail(words.error());
        }
        if (take('@')) {
            return add_address(*words);
        }
        if (take('<')) {
            return read_angle();
        }
        if (!in_group && !words->empty() && take(':')) {
            if (auto list = read_list(true); !list) {
                return list;
            }
            return take(';') ? skip() : Status(wrong("a group that does not end"));
        }
        return wrong("something that is not an address");
    }

    /// Commas with nothing between them are allowed (§4.4 obs-mbox-list).
    Status read_list(bool in_group) {
        for (;;) {
            if (auto skipped = skip(); !skipped) {
                return skipped;
            }
            while (take(',')) {
                if (auto skipped = skip(); !skipped) {
                    return skipped;
                }
            }
            if (at_end() || (in_group && peek() == ';')) {
                return {};
            }
            if (auto one = read_one(in_group); !one) {
                return one;
            }
            if (!at_end() && peek() != ',' && !(in_group && peek() == ';')) {
                return wrong("addresses without a comma between them");
            }
        }
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::vector<std::string> found_;
};

} // namespace

Result<std::vector<std::string>> parse_addresses(std::string_view header) { return Reader(header).read(); }

std::string without_tag(std::string_view address) {
    const std::size_t at = address.rfind('@');
    const std::size_t plus = address.find('+');
    if (at == std::string_view::npos || plus == std::string_view::npos || plus == 0 || plus > at) {
        return std::string(address);
    }
    return std::string(address.substr(0, plus)) + std::string(address.substr(at));
}

} // namespace hameau::milter
