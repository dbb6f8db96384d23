// What one pad cannot have now does not stop the others.
#include "modules/pads/storage/kept_edits.hpp"

#include <unistd.h>

namespace hameau::pads {

namespace {

struct News {
    std::vector<Edit> edits;
    std::vector<NewClient> clients;
};

/// What of these edits a pad does not have yet, as rows of its log.
News news_of(Loaded& pad, const std::vector<KeptEdit>& kept) {
    News out;
    for (const KeptEdit& one : kept) {
        const auto applied = pad.recorder.apply(one.update);
        if (!applied || !(applied->changed || applied->held)) {
            continue;
        }
        if (out.edits.empty() || out.edits.back().person->member != one.person->member || out.edits.back().person->name != one.person->name) {
            out.edits.push_back({one.person, one.time_ms, {}, 0, 0});
        }
        Edit& edit = out.edits.back();
        frame_update(edit.framed, applied->relay);
        for (const crdt::ClockRange& range : applied->inserted) {
            edit.added += range.length;
        }
        for (const crdt::ClockRange& range : applied->deleted) {
            edit.removed += range.length;
        }
        for (const NewClient& client : one.clients) {
            if (pad.clients.insert(client.client).second) {
                out.clients.push_back(client);
            }
        }
    }
    return out;
}

} // namespace

KeptEdits::KeptEdits(std::vector<EarlierFile> files) {
    for (EarlierFile& file : files) {
        files_.push_back({std::move(file), false, {}});
    }
}

void KeptEdits::read_files(Outcome& outcome) {
    // Files of one run are read together: which of them is older stands in their records.
    for (std::size_t begin = 0, end = 0; begin < files_.size(); begin = end) {
        std::vector<EarlierFile> run;
        bool read = true;
        for (end = begin; end < files_.size() && files_[end].file.number / 2 == files_[begin].file.number / 2; ++end) {
            run.push_back(files_[end].file);
            read = read && files_[end].read;
        }
        if (read) {
            continue;
        }
        auto edits = Ahead::read_back(run);
        if (!edits) {
            outcome.error = edits.error().message;
            continue;
        }
        std::set<std::string, std::less<>> named;
        for (KeptEdit& edit : *edits) {
            named.insert(edit.pad);
            Pad& pad = pads_[edit.pad];
            pad.given = false;
            pad.edits.push_back(std::move(edit));
        }
        for (std::size_t i = begin; i < end; ++i) {
            files_[i].read = true;
            files_[i].pads = named;
        }
    }
}

void KeptEdits::remove_files() {
    std::erase_if(files_, [](const File& file) {
        const bool done = file.read && file.pads.empty();
        if (done) {
            // Should it stay there, the next start finds nothing new in it.
            ::unlink(file.file.path.c_str());
        }
        return done;
    });
}

Result<bool> KeptEdits::settle_pad(PadStore& store, const std::string& id, const Pad& pad, const Saved& saved, Outcome& outcome) {
    const auto row = store.find_by_id(id);
    if (!row) {
        return fail(row.error());
    }
    if (!*row) {
        return true;  // it was purged
    }
    const std::int64_t number = (*row)->number;
    if (const auto in_room = saved(number)) {
        return pad.given && *in_room;
    }
    auto loaded = store.load(number);
    if (!loaded) {
        return fail(loaded.error());
    }
    const News news = news_of(*loaded, pad.edits);
    if (news.edits.empty()) {
        return true;
    }
    auto done = store.transaction([&]() -> Status {
        const auto seq = store.append(number, news.edits, news.clients);
        return seq ? Status() : Status(fail(seq.error()));
    });
    if (!done) {
        store.rolled_back();
        return fail(done.error());
    }
    store.committed();
    outcome.edits += news.edits.size();
    return true;
}

KeptEdits::Outcome KeptEdits::settle(PadStore& store, const Saved& saved) {
    Outcome outcome;
    read_files(outcome);
    for (auto at = pads_.begin(); at != pads_.end();) {
        const auto done = settle_pad(store, at->first, at->second, saved, outcome);
        if (!done) {
            outcome.error = done.error().message;
        }
        if (!done || !*done) {
            ++at;
            continue;
        }
        for (File& file : files_) {
            file.pads.erase(at->first);
        }
        at = pads_.erase(at);
    }
    remove_files();
    return outcome;
}

const std::vector<KeptEdit>& KeptEdits::give(std::string_view pad) {
    static const std::vector<KeptEdit> none;
    const auto found = pads_.find(pad);
    if (found == pads_.end()) {
        return none;
    }
    found->second.given = true;
    return found->second.edits;
}

} // namespace hameau::pads
