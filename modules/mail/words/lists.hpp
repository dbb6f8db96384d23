// WordList: how often each word stood in what the members of one association called spam, and in what they kept. STATE/mail/words/ID, of the
// mailboxes' uid. A lesson is learnt in a copy that takes the list's place whole: a power cut, a backup or a judge at that moment sees one of both.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "daemon/base/result.hpp"

namespace hameau::words {

enum class Kind { spam, ham };

/// The id of the list for mail of `user` (an address), by the lines "DOMAIN ID" of `names`; nothing: the domain is nobody's.
std::optional<std::string> list_of(std::string_view names, std::string_view user);
/// One more lesson of that day (days since 1970), by the text that counts them, "DAY COUNT": the new text; nothing: enough for that day.
std::optional<std::string> count_lesson(std::string_view before, long day);
/// Of what `bogoutil -w` says of .MSG_COUNT: whether there were enough messages of both kinds.
bool is_ready(std::string_view counts);

class WordList {
public:
    /// `folder`: STATE/mail/words. `tools`: where bogofilter-sqlite and bogoutil-sqlite are.
    WordList(std::string folder, std::string id, std::string tools = "/usr/bin")
        : all_(std::move(folder)), id_(std::move(id)), tools_(std::move(tools)) {}
    /// Whether the message is spam. False when the list is not ready. Errors: of bogofilter; then nobody knows.
    Result<bool> judge(const std::string& message) const;
    /// `counter`: the file that counts the lessons of this mailbox. Errors: too_large (enough for today, or the list is full), io.
    Status learn(const std::string& message, Kind kind, const std::string& counter, long now);
    /// Removes lists that `names` does not know, when nothing was learnt in them for long enough.
    void remove_orphans(std::string_view names, long now) const;

private:
    std::string place() const { return all_ + "/" + id_; }
    bool is_broken() const;
    Status prune(const std::string& next, int count_least) const;
    Status bound(const std::string& next, long day) const;
    Status put(const std::string& next, long day) const;

    std::string all_;
    std::string id_;
    std::string tools_;
};

} // namespace hameau::words
