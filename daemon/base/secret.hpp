// Secret: text that must not be printed, copied by accident or left in memory.
// It has no formatter and no stream operator on purpose; it is wiped on destruction.
#pragma once

#include <string>
#include <string_view>

namespace hameau {

/// Overwrites memory in a way that the compiler keeps.
void wipe(void* data, std::size_t size_bytes);

class Secret {
public:
    Secret() = default;
    explicit Secret(std::string text) : text_(std::move(text)) {}
    Secret(Secret&&) noexcept = default;
    Secret& operator=(Secret&& other) noexcept {
        wipe(text_.data(), text_.size());
        text_ = std::move(other.text_);
        return *this;
    }
    Secret(const Secret&) = delete;
    Secret& operator=(const Secret&) = delete;
    ~Secret() { wipe(text_.data(), text_.size()); }

    /// The text itself, for the call that needs it; never for a log.
    std::string_view reveal() const { return text_; }
    bool empty() const { return text_.empty(); }

private:
    std::string text_;
};

} // namespace hameau
