// The keys with which this house signs what leaves (DKIM): made here, kept in STATE/milter/keys, readable by hameau-milter alone.
// Only the records for DNS leave the process: STATE/milter/records/DOMAIN has one line for each record that is to be in DNS now, the
// newest key's first: "NAME TXT v=DKIM1; k=rsa; p=...". During a change of keys there are two, and both are needed.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/result.hpp"
#include "modules/mail/auth/keys.hpp"
#include "modules/mail/milter/key_ages.hpp"

namespace hameau::milter {

struct DomainKey {
    std::string selector;
    mailauth::SigningKey key;
    std::string public_text;  ///< p= of its record
    bool seen = false;        ///< its record was in DNS when it was last asked for with an answer
};

/// Asked by a session; in tests a table.
class SigningKeys {
public:
    virtual ~SigningKeys() = default;
    /// The newest first, at most signing_keys_max. A newer key is used once its record is seen; until then the older one is.
    virtual std::vector<DomainKey>& of(const std::string& domain) = 0;
    virtual void note_seen(const std::string& domain, DomainKey& key, bool seen) = 0;
};

class StoredKeys final : public SigningKeys {
public:
    /// `folder`: STATE/milter.
    explicit StoredKeys(std::string folder) : folder_(std::move(folder)) {}
    std::vector<DomainKey>& of(const std::string& domain) override;
    void note_seen(const std::string& domain, DomainKey& key, bool seen) override;
    /// Makes the key of a domain that has none, and its record. `selector`: for a new key. Takes a second on a small computer.
    /// True: one was made. Errors: invalid for a name that is none, io.
    Result<bool> ensure(const std::string& domain, const std::string& selector);
    /// Makes the next key of this domain, or throws the older one away, when it is time (key_ages.hpp); mends the file of records.
    /// `now`: seconds since 1970. Errors: io.
    Result<KeyTurn> tend(const std::string& domain, const std::string& selector, long now);
    /// Throws away what belongs to domains that are not in `ours` for long enough. The names of those that went now. Errors: io.
    Result<std::vector<std::string>> forget_others(const std::vector<std::string>& ours, long now);

private:
    std::string key_folder(const std::string& domain) const { return folder_ + "/keys/" + domain; }
    Result<bool> make(const std::string& domain, const std::string& selector);
    Result<std::vector<std::string>> selectors(const std::string& domain) const;
    Result<std::vector<DomainKey>> read(const std::string& domain) const;
    Result<KeyAge> age_of(const std::string& domain, const std::string& selector) const;
    Status mend_records(const std::string& domain, const std::string& newest) const;
    Status drop(const std::string& domain, const std::string& selector);
    std::string record_file(const std::string& domain) const { return folder_ + "/records/" + domain; }
    Status write_records(const std::string& domain, const std::vector<DomainKey>& keys) const;

    std::string folder_;
    std::map<std::string, std::vector<DomainKey>> read_;
    std::set<std::string> whole_;  ///< have a key and a record; asked at each round, so not from the disk
};

/// `wanted` (h and a day), or a name above all that are taken: the newest key is the one with the highest name.
std::string free_selector(const std::string& wanted, const std::vector<std::string>& taken);
/// The name and text of the TXT record, as a zone file writes it on one line without quotes: "NAME TXT v=DKIM1; k=rsa; p=...".
std::string dkim_record(const std::string& domain, const DomainKey& key);

} // namespace hameau::milter
