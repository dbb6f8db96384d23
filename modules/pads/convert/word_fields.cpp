// Fields of a Word document: links, those in fields of their own, boxes of forms. A part of WordReader.
#include "modules/pads/convert/word_reader.hpp"

#include <algorithm>

#include "modules/pads/convert/limits.hpp"
#include "modules/pads/convert/word_text.hpp"

namespace hameau::pads {

bool WordReader::fields(const XmlElement& element) {
    const std::string& name = element.name;
    if (name == "w:hyperlink") {
        const auto relation = relations_.find(element.attribute("r:id"));
        const std::string place = element.attribute("w:anchor");
        if (relation != relations_.end() && relation->second.outside) {
            state_.link.value = relation->second.target + (place.empty() ? "" : "#" + place);
            state_.link.title = element.attribute("w:tooltip");
        }
    } else if (name == "w:fldSimple") {
        begin_field();
        if (fields_beyond_ > 0) {
            return true;
        }
        fields_.back().link = link_of_instruction(element.attribute("w:instr").substr(0, word_instruction_bytes_max));
        fields_.back().shown = true;
    } else if (name == "w:instrText") {
        in_instruction_ = true;
    } else if (name == "w:checkBox") {
        form_box_ = 1;
    } else if (name == "w:checked" || name == "w:default") {
        form_box_ = form_box_ != 0 ? (element.on() ? 2 : 1) : 0;
    } else if (name == "w:fldChar") {
        const std::string type = element.attribute("w:fldCharType");
        if (type == "begin") {
            begin_field();
        } else if (type == "separate" && !fields_.empty() && fields_beyond_ == 0) {
            fields_.back().link = link_of_instruction(fields_.back().instruction);
            fields_.back().shown = true;
        } else if (type == "end") {
            end_field();
        }
    }
    return true;
}

void WordReader::begin_field() {
    if (fields_.size() < word_nested_max) {
        fields_.push_back({});
    } else {
        ++fields_beyond_;
    }
}

void WordReader::end_field() {
    if (fields_beyond_ > 0) {
        --fields_beyond_;
    } else if (!fields_.empty()) {
        fields_.pop_back();
    }
}

const Mark* WordReader::link() const {
    if (!state_.link.value.empty()) {
        return &state_.link;
    }
    const auto field = std::find_if(fields_.rbegin(), fields_.rend(), [](const Field& one) { return one.shown && !one.link.value.empty(); });
    return field == fields_.rend() ? nullptr : &field->link;
}

} // namespace hameau::pads
