// hameau-mta-sts FOLDER AUTHORITIES: one connection of Postfix's smtp client, started by Postfix (spawn) as dovenull while mail leaves and ended
// with it. It speaks the socketmap protocol on standard input and output: "mta-sts DOMAIN" in a netstring, "OK VALUE" or "NOTFOUND " back.
// It reads and writes FOLDER alone, and asks DNS and one web server. It never says TEMP: without a policy mail leaves as it always did, and who
// could hide the policy was bound before by the one that is kept.
#include <cstdio>
#include <cstdlib>
#include <csignal>
#include <ctime>
#include <optional>
#include <string>
#include <sys/prctl.h>

#include "daemon/base/text.hpp"
#include "daemon/sandbox/confine_files.hpp"
#include "modules/mail/auth/dns.hpp"
#include "modules/mail/mta_sts/cache.hpp"
#include "modules/mail/mta_sts/fetch.hpp"
#include "modules/mail/mta_sts/limits.hpp"

namespace {

using namespace hameau;
using namespace hameau::mta_sts;

/// The next netstring (socketmap_table(5)); nothing at the end, or for what is none.
std::optional<std::string> read_request() {
    std::size_t size = 0;
    for (int c = std::getchar(); c != ':'; c = std::getchar()) {
        if (c < '0' || c > '9' || (size = size * 10 + static_cast<std::size_t>(c - '0')) > request_bytes_max) {
            return std::nullopt;
        }
    }
    std::string text(size, '\0');
    if (std::fread(text.data(), 1, size, stdin) != size || std::getchar() != ',') {
        return std::nullopt;
    }
    return text;
}

/// RFC 8461 §5.1: the record says whether the kept policy is still the one; without a record, or without DNS, the kept one counts until it ends.
std::optional<Policy> policy_of(const Cache& cache, const std::string& domain, const std::string& authorities) {
    const std::int64_t now = std::time(nullptr);
    Kept kept = cache.read(domain);
    const auto valid = valid_policy(kept, now);
    const auto texts = look_up_texts("_mta-sts." + domain);
    const std::string id = texts ? read_id(*texts) : std::string();
    const bool failed_lately = kept.failed <= now && now - kept.failed < failure_kept;
    if (id.empty() || (valid && id == kept.id) || failed_lately) {
        return valid;
    }
    const auto fetched = fetch_policy(domain, authorities);
    const auto policy = fetched ? read_policy(*fetched) : std::nullopt;
    if (!policy) {
        kept.failed = now;
        cache.write(domain, kept);
        return valid;
    }
    cache.write(domain, Kept{id, now, 0, *fetched});
    return policy;
}

std::string answer_to(const std::string& request, const Cache& cache, const std::string& authorities) {
    const std::size_t space = request.find(' ');
    const std::string domain = space == std::string::npos ? std::string() : ascii_lower(request.substr(space + 1));
    // "[relay]:587", an address, a parent domain that Postfix tries (".example.org"): none is a domain that mail is for.
    const bool asked = mailauth::is_plain_domain(domain) && domain.find('.') != std::string::npos;
    const auto policy = asked ? policy_of(cache, domain, authorities) : std::nullopt;
    const std::string value = policy ? postfix_value(*policy) : std::string();
    return value.empty() ? "NOTFOUND " : "OK " + value;
}

} // namespace

int main(int argc, char** argv) {
    constexpr int exit_usage = 64;
    if (argc != 3) {
        return exit_usage;
    }
    ::signal(SIGPIPE, SIG_IGN);
    // The C library would wait 30 s for three dead name servers; a message waits for this.
    ::setenv("RES_OPTIONS", "timeout:2 attempts:1", 1);
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    confine_files({argv[2], "/usr/lib", "/lib", "/usr/share/zoneinfo"}, {argv[1]}, {"/etc", "/run"});
    const Cache cache(argv[1]);
    while (const auto request = read_request()) {
        const std::string answer = answer_to(*request, cache, argv[2]);
        std::printf("%zu:%s,", answer.size(), answer.c_str());
        if (std::fflush(stdout) != 0) {
            break;
        }
    }
    return 0;
}
