// hameau-password AUTH_DB QUERY_FILE REPLY...: one sign-in of a mail program whose password did not match as it was typed.
// Dovecot's auth process runs it (passdb checkpassword) after its own look-up failed, for IMAP, submission and ManageSieve.
// It brings the password into the normal form (RFC 8265) and compares once more; REPLY tells Dovecot the account.
// It never writes, and never looks at a password that is in the normal form already: that one was compared.
// Exit codes are checkpassword's: 1 wrong, 111 try again later.
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <memory>
#include <optional>
#include <sodium.h>
#include <sqlite3.h>
#include <string>
#include <string_view>
#include <sys/file.h>
#include <unistd.h>
#include <vector>

#include "daemon/base/io.hpp"
#include "daemon/base/secret.hpp"
#include "modules/mail/password/limits.hpp"
#include "modules/support/opaque_password.hpp"

namespace {

using namespace hameau;

constexpr int exit_wrong = 1;
constexpr int exit_later = 111;
constexpr int request_fd = 3;
/// Exactly the house's parameters: a stored hash must not choose how much memory its verification takes.
constexpr std::string_view own_hash = "{ARGON2ID}$argon2id$v=19$m=19456,t=2,p=1$";
constexpr std::string_view scheme = "{ARGON2ID}";

struct Asked {
    std::string user;
    Secret password;
};

/// "USER NUL PASSWORD NUL" and, from some callers, more.
std::optional<Asked> read_request() {
    std::string text(password::request_bytes_max, '\0');
    std::size_t size = 0;
    for (;;) {
        const ssize_t got = ::read(request_fd, text.data() + size, text.size() - size);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0 || size + static_cast<std::size_t>(got) == text.size()) {
            break;
        }
        size += static_cast<std::size_t>(got);
    }
    const std::size_t first = text.find('\0');
    const std::size_t second = first == std::string::npos ? first : text.find('\0', first + 1);
    std::optional<Asked> asked;
    if (second != std::string::npos && second < size) {
        asked.emplace();
        asked->user = text.substr(0, first);
        asked->password = Secret(text.substr(first + 1, second - first - 1));
    }
    wipe(text.data(), text.size());
    return asked;
}

/// As the SQL of the first look-up: encrypted, or from Postfix, which asked for TLS itself.
bool is_secured() {
    const char* const service = std::getenv("SERVICE");
    const char* const secured = std::getenv("AUTH_SECURED");
    return (service != nullptr && std::string_view(service) == "smtp") || (secured != nullptr && std::string_view(secured) == "TLS");
}

using Fields = std::vector<std::pair<std::string, std::string>>;

/// The columns of the account by their names; empty when there is none. Nothing when the file cannot be read.
std::optional<Fields> account(const char* path, const std::string& sql, const std::string& user) {
    sqlite3* raw = nullptr;
    // Without the right to write: this must never take the database's WAL away.
    const int code = sqlite3_open_v2(path, &raw, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nullptr);
    const std::unique_ptr<sqlite3, int (*)(sqlite3*)> handle(raw, sqlite3_close_v2);
    sqlite3_stmt* prepared = nullptr;
    if (code != SQLITE_OK || sqlite3_busy_timeout(raw, password::busy_ms) != SQLITE_OK ||
        sqlite3_prepare_v2(raw, sql.c_str(), -1, &prepared, nullptr) != SQLITE_OK) {
        return std::nullopt;
    }
    const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement(prepared, sqlite3_finalize);
    sqlite3_bind_text64(prepared, 1, user.data(), user.size(), SQLITE_STATIC, SQLITE_UTF8);
    const int step = sqlite3_step(prepared);
    if (step != SQLITE_ROW) {
        return step == SQLITE_DONE ? std::optional<Fields>(Fields()) : std::nullopt;
    }
    Fields fields;
    for (int i = 0; i < sqlite3_column_count(prepared); ++i) {
        const auto* const value = reinterpret_cast<const char*>(sqlite3_column_text(prepared, i));
        fields.emplace_back(sqlite3_column_name(prepared, i), value == nullptr ? "" : value);
    }
    return fields;
}

/// One at a time over all sign-ins: each verification takes 19 MiB, and strangers can ask for many at once.
bool matches(const char* database, std::string_view stored, const Secret& password, bool& later) {
    if (!stored.starts_with(own_hash)) {
        return false;
    }
    const Fd turn(::open(database, O_RDONLY | O_CLOEXEC));
    if (!turn || ::flock(turn.get(), LOCK_EX) != 0) {
        later = true;
        return false;
    }
    const std::string hash(stored.substr(scheme.size()));
    return crypto_pwhash_str_verify(hash.c_str(), password.reveal().data(), password.reveal().size()) == 0;
}

/// Tells Dovecot the account by the environment of REPLY (USER, and the fields that EXTRA names).
int reply(const Fields& fields, char** command) {
    std::string names;
    for (const auto& [name, value] : fields) {
        if (name == "user") {
            ::setenv("USER", value.c_str(), 1);
        } else if (name == "userdb_home") {
            ::setenv("HOME", value.c_str(), 1);
        } else if (name != "password") {
            ::setenv(name.c_str(), value.c_str(), 1);
            names += (names.empty() ? "" : " ") + name;
        }
    }
    ::setenv("EXTRA", names.c_str(), 1);
    ::execv(command[0], command);
    return exit_later;
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 4 || sodium_init() < 0) {
        std::fputs("hameau-password: Dovecot runs this (checkpassword)\n", stderr);
        return exit_later;
    }
    std::signal(SIGALRM, [](int) { ::_exit(exit_later); });
    ::alarm(password::turn_seconds_max);
    const auto asked = read_request();
    auto normal = asked ? opaque_password(asked->password.reveal()) : std::nullopt;
    if (!normal || *normal == asked->password.reveal() || !is_secured()) {
        return exit_wrong;
    }
    const Secret password(std::move(*normal));
    const auto sql = read_file(argv[2], password::query_bytes_max);
    const auto fields = sql ? account(argv[1], *sql, asked->user) : std::nullopt;
    if (!fields) {
        return exit_later;
    }
    for (const auto& [name, value] : *fields) {
        if (name == "password") {
            bool later = false;
            const bool right = matches(argv[1], value, password, later);
            return right ? reply(*fields, argv + 3) : later ? exit_later : exit_wrong;
        }
    }
    return exit_wrong;
}
