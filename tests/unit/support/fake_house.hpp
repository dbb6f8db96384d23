// What the in-process tests of modules share: a body, a context that does nothing, a folder that goes away again.
#pragma once

#include <cstring>
#include <filesystem>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "daemon/base/io.hpp"
#include "daemon/contract/module.hpp"

namespace hameau {

class TextBody final : public Body {
public:
    explicit TextBody(std::string text) : text_(std::move(text)) {}
    Task<Result<std::size_t>> read_some(std::span<char> buffer) override {
        const std::size_t n = std::min(buffer.size(), text_.size() - at_);
        std::memcpy(buffer.data(), text_.data() + at_, n);
        at_ += n;
        co_return n;
    }
    std::optional<std::uint64_t> size_bytes() const override { return text_.size(); }

private:
    std::string text_;
    std::size_t at_ = 0;
};

/// A real database in `folder`; what a module asks of the house does nothing. A module's own fake answers more.
class QuietContext : public ModuleContext {
public:
    QuietContext(std::string folder, const Manifest& manifest) :
        manifest_(manifest), folder_(std::move(folder)), journal_(std::string(manifest.name)), database_(open()) {}
    Database open() {
        auto opened = Database::open(folder_ + "/" + std::string(manifest_.name) + ".db", manifest_.migrations);
        EXPECT_TRUE(opened) << opened.error().message;
        return std::move(*opened);
    }
    boost::asio::io_context& io() override { return io_; }
    const Settings& settings() override { return settings_; }
    Database& database() override { return database_; }
    Journal& journal() override { return journal_; }
    const std::string& folder() override { return folder_; }
    Task<Result<Response>> call(std::string, std::string, std::string, std::string) override {
        co_return fail(ErrorKind::unavailable, "nobody is called here");
    }
    Task<Status> provision(std::string, std::map<std::string, std::string>) override { co_return Status{}; }
    Task<void> run_slow(std::function<void()> work) override {
        work();
        co_return;
    }
    Task<Result<std::vector<std::pair<std::string, std::string>>>> process_status() override {
        co_return std::vector<std::pair<std::string, std::string>>();
    }
    void announce(std::string what) override { announced.push_back(std::move(what)); }
    std::vector<std::string> announced;
    std::shared_ptr<void> busy() override { return nullptr; }
    void set(std::string key, std::string value) { settings_.set(std::move(key), std::move(value)); }

protected:
    boost::asio::io_context io_;

private:
    const Manifest& manifest_;
    std::string folder_;
    Settings settings_;
    Journal journal_;
    Database database_;
};

/// A fixture with a context in a folder of its own. The module under test is a member of the derived class: it goes first.
template <class Context>
class ModuleHouse : public testing::Test {
protected:
    explicit ModuleHouse(const std::string& name) : folder_(std::filesystem::temp_directory_path() / (name + "-module-" + new_id())) {
        std::filesystem::create_directory(folder_);
        context = std::make_unique<Context>(folder_.string());
    }
    ~ModuleHouse() override {
        context.reset();
        std::filesystem::remove_all(folder_);
    }
    /// Runs the loop until the task has ended.
    template <class T>
    T run(Task<T> task) {
        std::optional<T> result;
        boost::asio::co_spawn(context->io(), std::move(task), [&result](std::exception_ptr failed, T value) {
            EXPECT_FALSE(failed);
            result.emplace(std::move(value));
        });
        context->io().restart();
        while (!result && context->io().run_one() > 0) {
        }
        return std::move(*result);
    }
    /// A request of that method, path and query ("/path?query").
    static Request request_of(std::string method, std::string_view target) {
        Request request;
        request.method = std::move(method);
        const std::size_t question = target.find('?');
        request.path = target.substr(0, question);
        request.query = question == std::string_view::npos ? "" : target.substr(question + 1);
        return request;
    }

    std::filesystem::path folder_;
    std::unique_ptr<Context> context;
};

} // namespace hameau
