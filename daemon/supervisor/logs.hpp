// LogSink: what one service writes to its standard error, kept within bounds while it runs. hameaud reads the service's
// pipe and writes STATE/log/NAME.log, or its own standard error where that is the journal. Called by House only.
// It never waits for a service and never keeps more than one piece in memory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/base/fd.hpp"
#include "daemon/base/result.hpp"

namespace hameau::supervisor {

struct LogBounds {
    std::uint64_t bytes_max = 0;   ///< of NAME.log and NAME.log.1 together
    std::int64_t age_max_ms = 0;   ///< a line is gone after this, and a day
};

class LogSink {
public:
    /// `folder`/`name`.log; with `journal`, nothing is written there.
    LogSink(std::string folder, std::string name, LogBounds bounds, bool journal);

    /// Makes the pipe. Errors: io.
    Status open(unsigned group);
    /// The child's standard error and output.
    int writer() const { return writer_.get(); }
    int reader() const { return reader_.get(); }
    void set_bounds(LogBounds bounds) { bounds_ = bounds; }
    /// Takes one piece from the pipe; false when nothing is there.
    bool take();
    /// Moves what is old away: once a day is enough.
    void age(std::int64_t now);  ///< milliseconds since 1970

private:
    void write(std::string_view piece);
    void write_journal(std::string_view piece);
    bool open_file();
    void rotate();

    std::string path_;
    std::string name_;
    LogBounds bounds_;
    bool journal_;
    std::int64_t made_ms_;  ///< where the file system does not tell when a file was made
    unsigned group_ = 0;
    Fd reader_;
    Fd writer_;
    Fd file_;
    std::uint64_t bytes_ = 0;
    std::string begun_;  ///< a line for the journal that is not whole yet
};

/// Whether our standard error is systemd's journal (JOURNAL_STREAM names it).
bool is_journal_stream();

} // namespace hameau::supervisor
