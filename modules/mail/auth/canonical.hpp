// Canonical forms of a message (RFC 6376 §3.4), and the hash of its body while it passes. Pure.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hameau::mailauth {

enum class Form { simple, relaxed };

/// A field of the header section. `value`: all octets behind the colon, the space too, with CRLF where it folds, without the last CRLF.
struct Field {
    std::string name;
    std::string value;
    std::string key;  ///< the name in lower case, without white space
};
Field make_field(std::string_view name, std::string_view value);

/// One field in canonical form, without the last CRLF.
std::string canonical_field(const Field& field, Form form);
/// The field with an empty b= (§3.5): what its own signature covers.
Field without_signature(const Field& field);
/// The fields that h= names, each from the last one upwards (§5.4.2), each with CRLF. A name with no field left counts as nothing.
std::string signed_fields(const std::vector<Field>& fields, const std::vector<std::string>& names, Form form);

/// SHA-256 of a body in canonical form, fed in pieces. `most`: octets that are hashed (l=); nothing: all.
class BodyHash {
public:
    BodyHash(Form form, std::optional<std::uint64_t> most);
    ~BodyHash();
    BodyHash(BodyHash&&) noexcept;
    BodyHash& operator=(BodyHash&&) = delete;
    BodyHash(const BodyHash&) = delete;

    bool is(Form form, std::optional<std::uint64_t> most) const { return form_ == form && most_ == most; }
    void add(std::string_view octets);
    /// Once, at the end: 32 octets.
    const std::string& finish();
    /// Octets of the canonical body, hashed or not.
    std::uint64_t size() const { return size_; }

private:
    struct Digest;
    void take(char c);
    void put(std::string_view octets);
    void put_lines();

    Form form_;
    std::optional<std::uint64_t> most_;
    std::unique_ptr<Digest> digest_;
    std::string waiting_;       ///< canonical, not yet hashed
    std::string result_;
    std::uint64_t lines_ = 0;   ///< line ends that are hashed once something follows
    std::uint64_t size_ = 0;
    bool space_ = false;        ///< relaxed: white space that is hashed once something follows in this line
    bool return_ = false;       ///< a CR whose LF has not come
    bool anything_ = false;
};

/// All the hashes that the signatures of one message need, each form once.
class BodyHashes {
public:
    /// Before the first octet of the body; later it gives what was asked for then. Nothing: it was not asked for.
    void want(Form form, std::optional<std::uint64_t> most);
    BodyHash* find(Form form, std::optional<std::uint64_t> most);
    void add(std::string_view octets);
    bool empty() const { return hashes_.empty(); }

private:
    std::vector<BodyHash> hashes_;
};

std::string sha256(std::string_view octets);

} // namespace hameau::mailauth
