// KeptEdits: edits that an earlier process, which was killed, had handed to the system and not committed (ahead.hpp). Others
// have seen them, so they are forgotten only when they are in the database, or when their pad certainly does not exist any more.
// What cannot be committed now (a full disk, a row that cannot be read) stays in its file and in memory, and is tried again; a
// pad that is opened meanwhile is given its own. Owner: pads; the event loop's own.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "modules/pads/storage/ahead.hpp"

namespace hameau::pads {

class KeptEdits {
public:
    explicit KeptEdits(std::vector<EarlierFile> files);

    /// Whether everything that the pad's open room was given is durable; nothing: no room is open.
    using Saved = std::function<std::optional<bool>(std::int64_t number)>;
    struct Outcome {
        std::size_t edits = 0;  ///< that are in the database now and were not before
        std::string error;      ///< of the last one that could not be committed; empty: none
    };
    /// Commits what it can and removes the files that nothing is missing of.
    Outcome settle(PadStore& store, const Saved& saved);
    /// For the room of this pad, which opens now. Its commit does what is left to do.
    const std::vector<KeptEdit>& give(std::string_view pad);
    /// Nothing is left to be committed.
    bool empty() const { return files_.empty(); }

private:
    struct File {
        EarlierFile file;
        bool read = false;
        std::set<std::string, std::less<>> pads;  ///< with edits in it that are not in the database
    };
    struct Pad {
        std::vector<KeptEdit> edits;
        bool given = false;  ///< the room that is open has them
    };

    void read_files(Outcome& outcome);
    void remove_files();
    /// True: nothing of this pad is left to do. Errors: those of the disk.
    Result<bool> settle_pad(PadStore& store, const std::string& id, const Pad& pad, const Saved& saved, Outcome& outcome);

    std::vector<File> files_;
    std::map<std::string, Pad, std::less<>> pads_;
};

} // namespace hameau::pads
