// Tunnel: a WebSocket as bytes between a visitor and a module, without coroutines: a quiet one holds two channels and no
// buffer.
#pragma once

#include <memory>
#include <string>

#include "daemon/gate/channel.hpp"
#include "daemon/gate/sessions.hpp"

namespace hameau::gate {

struct Visitor;

/// What is left of a request once the module has agreed to speak WebSocket.
struct Upgrade {
    std::unique_ptr<Channel> module;
    std::unique_ptr<Sessions::OpenSocket> session;  ///< null: nobody is signed in
    std::string early;                              ///< what the module sent behind its header section
};

/// Carries bytes both ways until one side ends; then both are ended. The tunnel owns itself and what it is given.
class Tunnel final : Channel::Waiter {
public:
    static void start(std::unique_ptr<Visitor> visitor, std::unique_ptr<Upgrade> upgrade);
    Tunnel(const Tunnel&) = delete;
    Tunnel& operator=(const Tunnel&) = delete;

private:
    struct Direction {
        Channel& from;
        Channel& to;
        std::string rest;  ///< read and not written yet; nothing more is read meanwhile
        bool open = true;
    };
    Tunnel(std::unique_ptr<Visitor> visitor, std::unique_ptr<Upgrade> upgrade);
    ~Tunnel();
    void on_wait_end(Channel& channel, bool reading, Status status) override;
    void go_on(Direction& direction);
    /// One step; false at the end.
    static bool carry(Direction& direction);

    std::unique_ptr<Visitor> visitor_;
    std::unique_ptr<Upgrade> upgrade_;
    Direction up_;
    Direction down_;
};

} // namespace hameau::gate
