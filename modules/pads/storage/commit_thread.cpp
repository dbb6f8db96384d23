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

Status CommitThread::begin() {
    if (thread_) {
        return {};
    }
    auto opened = loops_.database().open_again();
    if (!opened) {
        return fail(std::move(opened.error()));
    }
    own_.emplace(std::move(*opened));
    thread_ = std::make_unique<asio::thread_pool>(1);
    return {};
}

void CommitThread::run(Work work, std::function<void(Status)> done) {
    if (auto begun = begin(); !begun) {
        asio::post(io_, [done = std::move(done), begun = std::move(begun)] { done(begun); });
        return;
    }
    asio::post(*thread_, [this, work = std::move(work), done = std::move(done)] {
        // Rows of authors may have been removed since the batches' store saw them.
        PadStore store(*own_, loops_.index());
        Status outcome = work(store);
        if (store_) {
            store_->rolled_back();  // it may have removed rows of authors
        }
        asio::post(io_, [done, outcome = std::move(outcome)] { done(outcome); });
    });
}

void CommitThread::write(std::shared_ptr<Batch> batch, std::function<void()> written) {
    if (auto begun = begin(); !begun) {
        batch->written = std::move(begun);
        done_ = {};
        asio::post(io_, std::move(written));
        return;
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
