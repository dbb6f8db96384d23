// TarZst: a .tar.zst made a piece at a time, with the SHA-256 of each file. Memory: what zstd needs for its window, and the piece.
// Two files close every archive: SHA256SUMS (for `sha256sum -c`), and END, by which a reader knows that nothing was cut.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <sodium/crypto_hash_sha256.h>
#include <zstd.h>

#include "daemon/base/fd.hpp"
#include "daemon/base/result.hpp"
#include "daemon/contract/parts.hpp"

namespace hameau::people {

/// The number in END: a reader of another format says so instead of guessing.
inline constexpr int archive_format = 1;

class TarZst final : public PartSink {
public:
    /// `folder`: where the list of sums waits, in a file without a name. Errors: io.
    static Result<std::unique_ptr<TarZst>> open(const std::string& folder);

    Status begin(const Part& part) override;
    Status content(std::string_view bytes) override;
    Status end() override;
    Status whole(std::string_view path, std::string_view text, std::int64_t mtime_s);
    /// The sums, the END, the end of the tar file and of the compression.
    Status finish(std::int64_t mtime_s);
    /// What is compressed by now.
    std::string take() { return std::exchange(out_, std::string()); }
    bool has_output() const { return !out_.empty(); }
    std::uint64_t files() const { return files_; }
    std::uint64_t bytes() const { return bytes_; }

private:
    struct FreeContext {
        void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
    };
    explicit TarZst(Fd sums) : sums_(std::move(sums)) {}
    Status compress(std::string_view bytes, ZSTD_EndDirective directive);

    Fd sums_;
    std::unique_ptr<ZSTD_CCtx, FreeContext> context_;
    Part part_;
    crypto_hash_sha256_state hash_{};
    std::uint64_t files_ = 0;
    std::uint64_t bytes_ = 0;
    std::string out_;
};

} // namespace hameau::people
