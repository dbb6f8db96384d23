// CommitThread: a thread of its own that waits for the disk, with a connection of its own to the same database, so that
// the event loop goes on relaying meanwhile. It sleeps while there is nothing to write. Owner: pads.
#pragma once

#include <future>
#include <memory>
#include <optional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include "modules/pads/batch.hpp"

namespace hameau::pads {

class CommitThread final : public BatchWriter {
public:
    CommitThread(boost::asio::io_context& io, Database& database) : io_(io), database_(database) {}
    ~CommitThread() override;
    void write(std::shared_ptr<Batch> batch, std::function<void()> written) override;
    void wait() override;
    /// Ends the thread and its connection; the next batch makes them anew.
    void stop();

private:
    void write_here(Batch& batch);

    boost::asio::io_context& io_;
    Database& database_;  ///< the event loop's; only its file is looked up
    // Made with the first batch, used on the thread only.
    std::optional<Database> own_;
    std::optional<PadStore> store_;
    std::unique_ptr<boost::asio::thread_pool> thread_;
    std::future<void> done_;
};

} // namespace hameau::pads
