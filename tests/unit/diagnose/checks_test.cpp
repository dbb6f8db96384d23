// Each check in each of its states, over made-up facts: no socket, no file, no clock.
#include "provisioning/diagnose/checks.hpp"

#include <cstdlib>
#include <functional>
#include <gtest/gtest.h>
#include <set>

#include "daemon/base/io.hpp"
#include "daemon/contract/backup_state.hpp"
#include "daemon/contract/diagnosis_texts.hpp"
#include "fake_machine.hpp"
#include "provisioning/acme_state.hpp"
#include "provisioning/diagnose/repairs.hpp"

namespace hameau::diagnose {
namespace {

using F = FakeMachine;

Verdict look(const std::string& id, const Machine& machine) {
    for (const Check& check : all_checks()) {
        if (check.id == id) {
            return check.look(machine);
        }
    }
    ADD_FAILURE() << "no check " << id;
    return {};
}

void backups(F& f, const std::function<void(backup::State&)>& change) {
    backup::State state = backup::State::parse(f.texts_["/s/backup/state"]);
    change(state);
    f.texts_["/s/backup/state"] = state.to_text();
}

void certificates(F& f, std::string_view code, std::int64_t expires, unsigned failures) {
    provisioning::AcmeState state;
    provisioning::AcmeName name;
    name.host = "amis.test";
    name.code = code;
    name.expires = expires;
    name.failures = failures;
    name.fingerprint = "ab";
    state.names = {name};
    f.texts_["/s/tls/certificates"] = state.to_text();
}

void meminfo(F& f, const std::string& text) { f.texts_["/proc/meminfo"] = text; }
constexpr std::int64_t day = 86400;

struct Case {
    const char* code;  ///< "ID.WORD", or "ID *WORD" for those that all checks share
    State state;
    std::function<void(F&)> change;
};

std::string id_of(const std::string& code) { return code.substr(0, std::min(code.find(' '), code.find(' ') == std::string::npos ? code.rfind('.') : std::string::npos)); }

std::vector<Case> machine_cases() {
    constexpr State fine = State::fine;
    constexpr State attention = State::attention;
    constexpr State broken = State::broken;
    return {
        {"memory.total.low", attention, [](F& f) { meminfo(f, "MemTotal: 300000 kB\n"); }},
        {"memory.total *unreadable", State::unknown, [](F& f) { f.texts_.erase("/proc/meminfo"); }},
        {"memory.free.low", attention, [](F& f) { meminfo(f, "MemAvailable: 20000 kB\n"); }},
        {"memory.killed.killed", attention, [](F& f) { f.texts_["/proc/vmstat"] = "oom_kill 3\n"; }},
        {"memory.pressure.high", attention, [](F& f) { f.texts_["/proc/pressure/memory"] = "full avg10=0 avg60=0 avg300=22.0 total=1\n"; }},
        {"memory.pressure *unreadable", State::unknown, [](F& f) { f.texts_.erase("/proc/pressure/memory"); }},
        {"memory.swap.none", attention, [](F& f) { meminfo(f, "MemTotal: 500000 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n"); }},
        {"memory.swap.not_needed", fine, [](F& f) { meminfo(f, "MemTotal: 5000000 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n"); }},
        {"memory.swap.full", attention, [](F& f) { meminfo(f, "MemTotal: 500000 kB\nSwapTotal: 1000 kB\nSwapFree: 10 kB\n"); }},
        {"disk.room.low", attention, [](F& f) { f.disk_->free_bytes = 1ULL << 30U; }},
        {"disk.room.full", broken, [](F& f) { f.disk_->free_bytes = 1; }},
        {"disk.room *unreadable", State::unknown, [](F& f) { f.disk_.reset(); }},
        {"disk.inodes.low", attention, [](F& f) { f.disk_->inodes_free = 100; }},
        {"disk.inodes.low", broken, [](F& f) { f.disk_->inodes_free = 0; }},
        {"disk.inodes *unreadable", State::unknown, [](F& f) { f.disk_->inodes = 0; }},
        {"disk.writable.read_only", broken, [](F& f) { f.disk_->read_only = true; }},
        {"disk.errors.errors", broken, [](F& f) { f.texts_["/sys/fs/ext4/mmcblk0p2/errors_count"] = "2\n"; }},
        {"disk.errors *unreadable", State::unknown, [](F& f) { f.names_.erase("/sys/fs/ext4"); }},
        {"disk.wear.worn", attention, [](F& f) { f.texts_["/sys/dev/block/179:2/../device/life_time"] = "0x01 0x09\n"; }},
        {"disk.wear.worn", broken, [](F& f) { f.texts_["/sys/dev/block/179:2/../device/life_time"] = "0x0b 0x01\n"; }},
        {"disk.wear.unknown", State::unknown, [](F& f) { f.texts_.erase("/sys/dev/block/179:2/../device/life_time"); }},
        {"disk.wear.unknown", State::unknown, [](F& f) { f.texts_["/sys/dev/block/179:2/../device/life_time"] = "0x00 0x00\n"; }},
        {"disk.pressure.high", attention, [](F& f) { f.texts_["/proc/pressure/io"] = "full avg10=0 avg60=0 avg300=22.0 total=1\n"; }},
        {"clock.value.wrong", broken, [](F& f) { f.now_ = 1000; }},
        {"clock.follows.free", attention, [](F& f) { f.clock_follows_ = false; }},
        {"clock.follows *unreadable", State::unknown, [](F& f) { f.clock_follows_.reset(); }},
        {"clock.zone.machine", fine, [](F& f) { f.settings_.set("house.time_zone", ""); }},
        {"clock.zone.none", attention, [](F& f) { f.settings_.set("house.time_zone", ""); f.files_.erase("/etc/localtime"); }},
        {"clock.zone.missing", broken, [](F& f) { f.settings_.set("house.time_zone", "Mars/Base"); }},
        {"system.release.other", attention, [](F& f) { f.texts_["/etc/os-release"] = "ID=ubuntu\nVERSION_ID=\"24.04\"\n"; }},
        {"system.release.ends", attention, [](F& f) { f.now_ = 1'845'936'000 - day; }},
        {"system.release.over", broken, [](F& f) { f.now_ = 1'845'936'000 + day; }},
        {"system.updates.by_hand", attention, [](F& f) { f.files_.erase("/usr/share/unattended-upgrades"); }},
        {"system.lists.old", attention, [](F& f) { f.files_["/var/lib/apt/lists"].changed_s = F::now - 20 * day; }},
        {"system.kernel.newer", attention, [](F& f) { f.names_["/boot"].push_back("vmlinuz-6.1.0-2"); f.files_["/boot/vmlinuz-6.1.0-2"] = {0, 0, 0644, false, true, 1, F::now - 10}; }},
        {"system.kernel *unreadable", State::unknown, [](F& f) { f.names_["/boot"] = {"config"}; }},
        {"system.locale.missing", broken, [](F& f) { f.locale_ = false; }},
        {"system.load.high", attention, [](F& f) { f.texts_["/proc/loadavg"] = "1 1 20.5 1/1 1\n"; }},
        {"system.temperature.hot", attention, [](F& f) { f.texts_["/sys/class/thermal/thermal_zone0/temp"] = "85000\n"; }},
        {"system.temperature *unreadable", State::unknown, [](F& f) { f.names_.erase("/sys/class/thermal"); }},
        {"system.voltage.low", broken, [](F& f) { f.texts_["/sys/class/hwmon/hwmon0/in0_lcrit_alarm"] = "1\n"; }},
        {"system.voltage *unreadable", State::unknown, [](F& f) { f.texts_["/sys/class/hwmon/hwmon0/name"] = "coretemp\n"; }},
        {"system.entropy.low", attention, [](F& f) { f.texts_["/proc/sys/kernel/random/entropy_avail"] = "12\n"; }},
        {"system.handles.high", attention, [](F& f) { f.texts_["/proc/sys/fs/file-nr"] = "90000\t0\t100000\n"; }},
        {"kernel.landlock.missing", attention, [](F& f) { f.walls_ = {"seccomp"}; }},
        {"kernel.seccomp *unreadable", State::unknown, [](F& f) { f.services_.clear(); }},
        {"kernel.seccomp.missing", attention, [](F& f) { f.walls_ = {}; }},
        {"kernel.cgroup_memory.missing", attention, [](F& f) { f.texts_["/sys/fs/cgroup/cgroup.controllers"] = "cpu memoryless\n"; }},
        {"kernel.cgroup_pids.missing", attention, [](F& f) { f.texts_["/sys/fs/cgroup/cgroup.controllers"] = "cpu\n"; }},
        {"kernel.cgroup_pids *unreadable", State::unknown, [](F& f) { f.texts_.erase("/sys/fs/cgroup/cgroup.controllers"); }},
    };
}

std::vector<Case> network_cases() {
    constexpr State fine = State::fine;
    constexpr State attention = State::attention;
    constexpr State broken = State::broken;
    constexpr State unknown = State::unknown;
    const auto a = [](F& f, DnsAnswer answer) { f.dns_[{"maison.example.org", Record::a}] = std::move(answer); };
    const auto aaaa = [](F& f, DnsAnswer answer) { f.dns_[{"maison.example.org", Record::aaaa}] = std::move(answer); };
    return {
        {"network.ipv4.router", fine, [](F& f) { f.addresses_ = {"192.168.1.5"}; }},
        {"network.ipv4.none", broken, [](F& f) { f.addresses_ = {"2001:db8::5"}; }},
        {"network.ipv4.no_way", broken, [](F& f) { f.texts_["/proc/net/route"] = "Iface\n"; }},
        {"network.ipv4 *trial", unknown, [](F& f) { f.trial_ = true; }},
        {"network.ipv6.none", fine, [](F& f) { f.addresses_ = {"203.0.113.5", "fd00::1"}; }},
        {"network.ipv6.no_way", attention, [](F& f) { f.texts_["/proc/net/ipv6_route"] = "00000000000000000000000000000000 00 x lo\n"; }},
        {"network.resolver.silent", broken, [a](F& f) { a(f, {false, {}}); }},
        {"network.reached.not_reached", broken, [](F& f) { certificates(f, provisioning::acme_code::unreachable, F::now + day, 1); }},
        {"network.reached.fine", fine, [](F& f) { certificates(f, provisioning::acme_code::fine, F::now + day, 0); }},
        {"network.reached.unknown", unknown, [](F&) {}},
        {"network.reached.unknown", unknown, [](F& f) { certificates(f, provisioning::acme_code::fine, F::now + day, 0); f.pem_->self_made = true; }},
        {"dns.ipv4.missing", broken, [a](F& f) { a(f, {true, {}}); }},
        {"dns.ipv4.private", broken, [a](F& f) { a(f, {true, {"192.168.1.5"}}); }},
        {"dns.ipv4.elsewhere", attention, [a](F& f) { a(f, {true, {"198.51.100.7"}}); }},
        {"dns.ipv4.router", unknown, [](F& f) { f.addresses_ = {"192.168.1.5"}; }},
        {"dns.ipv4 *silent", unknown, [a](F& f) { a(f, {false, {}}); }},
        {"dns.ipv4 *nameless", unknown, [](F& f) { f.settings_.set("house.host", ""); }},
        {"dns.ipv4 *trial", unknown, [](F& f) { f.trial_ = true; }},
        {"dns.ipv6.none", fine, [aaaa](F& f) { f.addresses_ = {"203.0.113.5"}; aaaa(f, {true, {}}); }},
        {"dns.ipv6.missing", attention, [aaaa](F& f) { aaaa(f, {true, {}}); }},
        {"dns.ipv6.private", broken, [aaaa](F& f) { aaaa(f, {true, {"fd00::9"}}); }},
        {"dns.ipv6.elsewhere", attention, [aaaa](F& f) { aaaa(f, {true, {"2001:db8::99"}}); }},
        {"dns.reverse_ipv4.missing", attention, [](F& f) { f.dns_[{"203.0.113.5", Record::ptr}] = {true, {}}; }},
        {"dns.reverse_ipv4.other", attention, [](F& f) { f.dns_[{"203.0.113.5", Record::ptr}] = {true, {"box.isp.example"}}; }},
        {"dns.reverse_ipv4 *silent", unknown, [](F& f) { f.dns_[{"203.0.113.5", Record::ptr}] = {false, {}}; }},
        {"dns.reverse_ipv6.missing", attention, [](F& f) { f.dns_[{"2001:db8::5", Record::ptr}] = {true, {}}; }},
        {"dns.reverse_ipv6.other", attention, [](F& f) { f.dns_[{"2001:db8::5", Record::ptr}] = {true, {"box.isp.example"}}; }},
        {"dns.reverse_ipv6.none", fine, [aaaa](F& f) { f.addresses_ = {"203.0.113.5"}; aaaa(f, {true, {}}); }},
        {"dns.mx.missing", attention, [](F& f) { f.dns_[{"amis.test", Record::mx}] = {true, {"mx.other.example"}}; }},
        {"dns.mx.some", fine, [](F& f) { f.rows_["engine_open_domain"] = std::vector<Row>(9, Row{"amis.test"}); }},
        {"dns.mx *off", unknown, [](F& f) { f.settings_.set("mail.enabled", "false"); }},
        {"dns.mx *empty", unknown, [](F& f) { f.rows_["engine_open_domain"] = {}; }},
        {"dns.mx *silent", unknown, [](F& f) { f.dns_[{"amis.test", Record::mx}] = {false, {}}; }},
        {"dns.mx *unreadable", unknown, [](F& f) { f.rows_.erase("engine_open_domain"); }},
        {"dns.spf.missing", attention, [](F& f) { f.dns_[{"amis.test", Record::txt}] = {true, {"other"}}; }},
        {"dns.spf.some", fine, [](F& f) { f.rows_["engine_open_domain"] = std::vector<Row>(9, Row{"amis.test"}); }},
        {"dns.dmarc.missing", attention, [](F& f) { f.dns_[{"_dmarc.amis.test", Record::txt}] = {true, {}}; }},
        {"dns.dmarc.some", fine, [](F& f) { f.rows_["engine_open_domain"] = std::vector<Row>(9, Row{"amis.test"}); }},
        {"port.http.silent", broken, [](F& f) { f.http_ = 0; }},
        {"port.https.silent", broken, [](F& f) { f.tls_.erase(443); }},
        {"port.https_ipv6.none", fine, [](F& f) { f.addresses_ = {"203.0.113.5"}; }},
        {"port.https_ipv6.silent", broken, [](F& f) { f.tls_.erase(443); }},
        {"port.smtp.silent", broken, [](F& f) { f.greetings_[25] = {true, ""}; }},
        {"port.smtp *off", unknown, [](F& f) { f.root_ = false; }},
        {"port.submission.silent", broken, [](F& f) { f.greetings_.erase(587); }},
        {"port.submissions.silent", broken, [](F& f) { f.tls_.erase(465); }},
        {"port.imap.silent", broken, [](F& f) { f.greetings_[143] = {true, "* BYE"}; }},
        {"port.imaps.silent", broken, [](F& f) { f.tls_.erase(993); }},
        {"port.sieve.silent", broken, [](F& f) { f.greetings_.erase(4190); }},
        {"port.alone.shared", broken, [](F& f) { f.texts_["/proc/net/tcp"] += "   2: 00000000:0019 00000000:0000 0A 0\n"; }},
        {"port.alone *unreadable", unknown, [](F& f) { f.texts_.erase("/proc/net/tcp"); }},
        {"certificate.house.missing", broken, [](F& f) { f.pem_.reset(); }},
        {"certificate.house.over", broken, [](F& f) { f.pem_->expires_s = F::now - 1; }},
        {"certificate.house.key", broken, [](F& f) { f.pem_->key_fits = false; }},
        {"certificate.house.other_name", broken, [](F& f) { f.pem_->names_host = false; }},
        {"certificate.house.ends", attention, [](F& f) { f.pem_->expires_s = F::now + 2 * day; }},
        {"certificate.house.own", attention, [](F& f) { f.pem_->self_made = true; }},
        {"certificate.shown.older", attention, [](F& f) { f.tls_[443].expires_s = 5; }},
        {"certificate.shown *silent", unknown, [](F& f) { f.tls_.erase(443); }},
        {"certificate.mail.older", attention, [](F& f) { f.tls_[993].expires_s = F::now + day; }},
        {"certificate.mail.over", broken, [](F& f) { f.tls_[993].expires_s = F::now - day; }},
        {"certificate.mail *off", unknown, [](F& f) { f.settings_.set("mail.enabled", "false"); }},
        {"certificate.all.by_hand", unknown, [](F& f) { f.settings_.set("house.acme_url", ""); }},
        {"certificate.all.none", broken, [](F& f) { certificates(f, provisioning::acme_code::failed, 0, 1); }},
        {"certificate.all.failing", attention, [](F& f) { certificates(f, provisioning::acme_code::failed, F::now + day, 3); }},
        {"certificate.all *empty", unknown, [](F& f) { f.texts_.erase("/s/tls/certificates"); }},
        {"mail.blocklists.not_asked", unknown, [](F& f) { f.settings_.set("house.diagnose_blocklists", " "); }},
        {"mail.blocklists.listed", broken, [](F& f) { f.dns_[{"5.113.0.203.bl.example", Record::a}] = {true, {"127.0.0.2"}}; }},
        {"mail.blocklists *silent", unknown, [](F& f) { f.dns_[{"5.113.0.203.bl.example", Record::a}] = {true, {"127.255.255.254"}}; }},
    };
}

std::vector<Case> mail_cases() {
    constexpr State fine = State::fine;
    constexpr State attention = State::attention;
    constexpr State broken = State::broken;
    constexpr State unknown = State::unknown;
    const auto queued = [](F& f, const char* queue, std::int64_t age) {
        f.programs_["/usr/sbin/postqueue"] = {0, "{\"queue_name\": \"" + std::string(queue) + "\", \"queue_id\": \"A\", \"arrival_time\": " + std::to_string(F::now - age) + ", \"message_size\": 5}\n"};
    };
    const auto files = [](F& f, const char* folder, int count) {
        for (int i = 0; i < count; ++i) {
            f.files_["/s/engines/postfix/queue/" + std::string(folder) + "/" + std::to_string(i)] = {0, 0, 0600, false, true, 1, 0};
        }
    };
    return {
        {"mail.in.silent", broken, [](F& f) { f.conversation_ = {}; }},
        {"mail.in.refuses", broken, [](F& f) { f.conversation_.back() = "554 no"; }},
        {"mail.in *empty", unknown, [](F& f) { f.rows_["engine_postmaster"] = {}; }},
        {"mail.in *off", unknown, [](F& f) { f.root_ = false; }},
        {"mail.out.smarthost", fine, [](F& f) { f.settings_.set("mail.smarthost", "192.0.2.9:587"); }},
        {"mail.out.smarthost_silent", broken, [](F& f) { f.settings_.set("mail.smarthost", "192.0.2.9:588"); }},
        {"mail.out.smarthost_silent", broken, [](F& f) { f.settings_.set("mail.smarthost", "relay.example:25"); }},
        {"mail.out.blocked", broken, [](F& f) { f.texts_["/s/log/postfix.log"] = "postfix/smtp[1]: status=deferred (connect to x: Connection timed out)\n"; }},
        {"mail.out.unknown", unknown, [](F& f) { f.texts_["/s/log/postfix.log"] = "postfix/lmtp[1]: status=sent (250)\n"; }},
        {"mail.out.no_log", unknown, [](F& f) { f.texts_.erase("/s/log/postfix.log"); }},
        {"mail.queue.long", attention, [files](F& f) { files(f, "deferred", 101); }},
        {"mail.queue.long", broken, [files](F& f) { files(f, "active", 1001); }},
        {"mail.active.fine", fine, [queued](F& f) { queued(f, "active", 60); }},
        {"mail.active.old", attention, [queued](F& f) { queued(f, "active", 2 * 3600); }},
        {"mail.active.old", broken, [queued](F& f) { queued(f, "active", 7 * 3600); }},
        {"mail.active.empty", fine, [queued](F& f) { queued(f, "deferred", 99 * 3600); }},
        {"mail.active *silent", unknown, [](F& f) { f.programs_["/usr/sbin/postqueue"].exit_code = 69; }},
        {"mail.deferred.empty", fine, [](F&) {}},
        {"mail.deferred.fine", fine, [queued](F& f) { queued(f, "deferred", 3600); }},
        {"mail.deferred.old", attention, [queued](F& f) { queued(f, "deferred", 30 * 3600); }},
        {"mail.deferred.old", broken, [queued](F& f) { queued(f, "deferred", 100 * 3600); }},
        // More than can be read, and what came last is young: an older one may be among the rest.
        {"mail.deferred *unreadable", unknown, [queued](F& f) { queued(f, "deferred", 3600); f.programs_["/usr/sbin/postqueue"].output.resize(8 << 20, ' '); }},
        {"mail.deferred.old", broken, [queued](F& f) { queued(f, "deferred", 100 * 3600); f.programs_["/usr/sbin/postqueue"].output.resize(8 << 20, ' '); }},
        {"mail.deferred *trial", unknown, [](F& f) { f.trial_ = true; }},
        {"mail.hold.held", attention, [files](F& f) { files(f, "hold", 2); }},
        {"mail.hold.corrupt", broken, [files](F& f) { files(f, "corrupt", 1); }},
        {"engines.postfix.other", attention, [](F& f) { f.programs_["/usr/sbin/postconf"].output = "3.5.2\n"; }},
        {"engines.postfix.missing", broken, [](F& f) { f.programs_.erase("/usr/sbin/postconf"); }},
        {"engines.postfix *unreadable", unknown, [](F& f) { f.programs_["/usr/sbin/postconf"].output = "?\n"; }},
        {"engines.dovecot.other", attention, [](F& f) { f.programs_["/usr/sbin/dovecot"].output = "3.0.1\n"; }},
        {"engines.dovecot.missing", broken, [](F& f) { f.programs_.erase("/usr/sbin/dovecot"); }},
        {"engines.restic.missing", broken, [](F& f) { f.programs_.erase("/usr/bin/restic"); }},
        {"engines.restic *empty", unknown, [](F& f) { f.settings_.set("house.backup_targets", ""); }},
        {"engines.bogofilter.missing", attention, [](F& f) { f.programs_.erase("/usr/bin/bogofilter-sqlite"); }},
        {"engines.uacme.missing", broken, [](F& f) { f.programs_.erase("/usr/bin/uacme"); }},
        {"engines.postfix_settings.bad", broken, [](F& f) { f.programs_["/usr/sbin/postconf"].output = "postconf: warning: unused parameter\n"; }},
        {"engines.dovecot_settings.bad", broken, [](F& f) { f.programs_["/usr/bin/doveconf"].exit_code = 89; }},
        {"engines.dovecot_settings *silent", unknown, [](F& f) { f.programs_.erase("/usr/bin/doveconf"); }},
        {"quota.mailboxes.near", attention, [](F& f) { f.files_["/s/mail/boxes/box/cur/1.M,S=950:2,"] = {0, 0, 0600, false, true, 1, 0}; }},
        {"quota.mailboxes.full", broken, [](F& f) { f.files_["/s/mail/boxes/box/.Sent/cur/1.M,S=1200,W=1:2,S"] = {0, 0, 0600, false, true, 1, 0}; }},
        {"quota.mailboxes *empty", unknown, [](F& f) { f.rows_["FROM mailbox"] = {}; }},
    };
}

std::vector<Case> house_cases() {
    constexpr State fine = State::fine;
    constexpr State attention = State::attention;
    constexpr State broken = State::broken;
    constexpr State unknown = State::unknown;
    return {
        {"services.states.failing", broken, [](F& f) { f.services_[0].state = "failing"; }},
        {"house.runs.silent", broken, [](F& f) { f.services_.clear(); }},
        {"services.states *unreadable", unknown, [](F& f) { f.services_.clear(); }},
        {"services.restarts.often", attention, [](F& f) { f.services_[0].restarts = 5; }},
        {"services.all.missing", attention, [](F& f) { f.missing_ = {{"mail", "off: Postfix needs root"}}; }},
        {"services.root.one_user", attention, [](F& f) { f.root_ = false; }},
        {"house.host.none", broken, [](F& f) { f.settings_.set("house.host", ""); }},
        {"house.admins.one", attention, [](F& f) { f.rows_["FROM person"] = {{"1"}}; }},
        {"house.admins.none", broken, [](F& f) { f.rows_["FROM person"] = {{"0"}}; }},
        {"house.admins *unreadable", unknown, [](F& f) { f.rows_.erase("FROM person"); }},
        {"house.programs.missing", broken, [](F& f) { f.files_.erase("/b/hameau-gate"); }},
        {"house.pages.missing", broken, [](F& f) { f.files_.erase("/b/web/index.html"); }},
        {"state.folders.wrong", broken, [](F& f) { f.files_["/s/people"].mode = 0755; }},
        {"state.folders.wrong", broken, [](F& f) { f.files_["/s/pads"].uid = 0; }},
        {"state.folders.wrong", broken, [](F& f) { f.engine_folders_ = {{"/mail", 62003, 107, 02755}}; }},
        {"state.folders.fine", fine, [](F& f) { f.engine_folders_ = {{"/mail", 62003, 107, 02755}}; f.files_["/s/mail"] = {62003, 107, 02755, true, false, 0, 0}; }},
        {"state.folders.fine", fine, [](F& f) { f.root_ = false; f.files_["/s/pads"].uid = 1000; }},
        {"state.secrets.open", broken, [](F& f) { f.files_["/s/tls/default.pem"].mode = 0644; }},
        {"state.secrets.open", broken, [](F& f) { f.files_["/s/tls/hosts/a.pem"].mode = 0646; }},
        {"logs.size.large", attention, [](F& f) { f.files_["/s/log/gate.log"].bytes = 50ULL << 20U; }},
        {"logs.size.journal", unknown, [](F& f) { f.files_.erase("/s/log/gate.log"); }},
        {"databases.sound.damaged", broken, [](F& f) { f.rows_["quick_check"] = {{"row 5 missing from index"}}; }},
        {"databases.sound *unreadable", unknown, [](F& f) { f.rows_.erase("quick_check"); }},
        {"databases.sound *empty", unknown, [](F& f) { f.files_.erase("/s/people/people.db"); }},
        {"databases.journal.large", attention, [](F& f) { f.files_["/s/people/people.db-wal"] = {0, 0, 0600, false, true, 100ULL << 20U, 0}; }},
        {"quota.associations.near", attention, [](F& f) { f.rows_["FROM association"] = {{"amis", "1000", "950"}}; }},
        {"quota.associations.full", broken, [](F& f) { f.rows_["FROM association"] = {{"amis", "1000", "1000"}}; }},
        {"quota.associations *empty", unknown, [](F& f) { f.rows_["FROM association"] = {}; }},
        {"sites.files.missing", broken, [](F& f) { f.files_.erase("/s/sites/deploys/a.manifest"); }},
        {"sites.files *empty", unknown, [](F& f) { f.texts_["/s/sites/hosts.map"] = "amis.test\t-\t-\n"; }},
        {"backup.targets.none", broken, [](F& f) { f.settings_.set("house.backup_targets", ""); }},
        {"backup.targets *trial", unknown, [](F& f) { f.settings_.set("house.backup_targets", ""); f.trial_ = true; }},
        {"backup.targets.failing", broken, [](F& f) { backups(f, [](auto& s) { s.targets[0].code = backup::code::full; }); }},
        {"backup.targets.failing", attention, [](F& f) { backups(f, [](auto& s) { s.targets.push_back(s.targets[0]); s.targets[1].address = "disk:X"; s.targets[1].code = backup::code::away; }); }},
        {"backup.age.old", broken, [](F& f) { backups(f, [](auto& s) { s.targets[0].last_good = F::now - 4 * day; }); }},
        {"backup.age.never", broken, [](F& f) { backups(f, [](auto& s) { s.targets[0].last_good = 0; }); }},
        {"backup.age *empty", unknown, [](F& f) { f.texts_.erase("/s/backup/state"); }},
        {"backup.drill.never", attention, [](F& f) { backups(f, [](auto& s) { s.drill = {}; }); }},
        {"backup.drill.old", attention, [](F& f) { backups(f, [](auto& s) { s.drill.at = F::now - 50 * day; }); }},
        {"backup.drill.untried", attention, [](F& f) { backups(f, [](auto& s) { s.drill.code = "no_room"; }); }},
        {"backup.drill.failed", broken, [](F& f) { backups(f, [](auto& s) { s.drill.code = "broken"; }); }},
        {"backup.key.unseen", broken, [](F& f) { backups(f, [](auto& s) { s.key_shown = 0; }); }},
    };
}

std::vector<Case> all_cases() {
    std::vector<Case> all;
    for (const auto& part : {machine_cases(), network_cases(), mail_cases(), house_cases()}) {
        all.insert(all.end(), part.begin(), part.end());
    }
    return all;
}

TEST(Checks, EachStateByItsFacts) {
    for (const Case& one : all_cases()) {
        const std::string code = one.code;
        const std::size_t space = code.find(' ');
        const std::string id = id_of(code);
        F machine;
        one.change(machine);
        const Verdict verdict = look(id, machine);
        const std::string expected = space == std::string::npos ? code : "any." + code.substr(space + 2);
        EXPECT_EQ(code_of(id, verdict.word), expected) << one.code;
        EXPECT_EQ(verdict.state, one.state) << one.code;
    }
}

TEST(Checks, AHealthyHouseIsFine) {
    const F machine;
    // Nobody outside has tried it.
    const std::set<std::string_view> unknown = {"network.reached"};
    for (const Check& check : all_checks()) {
        const Verdict verdict = check.look(machine);
        EXPECT_EQ(verdict.state, unknown.contains(check.id) ? State::unknown : State::fine) << check.id << " " << verdict.word;
    }
    EXPECT_GE(all_checks().size(), 40U);
}

/// A machine that says nothing at all is fine in nothing that has to be looked at.
TEST(Checks, NothingIsFineUnseen) {
    F machine;
    machine.texts_.clear();
    machine.names_.clear();
    machine.files_.clear();
    machine.rows_.clear();
    machine.programs_.clear();
    machine.dns_.clear();
    machine.greetings_.clear();
    machine.tls_.clear();
    machine.conversation_.clear();
    machine.disk_.reset();
    machine.clock_follows_.reset();
    machine.pem_.reset();
    machine.services_.clear();
    machine.http_ = 0;
    machine.walls_.clear();
    machine.dns_answers_ = false;
    // What needs no look: the clock's own value, who we are, the settings.
    const std::set<std::string_view> seen = {"clock.value", "system.locale", "services.root", "house.host"};
    for (const Check& check : all_checks()) {
        const Verdict verdict = check.look(machine);
        EXPECT_TRUE(verdict.state != State::fine || seen.contains(check.id)) << check.id << " " << verdict.word;
    }
}

/// The catalogue and the table are two halves of one thing.
TEST(Checks, EachHasItsWords) {
    std::set<std::string> ids;
    for (const Check& check : all_checks()) {
        EXPECT_TRUE(ids.insert(std::string(check.id)).second) << check.id << " twice";
        const auto* text = diagnosis::check_text(check.id);
        ASSERT_NE(text, nullptr) << check.id;
        const Repair* repair = repair_of(check.id);
        const auto mends = repair == nullptr ? diagnosis::Mends::no : repair->asks ? diagnosis::Mends::asks : diagnosis::Mends::yes;
        EXPECT_EQ(text->mends, mends) << check.id;
        for (const bool english : {false, true}) {
            EXPECT_EQ(diagnosis::mending_of(check.id, english).empty(), repair == nullptr) << check.id;
        }
    }
    EXPECT_EQ(diagnosis::check_texts().size(), ids.size());
    for (const Repair& repair : all_repairs()) {
        EXPECT_TRUE(ids.contains(std::string(repair.id))) << repair.id;
    }
}

/// What would come to nothing is not said to be done.
TEST(Repairs, AskOnlyForWhatCanBeDone) {
    F machine;
    RepairPlace place{machine, {}};
    EXPECT_TRUE(repair_of("backup.age")->mend(place));
    EXPECT_TRUE(repair_of("backup.drill")->mend(place));
    EXPECT_TRUE(repair_of("certificate.all")->mend(place));
    EXPECT_EQ(place.asked, (std::vector<std::string>{"backup", "drill", "certificates"}));
    place.asked.clear();
    machine.settings_.set("house.backup_targets", "");
    machine.settings_.set("house.acme_url", "");
    for (const char* id : {"backup.age", "backup.targets", "backup.drill", "certificate.house", "certificate.all"}) {
        EXPECT_FALSE(repair_of(id)->mend(place)) << id;
    }
    EXPECT_TRUE(place.asked.empty());
    machine.services_ = {{"mail", "failing", 9, 0}, {"pads", "ready", 0, 0}};
    EXPECT_TRUE(repair_of("services.states")->mend(place));
    EXPECT_EQ(place.asked, std::vector<std::string>{"restart\tmail"});
}

/// docs/diagnosis.md is made of the table: HAMEAU_UPDATE_GOLDEN=1 writes it.
TEST(Checks, TheListOfIdsIsTheOneInDocs) {
    std::string made = "# The checks of `hameau diagnose`\n\nMade by diagnose_test (HAMEAU_UPDATE_GOLDEN=1). Ids are stable: scripts may name them. States: fine, attention, "
                       "broken, unknown.\n`--repair ID` mends where the last column says so; with \"asks\" only together with `--yes`.\n\n| id | group | what | mended by the house |\n| --- | --- | --- | --- |\n";
    for (const Check& check : all_checks()) {
        const auto* text = diagnosis::check_text(check.id);
        ASSERT_NE(text, nullptr);
        const std::string mends = text->mends == diagnosis::Mends::no ? "" : text->mends == diagnosis::Mends::asks ? "asks: " : "";
        made += "| `" + std::string(check.id) + "` | " + std::string(text->group) + " | " + std::string(text->english) + " | " + mends + diagnosis::mending_of(check.id, true) + " |\n";
    }
    const std::string path = std::string(HAMEAU_SOURCE_DIR) + "/docs/diagnosis.md";
    if (std::getenv("HAMEAU_UPDATE_GOLDEN") != nullptr) {
        ASSERT_TRUE(write_file_atomically(path, made, 0644));
    }
    EXPECT_EQ(read_file(path, 1 << 20).value_or(""), made);
}

TEST(Checks, NoSentenceShowsAPlaceholder) {
    std::vector<Case> cases = all_cases();
    for (const Check& check : all_checks()) {
        cases.push_back({check.id.data(), State::fine, [](F&) {}});
    }
    std::set<std::string> reached = {"any.late", "any.failed"};
    for (const Case& one : cases) {
        const std::string code = one.code;
        const bool base = diagnosis::check_text(code) != nullptr;
        const std::string id = base ? code : id_of(code);
        F machine;
        one.change(machine);
        Verdict verdict = look(id, machine);
        const diagnosis::Finding finding{id, verdict.state, code_of(id, verdict.word), verdict.values, 0};
        reached.insert(finding.code);
        for (const bool english : {false, true}) {
            const std::string text = diagnosis::sentence_of(finding, english);
            EXPECT_NE(text, finding.code) << "no sentence";
            EXPECT_EQ((text + diagnosis::advice_of(finding, english)).find('{'), std::string::npos) << text << diagnosis::advice_of(finding, english);
        }
        if (verdict.state == State::attention || verdict.state == State::broken) {
            EXPECT_FALSE(diagnosis::advice_of(finding, true).empty()) << finding.code << " says not what to do";
        }
    }
    for (const auto& sentence : diagnosis::sentences()) {
        EXPECT_TRUE(reached.contains(std::string(sentence.code)) || sentence.code.find('*') != std::string_view::npos) << sentence.code << " is never said";
        EXPECT_EQ(sentence.french_advice.empty(), sentence.english_advice.empty()) << sentence.code;
    }
}

} // namespace
} // namespace hameau::diagnose
