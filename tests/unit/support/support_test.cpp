// Tests of modules/support: every rule that a module's input must pass.
#include <cstring>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "modules/support/domain_holds.hpp"
#include "modules/support/json_fields.hpp"
#include "modules/support/opening.hpp"
#include "modules/support/outside_address.hpp"
#include "modules/support/paging.hpp"
#include "modules/support/passwords.hpp"
#include "modules/support/problem.hpp"
#include "modules/support/router.hpp"
#include "modules/support/validators.hpp"

namespace hameau {
namespace {

namespace json = boost::json;
using testing::ElementsAre;

class TextBody final : public Body {
public:
    TextBody(std::string text, bool sized) : text_(std::move(text)), sized_(sized) {}
    Task<Result<std::size_t>> read_some(std::span<char> buffer) override {
        // Three bytes at a time: no reader may count on whole pieces.
        const std::size_t n = std::min({buffer.size(), text_.size() - at_, std::size_t{3}});
        std::memcpy(buffer.data(), text_.data() + at_, n);
        at_ += n;
        co_return n;
    }
    std::optional<std::uint64_t> size_bytes() const override {
        return sized_ ? std::optional<std::uint64_t>(text_.size()) : std::nullopt;
    }
    std::size_t taken() const { return at_; }

private:
    std::string text_;
    bool sized_;
    std::size_t at_ = 0;
};

template <class T>
T wait_for(Task<T> task) {
    boost::asio::io_context io;
    std::optional<T> result;
    boost::asio::co_spawn(io, std::move(task), [&result](std::exception_ptr failed, T value) {
        if (failed) {
            std::rethrow_exception(failed);
        }
        result.emplace(std::move(value));
    });
    io.run();
    return std::move(*result);
}

json::object document(const Response& response) {
    return json::parse(std::get<std::string>(response.body)).as_object();
}

std::vector<std::string> refused(JsonFields& fields) {
    fields.finish();
    std::vector<std::string> out;
    for (const FieldError& error : fields.errors()) {
        out.push_back(error.field + " " + error.code);
    }
    return out;
}

TEST(Validators, Slugs) {
    EXPECT_TRUE(is_slug("amis-du-bourg-2"));
    EXPECT_TRUE(is_slug(std::string(64, 'a')));
    for (const std::string& bad : {std::string(), std::string(65, 'a'), std::string("Amis"), std::string("a/b"),
                                   std::string("é"), std::string("a.b"), std::string("a\0b", 3)}) {
        EXPECT_FALSE(is_slug(bad)) << bad;
    }
}

TEST(Validators, LoginsAreStoredInLowerCase) {
    EXPECT_EQ(normalise_login("Marie.Le_Goff-2"), "marie.le_goff-2");
    EXPECT_FALSE(normalise_login("marie@amis"));
    EXPECT_FALSE(normalise_login(""));
    EXPECT_FALSE(normalise_login(std::string(65, 'a')));
    EXPECT_FALSE(normalise_login("marie\n"));
}

TEST(Validators, HostNames) {
    EXPECT_TRUE(is_host_name("amis.test"));
    EXPECT_TRUE(is_host_name("xn--caf-dma.fr"));
    EXPECT_FALSE(is_host_name("localhost"));
    EXPECT_TRUE(is_host_name("localhost", Labels::one_or_more));
    for (const char* bad : {"", ".", "a.", ".a", "a..b", "-a.b", "a-.b", "A.b", "a_b.c", "a.b/c", "192.168.1.5", "amis.1"}) {
        EXPECT_FALSE(is_host_name(bad)) << bad;
    }
    EXPECT_FALSE(is_host_name(std::string(64, 'a') + ".fr"));
}

TEST(Validators, Addresses) {
    EXPECT_EQ(normalise_address("Marie.LeGoff+Liste@Amis.TEST"), "marie.legoff+liste@amis.test");
    EXPECT_TRUE(is_address("o'brien@a.b"));
    for (const char* bad : {"", "@a.b", "a@", "a@b", "a@b@c.d", ".a@b.c", "a.@b.c", "a..b@c.d", "a b@c.d", "\"a\"@b.c",
                            "a@[127.0.0.1]", "a|b@c.d", "-a@b.c", "a@b.c\r\nRCPT TO:<x@y.z>", "é@b.c"}) {
        EXPECT_FALSE(is_address(bad)) << bad;
    }
    EXPECT_FALSE(is_address(std::string(65, 'a') + "@b.c"));
}

TEST(Validators, WhatNobodySeesIsLeftOutOfNames) {
    for (const auto& [sent, kept] : std::initializer_list<std::pair<const char*, const char*>>{
             {"Marie", "Marie"}, {"Ma\u200brie", "Marie"}, {"\ufeffMarie\u2060", "Marie"}, {"Ma\u00adrie", "Marie"}, {"Ma\u200drie", "Marie"}, {"Ma\u200c\u200crie", "Marie"},
             {"Marie\ufe0f", "Marie"}, {"Marie\U000e0041", "Marie"}, {"Marie\u202egar", "Mariegar"}, {"\u200fMarie\u200e", "Marie"}, {"Иван\u200d\u200b", "Иван"},
             {"می\u200cخواهم", "می\u200cخواهم"}, {"می\u200c\u200cخواهم", "می\u200cخواهم"}, {"می\u200c", "می"}, {"क्\u200dष", "क्\u200dष"},
             {"👩🏽\u200d🌾", "👩🏽\u200d🌾"}, {"🏘\ufe0f", "🏘\ufe0f"}, {"🏘\ufe0f\ufe0f", "🏘\ufe0f"}, {"1\ufe0f\u20e3", "1\ufe0f\u20e3"},
             // The flag of Brittany: a black flag, the tags "frbre", the end.
             {"🏴\U000e0066\U000e0072\U000e0062\U000e0072\U000e0065\U000e007f", "🏴\U000e0066\U000e0072\U000e0062\U000e0072\U000e0065\U000e007f"}}) {
        EXPECT_EQ(without_unseen(sent), kept) << sent;
    }
    EXPECT_EQ(without_unseen("\xC0\x80"), "\xC0\x80");
    EXPECT_EQ(without_unseen(""), "");
}

TEST(Validators, TextForPeople) {
    for (const char* seen : {"a", "é", "7", "?", "漢", "🏡", "\u200b-", " x "}) {
        EXPECT_TRUE(has_visible_character(seen)) << seen;
    }
    for (const char* unseen : {"", " ", "\u200b\u200b", "\u00a0\u3000", "\u2060", "\u0301", "\u3164", "\u2800", "\u00ad"}) {
        EXPECT_FALSE(has_visible_character(unseen)) << unseen;
    }
    EXPECT_TRUE(is_plain_text("Les Amis du Bourg — été"));
    EXPECT_FALSE(is_plain_text("two\nlines"));
    EXPECT_TRUE(is_plain_text("two\nlines", TextKind::lines));
    EXPECT_FALSE(is_plain_text("\xC0\x80"));                // overlong
    EXPECT_FALSE(is_plain_text("\xED\xA0\x80"));            // surrogate
    EXPECT_FALSE(is_plain_text("\xE2\x82"));                // cut short
    EXPECT_FALSE(is_plain_text("annick \u202Egro.elpmaxe")); // shown backwards
    EXPECT_EQ(count_characters("été"), 3u);
}

TEST(Validators, Sizes) {
    EXPECT_EQ(parse_size("500 MiB"), 500ULL << 20U);
    EXPECT_EQ(parse_size("2GiB"), 2ULL << 30U);
    EXPECT_EQ(parse_size("12"), 12u);
    for (const char* bad : {"", "-1", "12x", "1 MB", "9999999 TiB", "1  MiB", "99999999999999999999"}) {
        EXPECT_FALSE(parse_size(bad)) << bad;
    }
}

TEST(Fields, EveryErrorAtOnceAndTheNearestName) {
    const auto object = json::parse(R"({"logn":"marie","age":"x","tags":["a",1]})").as_object();
    JsonFields fields(object);
    fields.login("login");
    fields.optional_integer("age", 0, 10);
    fields.optional_texts("tags", 5);
    EXPECT_THAT(refused(fields), ElementsAre("login field.missing", "age field.range", "tags.1 field.type", "logn field.unknown_near"));
    Request request;
    request.headers.emplace_back("accept-language", "en");
    const Response answer = fields.refuse(request);
    EXPECT_EQ(answer.status, 422);
    EXPECT_EQ(document(answer).at("errors").at(3).at("message").as_string(), "This field is not known. Did you mean \"login\"?");
}

TEST(Fields, LengthsCountCharactersAndNullIsAbsent) {
    const auto object = json::parse(R"({"a":"été","b":"","c":null,"d":"été"})").as_object();
    JsonFields fields(object);
    Length three;
    three.most = 3;
    EXPECT_EQ(fields.text("a", three), "été");
    fields.text("b");
    EXPECT_FALSE(fields.optional_text("c"));
    EXPECT_TRUE(fields.is_null("c"));
    Length two;
    two.most = 2;
    fields.text("d", two);
    EXPECT_THAT(refused(fields), ElementsAre("b field.missing", "d field.long"));
}

TEST(Fields, ChoicesSizesObjectsAndCounts) {
    const auto object = json::parse(R"({"role":"king","quota":"2 GiB","inner":{"x":1},"list":["a","b","c"],"n":1.5,"big":18446744073709551615})").as_object();
    JsonFields fields(object);
    fields.optional_choice("role", "member|manager");
    EXPECT_EQ(fields.optional_size("quota"), 2ULL << 30U);
    const json::object* inner = fields.optional_object("inner");
    ASSERT_NE(inner, nullptr);
    JsonFields nested(*inner);
    fields.take_errors("inner", nested);
    fields.optional_texts("list", 2);
    fields.optional_integer("n", 0, 5);
    fields.optional_integer("big", 0, 5);
    EXPECT_THAT(refused(fields), ElementsAre("role field.choice", "inner.x field.unknown", "list field.count", "n field.range", "big field.range"));
}

TEST(ReadJson, IsBoundedWithAndWithoutALength) {
    for (const bool sized : {true, false}) {
        TextBody good(R"({"a":1})", sized);
        Request request;
        request.body = &good;
        const auto read = wait_for(read_json(request, 100));
        ASSERT_TRUE(read);
        EXPECT_EQ(read->at("a"), 1);

        TextBody large(std::string(200, ' '), sized);
        request.body = &large;
        const auto refused = wait_for(read_json(request, 100));
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().kind, ErrorKind::too_large);
        EXPECT_LE(large.taken(), 103u);
        EXPECT_EQ(body_problem(request, refused.error()).status, 413);
    }
    TextBody list("[1]", true);
    Request request;
    request.body = &list;
    EXPECT_EQ(wait_for(read_json(request, 100)).error().kind, ErrorKind::invalid);
}

TEST(ReadJson, DeepNestingIsRefused) {
    std::string deep = "{\"a\":" + std::string(1000, '[') + std::string(1000, ']') + "}";
    EXPECT_FALSE(parse_json_object(deep));
}

TEST(Problems, LanguageIsChosenByWeight) {
    EXPECT_EQ(language_of(""), Language::french);
    EXPECT_EQ(language_of("de"), Language::french);
    EXPECT_EQ(language_of("en-GB,en;q=0.9"), Language::english);
    EXPECT_EQ(language_of("fr;q=0.5, en;q=0.8"), Language::english);
    EXPECT_EQ(language_of("en;q=0.5, fr-FR"), Language::french);
    EXPECT_EQ(language_of("en;q=0"), Language::french);
}

TEST(Problems, TheModulesOwnTextComesFirst) {
    static constexpr CatalogueText own[] = {{"not_found", "Ce pad n'existe pas : {slug}.", "No such pad: {slug}."}};
    Request request;
    const Response answer = problem(own, request, 404, "not_found", {{"slug", "pv"}});
    EXPECT_EQ(document(answer).at("detail").as_string(), "Ce pad n'existe pas : pv.");
    EXPECT_EQ(document(answer).at("code").as_string(), "not_found");
    EXPECT_EQ(document(answer).at("status"), 404);
    EXPECT_EQ(answer.headers[0].second, "application/problem+json");
}

TEST(Problems, EveryCommonTextIsInBothLanguages) {
    for (const CatalogueText& text : common_catalogue) {
        EXPECT_FALSE(text.french.empty()) << text.code;
        EXPECT_FALSE(text.english.empty()) << text.code;
        EXPECT_EQ(std::count(text.french.begin(), text.french.end(), '{'), std::count(text.english.begin(), text.english.end(), '{')) << text.code;
    }
}

class Routing : public testing::Test {
protected:
    Routing() {
        add("GET", "/pads/{id}");
        add("DELETE", "/pads/{id}");
        add("GET", "/pads/new");
        add("GET", "/files/*");
        add("GET", "/sites/{host}");
        add("GET", "/boxes/{address}");
    }
    void add(std::string_view method, std::string_view pattern) {
        router.add(method, pattern, [this, pattern](Request& request) { return answer(std::string(pattern), request); });
    }
    Task<Response> answer(std::string pattern, Request& request) {
        reached = pattern + " ";
        for (const auto& [name, value] : request.parameters) {
            reached += value;
        }
        co_return empty_response(204);
    }
    int go(std::string method, std::string path) {
        reached.clear();
        Request request;
        request.method = std::move(method);
        request.path = std::move(path);
        last = wait_for(router.dispatch(request));
        return last.status;
    }
    Router router;
    std::string reached;
    Response last;
};

TEST_F(Routing, TheMostLiteralPatternWins) {
    EXPECT_EQ(go("GET", "/pads/new"), 204);
    EXPECT_EQ(reached, "/pads/new ");
    EXPECT_EQ(go("HEAD", "/pads/abc"), 204);
    EXPECT_EQ(reached, "/pads/{id} abc");
    EXPECT_EQ(go("GET", "/files/a/b"), 204);
}

TEST_F(Routing, NotFoundAndNotAllowed) {
    EXPECT_EQ(go("GET", "/pads"), 404);
    EXPECT_EQ(go("GET", "/pads/"), 404);
    EXPECT_EQ(go("GET", "/pads/a/b"), 404);
    EXPECT_EQ(go("PUT", "/pads/abc"), 405);
    EXPECT_EQ(last.headers.back(), (std::pair<std::string, std::string>("Allow", "GET, DELETE")));
}

TEST_F(Routing, ANameInLettersIsTheOneThatIsKept) {
    EXPECT_EQ(go("GET", "/sites/Café.fr"), 204);
    EXPECT_EQ(reached, "/sites/{host} xn--caf-dma.fr");
    EXPECT_EQ(go("GET", "/boxes/Marie@café.fr"), 204);
    EXPECT_EQ(reached, "/boxes/{address} Marie@xn--caf-dma.fr");
}

TEST(Validators, NamesInLettersAreKeptAsALabels) {
    EXPECT_EQ(normalise_address("Marie@Café.fr"), "marie@xn--caf-dma.fr");
    EXPECT_FALSE(normalise_address("rené@café.fr"));
    EXPECT_FALSE(normalise_address("marie@ca fé.fr"));
    EXPECT_EQ(outside_address("Marie@Café.fr"), "Marie@xn--caf-dma.fr");
    const auto body = boost::json::parse(R"({"host":"Été.Amis.test","address":"a@été.test","bad":"été test"})");
    JsonFields fields(body.as_object());
    EXPECT_EQ(fields.host_name("host"), "xn--t-9fab.amis.test");
    EXPECT_EQ(fields.address("address"), "a@xn--t-9fab.test");
    (void)fields.host_name("bad");
    ASSERT_EQ(fields.errors().size(), 1u);
    EXPECT_EQ(fields.errors()[0].code, "field.host");
}

TEST(Paging, LimitsAreChecked) {
    Request request;
    request.query = "after=marie%20b&limit=2";
    const auto page = read_page(request);
    ASSERT_TRUE(page);
    EXPECT_EQ(page->after, "marie b");
    EXPECT_EQ(page->limit, 2u);
    for (const char* bad : {"limit=0", "limit=501", "limit=x", "limit=-1"}) {
        request.query = bad;
        EXPECT_FALSE(read_page(request)) << bad;
    }
    EXPECT_EQ(document(list_response(json::array(), "")).at("next"), nullptr);
}

TEST(Opening, RefusalGoesFirst) {
    Request request;
    request.query = "limit=x";
    Response forbidden;
    forbidden.status = 403;
    EXPECT_EQ(open_page(request, std::move(forbidden)).refused->status, 403);
    EXPECT_EQ(open_page(request, std::nullopt).refused->status, 400);
    request.query = "limit=2";
    const auto opened = open_page(request, std::nullopt);
    ASSERT_FALSE(opened.refused);
    EXPECT_EQ(opened.page.limit, 2u);
}

TEST(Opening, APageEndsWhereTheNextBegins) {
    struct Row {
        std::string name;
    };
    const Page page{"", 2};
    std::vector<Row> rows = {{"a"}, {"b"}, {"c"}};
    EXPECT_EQ(cut_page(rows, page, &Row::name), "b");
    EXPECT_EQ(rows.size(), 2u);
    EXPECT_EQ(cut_page(rows, page, &Row::name), "");
    EXPECT_EQ(rows.size(), 2u);
}

TEST(Passwords, WhatOthersGuessFirstIsRefused) {
    const std::vector<std::string> names = {"Anne-Marie Le Goff", "anne-marie", "La maison du Bourg"};
    const std::vector<std::pair<Guessable, std::vector<std::string>>> cases = {
        {Guessable::keyboard, {"azertyuiop", "AZERTY12345", "poiuytreza", "qsdfghjklm", "qwerty-uiop", "1qaz2wsx3edc", "abcdefghij", "wxcvbn2024", "123789456", "0612345678"}},
        {Guessable::repeated, {"aaaaaaaaaa", "doudoudoudou", "abababababab", "azerazer", "!!!!!!!!!!", "12341234"}},
        {Guessable::common, {"motdepasse", "Mot de passe !", "M0tdep4sse", "Passw0rd2024", "soleil1975", "0298401763", "changezmoi", "Bonjour12", "bonjourbonjour"}},
        {Guessable::own_name, {"annemarielegoff", "LE GOFF 1975", "anne.marie.29", "Maison du Bourg", "LeGoffLeGoff"}},
        {Guessable::none, {"marie au jardin", "marie-secret-words", "annick au portail", "correct horse battery staple", "quatre mots sans rapport",
                           "x7Kp9vQz2m", "anne aime le bourg", "пароль из слов", "yann-third-words"}},
    };
    for (const auto& [why, passwords] : cases) {
        for (const std::string& password : passwords) {
            EXPECT_EQ(guessable(password, names), why) << password;
        }
    }
    EXPECT_EQ(guessable("Hélène Guéguen", std::vector<std::string>{"Helene Gueguen"}), Guessable::own_name);
    EXPECT_EQ(guessable("H\x65\xCC\x81lene Gueguen", std::vector<std::string>{"Hélène Guéguen"}), Guessable::own_name);
}

TEST(DomainHolds, NobodyElsePutsANameThereForAMoment) {
    DomainHolds holds;
    const auto now = DomainHolds::Clock::now();
    holds.put("part.test", "jardin", now);
    const std::vector<std::string> part = {"part.test"};
    EXPECT_TRUE(holds.holds("part.test", "amis", part, now));
    EXPECT_TRUE(holds.holds("www.part.test", "amis", part, now));
    EXPECT_FALSE(holds.holds("www.part.test", "jardin", {}, now));
    EXPECT_FALSE(holds.holds("xpart.test", "amis", part, now));
    EXPECT_FALSE(holds.holds("www.bas.part.test", "amis", {"bas.part.test"}, now)) << "the longer domain decides";
    EXPECT_FALSE(holds.holds("www.part.test", "amis", part, now + domain_hold));
    holds.put("part.test", "jardin", now);
    holds.end("part.test");
    EXPECT_FALSE(holds.holds("part.test", "amis", part, now));
}

} // namespace
} // namespace hameau
