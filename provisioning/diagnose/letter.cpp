// The letter: pure text, then its way into Postfix by hameau-submit.
#include "provisioning/diagnose/letter.hpp"

#include <array>
#include <ctime>
#include <unistd.h>

#include "daemon/base/io.hpp"
#include "daemon/base/text.hpp"
#include "daemon/contract/diagnosis_texts.hpp"
#include "provisioning/diagnose/checks.hpp"
#include "provisioning/diagnose/limits.hpp"
#include "provisioning/run_program.hpp"

namespace hameau::diagnose {

namespace {

constexpr std::size_t line_bytes = 76;
constexpr int exit_fine = 0;

/// RFC 2047 §2: a word of at most 75 characters; the subject is a short one.
std::string encoded_word(const std::string& text) { return "=?utf-8?B?" + base64(text) + "?="; }

/// RFC 5322 §3.3, in UTC; names of days and months are English in every locale.
std::string date_of(std::int64_t at) {
    constexpr std::array days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::time_t time = at;
    std::tm utc{};
    ::gmtime_r(&time, &utc);
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%s, %02d %s %d %02d:%02d:%02d +0000", days.at(static_cast<std::size_t>(utc.tm_wday)), utc.tm_mday,
                  months.at(static_cast<std::size_t>(utc.tm_mon)), utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
    return text.data();
}

std::string body_of(const std::string& host, const std::vector<diagnosis::Finding>& worse, bool english) {
    std::string body = diagnosis::phrase_of("letter_begin", "", english) + "\n";
    for (const auto& finding : worse) {
        body += "- " + diagnosis::title_of(finding.id, english) + " (" + finding.id + "): " + std::string(diagnosis::state_word(finding.state, english)) + "\n";
    }
    body += "\n" + diagnosis::phrase_of("letter_end", host, english) + "\n";
    return body;
}

} // namespace

std::string letter_text(const LetterHead& head, const std::vector<diagnosis::Finding>& worse) {
    std::string text = "From: Hameau <postmaster@" + head.host + ">\nTo: " + head.recipient + "\nSubject: ";
    text += encoded_word(diagnosis::phrase_of("letter_subject", "", head.english));
    text += "\nDate: " + date_of(head.at) + "\nMessage-ID: <diagnosis." + std::to_string(head.at) + "." + std::to_string(head.number) + "@" + head.host + ">\n";
    text += "Auto-Submitted: auto-generated\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n";
    const std::string body = base64(body_of(head.host, worse, head.english));
    for (std::size_t at_byte = 0; at_byte < body.size(); at_byte += line_bytes) {
        text += body.substr(at_byte, line_bytes) + "\n";
    }
    return text;
}

namespace {

std::vector<std::string> recipients_of(const Machine& machine) {
    const auto rows = machine.ask("people/people.db", "SELECT coalesce((SELECT address FROM sign_in_address s WHERE s.person = p.id ORDER BY position LIMIT 1), contact) "
                                                      "FROM person p WHERE admin = 1 AND disabled = 0 AND binned = 0 ORDER BY created_ms");
    std::vector<std::string> recipients;
    for (const Row& row : rows.value_or(std::vector<Row>())) {
        const std::string& address = row.front();
        const bool clean = address.find('@') != std::string::npos && address.find_first_of(" \t\r\n<>,\"") == std::string::npos;
        if (clean && recipients.size() < recipients_max) {
            recipients.push_back(address);
        }
    }
    return recipients;
}

Status hand_over(const Machine& machine, const std::string& recipient, const std::string& text) {
    const auto memory = sealed_memory("letter", text);
    if (!memory) {
        return fail(memory.error());
    }
    provisioning::ProgramRun run;
    run.path = machine.binaries() + "/hameau-submit";
    run.input = memory->get();
    run.arguments = {machine.state() + "/engines/postfix/queue/public/inject", "-i", "-f", "<>", "--", recipient};
    const auto end = provisioning::run_to_end(std::move(run));
    if (!end) {
        return fail(end.error());
    }
    return end->exit_code == exit_fine ? Status{} : Status(fail(ErrorKind::unavailable, "Postfix did not take it"));
}

} // namespace

Status send_letter(const Machine& machine, const std::vector<diagnosis::Finding>& worse) {
    if (!has_mail(machine)) {
        return fail(ErrorKind::unavailable, "there is no mail service");
    }
    const std::vector<std::string> recipients = recipients_of(machine);
    if (recipients.empty()) {
        return fail(ErrorKind::unavailable, "no admin has an address");
    }
    const auto language = machine.ask("people/people.db", "SELECT value FROM house WHERE name = 'language'");
    LetterHead head{machine.settings().text("house.host"), "", machine.now_s(), 0, language && !language->empty() && language->front().front() == "en"};
    // Told when one admin is: another try the next night would write to that one again.
    Status last;
    bool told = false;
    for (const std::string& recipient : recipients) {
        head.recipient = recipient;
        ++head.number;
        const Status sent = hand_over(machine, recipient, letter_text(head, worse));
        told = told || sent.has_value();
        last = sent ? last : sent;
    }
    return told ? Status{} : last;
}

} // namespace hameau::diagnose
