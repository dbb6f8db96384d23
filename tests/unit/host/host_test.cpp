// The host with a module of the test, in a child process, over its real Unix socket.
#include "daemon/host/host.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>

#include <gtest/gtest.h>

#include <boost/asio/steady_timer.hpp>

#include "daemon/base/io.hpp"
#include "daemon/base/spawn.hpp"
#include "daemon/base/waiting.hpp"
#include "daemon/contract/path.hpp"
#include "daemon/host/frames.hpp"
#include "daemon/host/slow_write.hpp"
#include "daemon/store/long_work.hpp"

namespace hameau {
namespace {

constexpr std::string_view callers[] = {"people"};
constexpr Route routes[] = {{"/api/echo", Who::anyone}, {"/api/ws/{id}", Who::anyone, true}, {"/api/throw/{code}", Who::anyone}};
constexpr Migration migrations[] = {{1, "CREATE TABLE note(text TEXT)"}};
const Manifest probe_manifest{.name = "probe", .routes = routes, .migrations = migrations, .internal_callers = callers,
                              .sandbox = {.threads = true}};

TEST(DatabaseStart, LongWorkIsToldBeforeItBegins) {
    const auto folder = std::filesystem::temp_directory_path() / ("hameau-start-" + new_id());
    std::filesystem::create_directory(folder);
    const std::string file = folder / "probe.db";
    std::vector<std::uint64_t> told;
    tell_long_work([&](const std::string& path, std::uint64_t bytes) {
        EXPECT_EQ(path, file);
        told.push_back(bytes);
    });
    const auto open = [&](std::span<const Migration> steps) { return Database::open(file, steps); };
    ASSERT_TRUE(open(migrations));
    ASSERT_TRUE(open(migrations));
    EXPECT_TRUE(told.empty()) << "closed in order, of this version";
    ASSERT_TRUE(write_file_atomically(file + ".open", "", 0600));  // as a power cut leaves it
    ASSERT_TRUE(open(migrations));
    ASSERT_EQ(told.size(), 1u);
    EXPECT_GT(told[0], 0u);
    constexpr Migration more[] = {{1, "CREATE TABLE note(text TEXT)"}, {2, "CREATE TABLE more(text TEXT)"}};
    ASSERT_TRUE(open(more));
    EXPECT_EQ(told.size(), 2u) << "a migration reads it too";
    tell_long_work({});
    std::filesystem::remove_all(folder);
}

class EchoSocket final : public WebSocketHandler {
public:
    void on_open(WebSocket& socket) override { socket_ = &socket; }
    void on_message(std::string_view message) override {
        if (message == "close") {
            socket_->close(1008, "asked");
            return;
        }
        socket_->send(std::make_shared<const std::string>(message));
    }
    void on_close() override { socket_ = nullptr; }

private:
    WebSocket* socket_ = nullptr;
};

constexpr Event probe_heard{"probe.heard", Level::notice};

class Probe final : public Module {
public:
    Task<Status> start(ModuleContext& context) override {
        context_ = &context;
        co_return context.database().execute("INSERT INTO note VALUES('started')");
    }
    std::vector<Check> check_health() override { return {Check{"disk", false, "Faites de la place.", "Make room."}, Check{"own", false, "Look.", ""}}; }
    Task<Response> handle(Request& request) override {
        Response response;
        if (request.path == "/api/slow") {
            int answer = 0;
            std::function<void()> work = [&answer] { answer = 42; };
            co_await context_->run_slow(std::move(work));
            response.body = std::to_string(answer);
            co_return response;
        }
        if (request.path == "/api/stream") {
            auto left = std::make_shared<int>(3);
            response.body = BodySource([left]() -> Task<Result<std::string>> {
                co_return std::string((*left)-- > 0 ? "piece" : "");
            });
            co_return response;
        }
        if (request.path == "/api/hang") {
            hangs_at_stop_ = true;
            co_return response;
        }
        if (request.path.starts_with("/api/throw")) {
            throw std::runtime_error("a library broke");
        }
        std::string body;
        std::string buffer(1000, '\0');
        for (;;) {
            const auto n = co_await request.body->read_some(buffer);
            if (!n || *n == 0) {
                break;
            }
            body.append(buffer.data(), *n);
        }
        response.body = request.method + " " + request.path + "?" + request.query + " " + request.who.login + " " +
                        (request.who.role_in("amis") == Role::manager ? "manager" : "none") + " " +
                        std::to_string(body.size());
        co_return response;
    }
    Task<std::variant<std::unique_ptr<WebSocketHandler>, Response>> upgrade(Request& request) override {
        std::variant<std::unique_ptr<WebSocketHandler>, Response> outcome;
        if (request.query_parameter("key") == "good") {
            outcome = std::make_unique<EchoSocket>();
        } else {
            Response refused;
            refused.status = 403;
            outcome = std::move(refused);
        }
        co_return outcome;
    }
    Task<Status> erase_association(std::string slug) override { co_return slug == "busy" ? Status(fail(ErrorKind::unavailable, "later")) : Status{}; }
    Task<Status> close_association(std::string slug, bool closed) override {
        context_->journal().write(probe_heard, {{"association", slug}, {"closed", closed ? "yes" : "no"}});
        co_return Status{};
    }
    Task<void> stop() override {
        boost::asio::steady_timer for_ever(context_->io(), boost::asio::steady_timer::time_point::max());
        if (hangs_at_stop_) {
            co_await for_ever.async_wait(wait);
        }
    }

private:
    bool hangs_at_stop_ = false;
    ModuleContext* context_ = nullptr;
};

std::unique_ptr<Module> make_probe() { return std::make_unique<Probe>(); }

class HostTest : public testing::Test {
protected:
    void SetUp() override {
        folder_ = std::filesystem::temp_directory_path() / ("hameau-host-" + new_id());
        std::filesystem::create_directories(folder_ / "probe");
        std::filesystem::create_directories(folder_ / "run");
        path_ = (folder_ / "run/probe.sock").string();
        listener_ = std::move(*listen_unix(path_));
    }
    void TearDown() override {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
        }
        std::filesystem::remove_all(folder_);
    }

    void start(std::string idle_stop, std::string claimed_gate_uid = std::to_string(::getuid())) {
        auto control = std::move(*socket_pair(SOCK_SEQPACKET));
        const Fd settings = std::move(*sealed_memory("s", "probe.idle_stop\t" + idle_stop + "\nhouse.sandbox\tkill\n"));
        pid_ = ::fork();
        if (pid_ == 0) {
            const Fd log(::open((folder_ / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600));
            ::dup2(log.get(), STDERR_FILENO);
            const int high_settings = ::dup(settings.get());
            const int high_control = ::dup(control.second.get());
            ::dup2(listener_.get(), 3);
            ::setenv("LISTEN_FDS", "1", 1);
            ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
            ::setenv("LISTEN_FDNAMES", "probe", 1);
            ::setenv("HAMEAU_ROLE", "probe", 1);
            ::setenv("HAMEAU_STATE", folder_.c_str(), 1);
            ::setenv("HAMEAU_UIDS", ("gate=" + claimed_gate_uid + " people=" + std::to_string(::getuid())).c_str(), 1);
            ::setenv("HAMEAU_SETTINGS_FD", std::to_string(high_settings).c_str(), 1);
            ::setenv("HAMEAU_CONTROL_FD", std::to_string(high_control).c_str(), 1);
            const int code = run_module(probe_manifest, make_probe);
            std::_Exit(code);
        }
        control_ = std::move(control.first);
    }

    std::string ask(const std::string& text, std::size_t bytes_wanted = 0) {
        const Fd socket = std::move(*connect_unix(path_));
        const timeval limit{10, 0};
        ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        EXPECT_TRUE(write_all(socket.get(), text));
        if (bytes_wanted == 0) {
            return read_all(socket.get(), 1 << 20).value_or("(nothing)");
        }
        std::string out(bytes_wanted, '\0');
        const ssize_t n = ::recv(socket.get(), out.data(), out.size(), MSG_WAITALL);
        out.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
        return out;
    }
    static std::string head(const std::string& first_line, const std::string& more = "") {
        return first_line + " HTTP/1.1\r\nHost: x\r\nHameau-Caller: gate\r\nHameau-Login: marie\r\nHameau-Member: m1\r\n"
                            "Hameau-Roles: amis=manager\r\n" + more + "\r\n";
    }

    std::filesystem::path folder_;
    std::string path_;
    Fd listener_;
    Fd control_;
    pid_t pid_ = 0;
};

TEST_F(HostTest, AnswersWithTheIdentityOfTheGate) {
    start("0");
    const std::string answer = ask(head("POST /api/echo?a=b", "Content-Length: 5\r\n") + "hello");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200")) << answer;
    EXPECT_NE(answer.find("POST /api/echo?a=b marie manager 5"), std::string::npos) << answer;
}

TEST_F(HostTest, ReadsAChunkedBodyPieceByPiece) {
    start("0");
    const std::string answer =
        ask(head("POST /api/echo", "Transfer-Encoding: chunked\r\n") + "3\r\nabc\r\n7D0\r\n" + std::string(2000, 'x') + "\r\n0\r\n\r\n");
    EXPECT_NE(answer.find("manager 2003"), std::string::npos) << answer;
}

TEST_F(HostTest, RefusesAPeerThatIsNotWhoItSays) {
    start("0", "12345");
    EXPECT_TRUE(ask(head("GET /api/echo")).starts_with("HTTP/1.1 403"));
}

TEST_F(HostTest, InternalRoutesAreForNamedCallers) {
    start("0");
    EXPECT_TRUE(ask(head("GET /internal/anything")).starts_with("HTTP/1.1 403"));
    const auto health = [this](const std::string& query) {
        return ask("GET /internal/health" + query + " HTTP/1.1\r\nHost: x\r\nHameau-Caller: people\r\n\r\n");
    };
    EXPECT_NE(health("").find("Faites de la place."), std::string::npos) << health("");
    EXPECT_NE(health("?language=fr").find("Faites de la place."), std::string::npos);
    const std::string english = health("?language=en");
    EXPECT_NE(english.find("Make room."), std::string::npos) << english;
    EXPECT_EQ(english.find("Faites"), std::string::npos) << english;
    EXPECT_NE(english.find("Look."), std::string::npos) << "a module with one language serves every reader";
}

TEST_F(HostTest, PeopleAloneClosesOpensAndErasesAnAssociation) {
    start("0");
    const auto told_by = [this](const std::string& who, const std::string& what, const std::string& slug = "amis") {
        const std::string body = "{\"association\":\"" + slug + "\"}";
        return ask("POST /internal/" + what + " HTTP/1.1\r\nHost: x\r\nHameau-Caller: " + who + "\r\nContent-Length: " +
                   std::to_string(body.size()) + "\r\n\r\n" + body).substr(9, 3);
    };
    for (const char* what : {"close", "open", "erase"}) {
        EXPECT_EQ(told_by("people", what), "204") << what;
        EXPECT_EQ(told_by("gate", what), "403") << what;
    }
    EXPECT_EQ(told_by("people", "erase", "busy"), "503");
    EXPECT_EQ(told_by("mail", "erase"), "403");
    const std::string log = read_file(folder_ / "log", 1 << 20).value();
    EXPECT_NE(log.find("association=amis closed=yes"), std::string::npos) << log;
    EXPECT_NE(log.find("association=amis closed=no"), std::string::npos) << log;
}

TEST_F(HostTest, StreamsAndRunsSlowWorkAndSurvivesAnException) {
    start("0");
    EXPECT_NE(ask(head("GET /api/stream")).find("5\r\npiece\r\n5\r\npiece\r\n5\r\npiece\r\n0\r\n\r\n"), std::string::npos);
    EXPECT_NE(ask(head("GET /api/slow")).find("\r\n\r\n42"), std::string::npos);
    EXPECT_TRUE(ask(head("GET /api/throw")).starts_with("HTTP/1.1 500"));
    EXPECT_TRUE(ask(head("GET /api/echo")).starts_with("HTTP/1.1 200"));
}

TEST_F(HostTest, AFailureIsWrittenDownByItsRouteNotItsPath) {
    start("0");
    EXPECT_TRUE(ask(head("GET /api/throw/SECRET-CODE?key=SECRET-KEY")).starts_with("HTTP/1.1 500"));
    const std::string log = read_file(folder_ / "log", 1 << 20).value();
    EXPECT_NE(log.find("route=/api/throw/{code}"), std::string::npos) << log;
    EXPECT_EQ(log.find("SECRET"), std::string::npos) << log;
}

TEST_F(HostTest, EndsBeforeItIsKilledThoughItsModuleHangs) {
    start("0");
    EXPECT_TRUE(ask(head("GET /api/hang")).starts_with("HTTP/1.1 200"));
    ::kill(pid_, SIGTERM);
    int status = 0;
    ASSERT_EQ(::waitpid(pid_, &status, 0), pid_);
    pid_ = 0;
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_NE(read_file(folder_ / "log", 1 << 20).value().find("module.late"), std::string::npos);
}

boost::asio::awaitable<void> write_to(HostStream& stream, const std::string& text, boost::system::error_code& outcome) {
    const std::string_view head = "head";
    outcome = co_await write_slowly(stream, head, text, std::chrono::milliseconds(1000));
}

/// what a writer of 4 MiB hears that waits 1 s at most; the reader takes a piece each 50 ms for 2 s, then the rest.
boost::system::error_code written_to_reader(std::size_t piece) {
    boost::asio::io_context io;
    const Journal journal("probe");
    auto ends = std::move(*socket_pair(SOCK_STREAM));
    HostStream stream(io);
    stream.socket().assign(boost::asio::local::stream_protocol(), ends.first.release());
    const std::string text(std::size_t{4} << 20, 'x');
    boost::system::error_code outcome;
    spawn(io, write_to(stream, text, outcome), journal, "writer");
    std::thread reader([&] {
        std::string room(65536, ' ');
        for (int i = 0; i < 40; ++i) {
            (void)!::recv(ends.second.get(), room.data(), piece, MSG_DONTWAIT);
            ::usleep(50000);
        }
        while (piece > 0 && ::recv(ends.second.get(), room.data(), room.size(), 0) > 0) {
        }
    });
    io.run();
    stream.socket().close();
    reader.join();
    return outcome;
}

TEST(SlowWrite, TakesAsLongAsTheReaderGoesOn) { EXPECT_FALSE(written_to_reader(40000)); }

TEST(SlowWrite, EndsWhenTheReaderTakesNothing) { EXPECT_EQ(written_to_reader(0), boost::beast::error::timeout); }

boost::asio::awaitable<void> break_later() {
    throw std::runtime_error("a library broke");
    co_return;
}

TEST(SpawnTest, AnEscapedExceptionEndsTheProcessWithALine) {
    const auto run = [] {
        boost::asio::io_context io;
        const Journal journal("probe");
        spawn(io, break_later(), journal, "the sweep");
        io.run();
        std::_Exit(0);
    };
    EXPECT_EXIT(run(), testing::ExitedWithCode(exit_coroutine_failed), "coroutine=\"the sweep\" exception=\"a library broke\"");
}

TEST_F(HostTest, RefusesMalformedPaths) {
    start("0");
    for (const char* path : {"/a/../b", "/a%2e%2e/%2e%2e/b", "/%00", "/a//b", "/%zz"}) {
        const std::string answer = ask(head(std::string("GET ") + path));
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 400")) << path << answer;
    }
}

/// A client's side of one WebSocket, with plain reads.
struct Line {
    Fd socket;
    std::string got;  ///< behind the handshake's response, not taken yet

    void say(std::uint8_t first, std::string_view payload) {
        char head[frame_head_bytes_max];
        const std::size_t size = write_frame_head(head, Opcode::binary, payload.size());
        head[0] = static_cast<char>(first);
        head[1] = static_cast<char>(head[1] | 0x80);
        // A zero mask (RFC 6455 §5.3).
        ASSERT_TRUE(write_all(socket.get(), std::string(head, size) + std::string(4, '\0') + std::string(payload)));
    }
    /// False at the end, or when nothing comes.
    bool more() {
        char buffer[65536];
        const ssize_t n = ::recv(socket.get(), buffer, sizeof buffer, 0);
        got.append(buffer, static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
        return n > 0;
    }
    void expect(const std::string& wanted) {
        while (got.size() < wanted.size() && more()) {
        }
        ASSERT_TRUE(got.starts_with(wanted)) << ::testing::PrintToString(got.substr(0, 80));
        got.erase(0, wanted.size());
    }
    void expect_end() {
        EXPECT_TRUE(got.empty() && !more()) << ::testing::PrintToString(got.substr(0, 80));
    }
};

constexpr std::string_view upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

struct HostSocketTest : HostTest {
    Line open() {
        Line line{std::move(*connect_unix(path_)), ""};
        const timeval limit{30, 0};
        ::setsockopt(line.socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        EXPECT_TRUE(write_all(line.socket.get(), head("GET /api/ws/1?key=good", std::string(upgrade))));
        std::size_t end = std::string::npos;
        while ((end = line.got.find("\r\n\r\n")) == std::string::npos && line.more()) {
        }
        EXPECT_TRUE(line.got.starts_with("HTTP/1.1 101")) << line.got;
        line.got.erase(0, end + 4);
        return line;
    }
};

TEST_F(HostSocketTest, CarriesMessages) {
    start("0");
    EXPECT_TRUE(ask(head("GET /api/ws/1", std::string(upgrade))).starts_with("HTTP/1.1 403"));
    Line line = open();
    line.say(0x82, "hi");
    line.expect("\x82\x02hi");
    line.say(0x89, "there?");
    line.expect("\x8a\x06there?");
    // A text frame is refused with 1003; then the line ends.
    line.say(0x81, "hi");
    line.expect(std::string("\x88\x16\x03\xeb", 4) + "binary messages only");
    line.expect_end();
}

TEST_F(HostSocketTest, BothSidesSayGoodbye) {
    start("0");
    Line line = open();
    line.say(0x88, "\x03\xe9");
    line.expect(std::string("\x88\x02\x03\xe8", 4));
    line.expect_end();
    Line other = open();
    other.say(0x82, "close");
    other.expect(std::string("\x88\x07\x03\xf0", 4) + "asked");
    other.say(0x82, "too late");
    other.say(0x88, "\x03\xf0");
    other.expect_end();
}

TEST_F(HostSocketTest, AReaderThatDoesNotKeepUpGetsEverythingInOrder) {
    start("0");
    Line line = open();
    std::string expected;
    for (std::size_t i = 0; i < 300; ++i) {
        const std::string message = std::to_string(i) + std::string(i % 7 == 0 ? 70'000 : i, static_cast<char>('a' + i % 26));
        line.say(0x82, message);
        char head[frame_head_bytes_max];
        expected.append(head, write_frame_head(head, Opcode::binary, message.size())).append(message);
    }
    line.say(0x88, "");
    line.expect(expected);
    line.expect(std::string("\x88\x00", 2));
    line.expect_end();
}

TEST_F(HostTest, StopsWhenIdleAndLeavesNoMarker) {
    start("50");
    EXPECT_TRUE(ask(head("GET /api/echo")).starts_with("HTTP/1.1 200"));
    int status = 0;
    ASSERT_EQ(::waitpid(pid_, &status, 0), pid_);
    pid_ = 0;
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    EXPECT_FALSE(std::filesystem::exists(folder_ / "probe/probe.db.open"));
}

TEST_F(HostTest, WhoWatchesItsHealthDoesNotKeepItAwake) {
    start("300");
    EXPECT_TRUE(ask(head("GET /api/echo")).starts_with("HTTP/1.1 200"));
    int status = 0;
    int looks = 0;
    for (; looks < 500 && ::waitpid(pid_, &status, WNOHANG) == 0; ++looks) {
        const Fd socket = std::move(*connect_unix(path_));
        (void)write_all(socket.get(), "GET /internal/health HTTP/1.1\r\nHost: x\r\nHameau-Caller: people\r\n\r\n");
        ::usleep(20000);
    }
    EXPECT_GT(looks, 3);
    ASSERT_LT(looks, 500) << "it never slept";
    pid_ = 0;
}

TEST_F(HostTest, AnswersReportsOnTheControlSocket) {
    start("0");
    ask(head("GET /api/echo"));
    Message question;
    question.kind = MessageKind::report;
    question.serial = 9;
    ASSERT_TRUE(send_message(control_.get(), question));
    const auto answer = receive_message(control_.get());
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->serial, 9U);
    EXPECT_GT(std::stoi(std::string(answer->get("pss_kb"))), 100);
}

TEST(PathTest, MatchesPatterns) {
    std::map<std::string, std::string, std::less<>> found;
    EXPECT_TRUE(match_pattern("/a/{x}/b", "/a/1/b", &found));
    EXPECT_EQ(found["x"], "1");
    EXPECT_FALSE(match_pattern("/a/{x}/b", "/a//b", nullptr));
    EXPECT_FALSE(match_pattern("/a/{x}", "/a/1/2", nullptr));
    EXPECT_TRUE(match_pattern("/a/*", "/a/1/2", nullptr));
    EXPECT_FALSE(match_pattern("/a", "/a/b", nullptr));
    EXPECT_TRUE(match_pattern("/", "/", nullptr));
}

} // namespace
} // namespace hameau
