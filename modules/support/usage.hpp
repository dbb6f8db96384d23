// Usage: what this module holds of each association, told to people, and how much more may come. One quota stands over
// mail, sites, texts and images together; people adds them up (POST /internal/usage) and never wakes anybody to count.
// A module calls set() with its figures at its start and after each change, and has_room() or take() before it grows.
// It never counts by itself, and it never asks for a keystroke: has_room() answers from the last word of people.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "daemon/contract/module.hpp"
#include "modules/support/limits.hpp"

namespace hameau {

class Usage {
public:
    enum class Whose { mail, others };
    /// `context` must outlive the io_context's last run; the Usage itself may go before.
    explicit Usage(ModuleContext& context, Whose whose = Whose::others);
    ~Usage();
    Usage(const Usage&) = delete;
    Usage& operator=(const Usage&) = delete;

    /// What the module holds of the association now. People is told soon, if it is a larger change or the first word.
    void set(const std::string& association, std::uint64_t bytes);
    std::uint64_t bytes(const std::string& association) const;
    /// Nothing of it is here any more, and people need not be told (it erased the association itself).
    void forget(const std::string& association);

    /// Whether `bytes` more fit, by what people said last. Before its first answer everything fits: for small growth
    /// only (edits). A "no" asks people again, so that the next question knows of a larger quota.
    bool has_room(const std::string& association, std::uint64_t bytes);
    /// The association's quota, by what people said last; nothing before its first answer, or when it has none of its own.
    std::optional<std::uint64_t> quota(const std::string& association) const;
    /// What is free, by what people said last; nothing before its first answer.
    std::optional<std::uint64_t> room(const std::string& association) const;

    /// Tells the figure now and hears what is free. Errors: not_found, unavailable.
    Task<Status> refresh(std::string association);

    /// Bytes that are on their way to the disk. They count for everybody until the hold ends.
    class Hold {
    public:
        Hold() = default;
        Hold(Hold&&) noexcept = default;
        Hold& operator=(Hold&& other) noexcept;
        ~Hold() { release(); }
        /// Ends it. Call it right before set() with the new figure: nothing is told in between.
        void release();

    private:
        friend class Usage;
        struct Part;
        std::shared_ptr<Part> part_;
    };
    /// Room for something large, taken at people before it is written, so that two modules cannot have the same bytes.
    /// Errors: too_large (it does not fit), not_found (no such association), unavailable (people does not answer).
    Task<Result<Hold>> take(std::string association, std::uint64_t bytes);
    /// The refusal for an error of take() or a "no" of has_room(): 413 association_full, 404, 503.
    Response refuse(const Request& request, const std::string& association, ErrorKind kind) const;

private:
    struct State;
    std::shared_ptr<State> state_;
};

} // namespace hameau
