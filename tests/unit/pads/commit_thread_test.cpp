// What is long to write and the batches share one thread: their order, and what the one removes while the other remembers it.
#include <gtest/gtest.h>

#include "modules/pads/storage/commit_thread.hpp"
#include "tests/unit/pads/fakes.hpp"

namespace hameau::pads {
namespace {

struct CommitThreadTest : testing::Test {
    TemporaryFolder folder;
    FakeHouse house{folder / "pads.db"};
    boost::asio::io_context io;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{io.get_executor()};
    CommitThread thread{io, house.store_};

    /// Until all that was posted is done.
    void until(const bool& done) {
        while (!done) {
            io.run_one();
        }
    }

    Status run(CommitThread::Work work) {
        bool done = false;
        Status outcome = fail(ErrorKind::io, "never called");
        thread.run(std::move(work), [&](Status told) {
            outcome = std::move(told);
            done = true;
        });
        EXPECT_FALSE(done) << "called from inside run()";
        until(done);
        return outcome;
    }

    /// One edit of anna in this pad, as a batch.
    Status write_batch_in(const PadRow& pad) {
        auto batch = std::make_shared<Batch>();
        batch->parts.emplace_back();
        batch->parts[0].pad = pad.number;
        Edit edit;
        edit.person = std::make_shared<const Person>(Person{"m1", "anna", "Anna"});
        frame_update(edit.framed, typed(7, 0, "bon"));
        batch->parts[0].unsaved.edits.push_back(std::move(edit));
        bool done = false;
        thread.write(batch, [&] { done = true; });
        until(done);
        return batch->written;
    }
};

TEST_F(CommitThreadTest, WhatIsLongIsWrittenInItsTurn) {
    PadRow pad = house.new_pad("minutes");
    std::vector<int> order;
    std::size_t ended = 0;
    for (int i = 0; i < 3; ++i) {
        thread.run([&order, i](PadStore&) -> Status {
            order.push_back(i);
            return {};
        }, [&ended](Status) { ++ended; });
    }
    ASSERT_TRUE(write_batch_in(pad));
    EXPECT_EQ(order, (std::vector<int>{0, 1, 2}));
    EXPECT_EQ(ended, 3u) << "each is told before what came behind it";
    EXPECT_EQ(run([](PadStore&) -> Status { return fail(ErrorKind::too_many, "no"); }).error().kind, ErrorKind::too_many);
}

TEST_F(CommitThreadTest, ABatchBehindItDoesNotRememberAuthorsThatItRemoved) {
    PadRow pad = house.new_pad("minutes");
    ASSERT_TRUE(write_batch_in(pad)) << "the batches' store knows anna's row now";
    ASSERT_TRUE(run([](PadStore& store) { return store.erase_association("amis"); }));
    house.store_.rolled_back();
    PadRow next = house.new_pad("agenda");
    ASSERT_TRUE(write_batch_in(next)) << "anna's row is made again";
    auto rows = house.database_.prepare("SELECT count(*) FROM pad_update JOIN author ON author.number = pad_update.author");
    ASSERT_TRUE(rows.step().value());
    EXPECT_EQ(rows.number(0), 1) << "what she writes is hers";
}

TEST_F(CommitThreadTest, APadThatCameBackFromTheBinIsNotErased) {
    PadRow pad = house.new_pad("minutes");
    EXPECT_FALSE(house.store_.erase_from_bin(pad.number).value()) << "somebody took it out while the erasing waited";
    EXPECT_TRUE(house.store_.find_by_id(pad.id).value().has_value());
    PadChange binned;
    binned.deleted_ms = std::optional<std::int64_t>(1000);
    ASSERT_TRUE(house.store_.change(pad.number, binned));
    EXPECT_TRUE(house.store_.erase_from_bin(pad.number).value());
    EXPECT_FALSE(house.store_.find_by_id(pad.id).value().has_value());
}

} // namespace
} // namespace hameau::pads
