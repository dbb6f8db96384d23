// The transactions of one batch: the edits of all pads within one commit window. Runs on the commit thread.
#include "modules/pads/storage/batch.hpp"

namespace hameau::pads {

namespace {

Status append_all(PadStore& store, Batch& batch) {
    return store.transaction([&]() -> Status {
        for (std::size_t i = 0; i < batch.parts.size(); ++i) {
            Batch::Part& part = batch.parts[i];
            const auto seq = store.append(part.pad, part.unsaved.edits, part.unsaved.clients);
            if (!seq) {
                // A constraint is no matter of disk space: the pad is not there any more.
                if (seq.error().kind == ErrorKind::conflict) {
                    batch.refused = i;
                }
                return fail(seq.error());
            }
            part.last_seq = std::max(part.last_seq, *seq);
        }
        return {};
    });
}

} // namespace

void write_batch(PadStore& store, Batch& batch) {
    if (batch.forget_authors) {
        store.rolled_back();
    }
    const bool edits = std::any_of(batch.parts.begin(), batch.parts.end(),
                                   [](const Batch::Part& part) { return !part.unsaved.edits.empty(); });
    batch.written = edits ? append_all(store, batch) : Status();
    if (!batch.written) {
        store.rolled_back();
        return;
    }
    store.committed();
    for (Batch::Part& part : batch.parts) {
        if (part.state) {
            part.folded = store.compact(part.pad, *part.state, part.last_seq);
        }
    }
}

} // namespace hameau::pads
