// Journal lines: "<6>gate module.ready name=value".
#include "daemon/base/journal.hpp"

#include <unistd.h>

#include "daemon/base/io.hpp"
#include "daemon/base/limits.hpp"

namespace hameau {

namespace {

std::string quote(std::string_view value) {
    value = value.substr(0, journal_value_bytes_max);
    if (!value.empty() && value.find_first_of(" \"\\\n\r\t=") == std::string_view::npos) {
        return std::string(value);
    }
    std::string out = "\"";
    for (const char c : value) {
        if (c == '"' || c == '\\') {
            out += '\\';
        }
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    return out + '"';
}
} // namespace

void Journal::write(const Event& event, Fields fields) const {
    if (event.level > least_) {
        return;
    }
    std::string line = "<" + std::to_string(static_cast<int>(event.level)) + ">" + name_ + " " + std::string(event.id);
    for (const auto& [name, value] : fields) {
        line.append(" ").append(name).append("=").append(quote(value));
    }
    if (!event.advice.empty()) {
        line.append(" advice=").append(quote(event.advice));
    }
    line += '\n';
    // One write, so that lines of several processes do not mix; a full pipe must not stop the service.
    [[maybe_unused]] const ssize_t n = ::write(STDERR_FILENO, line.data(), line.size());
}

std::string Journal::write_reference(const Event& event, Fields fields) const {
    std::string reference = "H-" + random_base32(3).substr(0, 4);
    for (char& c : reference) {
        c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    Event with_reference = event;
    Journal(name_ + " " + reference).write(with_reference, fields);
    return reference;
}

} // namespace hameau
