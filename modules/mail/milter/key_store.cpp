// Keys change and go (key_ages.hpp). Before a key goes, its successor's record was seen: no step leaves a domain without a key that signs.
#include <algorithm>
#include <cerrno>
#include <ctime>
#include <filesystem>
#include <sys/stat.h>

#include "daemon/base/io.hpp"
#include "modules/mail/auth/dns.hpp"
#include "modules/mail/auth/tags.hpp"
#include "modules/mail/milter/signing_keys.hpp"

namespace hameau::milter {

namespace fs = std::filesystem;

namespace {

/// When the file was written; 0: it is not there. Errors: io.
Result<long> written_at(const std::string& path) {
    struct stat facts {};
    if (::stat(path.c_str(), &facts) == 0) {
        return static_cast<long>(facts.st_mtime);
    }
    return errno == ENOENT ? Result<long>(0) : Result<long>(fail_errno(path));
}

/// The day in the name "hYYYYMMDD"; 0: there is none. A backup that does not keep the times of files keeps the names.
long day_of(const std::string& selector) {
    const auto number = selector.size() == 9 && selector.front() == 'h' ? mailauth::read_number(std::string_view(selector).substr(1)) : std::nullopt;
    if (!number) {
        return 0;
    }
    std::tm day{};
    day.tm_year = static_cast<int>(*number / 10000) - 1900;
    day.tm_mon = static_cast<int>(*number / 100 % 100) - 1;
    day.tm_mday = static_cast<int>(*number % 100);
    return static_cast<long>(::timegm(&day));  // h20261131, the second key of a day, is 1 December
}

Status remove_file(const std::string& path) {
    std::error_code failed;
    fs::remove(path, failed);
    return failed ? Status(fail(ErrorKind::io, path + ": " + failed.message())) : Status{};
}

} // namespace

Result<KeyAge> StoredKeys::age_of(const std::string& domain, const std::string& selector) const {
    const std::string path = key_folder(domain) + "/" + selector;
    const auto made = written_at(path + ".pem");
    const auto seen = written_at(path + ".seen");
    if (!made || !seen) {
        return fail(made ? seen.error() : made.error());
    }
    const long day = day_of(selector);
    return KeyAge{day > 0 ? std::min(*made, day) : *made, *seen};
}

/// The record first: nobody is told any more to keep what is about to be useless. The mark of the key after its file: a kill in between
/// leaves a mark without a key, which nothing reads.
Status StoredKeys::drop(const std::string& domain, const std::string& selector) {
    auto keys = read(domain);
    if (!keys) {
        return fail(keys.error());
    }
    std::erase_if(*keys, [&selector](const DomainKey& key) { return key.selector == selector; });
    if (keys->empty()) {
        return fail(ErrorKind::io, "the newer key cannot be read");
    }
    auto done = write_records(domain, *keys);
    for (const char* end : {".pem", ".seen"}) {
        done = done ? remove_file(key_folder(domain) + "/" + selector + end) : done;
    }
    read_.erase(domain);
    return done;
}

/// A power cut between the newest key and its record: the records are older than the key.
Status StoredKeys::mend_records(const std::string& domain, const std::string& newest) const {
    std::error_code failed;
    const auto key = fs::last_write_time(key_folder(domain) + "/" + newest + ".pem", failed);
    const auto records = failed ? key : fs::last_write_time(record_file(domain), failed);
    if (!failed && records >= key) {
        return {};
    }
    const auto keys = read(domain);
    if (!keys) {
        return fail(keys.error());
    }
    if (keys->empty()) {
        return {};
    }
    auto written = write_records(domain, *keys);
    if (written) {
        // Equal records are not written again, and stay older than the key, as a restore may have left them: once is enough.
        fs::last_write_time(record_file(domain), std::max(key, fs::file_time_type::clock::now()), failed);
    }
    return written;
}

Result<KeyTurn> StoredKeys::tend(const std::string& domain, const std::string& selector, long now) {
    if (!mailauth::is_plain_domain(domain)) {
        return KeyTurn::none;
    }
    // Looks at files and reads no key: all domains have their turn in one go, while mail waits.
    const auto names = selectors(domain);
    if (!names || names->empty()) {
        return names ? Result<KeyTurn>(KeyTurn::none) : Result<KeyTurn>(fail(names.error()));  // ensure() makes the first one
    }
    std::vector<KeyAge> ages;
    for (const std::string& name : *names) {
        const auto age = age_of(domain, name);
        if (!age) {
            return fail(age.error());
        }
        ages.push_back(*age);
    }
    if (auto mended = mend_records(domain, names->front()); !mended) {
        return fail(mended.error());
    }
    const KeyTurn turn = turn_of(ages, now);
    if (turn == KeyTurn::make_next) {
        const auto made = make(domain, selector);
        return made ? Result<KeyTurn>(turn) : Result<KeyTurn>(fail(made.error()));
    }
    if (turn == KeyTurn::drop_older) {
        const auto dropped = drop(domain, names->back());
        return dropped ? Result<KeyTurn>(turn) : Result<KeyTurn>(fail(dropped.error()));
    }
    return turn;
}

Result<std::vector<std::string>> StoredKeys::forget_others(const std::vector<std::string>& ours, long now) {
    std::vector<std::string> gone;
    std::error_code failed;
    fs::directory_iterator entry(folder_ + "/keys", failed);
    for (; !failed && entry != fs::directory_iterator(); entry.increment(failed)) {
        if (std::error_code other; !entry->is_directory(other)) {
            continue;
        }
        const std::string domain = entry->path().filename().string();
        const std::string mark = key_folder(domain) + "/left";
        const auto left = written_at(mark);
        if (!left) {
            return fail(left.error());
        }
        Status done;
        if (std::binary_search(ours.begin(), ours.end(), domain)) {
            done = *left == 0 ? Status{} : remove_file(mark);
        } else if (*left == 0) {
            done = write_file_atomically(mark, "", 0600);
        } else if (is_over(*left, now)) {
            gone.push_back(domain);
        }
        if (!done) {
            return fail(done.error());
        }
    }
    if (failed && failed != std::errc::no_such_file_or_directory) {
        return fail(ErrorKind::io, "the folder of the keys cannot be read: " + failed.message());
    }
    for (const std::string& domain : gone) {
        read_.erase(domain);
        whole_.erase(domain);
        if (auto removed = remove_file(record_file(domain)); !removed) {
            return fail(removed.error());
        }
        fs::remove_all(key_folder(domain), failed);
        if (failed) {
            return fail(ErrorKind::io, key_folder(domain) + ": " + failed.message());
        }
    }
    return gone;
}

} // namespace hameau::milter
