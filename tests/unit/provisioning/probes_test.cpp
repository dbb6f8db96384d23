// What a new house says of its machine: a fake resolver, a fake /proc, facts of every kind.
#include "provisioning/probes.hpp"

#include <gtest/gtest.h>

#include "daemon/base/io.hpp"

namespace hameau::provisioning {
namespace {

MachineFacts good() {
    MachineFacts facts;
    facts.host = "maison.example.org";
    facts.addresses = {"203.0.113.5", "2001:db8::5"};
    facts.of_host = {true, {"203.0.113.5"}};
    facts.reverse = {{"203.0.113.5", {true, {"maison.example.org"}}}};
    facts.disk_free = 20ULL << 30U;
    facts.memory = 2ULL << 30U;
    facts.clock_set = true;
    facts.now_s = 1'800'000'000;
    return facts;
}

ProbeResult of(const MachineFacts& facts, const std::string& id) {
    for (ProbeResult& result : judge(facts)) {
        if (result.id == id) {
            return result;
        }
    }
    return {};
}

TEST(Probes, AllIsWell) {
    for (const ProbeResult& result : judge(good())) {
        EXPECT_EQ(result.state, ProbeState::fine) << result.id << " " << result.code;
    }
    EXPECT_EQ(judge(good()).size(), 7U);
}

TEST(Probes, TheNameLeadsHereOrNot) {
    MachineFacts facts = good();
    facts.of_host = {true, {}};
    EXPECT_EQ(of(facts, "name").code, "probe_name_missing");
    facts.of_host = {true, {"198.51.100.9"}};
    EXPECT_EQ(of(facts, "name").code, "probe_name_elsewhere");
    facts.of_host = {true, {"192.168.1.5"}};
    EXPECT_EQ(of(facts, "name").code, "probe_name_private");
    facts.of_host = {false, {}};
    EXPECT_EQ(of(facts, "name").state, ProbeState::unknown) << "no answer is not a wrong name";
    facts.addresses = {"192.168.1.5"};
    facts.of_host = {true, {"198.51.100.9"}};
    EXPECT_EQ(of(facts, "name").code, "probe_name_router");
    facts.of_host = {true, {}};
    EXPECT_EQ(of(facts, "name").code, "probe_name_missing_router");
    facts.of_host = {true, {"127.0.1.1"}};
    EXPECT_EQ(of(facts, "name").code, "probe_name_here") << "/etc/hosts of the machine itself is not the internet";
}

TEST(Probes, TheMachine) {
    MachineFacts facts = good();
    facts.addresses = {"192.168.1.5"};
    EXPECT_EQ(of(facts, "network").code, "probe_network_private");
    facts.addresses.clear();
    EXPECT_EQ(of(facts, "network").state, ProbeState::broken);
    facts.taken_ports = {25, 993};
    EXPECT_EQ(of(facts, "mail").values.front().second, "25, 993");
    facts.disk_free = 100ULL << 20U;
    EXPECT_EQ(of(facts, "disk").state, ProbeState::broken);
    facts.disk_free.reset();
    EXPECT_EQ(of(facts, "disk").state, ProbeState::unknown);
    facts.memory = 250ULL << 20U;
    EXPECT_EQ(of(facts, "memory").state, ProbeState::attention);
    facts.clock_set = false;
    EXPECT_EQ(of(facts, "clock").code, "probe_clock_free");
    facts.now_s = 1000;
    EXPECT_EQ(of(facts, "clock").code, "probe_clock_wrong");
    facts.reverse = {{"203.0.113.5", {true, {"box.provider.example"}}}};
    EXPECT_EQ(of(facts, "reverse").state, ProbeState::attention);
    facts.reverse = {{"203.0.113.5", {false, {}}}};
    EXPECT_EQ(of(facts, "reverse").state, ProbeState::unknown);
}

TEST(Probes, ANameIsOffered) {
    MachineFacts facts = good();
    facts.machine_name = "raspberrypi";
    EXPECT_EQ(proposed_host(facts), "maison.example.org") << "the name of the address";
    facts.machine_name = "pi.local";
    facts.reverse.clear();
    EXPECT_EQ(proposed_host(facts), "");
    facts.machine_name = "Serveur.Amis.org";
    EXPECT_EQ(proposed_host(facts), "serveur.amis.org");
    facts.machine_name = "192.168.1.5";
    EXPECT_EQ(proposed_host(facts), "");
}

TEST(Probes, PrivateAddresses) {
    for (const char* address : {"10.1.2.3", "172.16.0.1", "172.31.255.1", "192.168.77.1", "100.64.0.1", "127.0.0.1", "169.254.1.1", "fd00::1", "fe80::1", "::1", "x"}) {
        EXPECT_TRUE(is_private_address(address)) << address;
    }
    for (const char* address : {"172.32.0.1", "203.0.113.5", "100.128.0.1", "2001:db8::1"}) {
        EXPECT_FALSE(is_private_address(address)) << address;
    }
}

TEST(Probes, LooksAtAFakeMachine) {
    const std::string proc = testing::TempDir() + "/hameau-proc";
    (void)make_folder(proc, 0755);
    ASSERT_TRUE(write_file_atomically(proc + "/meminfo", "MemTotal:         448512 kB\n"));
    int asked = 0;
    const Resolver nobody = [&asked](const std::string&) { ++asked; return LookUp{}; };
    const MachineFacts facts = gather_facts("maison.example.org", proc, proc, {}, nobody, nobody);
    EXPECT_EQ(facts.memory, 448512ULL << 10U);
    EXPECT_TRUE(facts.disk_free);
    EXPECT_GE(asked, 1);
    EXPECT_LE(asked, 3) << "each may take its whole deadline";
    EXPECT_NE(probe_lines(facts).find("check\tname\tunknown\tprobe_name_unknown\tname=maison.example.org\n"), std::string::npos);
}

} // namespace
} // namespace hameau::provisioning
