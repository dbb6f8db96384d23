// Prints the figures of the CRDT library: opening, replaying, step 2, integrating, conflicts. CPU time, medians.
// Usage: crdt_bench FOLDER-WITH-INPUTS (from tests/peers/crdt/updates.mjs).
#include "modules/pads/crdt/document.hpp"
#include "modules/pads/crdt/recorder.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <functional>
#include <iterator>
#include <random>
#include <unistd.h>

using namespace hameau::crdt;

namespace {

double cpu_ms() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

struct Times {
    double median = 0, least = 0;
};

Times measure(int runs, const std::function<void()>& work) {
    std::vector<double> times;
    for (int i = 0; i < runs; ++i) {
        const double start = cpu_ms();
        work();
        times.push_back(cpu_ms() - start);
    }
    std::sort(times.begin(), times.end());
    return {times[times.size() / 2], times[0]};
}

void print(const char* what, Times times, double target, double moonshot) {
    std::printf("%-46s %9.4f ms (min %.4f)   target %g ms%s", what, times.median, times.least, target,
                times.median <= target ? "" : "  MISSED");
    if (moonshot > 0)
        std::printf(", moonshot %g ms%s", moonshot, times.median <= moonshot ? " reached" : "");
    std::printf("\n");
}

Bytes read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        std::fprintf(stderr, "%s is missing: run tests/peers/crdt/updates.mjs first\n", path.c_str());
        std::exit(2);
    }
    return Bytes(std::istreambuf_iterator<char>(file), {});
}

std::vector<View> split(const Bytes& all) {
    std::vector<View> updates;
    for (std::size_t at = 0; at < all.size();) {
        std::uint32_t size = 0;
        std::memcpy(&size, all.data() + at, 4);
        updates.push_back(View(all).subspan(at + 4, size));
        at += 4 + size;
    }
    return updates;
}

long resident_kb() {
    std::ifstream file("/proc/self/statm");
    long total = 0, resident = 0;
    file >> total >> resident;
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

void fail_if(bool wrong, const char* what) {
    if (!wrong)
        return;
    std::fprintf(stderr, "wrong result: %s\n", what);
    std::exit(1);
}

Recorder replay(const std::vector<View>& updates) {
    Recorder recorder;
    for (const View update : updates)
        fail_if(!recorder.apply(update), "an update was refused");
    return recorder;
}

std::string text_of(View state, std::size_t* memory = nullptr) {
    Integrator integrator;
    fail_if(!integrator.apply(state, Hold::borrow), "a state was refused");
    const Document document(integrator);
    std::string text = document.text(*document.root("content"));
    if (memory != nullptr)
        *memory = integrator.bytes_used() + text.capacity();
    return text;
}

void trace(const std::string& folder, const char* name, double target, double moonshot) {
    const Bytes state = read(folder + "/" + name + ".state");
    const Bytes expected = read(folder + "/" + name + ".txt");
    const std::string wanted(expected.begin(), expected.end());
    std::size_t memory = 0;
    std::string text;
    const Times stock = measure(31, [&] { text = text_of(state, &memory); });
    fail_if(text != wanted, "text of the stock state");
    print((std::string(name) + ": integrate stock's state, text").c_str(), stock, target, moonshot);
    const Bytes all = read(folder + "/" + name + ".updates");
    const std::vector<View> updates = split(all);
    Recorder recorder;
    const Times singly = measure(7, [&] { recorder = replay(updates); });
    const Bytes recorded = recorder.encode();
    std::printf("%-46s %9.4f ms (min %.4f)   %zu updates, %.0f ns each, %zu structs\n",
                (std::string(name) + ": single updates, recorded").c_str(), singly.median, singly.least, updates.size(),
                singly.median * 1e6 / static_cast<double>(updates.size()), recorder.struct_count());
    const Times ours = measure(31, [&] { text = text_of(recorded); });
    fail_if(text != wanted, "text of the recorded state");
    print((std::string(name) + ": integrate our state, text").c_str(), ours, target, moonshot);
    std::printf("%-46s %9zu B state, %zu B integrated (without state)\n", name, recorded.size(), memory);
    const Times whole = measure(11, [&] {
        Recorder one;
        fail_if(!one.apply(state), "state");
    });
    print((std::string(name) + ": validate and record stock's state").c_str(), whole, 3, 0);
}

void b4(const std::string& folder) {
    const Bytes all = read(folder + "/b4.updates");
    const std::vector<View> updates = split(all);
    Recorder recorder;
    const Times singly = measure(9, [&] { recorder = replay(updates); });
    print("B4: 259,778 single updates", singly, 40, 8);
    const Stored stored = recorder.store();
    const Stored collected = recorder.collect();
    std::printf("%-46s %9zu B (collected %zu B, index %zu B, stock %zu B)   target 270000 B%s\n", "B4: recorded state",
                stored.state.size(), collected.state.size(), stored.index.size(), read(folder + "/b4.state").size(),
                stored.state.size() <= 270'000 ? "" : "  MISSED");
    // The copy stands for reading the row.
    std::size_t used = 0;
    const Times opening = measure(101, [&] {
        auto opened = Recorder::open(Bytes(stored.state), stored.index);
        fail_if(!opened || opened->client_count() == 0, "opening");
        used = opened->bytes_used();
    });
    print("B4: open for relaying (with copy of the row)", opening, 1, 0.1);
    const Times slow = measure(15, [&] { fail_if(!Recorder::open(Bytes(stored.state)), "opening without index"); });
    print("B4: open without index", slow, 3, 0);
    std::printf("%-46s %9zu B over the encoded size   target 65536 B%s\n", "B4: memory when open for relaying",
                used - stored.state.size(), used - stored.state.size() <= 65536 ? "" : "  MISSED");
    auto opened = Recorder::open(Bytes(stored.state), stored.index);
    std::size_t size = 0;
    const Bytes nothing{0};
    print("B4: full step 2", measure(101, [&] { size += opened->diff(nothing)->size(); }), 0.5, 0.05);
    const Bytes half = [&] {
        Bytes bytes;
        Writer out(bytes);
        out.uvar(1);
        opened->each_client([&](std::uint64_t client, std::uint32_t clock) { out.uvar(client); out.uvar(clock / 2 + 7); });
        return bytes;
    }();
    print("B4: step 2 of the second half", measure(101, [&] { size += opened->diff(half)->size(); }), 0.5, 0);
    // Keystrokes behind the opened state: the last tenth of the trace onto the rest.
    const std::size_t rest = updates.size() / 10 * 9;
    Recorder base = replay({updates.begin(), updates.begin() + static_cast<std::ptrdiff_t>(rest)});
    const Stored base_stored = base.store();
    Times strokes = measure(15, [&] {
        auto pad = Recorder::open(Bytes(base_stored.state), base_stored.index);
        for (std::size_t i = rest; i < updates.size(); ++i)
            fail_if(!pad->apply(updates[i]), "keystroke");
    });
    const double count = static_cast<double>(updates.size() - rest);
    print("B4: one keystroke, validated and appended", {strokes.median / count, strokes.least / count}, 0.002, 0);
    print("B4: collect", measure(11, [&] { size += recorder.collect().state.size(); }), 5, 0);
    fail_if(size == 0, "sizes");
}

/// `count` clients insert one letter each at the start of one text, never having seen each other.
void conflict(std::uint32_t count) {
    std::vector<Bytes> updates;
    for (std::uint32_t i = 0; i < count; ++i) {
        Bytes& bytes = updates.emplace_back();
        Writer out(bytes);
        out.uvar(1);
        out.uvar(1);
        out.uvar(1'000'000 + i);
        out.uvar(0);
        out.u8(4);
        out.uvar(1);
        out.text("content");
        out.text(std::string(1, static_cast<char>('a' + i % 26)));
        out.uvar(0);
    }
    const auto run = [&] {
        Integrator integrator;
        for (const Bytes& update : updates)
            fail_if(!integrator.apply(update), "conflict");
        fail_if(integrator.items().size() != count, "conflict");
    };
    print("5,000 clients at one place, ids ascending", measure(5, run), 50, 0);
    std::mt19937 random(7);
    std::shuffle(updates.begin(), updates.end(), random);
    print("5,000 clients at one place, any order", measure(5, run), 50, 0);
    Recorder recorder;
    for (const Bytes& update : updates)
        fail_if(!recorder.apply(update), "conflict");
    const Bytes state = recorder.encode();
    print("5,000 clients at one place, one state", measure(5, [&] { text_of(state); }), 50, 0);
}

/// The state a hundred times, each under other client ids and its own root.
void hundred(const std::string& folder) {
    const Bytes all = read(folder + "/b4.updates");
    const Recorder recorder = replay(split(all));
    const Bytes state = recorder.encode();
    Outline outline;
    std::size_t position = 0;
    fail_if(check_update(state, outline, position) != Fault::none, "state");
    Bytes big;
    Writer out(big);
    out.uvar(100);
    Bytes deletes;
    Writer deletes_out(deletes);
    deletes_out.uvar(100);
    for (std::uint64_t copy = 100; copy > 0; --copy) {
        const Block& block = outline.blocks[0];
        out.uvar(block.count);
        out.uvar(copy);
        out.uvar(0);
        Reader in(block.begin, outline.end);
        std::uint64_t clock = 0;
        for (std::uint64_t i = 0; i < block.count; ++i) {
            StructView item;
            read_struct<false>(in, block.client, clock, item);
            clock += item.length;
            out.u8(item.info);
            if (item.origin_present()) {
                out.uvar(copy);
                out.uvar(item.origin.clock);
            }
            if (item.right_present()) {
                out.uvar(copy);
                out.uvar(item.right.clock);
            }
            if (item.parent_form == StructView::Parent::root) {
                std::string name = "r";
                name += std::to_string(copy);
                out.uvar(1);
                out.text(name);
            }
            out.raw(View(item.content, item.end));
        }
        Reader ranges(outline.deletes, outline.end);
        std::uint64_t clients = 0, client = 0;
        ranges.uvar(clients);
        ranges.uvar(client);
        deletes_out.uvar(copy);
        deletes_out.raw(View(ranges.at, ranges.end));
    }
    out.raw(deletes);
    const Times times = measure(5, [&] {
        Integrator integrator;
        fail_if(!integrator.apply(big, Hold::borrow), "x100");
        fail_if(integrator.client_count() != 100, "x100");
    });
    std::printf("B4x100 has %zu B\n", big.size());
    print("B4x100: integrate", times, 300, 100);
}

} // namespace

int main(int argc, char** argv) {
    const std::string folder = argc > 1 ? argv[1] : "build/crdt-bench";
    const long before = resident_kb();
    b4(folder);
    trace(folder, "b4", 3, 0.6);
    trace(folder, "clownschool", 1, 0);
    trace(folder, "friendsforever", 1, 0);
    conflict(5000);
    hundred(folder);
    std::printf("resident at start %ld KiB\n", before);
    return 0;
}
