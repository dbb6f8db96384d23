// A message as text for tests: fields, and the body with CRLF.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "modules/mail/auth/canonical.hpp"

namespace hameau::mailauth {

struct Message {
    std::vector<Field> fields;
    std::string body;
};

/// Lines may end in LF or CRLF.
inline Message read_message(std::string_view text) {
    Message message;
    std::string crlf;
    for (std::size_t i = 0; i < text.size(); ++i) {
        crlf += text[i] == '\n' && (i == 0 || text[i - 1] != '\r') ? "\r\n" : std::string(1, text[i]);
    }
    std::string name;
    std::string value;
    std::size_t at = 0;
    while (at < crlf.size()) {
        const std::size_t end = std::min(crlf.find("\r\n", at), crlf.size());
        const std::string line = crlf.substr(at, end - at);
        at = std::min(end + 2, crlf.size());
        if (line.empty()) {
            break;
        }
        if (line[0] == ' ' || line[0] == '\t') {
            value += "\r\n" + line;
            continue;
        }
        if (!name.empty()) {
            message.fields.push_back(make_field(name, value));
        }
        const std::size_t colon = std::min(line.find(':'), line.size());
        name = line.substr(0, colon);
        value = line.substr(std::min(colon + 1, line.size()));
    }
    if (!name.empty()) {
        message.fields.push_back(make_field(name, value));
    }
    message.body = crlf.substr(at);
    return message;
}

} // namespace hameau::mailauth
