// HeadParser: resuming changes nothing, and nothing is understood in another way than by the former parser.
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "daemon/gate/head_parser.hpp"
#include "tests/support/former/request_head.hpp"

namespace hameau::gate {
namespace {

using Parsed = tl::expected<RequestHead, HeadProblem>;

std::string tell(const Parsed& parsed) {
    if (!parsed) {
        return std::to_string(parsed.error().status) + " " + std::string(parsed.error().reason);
    }
    std::string out;
    for (const std::string_view part : {parsed->method, parsed->path, parsed->query, std::string_view(parsed->authority), std::string_view(parsed->host)}) {
        out.append(part).append("|");
    }
    for (const bool flag : {parsed->has_query, parsed->chunked, parsed->keep_alive, parsed->expects_continue, parsed->websocket}) {
        out += flag ? '1' : '0';
    }
    out += std::to_string(parsed->minor) + "|" + (parsed->content_length ? std::to_string(*parsed->content_length) : "-");
    for (const Field& field : parsed->fields) {
        out.append("\n").append(field.name).append("=").append(field.value);
    }
    return out;
}

/// The text as it would arrive in pieces of these bytes.
std::string tell_in_pieces(const std::string& text, std::size_t piece) {
    HeadParser parser;
    std::string arrived;
    for (std::size_t at = 0; at < text.size(); at += piece) {
        arrived += text.substr(at, piece);
        arrived.shrink_to_fit();  // the bytes move
        const auto state = parser.scan(arrived);
        if (state == HeadParser::State::refused) {
            return tell(tl::unexpected(parser.problem()));
        }
        if (state == HeadParser::State::complete) {
            arrived.resize(parser.size());
            return tell(parser.finish(arrived));
        }
    }
    return "more";
}

/// Compares both parsers over the section that the text begins with; false when it holds none.
bool compare(const std::string& text) {
    const auto end = former::find_head_end(text);
    EXPECT_EQ(find_head_end(text), end) << text;
    HeadEnd growing;
    std::optional<std::size_t> found;
    for (std::size_t size = 0; size <= text.size() && !found; ++size) {
        found = growing.find(std::string_view(text).substr(0, size));
    }
    EXPECT_EQ(found, end) << text;
    if (!end) {
        return false;
    }
    const std::string section = text.substr(0, *end);
    const std::string wanted = tell(former::parse_request_head(section));
    EXPECT_EQ(tell(parse_request_head(section)), wanted) << section;
    EXPECT_EQ(tell_in_pieces(text, 1), wanted) << section;
    EXPECT_EQ(tell_in_pieces(text, 7), wanted) << section;
    return true;
}

TEST(HeadParser, SaysWhatTheFormerParserSaid) {
    const std::string fields = "Host: a.test\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\nConnection: Upgrade, close\r\n"
                               "Upgrade: websocket\r\nExpect: 100-continue\r\nX-Tab: \t a b \t\r\nEmpty:\r\nÉté: \xc3\xa9\r\n";
    const std::vector<std::string> seeds = {
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET /a?b HTTP/1.1\r\n" + fields + "\r\n", "OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
        "POST http://h/p HTTP/1.0\r\nConnection: keep-alive\r\n\r\nbody", "GET /\n\n", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/2.0\r\nHost : a\r\n folded\r\n\r\n", "\n\r\n", "GET /x HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n\r\n"};
    const std::vector<std::string> pieces = {"\r", "\n", "\r\n", " ", "\t", ":", ",", std::string(1, '\0'), "\x7f", "\xff", "Host: b\r\n",
                                             "Content-Length: 1\r\n", "HTTP/1.1", "#", "\r\n\r\n", "chunked", "@"};
    std::mt19937 random(20261129);
    int sections = 0;
    for (int round = 0; round < 40000; ++round) {
        std::string text = seeds[random() % seeds.size()];
        for (auto changes = random() % 4; changes > 0; --changes) {
            const std::size_t at = random() % (text.size() + 1);
            const auto kind = random() % 3;
            if (kind == 0) {
                text.insert(at, pieces[random() % pieces.size()]);
            } else if (kind == 1 && at < text.size()) {
                text.erase(at, 1 + random() % 3);
            } else if (at < text.size()) {
                text[at] = static_cast<char>(random() % 256);
            }
        }
        sections += compare(text) ? 1 : 0;
        ASSERT_FALSE(HasFailure()) << "round " << round;
    }
    EXPECT_GT(sections, 20000);
}

TEST(HeadParser, BoundsAreThoseOfTheFormerParser) {
    const auto with = [](std::size_t fields, std::size_t value, std::size_t path) {
        std::string text = "GET /" + std::string(path, 'p') + " HTTP/1.1\r\nHost: a\r\n";
        for (std::size_t i = 0; i < fields; ++i) {
            text += "X: " + std::string(value, 'v') + "\r\n";
        }
        return text + "\r\n";
    };
    for (const std::size_t fields : {98U, 99U, 100U, 101U}) {
        EXPECT_TRUE(compare(with(fields, 3, 3)));
    }
    for (const std::size_t path : {8190U, 8191U, 8192U}) {
        EXPECT_TRUE(compare(with(1, 3, path)));
    }
    const std::size_t rest = with(1, 0, 0).size();
    for (const std::size_t size : {head_bytes_max - 1, head_bytes_max}) {
        EXPECT_TRUE(compare(with(1, size - rest, 0)));
    }
    EXPECT_EQ(tell_in_pieces(with(1, head_bytes_max - rest + 1, 0), 1), "431 head");
    EXPECT_EQ(tell_in_pieces(std::string(head_bytes_max, 'x'), 1), "414 target");
}

TEST(HeadParser, LooksAtEachByteTwiceAtMostHoweverSmallThePiecesAre) {
    const std::string start = "GET / HTTP/1.1\r\nHost: a\r\n";
    const std::string one_long_line = start + "X: " + std::string(32000 - start.size(), 'v') + "\r\n\r\n";
    std::string many_lines = start;
    for (int i = 0; i < 95; ++i) {
        many_lines += "X-Field: " + std::string(320, 'v') + "\r\n";
    }
    many_lines += "\r\n";
    for (const std::string& text : {one_long_line, many_lines}) {
        HeadParser parser;
        HeadEnd end;
        auto state = HeadParser::State::more;
        std::optional<std::size_t> found;
        for (std::size_t size = 1; size <= text.size(); ++size) {
            state = parser.scan(std::string_view(text).substr(0, size));
            found = end.find(std::string_view(text).substr(0, size));
        }
        EXPECT_EQ(state, HeadParser::State::complete);
        EXPECT_LE(parser.scanned_bytes(), 2 * text.size());
        EXPECT_EQ(found, text.size());
        EXPECT_LE(end.scanned_bytes(), 2 * text.size());
    }
}

} // namespace
} // namespace hameau::gate
