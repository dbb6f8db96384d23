// A closed list of fields; each must be there, once, as text.
#include "daemon/cli/setup_file.hpp"

#include <filesystem>
#include <functional>
#include <unistd.h>

#include "daemon/base/io.hpp"
#include "daemon/cli/limits.hpp"
#include "daemon/settings/yaml.hpp"

namespace hameau::cli {

namespace {

struct Field {
    std::string_view name;
    std::string* text = nullptr;
    std::vector<std::string>* list = nullptr;
    bool required = true;
    bool seen = false;
};

class Reader {
public:
    explicit Reader(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

    void read(std::string_view section, const YamlNode& node, std::vector<Field> fields) {
        const std::string prefix = section.empty() ? "" : std::string(section) + ".";
        if (node.kind != YamlNode::Kind::map) {
            diagnostics_.add(node.position, std::string(section) + ": a map of fields was expected");
            return;
        }
        std::vector<std::string> names;
        for (const Field& field : fields) {
            names.push_back(prefix + std::string(field.name));
        }
        const std::vector<std::string_view> known(names.begin(), names.end());
        for (const YamlEntry& entry : node.entries) {
            Field* field = nullptr;
            for (Field& one : fields) {
                field = one.name == entry.key ? &one : field;
            }
            if (field == nullptr) {
                diagnostics_.add(entry.position, unknown_word("the field", prefix + entry.key, known));
                continue;
            }
            field->seen = true;
            take(prefix + entry.key, entry.value, *field);
        }
        for (const Field& field : fields) {
            if (field.required && !field.seen) {
                diagnostics_.add(node.position, prefix + std::string(field.name) + " is missing");
            }
        }
    }

private:
    void take(const std::string& name, const YamlNode& node, Field& field) {
        if (field.text != nullptr) {
            if (node.kind != YamlNode::Kind::scalar || node.text.empty()) {
                diagnostics_.add(node.position, name + ": a text was expected");
            } else {
                *field.text = node.text;
            }
            return;
        }
        if (field.list == nullptr) {
            return;  // a section: read by itself
        }
        if (node.kind != YamlNode::Kind::sequence) {
            diagnostics_.add(node.position, name + ": a list was expected, such as [amis.example.org]");
            return;
        }
        for (const YamlNode& item : node.items) {
            if (item.kind == YamlNode::Kind::scalar) {
                field.list->push_back(item.text);
            } else {
                diagnostics_.add(item.position, name + ": a text was expected");
            }
        }
    }

    Diagnostics& diagnostics_;
};

} // namespace

Result<SetupFile> read_setup_file(const std::string& name, std::string_view text) {
    Diagnostics diagnostics(name);
    const YamlNode root = parse_yaml(text, diagnostics);
    SetupFile file;
    std::string version;
    if (diagnostics.empty()) {
        Reader reader(diagnostics);
        reader.read("", root, {{"version", &version}, {"house"}, {"admin"}, {"association"}});
        if (root.kind == YamlNode::Kind::map && !version.empty() && version != "1") {
            diagnostics.add(root.find("version")->position, "version: this hameau knows 1");
        }
        if (const YamlNode* house = root.find("house")) {
            reader.read("house", *house, {{"name", &file.house}, {"host", &file.host}, {.name = "language", .text = &file.language, .required = false}});
        }
        if (const YamlNode* admin = root.find("admin")) {
            reader.read("admin", *admin, {{"login", &file.login}, {"name", &file.name}, {"password_file", &file.password_file}});
        }
        if (const YamlNode* association = root.find("association")) {
            reader.read("association", *association,
                        {{"slug", &file.slug}, {"name", &file.association}, {.name = "domains", .list = &file.domains, .required = false}});
        }
        if (file.language != "fr" && file.language != "en") {
            diagnostics.add(root.find("house")->find("language")->position, "house.language: fr or en was expected");
        }
    }
    if (!diagnostics.empty()) {
        return fail(ErrorKind::invalid, diagnostics.text());
    }
    return file;
}

Result<Secret> read_setup_password(const SetupFile& file, const std::string& beside) {
    auto text = file.password_file == "-" ? read_all(STDIN_FILENO, password_file_bytes_max)
                                          : read_file(std::filesystem::path(beside).parent_path() / file.password_file, password_file_bytes_max);
    if (!text) {
        return fail(std::move(text.error()).during("reading the admin's password"));
    }
    text->erase(std::min(text->find_first_of("\r\n"), text->size()));
    if (text->empty()) {
        return fail(ErrorKind::invalid, "the admin's password is empty: its first line is read");
    }
    return Secret(std::move(*text));
}

} // namespace hameau::cli
