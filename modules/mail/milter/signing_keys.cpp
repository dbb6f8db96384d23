// keys/DOMAIN/SELECTOR.pem (0600), SELECTOR.seen since its record is in DNS, and "left" since the domain is not ours.
#include "modules/mail/milter/signing_keys.hpp"

#include <algorithm>
#include <filesystem>

#include "daemon/base/io.hpp"
#include "daemon/base/secret.hpp"
#include "modules/mail/auth/dns.hpp"
#include "modules/mail/auth/tags.hpp"
#include "modules/mail/milter/limits.hpp"

namespace hameau::milter {

namespace fs = std::filesystem;

std::string dkim_record(const std::string& domain, const DomainKey& key) {
    return key.selector + "._domainkey." + domain + " TXT v=DKIM1; k=rsa; p=" + key.public_text;
}

namespace {

/// h20261201 is newer than h20261130; a longer name is newer than a shorter one.
bool is_newer(const std::string& one, const std::string& other) { return one.size() != other.size() ? one.size() > other.size() : one > other; }

} // namespace

std::string free_selector(const std::string& wanted, const std::vector<std::string>& taken) {
    std::string selector = wanted;
    for (const std::string& name : taken) {
        if (is_newer(selector, name)) {
            continue;
        }
        const auto number = mailauth::read_number(std::string_view(name).substr(std::min<std::size_t>(1, name.size())));
        selector = number ? "h" + std::to_string(*number + 1) : name + "a";
    }
    return selector;
}

/// Of all keys in the folder, the newest first. Errors: io, when the folder cannot be read; one that is not there is empty.
Result<std::vector<std::string>> StoredKeys::selectors(const std::string& domain) const {
    std::vector<std::string> found;
    std::error_code failed;
    fs::directory_iterator entry(key_folder(domain), failed);
    for (; !failed && entry != fs::directory_iterator(); entry.increment(failed)) {
        if (entry->path().extension() == ".pem") {
            found.push_back(entry->path().stem().string());
        }
    }
    if (failed && failed != std::errc::no_such_file_or_directory) {
        return fail(ErrorKind::io, "the folder of the keys cannot be read: " + failed.message());
    }
    std::sort(found.begin(), found.end(), is_newer);
    return found;
}

Result<std::vector<DomainKey>> StoredKeys::read(const std::string& domain) const {
    const auto names = selectors(domain);
    if (!names) {
        return fail(names.error());
    }
    std::vector<DomainKey> keys;
    for (const std::string& selector : *names) {
        const std::string path = key_folder(domain) + "/" + selector;
        auto text = read_file(path + ".pem", signing_key_bytes_max);
        if (!text) {
            return fail(text.error());  // no descriptor left, a bad disk: not the same as "there is no key"
        }
        const Secret pem(std::move(*text));
        auto key = mailauth::parse_private_key(pem.reveal());
        if (key && keys.size() < signing_keys_max) {
            std::error_code failed;
            std::string shown = mailauth::public_text(*key);
            keys.push_back({selector, std::move(*key), std::move(shown), fs::exists(path + ".seen", failed)});
        }
    }
    return keys;
}

std::vector<DomainKey>& StoredKeys::of(const std::string& domain) {
    const auto found = read_.find(domain);
    if (found != read_.end() && !found->second.empty()) {
        return found->second;
    }
    if (read_.size() >= signing_domains_max) {
        read_.erase(read_.begin());
    }
    std::vector<DomainKey>& keys = read_[domain];
    auto stored = mailauth::is_plain_domain(domain) ? read(domain) : Result<std::vector<DomainKey>>();
    if (stored) {
        keys = std::move(*stored);
    }
    return keys;
}

void StoredKeys::note_seen(const std::string& domain, DomainKey& key, bool seen) {
    if (key.seen == seen) {
        return;
    }
    key.seen = seen;
    // What the disk does not keep is asked again after a restart.
    const std::string path = key_folder(domain) + "/" + key.selector + ".seen";
    if (seen) {
        (void)write_file_atomically(path, "", 0600);
    } else {
        std::error_code failed;
        fs::remove(path, failed);
    }
}

Result<bool> StoredKeys::ensure(const std::string& domain, const std::string& selector) {
    if (!mailauth::is_plain_domain(domain)) {
        return fail(ErrorKind::invalid, "not the name of a domain");
    }
    std::error_code failed;
    const bool has_record = fs::exists(record_file(domain), failed);
    if (has_record && whole_.contains(domain)) {
        return false;
    }
    const auto keys = read(domain);
    if (!keys) {
        return fail(keys.error());
    }
    if (keys->empty()) {
        return make(domain, selector);
    }
    // A power cut between the key and its record: the record is made from the key.
    if (!has_record) {
        if (auto written = write_records(domain, *keys); !written) {
            return fail(written.error());
        }
    }
    whole_.insert(domain);
    return false;
}

Result<bool> StoredKeys::make(const std::string& domain, const std::string& selector) {
    for (const auto& [path, mode] : {std::pair(folder_ + "/keys", mode_t{0700}), std::pair(key_folder(domain), mode_t{0700})}) {
        if (auto made = make_folder(path, mode); !made) {
            return fail(made.error());
        }
    }
    // Also above those that cannot be used: no file is written over, and the new key is the newest although our clock was wrong once.
    const auto taken = selectors(domain);
    if (!taken) {
        return fail(taken.error());
    }
    const std::string path = key_folder(domain) + "/" + free_selector(selector, *taken) + ".pem";
    auto text = mailauth::make_rsa_key(signing_key_bits);
    if (!text) {
        return fail(text.error());
    }
    const Secret pem(std::move(*text));
    if (auto written = write_file_atomically(path, pem.reveal(), 0600); !written) {
        return fail(written.error());
    }
    read_.erase(domain);
    const std::vector<DomainKey>& keys = of(domain);
    if (keys.empty()) {
        return fail(ErrorKind::io, "the new key cannot be read");
    }
    auto written = write_records(domain, keys);
    return written ? Result<bool>(true) : Result<bool>(fail(written.error()));
}

Status StoredKeys::write_records(const std::string& domain, const std::vector<DomainKey>& keys) const {
    if (auto made = make_folder(folder_ + "/records", 0755); !made) {
        return made;
    }
    std::string lines;
    for (const DomainKey& key : keys) {
        lines += dkim_record(domain, key) + "\n";
    }
    const auto before = read_file(record_file(domain), signing_records_bytes_max);
    return before && *before == lines ? Status{} : write_file_atomically(record_file(domain), lines, 0644);
}

} // namespace hameau::milter
