// A machine that a test makes up: a healthy house of the internet, until the test changes something.
#pragma once

#include <map>

#include "provisioning/diagnose/machine.hpp"

namespace hameau::diagnose {

class FakeMachine final : public Machine {
public:
    static constexpr std::int64_t now = 1'800'000'000;

    FakeMachine();

    Settings settings_;
    bool root_ = true;
    bool trial_ = false;
    std::int64_t now_ = now;
    std::vector<ServiceFacts> services_ = {{"gate", "ready", 0, 1000}, {"mail", "asleep", 1, 1000}};
    std::vector<std::pair<std::string, std::string>> missing_;
    std::vector<FolderRule> engine_folders_;
    std::map<std::string, std::string> texts_;
    std::map<std::string, std::vector<std::string>> names_;
    std::map<std::string, FileFacts> files_;
    std::optional<DiskFacts> disk_ = DiskFacts{100ULL << 30U, 50ULL << 30U, 1'000'000, 900'000, false, "179:2"};
    std::optional<bool> clock_follows_ = true;
    std::vector<std::string> walls_ = {"seccomp", "landlock"};
    std::vector<std::string> addresses_ = {"203.0.113.5", "2001:db8::5"};
    bool locale_ = true;
    std::map<std::pair<std::string, Record>, DnsAnswer> dns_;
    bool dns_answers_ = true;  ///< that a name is not there
    std::map<unsigned, Greeting> greetings_;
    std::vector<std::string> conversation_ = {"220 x", "250 x", "250 x", "250 x"};
    std::map<unsigned, TlsFacts> tls_;
    int http_ = 308;
    std::map<std::string, ProgramFacts> programs_;  ///< by path, then by path and last argument
    std::map<std::string, std::vector<Row>> rows_;  ///< by what stands in the question
    std::optional<PemFacts> pem_ = PemFacts{now + 60 * 86400, now - 30 * 86400, true, true, false};

    const Settings& settings() const override { return settings_; }
    const std::string& state() const override { return state_; }
    const std::string& binaries() const override { return binaries_; }
    bool root() const override { return root_; }
    bool trial() const override { return trial_; }
    std::int64_t now_s() const override { return now_; }
    const std::vector<ServiceFacts>& services() const override { return services_; }
    const std::vector<std::pair<std::string, std::string>>& missing() const override { return missing_; }
    const std::vector<FolderRule>& engine_folders() const override { return engine_folders_; }
    std::optional<std::string> text(const std::string& path) const override { return found(texts_, path); }
    std::optional<std::string> tail(const std::string& path, std::size_t) const override { return found(texts_, path); }
    std::optional<std::vector<std::string>> names(const std::string& folder, std::size_t) const override { return found(names_, folder); }
    std::optional<FileFacts> file(const std::string& path) const override { return found(files_, path); }
    std::vector<std::pair<std::string, FileFacts>> files_below(const std::string& folder, std::size_t most) const override;
    std::optional<DiskFacts> disk(const std::string&) const override { return disk_; }
    std::optional<bool> clock_follows() const override { return clock_follows_; }
    std::vector<std::string> walls() const override { return walls_; }
    std::vector<std::string> addresses() const override { return addresses_; }
    bool has_locale(const std::string&) const override { return locale_; }
    DnsAnswer look_up(const std::string& name, Record record) const override { return found(dns_, std::pair{name, record}).value_or(DnsAnswer{dns_answers_, {}}); }
    Greeting greet(const std::string&, unsigned port) const override { return found(greetings_, port).value_or(Greeting{}); }
    std::vector<std::string> converse(unsigned, const std::vector<std::string>&) const override { return conversation_; }
    TlsFacts shake_hands(const std::string&, unsigned port, const std::string&) const override { return found(tls_, port).value_or(TlsFacts{}); }
    int get(unsigned, const std::string&) const override { return http_; }
    std::optional<ProgramFacts> run(const std::string& path, const std::vector<std::string>& arguments) const override;
    std::optional<std::vector<Row>> ask(const std::string& database, const std::string& sql) const override;
    std::optional<PemFacts> pem(const std::string&, const std::string&) const override { return pem_; }

private:
    template <class Key, class Value>
    static std::optional<Value> found(const std::map<Key, Value>& all, const Key& key) {
        const auto at = all.find(key);
        return at == all.end() ? std::nullopt : std::optional(at->second);
    }
    std::string state_ = "/s";
    std::string binaries_ = "/b";
};

} // namespace hameau::diagnose
