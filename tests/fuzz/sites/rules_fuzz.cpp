// _redirects and _headers of any content: what is taken is writable, readable, and never leads to another host by a
// visitor's choice.
#include <cstdint>
#include <string>

#include "daemon/contract/deploy_format.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace hameau::sites;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    DeployWriter writer;
    const auto redirects = parse_redirects(text);
    for (const RedirectRule& rule : redirects.rules) {
        writer.add(rule);
        const Captures captures = {{"splat", "//evil.example/\r\n"}, {"a", text.substr(0, 20)}};
        const std::string target = expand_target(rule.target, captures);
        if (target.starts_with("//") || target.find('\r') != std::string::npos || target.find('\n') != std::string::npos) {
            __builtin_trap();
        }
        Captures found;
        (void)rule_matches(rule.pattern, text.substr(0, 200), &found);
    }
    for (const HeaderRule& rule : parse_headers(text).rules) {
        writer.add(rule);
    }
    const auto bytes = writer.finish();
    if (!bytes || !DeployReader::over(*bytes)) {
        __builtin_trap();
    }
    return 0;
}
