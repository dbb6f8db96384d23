// Which module, which host, which origin; what passes between visitor and module.
#include <algorithm>
#include <gtest/gtest.h>

#include "daemon/gate/basic.hpp"
#include "daemon/gate/hosts.hpp"
#include "daemon/gate/origin.hpp"
#include "daemon/gate/proxy.hpp"
#include "daemon/gate/router.hpp"
#include "daemon/modules.hpp"

namespace hameau::gate {
namespace {

Settings some_settings() {
    Settings settings;
    settings.set("mail.enabled", "false");
    settings.set("external.book.executable", "/x");
    settings.set("external.book.routes.0.pattern", "/book/*");
    settings.set("external.book.routes.0.who", "anyone");
    settings.set("external.book.routes.0.websocket", "true");
    settings.set("external.book.routes.1.pattern", "/book/{page}");
    settings.set("external.book.routes.1.who", "member");
    settings.set("external.book.routes.1.websocket", "false");
    settings.set("external.book.routes.3.pattern", "/book");
    settings.set("external.book.routes.3.who", "admin");
    settings.set("external.book.routes.3.websocket", "false");
    settings.set("external.book.routes.2.pattern", "/book/admin");
    settings.set("external.book.routes.2.who", "admin");
    settings.set("external.book.routes.2.websocket", "false");
    return settings;
}

TEST(Router, TheMostLiteralPatternWins) {
    const Router router = Router::of(builtin_modules(), some_settings());
    const auto module_of = [&router](std::string_view path) {
        const GateRoute* route = router.find(path);
        return route == nullptr ? std::string("none") : route->module + " " + route->pattern;
    };
    EXPECT_EQ(module_of("/api/v1/session"), "people /api/v1/session");
    EXPECT_EQ(module_of("/api/v1/associations/amis/pads"), "pads /api/v1/associations/{association}/pads");
    EXPECT_EQ(module_of("/api/v1/pads/ws/x"), "pads /api/v1/pads/ws/{pad}");
    EXPECT_EQ(module_of("/book"), "book /book");
    EXPECT_EQ(module_of("/book/admin"), "book /book/admin");
    EXPECT_EQ(module_of("/book/one"), "book /book/{page}");
    EXPECT_EQ(module_of("/book/one/two"), "book /book/*");
    EXPECT_EQ(module_of("/internal/health"), "none");
    EXPECT_EQ(module_of("/internal"), "none");
    EXPECT_EQ(module_of("/api/v1/none"), "none");
    EXPECT_TRUE(router.find("/api/v1/pads/ws/x")->websocket);
    EXPECT_EQ(router.find("/book/admin")->who, Who::admin);
    const GateRoute* mail = router.find("/api/v1/associations/amis/mailboxes");
    ASSERT_NE(mail, nullptr);
    EXPECT_FALSE(mail->enabled);
}

TEST(Router, AppPasswordsOpenTheDeploysOfSitesAndNothingElse) {
    const Router router = Router::of(builtin_modules(), some_settings());
    EXPECT_EQ(router.find("/api/v1/sites/amis.test/deploys")->scope, "deploy");
    EXPECT_EQ(router.find("/api/v1/sites/amis.test/deploys/3")->scope, "deploy");
    EXPECT_EQ(router.find("/api/v1/sites/amis.test/missing")->scope, "deploy");
    EXPECT_EQ(router.find("/api/v1/sites/amis.test/tokens")->scope, "") << "a token makes no token";
    const auto open = std::count_if(router.routes().begin(), router.routes().end(), [](const GateRoute& route) { return !route.scope.empty(); });
    EXPECT_EQ(open, 3);
    for (const GateRoute& route : router.routes()) {
        EXPECT_TRUE(route.scope.empty() || (route.who == Who::member && !route.websocket)) << route.pattern;
    }
}

TEST(Bearer, OneToken) {
    EXPECT_EQ(parse_bearer("Bearer hameau_abc-123"), "hameau_abc-123");
    EXPECT_EQ(parse_bearer("bEARER a=="), "a==");
    for (const std::string& wrong : {std::string(), std::string("Bearer"), std::string("Bearer "), std::string("Basic YTpi"), std::string("Bearer a b"),
                                     std::string("Bearer \"a\""), std::string("Bearer \xc3\xa9"), "Bearer " + std::string(300, 'a')}) {
        EXPECT_EQ(parse_bearer(wrong), "") << wrong;
    }
}

TEST(Basic, ReadsWhatRfc7617Says) {
    const auto pair = [](std::string_view field) {
        const auto given = parse_basic(field);
        return given ? given->login + "|" + given->password : std::string("none");
    };
    EXPECT_EQ(pair("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), "Aladdin|open sesame") << "RFC 7617 §2";
    EXPECT_EQ(pair("bASIC dGVzdDoxMjPCow=="), "test|123\xc2\xa3") << "RFC 7617 §2.1";
    EXPECT_EQ(pair("Basic YTo="), "a|");
    EXPECT_EQ(pair("Basic YTpiOmM="), "a|b:c") << "the password may hold a colon";
    for (const char* field : {"", "Basic", "Basic ", "Basic QWxhZGRpbg==", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ", "Basic Q!xh", "Basic =",
                              "Basic ====", "Bearer YTo=", "BasicYTo=", "Basic /zr/"}) {
        EXPECT_EQ(pair(field), "none") << field;
    }
}

TEST(Hosts, ServicesSitesAndNobody) {
    const auto map = sites::HostsMap::of({{"amis.test", "", ""}, {"maison.test", "", ""}, {"bourg.example.org", "", ""}});
    GateOptions options;
    options.house_host = "maison.test";
    EXPECT_TRUE(choose_host("maison.test", options, map).services) << "a site never takes the services' host";
    ASSERT_NE(choose_host("amis.test", options, map).site, nullptr);
    for (const char* host : {"localhost", "amis.localhost", "127.0.0.1", "", "x.maison.test"}) {
        const HostChoice choice = choose_host(host, options, map);
        EXPECT_TRUE(!choice.services && choice.site == nullptr) << host;
    }
    options.trial = true;
    for (const char* host : {"localhost", "yann.localhost", "127.0.0.1", "[::1]"}) {
        EXPECT_TRUE(choose_host(host, options, map).services) << host;
    }
    ASSERT_NE(choose_host("amis.localhost", options, map).site, nullptr);
    EXPECT_EQ(choose_host("amis.localhost", options, map).site->host, "amis.test");
    EXPECT_EQ(choose_host("bourg.localhost", options, map).site->host, "bourg.example.org");
    EXPECT_FALSE(choose_host("unknown.test", options, map).services);
}

bool allowed(std::string_view method, std::string_view fields, bool cookie, bool websocket) {
    const std::string text = std::string(method) + " / HTTP/1.1\r\nHost: Localhost:8443\r\n" + std::string(fields) + "\r\n";
    const auto head = parse_request_head(text);
    return head && origin_allowed(*head, "https", cookie, websocket);
}

TEST(Origin, ExactForUnsafeCallsAndWebSockets) {
    EXPECT_TRUE(allowed("GET", "Origin: https://evil.test\r\n", true, false));
    EXPECT_TRUE(allowed("POST", "Origin: https://localhost:8443\r\n", true, false));
    EXPECT_FALSE(allowed("POST", "", true, false));
    EXPECT_TRUE(allowed("POST", "", false, false));
    EXPECT_FALSE(allowed("POST", "Origin: https://evil.test\r\n", false, false));
    EXPECT_FALSE(allowed("POST", "Origin: null\r\n", true, false));
    EXPECT_FALSE(allowed("DELETE", "Origin: https://localhost\r\n", true, false));
    EXPECT_FALSE(allowed("POST", "Origin: http://localhost:8443\r\n", true, false));
    EXPECT_FALSE(allowed("POST", "Origin: https://localhost:8443\r\nOrigin: null\r\n", true, false));
    EXPECT_TRUE(allowed("GET", "", true, true));
    EXPECT_FALSE(allowed("GET", "Origin: https://evil.test\r\n", false, true));
    EXPECT_EQ(origin_of("https", "a:443"), "https://a");
    EXPECT_EQ(origin_of("http", "a:443"), "http://a:443");
}

TEST(Proxy, CookiesAndFieldsOfAnswers) {
    const std::string text = "GET / HTTP/1.1\r\nHost: a\r\nCookie: x=1;__Host-hameau=abc ; y=2\r\n\r\n";
    const auto head = parse_request_head(text);
    ASSERT_TRUE(head);
    EXPECT_EQ(cookie_of(*head, session_cookie), "abc");
    EXPECT_EQ(cookie_of(*head, "none"), "");
    const auto answer = parse_response_head("HTTP/1.1 200 OK\r\nSet-Cookie: __Host-hameau=x\r\nSet-Cookie: own=1\r\nConnection: X-Hop\r\nX-Hop: 1\r\n"
                                            "Hameau-Member: x\r\nTransfer-Encoding: chunked\r\nX-Kept: 1\r\n\r\n");
    ASSERT_TRUE(answer);
    EXPECT_EQ(passed_fields(*answer, "book"), "Set-Cookie: own=1\r\nX-Kept: 1\r\n");
    EXPECT_EQ(passed_fields(*answer, "people"), "Set-Cookie: __Host-hameau=x\r\nSet-Cookie: own=1\r\nX-Kept: 1\r\n");
}

} // namespace
} // namespace hameau::gate
