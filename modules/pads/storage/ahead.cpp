// A record: length, checksum, then its content with the generation of the file first. A file that is used again is written over
// from its start under the next generation: what is left behind belongs to another one. While people write, its blocks are used
// again; when nothing waits any more, both files are cut to nothing.
#include "modules/pads/storage/ahead.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <unistd.h>

#include <zlib.h>

#include "daemon/base/io.hpp"
#include "modules/pads/limits.hpp"

namespace hameau::pads {

namespace {

constexpr std::size_t head_bytes = 8;         ///< length and checksum, four bytes each, little end first
constexpr std::size_t generation_bytes = 8;   ///< at the front of the content
constexpr std::string_view file_prefix = "ahead-";

std::optional<std::uint64_t> number_of(std::string_view name) {
    std::uint64_t number = 0;
    if (!name.starts_with(file_prefix)) {
        return std::nullopt;
    }
    name.remove_prefix(file_prefix.size());
    const auto [end, failed] = std::from_chars(name.data(), name.data() + name.size(), number);
    return failed == std::errc() && end == name.data() + name.size() ? std::optional(number) : std::nullopt;
}

void put_little_end(Bytes& out, std::size_t at, std::uint64_t value, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) {
        out[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
    }
}

std::uint64_t little_end(View in, std::size_t at, std::size_t bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = bytes; i > 0; --i) {
        value = value << 8 | in[at + i - 1];
    }
    return value;
}

std::uint32_t checksum(View bytes) { return static_cast<std::uint32_t>(crc32_z(crc32_z(0, nullptr, 0), bytes.data(), bytes.size())); }

void put_person(crdt::Writer& out, const Person& person) {
    out.text(person.member);
    out.text(person.login);
    out.text(person.name);
}

bool take_text(crdt::Reader& in, std::string& out) {
    std::string_view text;
    if (!in.text_trusted(text)) {
        return false;
    }
    out = text;
    return true;
}

bool take_person(crdt::Reader& in, Person& person) { return take_text(in, person.member) && take_text(in, person.login) && take_text(in, person.name); }

bool take_record(View content, KeptEdit& out) {
    crdt::Reader in(content);
    Person person;
    std::uint64_t time = 0, count = 0;
    if (!take_text(in, out.pad) || !take_person(in, person) || !in.uvar(time) || !in.uvar(count)) {
        return false;
    }
    out.person = std::make_shared<const Person>(std::move(person));
    out.time_ms = static_cast<std::int64_t>(time);
    for (; count > 0; --count) {
        NewClient client;
        std::uint64_t brought = 0;
        if (!in.uvar(client.client) || !in.uvar(brought)) {
            return false;
        }
        client.person = out.person;
        client.brought = brought != 0;
        client.time_ms = out.time_ms;
        out.clients.push_back(std::move(client));
    }
    View update;
    if (!in.bytes(update) || !in.done()) {
        return false;
    }
    out.update.assign(update.begin(), update.end());
    return true;
}

} // namespace

Ahead::Ahead(std::string folder) : folder_(std::move(folder)) {
    std::error_code failed;
    for (std::filesystem::directory_iterator each(folder_, failed), end; !failed && each != end; each.increment(failed)) {
        const std::string name = each->path().filename().string();
        if (const auto number = number_of(name)) {
            earlier_.push_back({each->path().string(), *number});
            first_number_ = std::max(first_number_, (*number / 2 + 1) * 2);
        }
    }
    std::sort(earlier_.begin(), earlier_.end(), [](const EarlierFile& a, const EarlierFile& b) { return a.number < b.number; });
}

void Ahead::add(std::string_view pad, const AheadRecord& edit) {
    const std::size_t begin = waiting_.size();
    waiting_.resize(begin + head_bytes + generation_bytes);
    crdt::Writer out(waiting_);
    out.text(pad);
    put_person(out, edit.person);
    out.uvar(static_cast<std::uint64_t>(std::max<std::int64_t>(edit.time_ms, 0)));
    out.uvar(edit.clients.size());
    for (const NewClient& client : edit.clients) {
        out.uvar(client.client);
        out.uvar(client.brought ? 1 : 0);
    }
    out.bytes(edit.update);
    put_little_end(waiting_, begin, waiting_.size() - begin - head_bytes, 4);
}

std::string Ahead::path(std::size_t which) const { return folder_ + "/" + std::string(file_prefix) + std::to_string(first_number_ + which); }

bool Ahead::open(File& file, std::size_t which) {
    if (!file.fd) {
        // Exclusively: a file that was not found when this run began may hold edits of an earlier one.
        file.fd = Fd(::open(path(which).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
        file.generation = ++generation_;
        file.size = 0;
    }
    return static_cast<bool>(file.fd);
}

bool Ahead::write() {
    if (waiting_.empty()) {
        return true;
    }
    File& file = files_[current_];
    failing_ = true;
    if (!open(file, current_) || file.size + waiting_.size() > ahead_file_bytes_max) {
        return false;
    }
    seal(file.generation);
    for (std::size_t done = 0; done < waiting_.size();) {
        const ssize_t count = ::pwrite(file.fd.get(), waiting_.data() + done, waiting_.size() - done, static_cast<off_t>(file.size + done));
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return false;  // what is there is torn, and is written over by the next call
        }
        done += static_cast<std::size_t>(count);
    }
    file.size += waiting_.size();
    waiting_.clear();
    covered_ = sealed_ = 0;
    failing_ = false;
    return true;
}

/// The generation and the checksums are known only when the file is. A try that failed leaves them for the next one.
void Ahead::seal(std::uint64_t generation) {
    std::size_t at = sealed_for_ == generation ? sealed_ : 0;
    while (at < waiting_.size()) {
        const std::size_t length = static_cast<std::size_t>(little_end(waiting_, at, 4));
        put_little_end(waiting_, at + head_bytes, generation, generation_bytes);
        put_little_end(waiting_, at + 4, checksum(View(waiting_).subspan(at + head_bytes, length)), 4);
        at += head_bytes + length;
    }
    sealed_ = at;
    sealed_for_ = generation;
}

void Ahead::batch_begins() {
    covered_ = waiting_.size();
    if (!other_free_ || files_[current_].size == 0) {
        return;
    }
    // The batch has everything of this file: new edits go into the other one.
    current_ = 1 - current_;
    other_free_ = false;
    File& file = files_[current_];
    file.generation = ++generation_;
    file.size = 0;
}

void Ahead::batch_landed(bool idle) {
    other_free_ = true;
    const std::size_t landed = std::min(covered_, waiting_.size());
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(landed));
    sealed_ -= std::min(sealed_, landed);
    covered_ = 0;
    failing_ = failing_ && !waiting_.empty();
    if (!idle || !waiting_.empty()) {
        return;
    }
    for (File& file : files_) {
        if (file.fd && ::ftruncate(file.fd.get(), 0) == 0) {
            file.generation = ++generation_;
            file.size = 0;
        }
    }
}

namespace {

struct ReadFile {
    std::uint64_t run = 0;
    std::uint64_t generation = 0;  ///< of the first record that is whole
    std::vector<KeptEdit> records;
};

ReadFile read_records(View in) {
    ReadFile read;
    for (std::size_t at = 0; at + head_bytes + generation_bytes <= in.size();) {
        const std::size_t length = static_cast<std::size_t>(little_end(in, at, 4));
        if (length < generation_bytes || length > in.size() - at - head_bytes) {
            break;
        }
        const View content = in.subspan(at + head_bytes, length);
        const std::uint64_t generation = little_end(content, 0, generation_bytes);
        const bool whole = checksum(content) == little_end(in, at + 4, 4);
        at += head_bytes + length;
        if (whole && !read.records.empty() && generation != read.generation) {
            break;  // left behind by an earlier use of the file
        }
        KeptEdit record;
        // One that the disk damaged takes only itself: its length leads to the next one.
        if (whole && take_record(content.subspan(generation_bytes), record)) {
            read.generation = generation;
            read.records.push_back(std::move(record));
        }
    }
    return read;
}

} // namespace

Result<std::vector<KeptEdit>> Ahead::read_back(std::span<const EarlierFile> files) {
    std::vector<ReadFile> all;
    for (const EarlierFile& file : files) {
        const auto bytes = read_file(file.path, ahead_file_bytes_max);
        if (!bytes) {
            return fail(Error(bytes.error()).during("edits that were handed over to the system"));
        }
        all.push_back(read_records(View(reinterpret_cast<const std::uint8_t*>(bytes->data()), bytes->size())));
        all.back().run = file.number / 2;
    }
    // Generations count within one run.
    std::sort(all.begin(), all.end(),
              [](const ReadFile& a, const ReadFile& b) { return a.run != b.run ? a.run < b.run : a.generation < b.generation; });
    std::vector<KeptEdit> out;
    for (ReadFile& read : all) {
        std::move(read.records.begin(), read.records.end(), std::back_inserter(out));
    }
    return out;
}

} // namespace hameau::pads
