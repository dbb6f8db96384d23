// A publication that sends only what the site lacks: the question, the list in the archive, and whose files it may name.
#include <sodium/crypto_generichash.h>

#include "daemon/contract/kept_list.hpp"
#include "fake_house.hpp"

namespace hameau::sites {
namespace {

namespace json = boost::json;

class Kept : public SitesHouse {
protected:
    const std::string missing_path = "/api/v1/sites/amis.test/missing";
    const std::string path = "/api/v1/sites/amis.test/deploys?kept=1";

    static std::string hash_of(std::string_view text) {
        Hash hash{};
        crypto_generichash(hash.data(), hash.size(), reinterpret_cast<const unsigned char*>(text.data()), text.size(), nullptr, 0);
        return to_hex(hash);
    }
    static std::string line(std::string_view text, const std::string& name) { return hash_of(text) + " 1700000000 " + name + "\n"; }
    std::size_t count_missing(const Identity& who, const std::vector<std::string>& texts) {
        json::array hashes;
        for (const std::string& text : texts) {
            hashes.emplace_back(hash_of(text));
        }
        json::object question;
        question["hashes"] = std::move(hashes);
        const auto answer = go(who, "POST", missing_path, json::serialize(question));
        EXPECT_EQ(answer.status, 200) << answer.body;
        return answer.json.at("missing").as_array().size();
    }
    /// The list stands before every other name: archive() sorts them.
    Answer send(const std::string& list, std::map<std::string, std::string> files = {}) {
        files.emplace(kept_list_name, list);
        return go(yann, "POST", path, archive(files));
    }
    const std::string text = std::string(5000, 't') + "\n";
};

TEST_F(Kept, OnlyWhatTheSiteLacksIsAskedFor) {
    add_site();
    add_site("www.amis.test");
    EXPECT_EQ(count_missing(yann, {page, text}), 2u) << "nothing is there";
    deploy(yann, {{"index.html", page}, {"a.txt", text}});
    deploy(yann, {{"index.html", page}});
    EXPECT_EQ(count_missing(yann, {page, text, "new", "new"}), 1u) << "an older version counts, and each hash once";
    deploy(yann, {{"index.html", page + "www"}}, "www.amis.test");
    EXPECT_EQ(count_missing(yann, {page + "www"}), 1u) << "what another site has is not said";
    EXPECT_EQ(go(rose, "POST", missing_path, R"({"hashes":[]})").status, 403);
    for (const char* wrong : {R"({"hashes":["x"]})", R"({"hashes":[1]})", R"({})", R"({"hashes":"x"})"}) {
        EXPECT_EQ(go(yann, "POST", missing_path, wrong).status, 422) << wrong;
    }
    context->set("sites.publishing", "manager");
    EXPECT_EQ(go(yann, "POST", missing_path, R"({"hashes":[]})").status, 403) << "who may not publish need not know";
}

TEST_F(Kept, AListStandsForTheFiles) {
    add_site();
    deploy(yann, {{"index.html", page}, {"a.txt", text}});
    const std::size_t blobs = count_files("blobs");
    const auto done = send(line(page, "index.html") + line(text, "b/moved.txt"), {{"new.txt", "new"}});
    ASSERT_EQ(done.status, 201) << done.body;
    EXPECT_EQ(done.json.at("files"), 3);
    EXPECT_EQ(served("index.html"), page);
    EXPECT_EQ(served("b/moved.txt"), text);
    EXPECT_EQ(served("new.txt"), "new");
    EXPECT_EQ(served("a.txt"), std::nullopt);
    EXPECT_EQ(count_files("blobs"), blobs + 1) << "the compressed forms are those of before";
    EXPECT_EQ(count_files("staging"), 0u);
    // The pages are looked at as if they had come: a link that leads nowhere now is told.
    const std::string linking = page + "<a href=a.txt>a</a>";
    EXPECT_EQ(deploy(yann, {{"index.html", linking}, {"a.txt", text}}).json.at("warnings").as_array().size(), 0u);
    const auto broken = send(line(linking, "index.html"));
    ASSERT_EQ(broken.status, 201) << broken.body;
    EXPECT_EQ(broken.json.at("warnings").as_array().size(), 1u) << broken.body;
}

TEST_F(Kept, AHashIsNoRightToAnothersFile) {
    add_site();
    add_site("www.amis.test");
    deploy(yann, {{"index.html", page}});
    const std::string theirs = "what the other site keeps for itself";
    deploy(yann, {{"index.html", page}, {"private.txt", theirs}}, "www.amis.test");
    const auto refused = send(line(page, "index.html") + line(theirs, "mine.txt"));
    EXPECT_EQ(refused.status, 422) << refused.body;
    EXPECT_EQ(refused.json.at("code"), "upload_refused");
    EXPECT_EQ(refused.json.at("errors").as_array().at(0).at("code"), "kept_unknown");
    EXPECT_EQ(served("mine.txt"), std::nullopt);
    // The same where the unpacker itself lies.
    Blobs blobs(folder_);
    Report report;
    DeployEntry entry;
    entry.path = "mine.txt";
    entry.type = "text/plain";
    entry.variants[0] = Variant{*hash_from_hex(hash_of(theirs)), theirs.size()};
    report.files.push_back(entry);
    const std::string id = new_id();
    ASSERT_TRUE(blobs.open_staging(id));
    const auto site = Store(context->database()).site("amis.test");
    const auto own = Store(context->database()).deploy(site->id, 1);
    EXPECT_FALSE(blobs.place(id, report, "", 1, {own->id}));
    const auto other = Store(context->database()).site("www.amis.test");
    const auto others = Store(context->database()).deploy(other->id, 1);
    EXPECT_TRUE(blobs.place(id, report, "", 1, {others->id})) << "the test can succeed";
}

TEST_F(Kept, AWrongListChangesNothing) {
    add_site();
    deploy(yann, {{"index.html", page}});
    const std::string good = line(page, "index.html");
    for (const std::string& list : {std::string("x"), std::string("x\n"), good + "x", hash_of(page) + " x index.html\n", hash_of(page) + " 1\n",
                                    good + good, line(page, "../up.html"), line(page, "folder/"), std::string("\n")}) {
        const auto refused = send(list);
        EXPECT_EQ(refused.status, 422) << list << refused.body;
    }
    EXPECT_EQ(served("index.html"), page);
    EXPECT_EQ(count_files("staging"), 0u);
    // Without ?kept=1, or behind another file, it is a hidden file like any other.
    EXPECT_EQ(go(yann, "POST", "/api/v1/sites/amis.test/deploys", archive({{std::string(kept_list_name), good}})).status, 422);
    const auto behind = send(good, {{"!first.txt", "1"}});
    EXPECT_EQ(behind.status, 422) << "it has no home page";
}

TEST_F(Kept, AKeptFileThatIsDamagedIsNotShown) {
    add_site();
    deploy(yann, {{"index.html", page}});
    std::filesystem::resize_file(folder_ / blob_path(*hash_from_hex(hash_of(page))), 3);
    const auto refused = send(line(page, "index.html"));
    EXPECT_NE(refused.status, 201) << refused.body;
    EXPECT_EQ(go(yann, "GET", "/api/v1/sites/amis.test/deploys").items().size(), 1u);
}

} // namespace
} // namespace hameau::sites
