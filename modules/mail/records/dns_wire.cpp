// The cursor over an answer: whatever lies outside of it ends the reading.
#include "modules/mail/records/dns_wire.hpp"

#include <span>

#include "daemon/base/io.hpp"
#include "daemon/base/text.hpp"
#include "modules/mail/auth/address_octets.hpp"
#include "modules/mail/auth/dns.hpp"
#include "modules/mail/records/limits.hpp"

namespace hameau::mailrecords {

namespace {

constexpr std::uint16_t type_cname = 5;
constexpr std::uint16_t type_opt = 41;
constexpr std::uint16_t class_in = 1;

void put_16(std::string& out, unsigned number) {
    out += static_cast<char>((number >> 8U) & 0xffU);
    out += static_cast<char>(number & 0xffU);
}

class Cursor {
public:
    explicit Cursor(std::string_view all, std::size_t at = 0) : all_(all), at_(at) {}
    bool good() const { return good_; }
    std::size_t at() const { return at_; }
    unsigned octet() {
        if (at_ >= all_.size()) {
            good_ = false;
            return 0;
        }
        return static_cast<unsigned char>(all_[at_++]);
    }
    unsigned number_16() {
        const unsigned high = octet();
        return high << 8U | octet();
    }
    std::string_view octets(std::size_t count) {
        if (!good_ || all_.size() - at_ < count) {
            good_ = false;
            return {};
        }
        const std::string_view out = all_.substr(at_, count);
        at_ += count;
        return out;
    }
    /// Lower case; octets that no name of ours has become "?".
    std::string name() {
        std::string out;
        std::size_t back = 0;
        for (int jumps = 0; good_;) {
            const unsigned length = octet();
            if (length == 0) {
                break;
            }
            if (length >= 0xc0U) {
                const std::size_t target = (length & 0x3fU) << 8U | octet();
                back = back == 0 ? at_ : back;
                good_ = good_ && ++jumps <= name_jumps_max && target < all_.size();
                at_ = target;
            } else if (length > 63) {
                good_ = false;
            } else {
                out += out.empty() ? "" : ".";
                for (const char c : octets(length)) {
                    out += c > ' ' && c < 0x7f && c != '.' ? c : '?';
                }
                good_ = good_ && out.size() <= 255;
            }
        }
        at_ = back == 0 ? at_ : back;
        return good_ ? ascii_lower(out) : std::string();
    }

private:
    std::string_view all_;
    std::size_t at_;
    bool good_ = true;
};

std::string joined_strings(std::string_view data) {
    std::string text;  // strings of at most 255 octets, one after the other (RFC 7208 §3.3)
    Cursor cursor(data);
    while (cursor.good() && cursor.at() < data.size()) {
        text += cursor.octets(cursor.octet());
    }
    return text;
}

std::string numbers_of(Cursor& cursor, int count) {
    std::string out;
    for (int i = 0; i < count; ++i) {
        out += std::to_string(cursor.number_16()) + " ";
    }
    return out;
}

std::string caa_text(std::string_view data) {
    Cursor cursor(data);
    const unsigned flags = cursor.octet();
    const std::string tag = ascii_lower(cursor.octets(cursor.octet()));
    return cursor.good() ? std::to_string(flags) + " " + tag + " " + std::string(data.substr(cursor.at())) : std::string();
}

std::string tlsa_text(std::string_view data) {
    Cursor cursor(data);
    const unsigned usage = cursor.octet();
    const unsigned selector = cursor.octet();
    const unsigned matching = cursor.octet();
    const std::string_view rest = cursor.good() ? data.substr(cursor.at()) : std::string_view();
    const std::span<const unsigned char> bytes(reinterpret_cast<const unsigned char*>(rest.data()), rest.size());
    return std::to_string(usage) + " " + std::to_string(selector) + " " + std::to_string(matching) + " " + to_hex(bytes);
}

/// `at` and `size`: where its data lies within the answer, since names in it point outside of it. Empty: it cannot be read.
std::string record_text(std::string_view all, Type type, std::size_t at, std::size_t size) {
    const std::string_view data = all.substr(at, size);
    Cursor cursor(all, at);
    std::string out;
    switch (type) {
    case Type::a:
    case Type::aaaa:
        return size == (type == Type::a ? 4U : 16U) ? mailauth::write_address(data) : std::string();
    case Type::txt:
        return joined_strings(data);
    case Type::caa:
        return caa_text(data);
    case Type::tlsa:
        return tlsa_text(data);
    case Type::mx:
        out = numbers_of(cursor, 1);
        break;
    case Type::srv:
        out = numbers_of(cursor, 3);
        break;
    case Type::ns:
    case Type::ptr:
    case Type::soa:
        break;
    }
    out += cursor.name();
    return cursor.good() ? out : std::string();
}

struct Section {
    std::vector<std::string> records;
    std::string zone;
    std::string alias;
};

/// False: it cannot be read to its end.
bool read_section(std::string_view all, Cursor& cursor, unsigned count, Type wanted, Section& section) {
    for (unsigned i = 0; i < count; ++i) {
        const std::string owner = cursor.name();
        const unsigned type = cursor.number_16();
        cursor.octets(6);  // class and TTL
        const std::size_t size = cursor.number_16();
        const std::size_t at = cursor.at();
        cursor.octets(size);
        if (!cursor.good()) {
            return false;
        }
        if (type == type_cname) {
            section.alias = Cursor(all, at).name();
        } else if (type == static_cast<unsigned>(wanted) && section.records.size() < records_max) {
            // It is shown, kept and compared in this form: what steers a terminal or is no UTF-8 becomes a space.
            std::string text = one_plain_line(record_text(all, wanted, at, size), record_octets_max);
            if (!text.empty()) {
                section.records.push_back(std::move(text));
                section.zone = owner;
            }
        }
    }
    return true;
}

} // namespace

const char* word_of(Type type) {
    switch (type) {
    case Type::a: return "A";
    case Type::ns: return "NS";
    case Type::soa: return "SOA";
    case Type::ptr: return "PTR";
    case Type::mx: return "MX";
    case Type::txt: return "TXT";
    case Type::aaaa: return "AAAA";
    case Type::srv: return "SRV";
    case Type::tlsa: return "TLSA";
    case Type::caa: return "CAA";
    }
    return "";
}

std::optional<std::string> write_question(const Question& question, std::uint16_t id, Asking asking) {
    if (!mailauth::is_domain(question.name)) {
        return std::nullopt;
    }
    std::string out;
    put_16(out, id);
    put_16(out, asking == Asking::authority ? 0 : asking == Asking::unchecked ? 0x0110U : 0x0100U);
    for (const unsigned count : {1U, 0U, 0U, 1U}) {
        put_16(out, count);
    }
    for (const std::string_view label : split(question.name, '.')) {
        out += static_cast<char>(label.size());
        out += label;
    }
    out += '\0';
    put_16(out, static_cast<unsigned>(question.type));
    put_16(out, class_in);
    out += '\0';  // RFC 6891 §6.1.2: OPT, with the octets that we take
    put_16(out, type_opt);
    put_16(out, udp_octets);
    out.append(6, '\0');
    return out;
}

std::optional<std::uint16_t> id_of(std::string_view octets) {
    Cursor cursor(octets);
    const unsigned id = cursor.number_16();
    return cursor.good() ? std::optional(static_cast<std::uint16_t>(id)) : std::nullopt;
}

std::optional<Reply> read_reply(std::string_view octets, const Question& question) {
    Cursor cursor(octets);
    cursor.number_16();
    const unsigned flags = cursor.number_16();
    const unsigned questions = cursor.number_16();
    const unsigned answers = cursor.number_16();
    const unsigned authorities = cursor.number_16();
    cursor.number_16();
    const bool is_answer = (flags & 0x8000U) != 0 && questions == 1;
    if (!cursor.good() || !is_answer || cursor.name() != question.name || cursor.number_16() != static_cast<unsigned>(question.type) ||
        cursor.number_16() != class_in) {
        return std::nullopt;
    }
    Reply reply;
    const unsigned code = flags & 0x000fU;
    reply.truncated = (flags & 0x0200U) != 0;
    if (reply.truncated || (code != 0 && code != 3)) {
        reply.outcome = Outcome::failed;
        return reply;
    }
    Section found;
    Section above;
    if (!read_section(octets, cursor, answers, question.type, found) || !read_section(octets, cursor, authorities, Type::soa, above)) {
        return std::nullopt;
    }
    reply.zone = question.type != Type::soa ? std::string() : found.records.empty() ? above.zone : found.zone;
    reply.alias = std::move(found.alias);
    reply.records = std::move(found.records);
    reply.outcome = !reply.records.empty() ? Outcome::found : code == 3 ? Outcome::no_name : Outcome::none;
    return reply;
}

} // namespace hameau::mailrecords
