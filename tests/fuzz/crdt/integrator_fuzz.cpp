// Fuzzes the integrator and everything that reads a document: no input may break it or make it disagree with the
// recorder about what is known.
#include "modules/pads/crdt/document.hpp"
#include "modules/pads/crdt/recorder.hpp"
#include "tests/fuzz/crdt/fuzz_input.hpp"

using namespace hameau::crdt;

namespace {

void read_everything(const Integrator& integrator, const Snapshot* at) {
    const Document document(integrator, at);
    for (const std::string_view name : document.root_names()) {
        const std::uint32_t root = *document.root(name);
        for (const RootKind kind : {RootKind::text, RootKind::map, RootKind::array, RootKind::xml})
            must(!tree_json(document, root, kind).empty(), "an empty tree");
        (void)document.guess(root);
        (void)document.text(root);
        auto runs = document.runs(root, Split::authors);
        for (Run run; runs.next(run);)
            must(run.kind != Kind::string || !run.text.empty(), "an empty run");
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Integrator integrator;
    Recorder recorder;
    bool broken = false;
    Bytes snapshot;
    each_update(data, size, [&](const Bytes& update) {
        if (broken)
            return;
        const auto recorded = recorder.apply(update);
        const auto integrated = integrator.apply(update);
        broken = recorded.has_value() != integrated.has_value();
        must(!broken || !integrated || !recorded, "verdicts differ");
        if (snapshot.empty())
            snapshot = integrator.encode_snapshot();
    });
    if (!broken)
        must(integrator.state_vector() == recorder.state_vector(), "state vectors differ");
    read_everything(integrator, nullptr);
    const Bytes state = integrator.encode();
    must(validate(state).has_value(), "the encoded document is refused");
    Integrator again;
    must(again.apply(state).has_value(), "the encoded document cannot be integrated");
    must(again.state_vector() == integrator.state_vector(), "the encoded document lacks something");
    const auto past = integrator.snapshot(snapshot);
    if (!snapshot.empty())
        must(past.has_value(), "a snapshot is refused");
    if (past)
        read_everything(integrator, &*past);
    (void)integrator.snapshot(View(data, size));
    return 0;
}
