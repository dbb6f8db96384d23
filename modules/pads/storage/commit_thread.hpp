// CommitThread: a thread of its own that waits for the disk, with a connection of its own to the same database, so that
// the event loop goes on relaying meanwhile. It sleeps while there is nothing to write. Owner: pads.
#pragma once

#include <future>
#include <memory>
#include <optional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include "modules/pads/storage/batch.hpp"

namespace hameau::pads {

class CommitThread final : public BatchWriter {
public:
    /// `store`: the event loop's own; only its file and its index are used.
    CommitThread(boost::asio::io_context& io, PadStore& store) : io_(io), loops_(store) {}
    ~CommitThread() override;
    void write(std::shared_ptr<Batch> batch, std::function<void()> written) override;
    void wait() override;
    using Work = std::function<Status(PadStore&)>;
    /// Runs `work` on the thread between two batches, with a store that has nothing cached. `done` is called on the event loop, never
    /// from inside this call, with what `work` gave, or io when the database could not be opened.
    void run(Work work, std::function<void(Status)> done);
    /// Ends the thread and its connection; the next batch makes them again.
    void stop();

private:
    /// The thread and its connection, made when they are needed.
    Status begin();
    void write_here(Batch& batch);

    boost::asio::io_context& io_;
    PadStore& loops_;
    // Made with the first batch, used on the thread only.
    std::optional<Database> own_;
    std::optional<PadStore> store_;
    std::unique_ptr<boost::asio::thread_pool> thread_;
    std::future<void> done_;
};

} // namespace hameau::pads
