// The journal: one line an event on standard error, "<priority>" first as systemd reads it.
// An event is declared once with id, level and advice. Never: a visitor's address, a body, a query, a secret.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace hameau {

enum class Level { debug = 7, info = 6, notice = 5, warning = 4, error = 3 };

/// One kind of event; declare as `inline constexpr Event module_ready{"module.ready", Level::info};`
struct Event {
    std::string_view id;
    Level level = Level::info;
    std::string_view advice = {};
};

/// name=value pairs behind an event; values are quoted where needed and cut at 300 bytes.
using Fields = std::initializer_list<std::pair<std::string_view, std::string>>;

class Journal {
public:
    /// The name that opens each line, such as "gate".
    explicit Journal(std::string name) : name_(std::move(name)) {}
    void set_least(Level level) { least_ = level; }
    void write(const Event& event, Fields fields = {}) const;
    /// Logs an unexpected failure under a fresh reference (H-3F2A) that the user is shown too.
    std::string write_reference(const Event& event, Fields fields = {}) const;

private:
    std::string name_;
    Level least_ = Level::info;
};

} // namespace hameau
