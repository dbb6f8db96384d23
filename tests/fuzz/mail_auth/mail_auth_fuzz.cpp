// Any bytes as a message and as the DNS that answers about it: no crash, an end after a bounded number of answers, and a result field
// that stays one field.
#include <algorithm>
#include <cstdlib>
#include <map>

#include "modules/mail/auth/address_octets.hpp"
#include "modules/mail/auth/limits.hpp"
#include "modules/mail/auth/results.hpp"
#include "modules/mail/auth/tags.hpp"

namespace {

using namespace hameau;
using namespace hameau::mailauth;

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

/// Answers each new question with the next lines of the input, the first time with "not yet".
class InputResolver final : public Resolver {
public:
    explicit InputResolver(std::string_view input) : rest_(input) {}
    const Answer* ask(RecordType type, const std::string& name) override {
        require(is_domain(name));
        const auto [at, is_new] = answers_.try_emplace({type, name});
        if (is_new && at->second.records.empty()) {
            fill(at->second, type);
            return nullptr;
        }
        return &at->second;
    }

private:
    void fill(Answer& answer, RecordType type) {
        for (int i = 0; i < 3 && !rest_.empty(); ++i) {
            const std::size_t end = std::min(rest_.find('\n'), rest_.size());
            std::string line(rest_.substr(0, end));
            rest_.remove_prefix(std::min(end + 1, rest_.size()));
            if (type == RecordType::a || type == RecordType::aaaa) {
                line.resize(type == RecordType::a ? 4 : 16);
            }
            answer.records.push_back(line);
        }
        answer.status = answer.records.empty() ? (answers_.size() % 2 == 0 ? Answer::Status::failed : Answer::Status::no_name) : Answer::Status::found;
    }

    std::string_view rest_;
    std::map<std::pair<RecordType, std::string>, Answer> answers_;
};

std::string_view take_line(std::string_view& text) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    SpfQuestion question;
    question.address = read_address(take_line(rest)).value_or(std::string("\x7f\0\0\1", 4));
    question.sender = take_line(rest);
    question.helo = take_line(rest);
    question.explain = true;
    std::vector<Field> fields;
    for (std::string_view line = take_line(rest); !line.empty(); line = take_line(rest)) {
        const std::size_t colon = std::min(line.find(':'), line.size());
        fields.push_back(make_field(line.substr(0, colon), line.substr(std::min(colon + 1, line.size()))));
    }
    const std::string_view body = rest.substr(0, rest.size() / 2);
    InputResolver resolver(rest.substr(body.size()));
    BodyHashes hashes;
    want_arc_hash(fields, hashes);
    std::vector<std::pair<Signature, const Field*>> signatures;
    for (const Field& field : fields) {
        (void)claims_host(field.value, "mail.amis.bzh");
        (void)parse_key_record(field.value);
        (void)parse_dmarc(field.value);
        auto signature = parse_signature(field.value, SignatureKind::dkim);
        if (signature && signatures.size() < dkim_signatures_max) {
            hashes.want(signature->body_form, signature->length);
            signatures.emplace_back(std::move(*signature), &field);
        }
    }
    hashes.add(body);
    for (std::size_t round = 0; round < 4 * lookups_per_message_max + 64; ++round) {
        Verdicts verdicts;
        auto spf = check_spf(question, resolver);
        auto arc = check_arc(fields, hashes, resolver);
        bool pending = !spf || !arc;
        for (const auto& [signature, field] : signatures) {
            auto one = verify_signature(signature, *field, fields, *hashes.find(signature.body_form, signature.length), resolver, 1);
            pending = pending || !one;
            verdicts.dkim.push_back(one.value_or(DkimVerdict()));
        }
        verdicts.spf = spf.value_or(SpfVerdict());
        verdicts.arc = arc.value_or(ArcVerdict());
        auto dmarc = check_dmarc(normal_domain(question.helo), verdicts.spf, verdicts.dkim, resolver);
        pending = pending || !dmarc;
        verdicts.dmarc = {dmarc.value_or(DmarcVerdict())};
        if (!pending) {
            const std::string text = write_results(verdicts, question.sender, question.helo);
            for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 1)) {
                require(at + 1 < text.size() && text[at + 1] == '\t' && text[at - 1] == '\r');
            }
            require(std::all_of(text.begin(), text.end(), [](char c) { return (c >= ' ' && c < 0x7f) || c == '\r' || c == '\n' || c == '\t'; }));
            return 0;
        }
    }
    std::abort();
}
