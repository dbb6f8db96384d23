// The healthy house: a Raspberry Pi with a public address, one association and one backup.
#include "fake_machine.hpp"

#include "daemon/contract/backup_state.hpp"
#include "daemon/contract/role_uids.hpp"
#include "daemon/contract/state_folders.hpp"

namespace hameau::diagnose {

namespace {

unsigned uid_of(std::string_view role) {
    for (const RoleUid& entry : role_uids) {
        if (entry.role == role) {
            return entry.uid;
        }
    }
    return 0;
}

std::string good_backups(std::int64_t now) {
    backup::State state;
    backup::TargetState target;
    target.address = "/srv/backup";
    target.code = backup::code::fine;
    target.last_good = now - 3600;
    state.targets = {target};
    state.drill = {std::string(backup::code::fine), now - 5 * 86400, "/srv/backup", ""};
    state.key_shown = now - 86400;
    return state.to_text();
}

} // namespace

FakeMachine::FakeMachine() {
    for (const auto& [key, value] : {std::pair{"house.host", "maison.example.org"}, {"house.time_zone", "Europe/Paris"}, {"house.http_port", "80"}, {"house.https_port", "443"},
                                     {"house.log_size", "4194304"}, {"house.acme_url", "https://acme.test/"}, {"house.acme_dns_hook", ""}, {"house.backup_targets", "/srv/backup"},
                                     {"house.backup_credentials", ""}, {"house.diagnose_blocklists", "bl.example"}, {"mail.enabled", "true"}, {"mail.smtp_port", "25"},
                                     {"mail.submission_port", "587"}, {"mail.submissions_port", "465"}, {"mail.imap_port", "143"}, {"mail.imaps_port", "993"},
                                     {"mail.sieve_port", "4190"}, {"mail.smarthost", ""}, {"mail.spam_filter", "on"}}) {
        settings_.set(key, value);
    }
    texts_ = {{"/proc/meminfo", "MemTotal: 2048000 kB\nMemAvailable:  900000 kB\nSwapTotal: 1000000 kB\nSwapFree: 900000 kB\n"},
              {"/proc/vmstat", "pgfault 5\noom_kill 0\n"},
              {"/proc/pressure/memory", "some avg10=0.00 avg60=0.00 avg300=50.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.20 total=0\n"},
              {"/proc/pressure/io", "some avg10=0.00 avg60=0.00 avg300=50.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.20 total=0\n"},
              {"/sys/fs/ext4/mmcblk0p2/errors_count", "0\n"},
              {"/sys/dev/block/179:2/../device/life_time", "0x02 0x01\n"},
              {"/etc/os-release", "PRETTY_NAME=\"Debian\"\nVERSION_ID=\"12\"\nID=debian\n"},
              {"/etc/apt/apt.conf.d/20auto-upgrades", "APT::Periodic::Unattended-Upgrade \"1\";\n"},
              {"/proc/sys/kernel/osrelease", "6.1.0-1\n"},
              {"/proc/uptime", "1000.00 900.00\n"},
              {"/proc/loadavg", "0.10 0.20 0.30 1/100 5\n"},
              {"/proc/cpuinfo", "processor\t: 0\nprocessor\t: 1\n"},
              {"/sys/class/thermal/thermal_zone0/temp", "45000\n"},
              {"/sys/class/hwmon/hwmon0/name", "rpi_volt\n"},
              {"/sys/class/hwmon/hwmon0/in0_lcrit_alarm", "0\n"},
              {"/proc/sys/kernel/random/entropy_avail", "256\n"},
              {"/proc/sys/fs/file-nr", "1000\t0\t100000\n"},
              {"/sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids\n"},
              {"/proc/net/route", "Iface\tDestination\tGateway\neth0\t00000000\t0102A8C0\n"},
              {"/proc/net/ipv6_route", "00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe80 x eth0\n"},
              {"/proc/net/tcp", "  sl  local\n   0: 00000000:0019 00000000:0000 0A 0\n   1: 0100007F:0019 0100007F:9999 01 0\n"},
              {"/proc/net/tcp6", ""},
              {"/s/tls/certificates", "next\t1\n"},
              {"/s/log/postfix.log", "a postfix/smtp[1]: 1: to=<x@y>, status=sent (250 ok)\n"},
              {"/s/sites/hosts.map", "amis.test\tdeploys/a.manifest\t-\n"},
              {"/s/backup/state", good_backups(now)}};
    names_ = {{"/sys/fs/ext4", {"features", "mmcblk0p2"}}, {"/boot", {"config", "vmlinuz-6.1.0-1"}}, {"/sys/class/thermal", {"thermal_zone0"}}, {"/sys/class/hwmon", {"hwmon0"}},
              {"/s/engines/postfix/queue/deferred", {}}, {"/s/engines/postfix/queue/hold", {}}};
    const FileFacts plain{0, 0, 0640, false, true, 10, now - 86400};
    for (const char* path : {"/etc/localtime", "/usr/share/zoneinfo/Europe/Paris", "/usr/share/unattended-upgrades", "/var/lib/apt/lists", "/boot/vmlinuz-6.1.0-1", "/b/web/index.html",
                             "/s/tls/default.pem", "/s/sites/deploys/a.manifest", "/s/log/gate.log", "/s/people/people.db", "/s/tls/hosts/a.pem"}) {
        files_[path] = plain;
    }
    for (const char* name : {"hameaud", "hameau", "hameau-gate", "hameau-people", "hameau-mail", "hameau-sites", "hameau-pads", "hameau-admin", "hameau-check", "hameau-convert",
                             "hameau-unpack", "hameau-milter", "hameau-submit", "hameau-seats", "hameau-password", "hameau-boxes", "hameau-words"}) {
        files_[std::string("/b/") + name] = plain;
    }
    for (const StateFolder& folder : state_folders) {
        const unsigned uid = folder.owner.empty() ? 0 : uid_of(folder.owner);
        files_["/s" + std::string(folder.path)] = {uid, folder.group.empty() ? uid : uid_of(folder.group), folder.mode, true, false, 0, 0};
    }
    dns_ = {{{"maison.example.org", Record::a}, {true, {"203.0.113.5"}}},
            {{"maison.example.org", Record::aaaa}, {true, {"2001:db8::5"}}},
            {{"203.0.113.5", Record::ptr}, {true, {"maison.example.org"}}},
            {{"2001:db8::5", Record::ptr}, {true, {"maison.example.org"}}},
            {{"amis.test", Record::mx}, {true, {"Maison.Example.org"}}},
            {{"amis.test", Record::txt}, {true, {"other", "v=spf1 mx -all"}}},
            {{"_dmarc.amis.test", Record::txt}, {true, {"v=DMARC1; p=none"}}}};
    greetings_ = {{25, {true, "220 x"}}, {587, {true, "220 x"}}, {143, {true, "* OK x"}}, {4190, {true, "\"IMPLEMENTATION\" \"Dovecot\""}}};
    for (const unsigned port : {443U, 465U, 993U}) {
        tls_[port] = {true, true, pem_->expires_s};
    }
    programs_ = {{"/usr/sbin/postqueue", {0, ""}}, {"/usr/sbin/postconf", {0, "3.7.11\n"}}, {"/usr/sbin/dovecot", {0, "2.3.19.1 (9b53102964)\n"}},
                 {"/usr/bin/bogofilter-sqlite", {0, "bogofilter version 1.2.5\n"}}, {"/usr/bin/restic", {0, "restic 0.14.0 compiled\n"}}, {"/usr/bin/uacme", {0, "uacme: version 1.7.4\n"}}, {"/usr/bin/doveconf", {0, "# 2.3.19\n"}}};
    rows_ = {{"engine_open_domain", {{"amis.test"}}}, {"engine_postmaster", {{"postmaster@amis.test"}}}, {"FROM person", {{"2"}}}, {"quick_check", {{"ok"}}},
             {"FROM association", {{"amis", "1000", "100"}}}, {"FROM mailbox", {{"box", "1000"}}}};
}

std::vector<std::pair<std::string, FileFacts>> FakeMachine::files_below(const std::string& folder, std::size_t most) const {
    std::vector<std::pair<std::string, FileFacts>> out;
    for (const auto& [path, facts] : files_) {
        if (path.starts_with(folder + "/") && facts.regular && out.size() < most) {
            out.emplace_back(path, facts);
        }
    }
    return out;
}

std::optional<ProgramFacts> FakeMachine::run(const std::string& path, const std::vector<std::string>& arguments) const {
    const auto own = found(programs_, path + " " + (arguments.empty() ? std::string() : arguments.back()));
    return own ? own : found(programs_, path);
}

std::optional<std::vector<Row>> FakeMachine::ask(const std::string&, const std::string& sql) const {
    for (const auto& [part, rows] : rows_) {
        if (sql.find(part) != std::string::npos) {
            return rows;
        }
    }
    return std::nullopt;
}

} // namespace hameau::diagnose
