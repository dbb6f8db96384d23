// YAML with positions: a tree whose every node knows its line and column, and a list of everything that is wrong.
// Owner: settings. A subset of YAML 1.1: one document, no anchors, aliases, tags or complex keys; bounded size and depth.
#pragma once

#include <string>
#include <string_view>
#include <span>
#include <utility>
#include <vector>

#include "daemon/settings/limits.hpp"

namespace hameau {

/// A place in a file, both from 1; columns count characters.
struct Position {
    int line = 1;
    int column = 1;
};

struct YamlNode;
struct YamlEntry;

struct YamlNode {
    enum class Kind { null, scalar, sequence, map };
    Kind kind = Kind::null;
    Position position;
    std::string text;     ///< of a scalar
    bool quoted = false;  ///< written in quotes or as a block: never a number, a boolean or nothing
    std::vector<YamlNode> items;
    std::vector<YamlEntry> entries;  ///< of a map, in order; keys are unique

    const YamlNode* find(std::string_view key) const;
};

struct YamlEntry {
    std::string key;
    Position position;  ///< of the key
    YamlNode value;
};

/// What is wrong with a file, in the order of the lines.
class Diagnostics {
public:
    explicit Diagnostics(std::string file) : file_(std::move(file)) {}
    void add(Position position, std::string message);
    /// A message about the whole file or command line, without a position.
    void add(std::string message);
    bool empty() const { return found_.empty(); }
    std::size_t size() const { return found_.size(); }
    const std::string& file() const { return file_; }
    /// Lines "FILE:LINE:COLUMN: error: MESSAGE".
    std::string text() const;

private:
    struct Found {
        Position position;
        bool placed = true;
        std::string message;
    };
    std::string file_;
    std::vector<Found> found_;
};

/// The tree of `text`; what is wrong goes to `diagnostics` (a syntax error ends the reading: the tree is then empty).
YamlNode parse_yaml(std::string_view text, Diagnostics& diagnostics);

/// "word" and, where one is near, "; did you mean "known"?"
std::string unknown_word(std::string_view what, std::string_view word, std::span<const std::string_view> known);

} // namespace hameau
