// Ahead: what is about to be relayed and not yet in the database, in two files that the system holds: handed over by one write()
// before anybody sees it, so that kill -9 of this process loses no edit that another person saw. Not a promise for a power cut:
// "saved" stays what the commit says. Each run writes two files of its own and never into those of an earlier one: these are
// KeptEdits', which removes them. Owner: pads; the event loop's own.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/fd.hpp"
#include "modules/pads/storage/store.hpp"

namespace hameau::pads {

/// One edit as it is recorded.
struct AheadRecord {
    const Person& person;
    std::int64_t time_ms = 0;
    std::span<const NewClient> clients;  ///< that nobody was known by before
    View update;
};

/// One edit as it was read back.
struct KeptEdit {
    std::string pad;  ///< its id: numbers are used again
    PersonPtr person;
    std::int64_t time_ms = 0;
    std::vector<NewClient> clients;
    Bytes update;
};

/// A file of an earlier run.
struct EarlierFile {
    std::string path;
    std::uint64_t number = 0;
};

class Ahead {
public:
    explicit Ahead(std::string folder);

    /// Notes an edit; nothing is written yet.
    void add(std::string_view pad, const AheadRecord& edit);
    /// Hands over everything that was noted. False: the disk took nothing or not all of it; what was noted is kept for the next
    /// call, and must not be relayed.
    bool write();
    /// The last write() failed.
    bool failing() const { return failing_; }

    // Called by the committer.
    /// A batch with everything that was noted so far is on its way to the database.
    void batch_begins();
    /// It is there: its edits need not be kept here. `idle`: nothing else waits.
    void batch_landed(bool idle);

    /// The files of earlier runs, as they were found when this one began, oldest first.
    const std::vector<EarlierFile>& earlier() const { return earlier_; }
    /// What these files hold, oldest first; what was torn in the middle of a write is left out. Errors: io, when one of them
    /// cannot be read now.
    static Result<std::vector<KeptEdit>> read_back(std::span<const EarlierFile> files);

private:
    struct File {
        Fd fd;
        std::uint64_t generation = 0;  ///< records of another one, behind its end, are old
        std::size_t size = 0;
    };

    std::string path(std::size_t which) const;
    bool open(File& file, std::size_t which);

    void seal(std::uint64_t generation);

    std::string folder_;
    std::vector<EarlierFile> earlier_;
    std::uint64_t first_number_ = 0;  ///< of this run's two files; even
    std::array<File, 2> files_;
    std::size_t current_ = 0;
    bool other_free_ = true;       ///< everything in the other file is in the database
    std::uint64_t generation_ = 0;
    Bytes waiting_;                ///< records that were not handed over
    std::size_t covered_ = 0;      ///< bytes at its front that the batch under way has
    std::size_t sealed_ = 0;       ///< bytes at its front that carry the generation sealed_for_ and their checksums
    std::uint64_t sealed_for_ = 0;
    bool failing_ = false;
};

} // namespace hameau::pads
