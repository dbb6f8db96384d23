// The three templates, in French and English.
#include <array>
#include <initializer_list>

#include "modules/pads/documents/templates.hpp"

namespace hameau::pads {

namespace {

/// The French text, or the English one.
class Words {
public:
    explicit Words(bool english) : english_(english) {}
    std::string_view operator()(std::string_view french, std::string_view english) const {
        return english_ ? english : french;
    }

private:
    bool english_;
};

void heading(LineWriter& tree, std::int64_t level, std::string_view text) {
    tree.open("heading");
    tree.attribute("level", level);
    tree.text(text);
    tree.close();
}

void paragraph(LineWriter& tree, std::string_view text) {
    tree.open("paragraph");
    if (!text.empty()) {
        tree.text(text);
    }
    tree.close();
}

/// "Label: " in bold, then room to write.
void labelled(LineWriter& tree, std::string_view label) {
    const std::array spans = {Span{label, {{"bold", "{}"}}}, Span{" "}};
    tree.open("paragraph");
    tree.text(spans);
    tree.close();
}

void bullets(LineWriter& tree, int count) {
    tree.open("bulletList");
    for (int i = 0; i < count; ++i) {
        tree.open("listItem");
        paragraph(tree, "");
        tree.close();
    }
    tree.close();
}

void tasks(LineWriter& tree, std::initializer_list<std::string_view> texts) {
    tree.open("taskList");
    for (const std::string_view text : texts) {
        tree.open("taskItem");
        tree.attribute("checked", false);
        paragraph(tree, text);
        tree.close();
    }
    tree.close();
}

void row(LineWriter& tree, std::string_view cell, std::initializer_list<std::string_view> texts) {
    tree.open("tableRow");
    for (const std::string_view text : texts) {
        tree.open(cell);
        paragraph(tree, text);
        tree.close();
    }
    tree.close();
}

void table(LineWriter& tree, std::initializer_list<std::string_view> head, int rows) {
    tree.open("table");
    row(tree, "tableHeader", head);
    for (int i = 0; i < rows; ++i) {
        tree.open("tableRow");
        for (std::size_t column = 0; column < head.size(); ++column) {
            tree.open("tableCell");
            paragraph(tree, "");
            tree.close();
        }
        tree.close();
    }
    tree.close();
}

void minutes(LineWriter& tree, const Words& words) {
    heading(tree, 1, words("Compte rendu de réunion", "Minutes of the meeting"));
    labelled(tree, words("Date\u00a0:", "Date:"));
    labelled(tree, words("Lieu\u00a0:", "Place:"));
    labelled(tree, words("Présents\u00a0:", "Present:"));
    labelled(tree, words("Excusés\u00a0:", "Apologies:"));
    labelled(tree, words("Notes prises par\u00a0:", "Notes taken by:"));
    heading(tree, 2, words("Ordre du jour", "Agenda"));
    bullets(tree, 3);
    heading(tree, 2, words("Ce qui s’est dit", "What was said"));
    paragraph(tree, "");
    heading(tree, 2, words("Décisions", "Decisions"));
    bullets(tree, 2);
    heading(tree, 2, words("À faire", "To do"));
    tasks(tree, {words("Quoi, qui, pour quand", "What, who, by when"), ""});
    heading(tree, 2, words("Prochaine réunion", "Next meeting"));
    labelled(tree, words("Date et lieu\u00a0:", "Date and place:"));
}

void agenda(LineWriter& tree, const Words& words) {
    heading(tree, 1, words("Ordre du jour", "Agenda"));
    labelled(tree, words("Date et heure\u00a0:", "Date and time:"));
    labelled(tree, words("Lieu\u00a0:", "Place:"));
    labelled(tree, words("Invités\u00a0:", "Invited:"));
    heading(tree, 2, words("Sujets", "Topics"));
    table(tree, {words("Sujet", "Topic"), words("Qui en parle", "Who presents it"), words("Durée", "Time")}, 5);
    heading(tree, 2, words("À préparer avant la réunion", "To prepare before the meeting"));
    tasks(tree, {"", ""});
    heading(tree, 2, words("Questions diverses", "Any other business"));
    bullets(tree, 1);
}

void attendance(LineWriter& tree, const Words& words) {
    heading(tree, 1, words("Feuille de présence", "Attendance sheet"));
    labelled(tree, words("Réunion ou activité\u00a0:", "Meeting or activity:"));
    labelled(tree, words("Date\u00a0:", "Date:"));
    table(tree, {words("Nom", "Last name"), words("Prénom", "First name"), words("Présent, excusé ou absent", "Present, apologies or absent"),
                 words("Remarque", "Remark")},
          12);
}

} // namespace

Bytes blank_update() {
    return LineWriter(0).finish();
}

std::optional<Bytes> template_update(std::string_view name, bool english, std::uint64_t client) {
    LineWriter tree(client);
    const Words words(english);
    if (name == "minutes") {
        minutes(tree, words);
    } else if (name == "agenda") {
        agenda(tree, words);
    } else if (name == "attendance") {
        attendance(tree, words);
    } else {
        return std::nullopt;
    }
    return tree.finish();
}

} // namespace hameau::pads
