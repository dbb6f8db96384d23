// The one thread that waits for the disk, with a connection to pads.db of its own. The event loop goes on meanwhile.
#include "modules/pads/storage/commit_thread.hpp"

#include <boost/asio/post.hpp>

namespace hameau::pads {

namespace asio = boost::asio;

CommitThread::~CommitThread() { stop(); }

void CommitThread::stop() {
    if (thread_) {
        thread_->join();
        thread_.reset();
    }
    store_.reset();
    own_.reset();
}

void CommitThread::write_here(Batch& batch) {
    if (!store_) {
        store_.emplace(*own_, loops_.index());
    }
    write_batch(*store_, batch);
}

void CommitThread::write(std::shared_ptr<Batch> batch, std::function<void()> written) {
    if (!thread_) {
        auto opened = loops_.database().open_again();
        if (!opened) {
            batch->written = fail(std::move(opened.error()));
            done_ = {};
            asio::post(io_, std::move(written));
            return;
        }
        own_.emplace(std::move(*opened));
        thread_ = std::make_unique<asio::thread_pool>(1);
    }
    auto promise = std::make_shared<std::promise<void>>();
    done_ = promise->get_future();
    asio::post(*thread_, [this, batch = std::move(batch), written = std::move(written), promise] {
        write_here(*batch);
        promise->set_value();
        asio::post(io_, written);
    });
}

void CommitThread::wait() {
    if (done_.valid()) {
        done_.wait();
    }
}

} // namespace hameau::pads
