// keys/DOMAIN/SELECTOR.pem (0600), and SELECTOR.seen once its record was in DNS.
#include "modules/mail/milter/signing_keys.hpp"

#include <algorithm>
#include <filesystem>

#include "daemon/base/io.hpp"
#include "daemon/base/secret.hpp"
#include "modules/mail/auth/dns.hpp"
#include "modules/mail/milter/limits.hpp"

namespace hameau::milter {

namespace fs = std::filesystem;

std::string dkim_record(const std::string& domain, const DomainKey& key) {
    return key.selector + "._domainkey." + domain + " TXT v=DKIM1; k=rsa; p=" + key.public_text;
}

std::vector<DomainKey> StoredKeys::read(const std::string& domain) const {
    std::vector<std::string> selectors;
    std::error_code failed;
    for (const auto& entry : fs::directory_iterator(key_folder(domain), failed)) {
        if (entry.path().extension() == ".pem") {
            selectors.push_back(entry.path().stem().string());
        }
    }
    std::sort(selectors.rbegin(), selectors.rend());  // a selector is a date
    std::vector<DomainKey> keys;
    for (const std::string& selector : selectors) {
        const std::string path = key_folder(domain) + "/" + selector;
        auto text = read_file(path + ".pem", signing_key_bytes_max);
        const Secret pem(text ? std::move(*text) : std::string());
        auto key = mailauth::parse_private_key(pem.reveal());
        if (key && keys.size() < signing_keys_max) {
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
        read_.clear();
    }
    std::vector<DomainKey>& keys = read_[domain];
    if (mailauth::is_plain_domain(domain)) {
        keys = read(domain);
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
    const std::vector<DomainKey>& keys = of(domain);
    if (keys.empty()) {
        return make(domain, selector);
    }
    // A power cut between the key and its record: the record is made from the key.
    if (!fs::exists(folder_ + "/records/" + domain, failed)) {
        if (auto written = write_record(domain, keys.front()); !written) {
            return fail(written.error());
        }
    }
    return false;
}

Result<bool> StoredKeys::make(const std::string& domain, const std::string& selector) {
    for (const auto& [path, mode] : {std::pair(folder_ + "/keys", mode_t{0700}), std::pair(key_folder(domain), mode_t{0700})}) {
        if (auto made = make_folder(path, mode); !made) {
            return fail(made.error());
        }
    }
    auto text = mailauth::make_rsa_key(signing_key_bits);
    if (!text) {
        return fail(text.error());
    }
    const Secret pem(std::move(*text));
    if (auto written = write_file_atomically(key_folder(domain) + "/" + selector + ".pem", pem.reveal(), 0600); !written) {
        return fail(written.error());
    }
    read_.erase(domain);
    const std::vector<DomainKey>& keys = of(domain);
    if (keys.empty()) {
        return fail(ErrorKind::io, "the new key cannot be read");
    }
    auto written = write_record(domain, keys.front());
    return written ? Result<bool>(true) : Result<bool>(fail(written.error()));
}

Status StoredKeys::write_record(const std::string& domain, const DomainKey& key) const {
    if (auto made = make_folder(folder_ + "/records", 0755); !made) {
        return made;
    }
    return write_file_atomically(folder_ + "/records/" + domain, dkim_record(domain, key) + "\n", 0644);
}

} // namespace hameau::milter
