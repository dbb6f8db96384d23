// A name server of a test's own on the loopback: answers from a table, in the test's own event loop.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "daemon/base/text.hpp"
#include "modules/mail/auth/address_octets.hpp"
#include "modules/mail/records/dns_wire.hpp"

namespace hameau::mailrecords {

using Zone = std::map<std::pair<std::string, Type>, std::vector<std::string>>;

inline std::string number_16(unsigned number) { return {static_cast<char>(number >> 8U & 0xffU), static_cast<char>(number & 0xffU)}; }

inline std::string name_octets(std::string_view name) {
    std::string out;
    for (const std::string_view label : split(name, '.')) {
        out += static_cast<char>(label.size());
        out += label;
    }
    return out + '\0';
}

/// From the form of Reply::records.
inline std::string data_octets(Type type, const std::string& text) {
    std::istringstream words(text);
    std::string out;
    std::string word;
    if (type == Type::a || type == Type::aaaa) {
        return mailauth::read_address(text).value();
    }
    if (type == Type::txt) {
        for (std::size_t at = 0; at == 0 || at < text.size(); at += 255) {
            const std::string part = text.substr(at, 255);
            out += static_cast<char>(part.size()) + part;
        }
        return out;
    }
    if (type == Type::caa) {
        words >> word;
        out += static_cast<char>(std::stoi(word));
        words >> word;
        out += static_cast<char>(word.size()) + word;
        words >> word;
        return out + word;
    }
    for (int i = 0; i < (type == Type::mx ? 1 : type == Type::srv ? 3 : 0); ++i) {
        words >> word;
        out += number_16(static_cast<unsigned>(std::stoul(word)));
    }
    words >> word;
    return out + name_octets(word) + (type == Type::soa ? name_octets("admin." + word) + std::string(20, '\0') : std::string());
}

class LoopbackDns {
public:
    using Udp = boost::asio::ip::udp;
    using Tcp = boost::asio::ip::tcp;
    LoopbackDns(boost::asio::io_context& io, Zone zone, std::string apex)
        : zone(std::move(zone)), apex_(std::move(apex)), socket_(io, Udp::endpoint(boost::asio::ip::address_v4::loopback(), 0)) {
        acceptor_.emplace(io, Tcp::endpoint(boost::asio::ip::address_v4::loopback(), socket_.local_endpoint().port()));
        accept();
        receive();
    }
    Udp::endpoint endpoint() const { return socket_.local_endpoint(); }

    Zone zone;
    std::set<std::string> silent;   ///< names without an answer; "*": all
    std::set<std::string> failing;  ///< SERVFAIL; "*": all
    std::set<std::string> bogus;    ///< SERVFAIL unless CD is set; "*": all
    std::set<std::string> cut;      ///< names whose answers come whole by TCP only
    std::map<std::string, std::string> aliases;
    int asked = 0;
    int asked_by_tcp = 0;

private:
    static bool in(const std::set<std::string>& set, const std::string& name) { return set.contains("*") || set.contains(name); }
    void receive() {
        socket_.async_receive_from(boost::asio::buffer(packet_), from_, [this](boost::system::error_code failed, std::size_t size) {
            if (!failed) {
                const std::string out = answer_to(std::string(packet_.data(), size), false);
                boost::system::error_code ignored;
                if (!out.empty()) {
                    socket_.send_to(boost::asio::buffer(out), from_, 0, ignored);
                }
                receive();
            }
        });
    }
    std::string record(const std::string& owner, unsigned type, const std::string& data) const {
        return name_octets(owner) + number_16(type) + number_16(1) + std::string(4, '\0') + number_16(static_cast<unsigned>(data.size())) + data;
    }
    /// One question a connection; blocking, since it is here whole.
    void accept() {
        acceptor_->async_accept([this](boost::system::error_code failed, Tcp::socket peer) {
            if (failed) {
                return;
            }
            ++asked_by_tcp;
            auto kept = std::make_shared<Tcp::socket>(std::move(peer));
            auto length = std::make_shared<std::array<unsigned char, 2>>();
            boost::asio::async_read(*kept, boost::asio::buffer(*length), [this, kept, length](boost::system::error_code over, std::size_t) {
                if (over) {
                    return;
                }
                std::string question((*length)[0] * 256U + (*length)[1], '\0');
                boost::system::error_code ignored;
                boost::asio::read(*kept, boost::asio::buffer(question), ignored);
                const std::string out = answer_to(question, true);
                boost::asio::write(*kept, boost::asio::buffer(number_16(static_cast<unsigned>(out.size())) + out), ignored);
            });
            accept();
        });
    }
    std::string answer_to(const std::string& question, bool whole) {
        ++asked;
        std::string name;
        std::size_t at = 12;
        for (; question[at] != 0; at += 1U + static_cast<unsigned char>(question[at])) {
            name += (name.empty() ? "" : ".") + question.substr(at + 1, static_cast<unsigned char>(question[at]));
        }
        const auto type = static_cast<Type>(static_cast<unsigned char>(question[at + 1]) << 8U | static_cast<unsigned char>(question[at + 2]));
        const bool unchecked = (static_cast<unsigned char>(question[3]) & 0x10U) != 0;
        if (in(silent, name)) {
            return {};
        }
        if (in(cut, name) && !whole) {
            return question.substr(0, 2) + number_16(0x8380) + number_16(1) + std::string(6, '\0') + question.substr(12, at + 5 - 12);
        }
        const bool fails = in(failing, name) || (in(bogus, name) && !unchecked);
        std::string answers;
        unsigned count = 0;
        std::string target = name;
        if (aliases.contains(name)) {
            target = aliases[name];
            answers += record(name, 5, name_octets(target));
            ++count;
        }
        const auto found = zone.find({target, type});
        for (const std::string& text : found == zone.end() || fails ? std::vector<std::string>() : found->second) {
            answers += record(target, static_cast<unsigned>(type), data_octets(type, text));
            ++count;
        }
        const bool known = std::any_of(zone.begin(), zone.end(), [&target](const auto& entry) { return entry.first.first == target || entry.first.first.ends_with("." + target); });
        const unsigned flags = fails ? 0x8182U : known ? 0x8180U : 0x8183U;
        const std::string above = count == 0 && !fails ? record(apex_, 6, data_octets(Type::soa, apex_)) : "";
        return question.substr(0, 2) + number_16(flags) + number_16(1) + number_16(fails ? 0 : count) + number_16(above.empty() ? 0 : 1) + number_16(0) +
                                question.substr(12, at + 5 - 12) + (fails ? "" : answers) + above;
    }

    std::string apex_;
    Udp::socket socket_;
    std::optional<Tcp::acceptor> acceptor_;
    Udp::endpoint from_;
    std::array<char, 4096> packet_{};
};

} // namespace hameau::mailrecords
