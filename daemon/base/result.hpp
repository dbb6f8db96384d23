// Result<T>: the outcome of anything that may fail for an expected reason.
// Owner: base. Exceptions are for libraries and bugs; every other failure travels as an Error.
#pragma once

#include <string>
#include <string_view>
#include <system_error>
#include <tl/expected.hpp>

namespace hameau {

/// What kind of failure, so that a caller can choose an HTTP status or an exit code.
enum class ErrorKind {
    invalid,      ///< the caller's input is wrong (400/422, EX_DATAERR)
    denied,       ///< not allowed (403, EX_NOPERM)
    not_found,    ///< no such thing (404)
    conflict,     ///< it is there already, or it changed meanwhile (409)
    too_large,    ///< a ceiling was reached (413/422), the limit is named
    too_many,     ///< a rate was reached (429)
    unavailable,  ///< not now: down, asleep, switched off (503, EX_UNAVAILABLE)
    timed_out,    ///< a deadline passed (504)
    closed,       ///< the peer ended the connection
    io,           ///< the system refused: disk, socket, process
    corrupt,      ///< stored data is not what was written
};

/// A failure: one sentence that a person can act on, and the system's code where there is one.
struct Error {
    ErrorKind kind = ErrorKind::io;
    std::string message;
    std::error_code code{};

    /// Adds what was being done: "opening the mailbox: no such file".
    Error during(std::string_view what) && {
        message.insert(0, ": ").insert(0, what);
        return std::move(*this);
    }
    Error during(std::string_view what) const& { return Error(*this).during(what); }
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

/// The failure side of a Result.
inline tl::unexpected<Error> fail(ErrorKind kind, std::string message, std::error_code code = {}) {
    return tl::unexpected<Error>(Error{kind, std::move(message), code});
}
inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

/// A failed system call: message "what: reason", code from errno (taken at the call).
tl::unexpected<Error> fail_errno(std::string_view what);

} // namespace hameau
