// Empty lines at the end do not count, so line ends are held back until something follows.
#include "modules/mail/auth/canonical.hpp"

#include <algorithm>
#include <map>
#include <openssl/evp.h>
#include <stdexcept>

#include "daemon/base/text.hpp"
#include "modules/mail/auth/tags.hpp"

namespace hameau::mailauth {

namespace {

constexpr std::size_t hash_part_octets = 4096;

bool is_blank(char c) { return c == ' ' || c == '\t'; }

} // namespace

struct BodyHash::Digest {
    Digest() : context(EVP_MD_CTX_new()) {
        if (context == nullptr || EVP_DigestInit_ex(context, EVP_sha256(), nullptr) != 1) {
            throw std::runtime_error("SHA-256 is not available");
        }
    }
    ~Digest() { EVP_MD_CTX_free(context); }
    Digest(const Digest&) = delete;
    Digest& operator=(const Digest&) = delete;
    EVP_MD_CTX* context;
};

Field make_field(std::string_view name, std::string_view value) {
    Field field{std::string(name), {}, ascii_lower(strip_space(name))};
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (value[i] == '\n' && (i == 0 || value[i - 1] != '\r')) {
            field.value += '\r';
        }
        field.value += value[i];
    }
    return field;
}

std::string canonical_field(const Field& field, Form form) {
    if (form == Form::simple) {
        return field.name + ":" + field.value;
    }
    std::string out = field.key + ":";
    bool space = false;
    bool first = true;
    for (const char c : field.value) {
        if (c == '\r' || c == '\n') {
            continue;
        }
        if (is_blank(c)) {
            space = true;
            continue;
        }
        if (space && !first) {
            out += ' ';
        }
        out += c;
        space = first = false;
    }
    return out;
}

Field without_signature(const Field& field) {
    Field out = field;
    std::size_t begin = 0;
    while (begin <= out.value.size()) {
        const std::size_t end = std::min(out.value.find(';', begin), out.value.size());
        const std::string_view tag = std::string_view(out.value).substr(begin, end - begin);
        const std::size_t equals = tag.find('=');
        if (equals != std::string_view::npos && strip_space(tag.substr(0, equals)) == "b") {
            out.value.erase(begin + equals + 1, tag.size() - equals - 1);
            return out;
        }
        begin = end + 1;
    }
    return out;
}

std::string signed_fields(const std::vector<Field>& fields, const std::vector<std::string>& names, Form form) {
    std::map<std::string_view, std::vector<const Field*>> left;
    for (const Field& field : fields) {
        left[field.key].push_back(&field);
    }
    std::string out;
    for (const std::string& name : names) {
        const std::string key = ascii_lower(name);
        const auto found = left.find(key);
        if (found == left.end() || found->second.empty()) {
            continue;
        }
        out += canonical_field(*found->second.back(), form) + "\r\n";
        found->second.pop_back();
    }
    return out;
}

BodyHash::BodyHash(Form form, std::optional<std::uint64_t> most) : form_(form), most_(most), digest_(std::make_unique<Digest>()) {}
BodyHash::~BodyHash() = default;
BodyHash::BodyHash(BodyHash&&) noexcept = default;

void BodyHash::put(std::string_view octets) {
    const std::uint64_t room = most_ ? *most_ - std::min(*most_, size_) : octets.size();
    size_ += octets.size();
    waiting_ += octets.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(room, octets.size())));
    if (waiting_.size() >= hash_part_octets) {
        EVP_DigestUpdate(digest_->context, waiting_.data(), waiting_.size());
        waiting_.clear();
    }
}

void BodyHash::put_lines() {
    for (; lines_ > 0; --lines_) {
        put("\r\n");
    }
    if (space_) {
        put(" ");
        space_ = false;
    }
    anything_ = true;
}

void BodyHash::take(char c) {
    if (c == '\n') {
        space_ = false;
        return_ = false;
        ++lines_;
        return;
    }
    if (return_) {
        return_ = false;
        put_lines();
        put("\r");
    }
    if (c == '\r') {
        return_ = true;
    } else if (form_ == Form::relaxed && is_blank(c)) {
        space_ = true;
    } else {
        put_lines();
        put(std::string_view(&c, 1));
    }
}

void BodyHash::add(std::string_view octets) {
    for (const char c : octets) {
        take(c);
    }
}

const std::string& BodyHash::finish() {
    if (!result_.empty()) {
        return result_;
    }
    if (return_) {
        put_lines();
        put("\r");
    }
    // §3.4.3: an empty body is one CRLF; §3.4.4: an empty body is nothing.
    if (anything_ || form_ == Form::simple) {
        put("\r\n");
    }
    EVP_DigestUpdate(digest_->context, waiting_.data(), waiting_.size());
    unsigned char out[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_DigestFinal_ex(digest_->context, out, &size);
    result_.assign(reinterpret_cast<const char*>(out), size);
    return result_;
}

BodyHash* BodyHashes::find(Form form, std::optional<std::uint64_t> most) {
    const auto found = std::find_if(hashes_.begin(), hashes_.end(), [&](const BodyHash& hash) { return hash.is(form, most); });
    return found == hashes_.end() ? nullptr : &*found;
}

void BodyHashes::want(Form form, std::optional<std::uint64_t> most) {
    if (find(form, most) == nullptr) {
        hashes_.emplace_back(form, most);
    }
}

void BodyHashes::add(std::string_view octets) {
    for (BodyHash& hash : hashes_) {
        hash.add(octets);
    }
}

std::string sha256(std::string_view octets) {
    unsigned char out[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (EVP_Digest(octets.data(), octets.size(), out, &size, EVP_sha256(), nullptr) != 1) {
        throw std::runtime_error("SHA-256 is not available");
    }
    return {reinterpret_cast<const char*>(out), size};
}

} // namespace hameau::mailauth
