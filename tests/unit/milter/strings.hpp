// What a milter message carries, for the tests that speak as Postfix does.
#pragma once

#include <initializer_list>
#include <string>

namespace hameau::milter {

/// Each with its zero.
inline std::string texts(std::initializer_list<std::string> parts) {
    std::string out;
    for (const std::string& part : parts) {
        out += part + '\0';
    }
    return out;
}

} // namespace hameau::milter
