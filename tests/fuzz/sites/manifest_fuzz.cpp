// The manifest reader on any bytes: opening and every look-up must stay inside. The check sum is mended first, so that
// the fuzzer gets behind it.
#include <cstdint>
#include <cstring>
#include <string>

#include "daemon/contract/deploy_format.hpp"
#include "daemon/contract/hosts_map.hpp"

namespace {
constexpr std::size_t head_size = 56;
constexpr std::size_t sum_at = 24;

void mend(std::string& bytes) {
    if (bytes.size() < head_size) {
        return;
    }
    std::uint64_t sum = 0xcbf29ce484222325u;
    for (std::size_t i = head_size; i < bytes.size(); ++i) {
        sum = (sum ^ static_cast<unsigned char>(bytes[i])) * 0x100000001b3u;
    }
    const std::uint64_t size = bytes.size();
    std::memcpy(bytes.data(), "HAMEAUDM\1\0\0\0\x38\0\0\0", 16);
    std::memcpy(bytes.data() + 16, &size, 8);
    std::memcpy(bytes.data() + sum_at, &sum, 8);
}
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace hameau::sites;
    std::string bytes(reinterpret_cast<const char*>(data), size);
    (void)HostsMap::parse(bytes);
    (void)DeployReader::over(bytes);
    mend(bytes);
    const auto reader = DeployReader::over(bytes);
    if (!reader) {
        return 0;
    }
    std::size_t seen = 0;
    for (std::size_t i = 0; i < reader->entries_count(); ++i) {
        const EntryView view = reader->entry(i);
        const auto found = reader->find(view.path);
        if (!found || found->path != view.path) {
            __builtin_trap();
        }
        seen += view.type.size() + etag_of(view.identity().hash).size();
        seen += reader->headers_for(view.path).size();
        if (const auto match = reader->redirect(view.path); match && match->target.starts_with("//")) {
            __builtin_trap();
        }
        (void)reader->not_found_page(view.path);
    }
    return seen == 1 ? 1 : 0;
}
