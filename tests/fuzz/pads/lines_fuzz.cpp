// Any updates, read as a pad: the reader of lines, the exporters' events, the editor's JSON, the carry-over. Nothing throws, JSON
// is JSON, blocks that open close, and what is carried over is shown as before. Input as of tests/fuzz/crdt.
#include <boost/json.hpp>

#include "modules/pads/lines/carry.hpp"
#include "modules/pads/export/content.hpp"
#include "modules/pads/export/render.hpp"
#include "tests/fuzz/crdt/fuzz_input.hpp"

namespace {

using namespace hameau;
using crdt::must;

void look(const crdt::Document& document) {
    const auto shown = pads::render_prosemirror(document);
    if (shown) {
        boost::json::parse_options options;
        options.max_depth = 1000;
        boost::system::error_code failed;
        static_cast<void>(boost::json::parse(*shown, failed, {}, options));
        must(!failed, "no JSON");
    }
    const auto events = pads::read_content(document);
    if (events) {
        std::ptrdiff_t open = 0;
        for (const pads::Event& event : *events) {
            open += event.kind == pads::Event::Kind::open ? 1 : event.kind == pads::Event::Kind::close ? -1 : 0;
            must(open >= 0, "closed and not opened");
        }
        must(open == 0, "opened and not closed");
        static_cast<void>(pads::render_text(*events));
        static_cast<void>(pads::render_markdown(*events));
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    crdt::Integrator integrator;
    bool broken = false;
    crdt::Bytes moment;
    crdt::each_update(data, size, [&](const crdt::Bytes& update) {
        broken = broken || !integrator.apply(update);
        if (moment.empty() && !broken) {
            moment = integrator.encode_snapshot();
        }
    });
    if (broken) {
        return 0;
    }
    look(crdt::Document(integrator));
    if (const auto past = moment.empty() ? hameau::Result<crdt::Snapshot>(hameau::fail(hameau::ErrorKind::invalid, "none")) : integrator.snapshot(moment)) {
        look(crdt::Document(integrator, &*past));
    }
    if (const auto carried = pads::carrying_update(integrator, 1 << 20, 64 << 20)) {
        must(integrator.apply(*carried).has_value(), "what is carried over is refused");
        look(crdt::Document(integrator));
        must(!pads::carrying_update(integrator, 1 << 20, 64 << 20), "carried over twice");
    }
    return 0;
}
