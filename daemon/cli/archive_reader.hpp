// An archive of an association as the command reads it: through hameau-unarchive, never by itself. Two readings: the first verifies
// all of it (sums, the END, limits), the second brings it into the house.
#pragma once

#include <map>
#include <set>
#include <string>
#include <unordered_set>

#include <boost/json.hpp>
#include <sodium.h>

#include "daemon/base/fd.hpp"
#include "daemon/base/result.hpp"
#include "daemon/cli/limits.hpp"
#include "daemon/contract/parts.hpp"

namespace hameau::cli {

/// The archive as a file that can be read twice. "-": standard input, kept in a nameless file meanwhile, which is gone with the
/// process, however it ends. Errors: not_found, io, too_large when the disk would become too full.
Result<Fd> open_archive(const std::string& path);

/// Reads it from its beginning. `bytes_max`: unpacked; 0: by its size. Errors: invalid with the sentence of hameau-unarchive, those of the sink.
Status read_archive(const Fd& archive, std::uint64_t bytes_max, PartSink& sink);

/// The first reading.
class Verifier final : public PartSink {
public:
    Verifier();
    Status begin(const Part& part) override;
    Status content(std::string_view bytes) override;
    Status end() override;
    /// After the last part. Errors: invalid when it is not whole.
    Status finish() const;

    /// The small documents, by path.
    const boost::json::object& document(const std::string& path) const;
    std::uint64_t bytes() const { return bytes_; }
    /// "mail", "sites", "pads": services that it has something for.
    const std::set<std::string>& services() const { return services_; }

private:
    std::unordered_set<std::string> seen_;   ///< 16 bytes of hash for each path
    Part part_;
    crypto_hash_sha256_state hash_{};        ///< of this part
    crypto_hash_sha256_state sums_{};        ///< of the list of sums as it should be
    bool sums_right_ = false;
    bool ended_ = false;
    std::string text_;                       ///< of a small document, or of END
    bool keep_ = false;
    std::uint64_t files_ = 0;
    std::uint64_t bytes_ = 0;
    std::map<std::string, boost::json::object> documents_;
    std::set<std::string> services_;
    std::set<std::string, std::less<>> hosts_;  ///< of which there are pages
};

} // namespace hameau::cli
