// The command's side of the admin socket: one blocking HTTP call at a time to hameau-admin.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "daemon/base/fd.hpp"
#include "daemon/base/result.hpp"

namespace hameau::cli {

struct Answer {
    int status = 0;
    std::string body;

    bool good() const { return status >= 200 && status < 300; }
    /// Empty object when the body is no JSON object.
    boost::json::object object() const;
    /// The problem document as one sentence, with the fields that it names.
    std::string problem() const;
    /// The service is switched off in hameau.yaml.
    bool is_switched_off() const;
};

/// A file as a body.
struct Upload {
    int fd = -1;
    std::uint64_t size_bytes = 0;
    std::string type;
};

/// A member of an object as text or as a number; "" or 0 when it is absent or something else.
std::string text_of(const boost::json::object& object, std::string_view key);
/// The house doubts an upload and has published nothing: with `anyway` it takes it all the same.
bool is_doubt(const boost::json::object& report);
std::int64_t number_of(const boost::json::object& object, std::string_view key);
/// Likewise as an array; an empty one that always stands when it is absent or something else.
const boost::json::array& array_of(const boost::json::object& object, std::string_view key);

/// A body that is sent piece by piece; the response comes at its end.
class Sending {
public:
    explicit Sending(Fd socket) : socket_(std::move(socket)) {}
    /// A house that reads no more is no error here: its response says why.
    Status write(std::string_view bytes);
    Result<Answer> finish();

private:
    Fd socket_;
    bool refused_ = false;
};

class Client {
public:
    explicit Client(std::string state) : state_(std::move(state)) {}
    const std::string& state() const { return state_; }

    /// Errors: unavailable (no house runs there), denied (not root nor in the group hameau), io.
    Result<Answer> call(std::string_view method, const std::string& path, const boost::json::value* body = nullptr) const;
    /// Whether the house answers a question within some seconds: a process that hangs is no reason to wait for minutes.
    bool answers(const std::string& path) const;
    Result<Answer> upload(const std::string& path, const Upload& upload) const;
    /// Begins a POST whose size is not known. Errors: as call.
    Result<Sending> send(const std::string& path, const std::string& type) const;
    /// A good response's body goes to `out` as it comes; another one is in the response. Errors: as call; closed when the response was cut
    /// (a part of it may be written), io when `out` takes no more.
    Result<Answer> download(const std::string& path, int out) const;
    /// Every item of a paged list. Errors as call; the list's own problem as `unavailable`, and `closed` when
    /// the service is switched off.
    Result<boost::json::array> list(const std::string& path) const;

private:
    Result<Fd> connect(long seconds) const;
    Result<Answer> call_within(long seconds, std::string_view method, const std::string& path, const boost::json::value* body) const;
    std::string state_;
};

/// A path segment, percent-encoded.
std::string segment(std::string_view text);

/// Prints "hameau: MESSAGE" and gives the exit code (sysexits) for the kind of error.
int report(const Error& error);

} // namespace hameau::cli
